"""One value from the type it arrives in to the type that is declared, or a sentence why it got lost.

A value is converted when that loses nothing: `7.0` is the id `7`, `3.7` is no worker count. Text is
read as JSON where a map, a struct or an array is declared, as CSV dumps hold them; a struct stands
for a map, as pandas writes one, and so does a list of pairs. What both engines would read
differently is not read: bare clock times, numbers as times, decimals beyond what is declared.

NULL has other spellings, which depend on the writer: `None`, `NaN`, `NA`, an empty text, the partition
that Hive names for it. They are words only where users choose the words, as in the name of a job.

An id in scientific notation has been through a spreadsheet, which showed some of its digits; one
beyond 2^53 as a double has been rounded. Neither is an id any more, for several share it.
"""

from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.tables.types import spark_type

_DOUBLE_EXACT, _FLOAT_EXACT = 2**53, 2**24
_DATE_FIRST = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ].*)?$"
_PLAIN_DECIMAL = r"^\s*[-+]?[0-9]+(\.[0-9]*)?\s*$|^\s*[-+]?\.[0-9]+\s*$"
_SCIENTIFIC = r"^\s*[0-9]([.,][0-9]+)?[eE]\+[0-9]+\s*$|^\s*[0-9][.,][0-9]+[eE][0-9]+\s*$"
_WHOLE_FRACTION = r"^\s*([0-9]+)\.0+\s*$"
_NO_TEXT = ("", "__HIVE_DEFAULT_PARTITION__")
_NO_VALUE = (
    *(*_NO_TEXT, "null", "NULL", "(null)", "None", "NaN", "nan", "NaT", "<NA>", "\\N"),
    *("NA", "N/A", "#N/A"),
)
_FREE_TEXT = ("name", "run_name", "job_name", "cluster_name", "workspace_name", "task_key")
"""What users call their own: a job may be named None."""
# Of a JSON text: a list of pairs, as arrays or as objects with the two, and how it becomes an object.
_JSON_TEXT = r'"(?:[^"\\]|\\.)*"'
_JSON_SCALAR = rf"{_JSON_TEXT}|-?[0-9][0-9.eE+-]*|true|false|null"
_KEY, _VALUE = r'"(?:[Kk]ey|_1|k)"\s*:\s*', r'"(?:[Vv]alue|_2|v)"\s*:\s*'
_PAIRS = (
    (rf"\[\s*({_JSON_TEXT})\s*,\s*({_JSON_SCALAR})\s*\]", "$1:$2"),
    (rf"\{{\s*{_KEY}({_JSON_TEXT})\s*,\s*{_VALUE}({_JSON_SCALAR})\s*\}}", "$1:$2"),
    (rf"\{{\s*{_VALUE}({_JSON_SCALAR})\s*,\s*{_KEY}({_JSON_TEXT})\s*\}}", "$2:$1"),
    (rf"\{{\s*{_KEY}({_JSON_TEXT})\s*\}}", "$1:null"),
    (r"^\[(?:\s*(?:null|\{\s*\})\s*,?)*\s*\]$", "[]"),
    (r"^\[([\s\S]*)\]$", "{$1}"),
)
_INTEGERS = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_FRACTIONS = (T.FloatType, T.DoubleType, T.DecimalType)
_FLOATS = (T.FloatType, T.DoubleType)
_TIMES = (T.DateType, T.TimestampType, T.TimestampNTZType)
_NESTED = (T.ArrayType, T.MapType, T.StructType)


@dataclass(frozen=True)
class Converted:
    """The value in its declared type, and a sentence where it could not be read; None where that
    cannot happen."""

    value: Column
    lost: Column | None = None


class Reading:
    """One column on its way from the type it arrives in to the declared one.

    In three stages, each meant for a projection of its own: an engine repeats an expression, and all
    that it is made of, wherever its result is used in the same projection.
    """

    def __init__(self, held: T.DataType, wanted: pa.DataType, name: str) -> None:
        """`name` is the column's, or that of a field of it: `usage_metadata.job_id`."""
        self._held = held
        self._wanted = wanted
        self._name = name
        is_struct = isinstance(held, T.StructType) and pa.types.is_struct(wanted)
        # Maps and arrays as well, whose fields JSON matches by name: a lambda over a struct rebuilt
        # inside it is more than Sail's optimizer can prune.
        self._is_by_json = (
            pa.types.is_nested(wanted)
            and isinstance(held, (*_NESTED, T.StringType))
            and not (is_struct or _is(held, wanted))
        )

    def prepared(self, raw: Column) -> Column:
        """The value, NULL where it is another spelling of NULL; JSON text of a structure of another
        shape."""
        held, wanted = self._held, self._wanted
        if isinstance(held, T.StringType):
            raw = _without_blanks(raw, wanted, self._name)
        if isinstance(held, _FLOATS):
            raw = F.when(~F.isnan(raw), raw)
        if not self._is_by_json:
            return raw
        if pa.types.is_list(wanted):
            if isinstance(held, T.StringType):
                return F.nullif(F.trim(raw), F.lit("{}"))
            is_list = isinstance(held, T.ArrayType)
            return F.to_json(raw) if is_list else F.when(_says(raw, held), F.to_json(raw))
        text = F.trim(raw) if isinstance(held, T.StringType) else F.to_json(raw)
        if isinstance(held, T.StringType | T.ArrayType):
            for pattern, replacement in _PAIRS:
                text = F.regexp_replace(text, pattern, replacement)
        return text

    def parsed(self, prepared: Column) -> Column:
        """Of JSON text what it says, else the same."""
        if not self._is_by_json:
            return prepared
        # With text for every scalar of a struct, so that none is lost unseen while JSON is read.
        wanted = _as_text(self._wanted) if pa.types.is_struct(self._wanted) else self._wanted
        return F.from_json(F.when(self._is_json(prepared), prepared), spark_type(wanted))

    def converted(self, prepared: Column, parsed: Column) -> Converted:
        """The value as the Spark type that stands for the declared one."""
        wanted = self._wanted
        if not self._is_by_json:
            return self._directly(prepared)
        is_lost = prepared.isNotNull() & ~F.coalesce(self._is_json(prepared), F.lit(False))
        lost = _unreadable(is_lost, wanted, self._name)
        if not pa.types.is_struct(wanted):
            return Converted(parsed, lost)
        built = _fields(parsed, _texts(wanted), wanted, self._name)
        value = F.when(parsed.isNotNull(), built.value)
        return Converted(value, lost if built.lost is None else F.coalesce(lost, built.lost))

    def _is_json(self, text: Column) -> Column:
        opens = "[" if pa.types.is_list(self._wanted) else "{"
        # Both engines give NULL for the root of what is not JSON.
        return text.startswith(opens) & F.get_json_object(text, "$").isNotNull()

    def _directly(self, raw: Column) -> Converted:
        held, wanted, name = self._held, self._wanted, self._name
        if isinstance(held, T.NullType):
            return Converted(_none(spark_type(wanted)))
        if isinstance(held, T.StructType) and pa.types.is_struct(wanted):
            built = _fields(raw, held, wanted, name)
            return Converted(F.when(raw.isNotNull(), built.value), built.lost)
        if pa.types.is_string(wanted) and name.endswith("_id"):
            return _id(raw, held, name)
        if _is(held, wanted):
            return Converted(raw)
        if not _can_stand_for(held, wanted):
            return Converted(_none(spark_type(wanted)), _unreadable(_says(raw, held), wanted, name))
        value = _scalar(raw, held, wanted)
        return Converted(value, _unreadable(raw.isNotNull() & value.isNull(), wanted, name))


def _without_blanks(text: Column, wanted: pa.DataType, name: str) -> Column:
    """The text, NULL where it is another spelling of NULL."""
    if not pa.types.is_string(wanted):
        return F.when(~F.trim(text).isin(*_NO_VALUE), text)
    is_free = name.rpartition(".")[2] in _FREE_TEXT
    return F.when(~text.isin(*(_NO_TEXT if is_free else _NO_VALUE)), text)


def _unreadable(lost: Column, wanted: pa.DataType, name: str) -> Column:
    kind = spark_type(wanted).partition("<")[0]
    return F.when(lost, F.lit(f"column {name} cannot be read as {kind}"))


def _says(raw: Column, held: T.DataType) -> Column:
    """Whether there is a value at any depth: a list may be empty, a struct hold nothing but NULL."""
    if isinstance(held, T.StructType):
        fields = (_says(raw.getField(field.name), field.dataType) for field in held.fields)
        return raw.isNotNull() & reduce(Column.__or__, fields, F.lit(False))
    if isinstance(held, T.ArrayType | T.MapType):
        return raw.isNotNull() & (F.size(raw) > 0)
    return raw.isNotNull()


def _id(raw: Column, held: T.DataType, name: str) -> Converted:
    """An id as text, unless it has lost digits."""
    if isinstance(held, T.StringType):
        # No id holds either: the patterns are only tried on what does.
        is_odd = raw.contains(".") | raw.contains("+")
        whole = F.regexp_extract(raw, _WHOLE_FRACTION, 1)
        is_rounded = is_odd & raw.rlike(_SCIENTIFIC)
        is_beyond = whole.try_cast("decimal(38,0)") >= F.lit(_DOUBLE_EXACT)
        is_inexact = is_odd & F.coalesce(is_beyond, F.lit(False))
        value = F.when(~is_odd, raw).otherwise(
            F.when(~is_rounded & ~is_inexact, F.when(whole != "", whole).otherwise(raw))
        )
        return Converted(value, _inexact(is_rounded, is_inexact, name))
    if not _can_stand_for(held, pa.string()):
        return Converted(_none("string"), _unreadable(_says(raw, held), pa.string(), name))
    value = _scalar(raw, held, pa.string())
    lost = _unreadable(raw.isNotNull() & value.isNull(), pa.string(), name)
    if isinstance(held, _FLOATS):
        is_inexact = F.abs(raw) >= F.lit(float(_exact(held)))
        lost = F.coalesce(_inexact(F.lit(False), is_inexact, name), lost)
    return Converted(value, lost)


def _inexact(is_rounded: Column, is_inexact: Column, name: str) -> Column:
    rounded = "the id was rounded by a spreadsheet (scientific notation)"
    beyond = "the id has lost digits as a floating-point number"
    mend = "export ids as text"
    return F.when(is_rounded, F.lit(f"column {name}: {rounded}, so {mend}")).when(
        is_inexact, F.lit(f"column {name}: {beyond}, so {mend}")
    )


def _can_stand_for(held: T.DataType, wanted: pa.DataType) -> bool:
    """Whether a value of the type `held` can be one of the type `wanted`, by a cast."""
    if isinstance(held, (*_NESTED, T.BinaryType)) or pa.types.is_nested(wanted):
        return False
    if pa.types.is_string(wanted) or isinstance(held, T.StringType):
        return True
    if pa.types.is_temporal(wanted):
        # A number could be seconds, milliseconds or microseconds.
        return isinstance(held, _TIMES)
    return isinstance(held, (*_INTEGERS, *_FRACTIONS))


def _scalar(raw: Column, held: T.DataType, wanted: pa.DataType) -> Column:
    """The value, NULL where it cannot be read; `held` can stand for `wanted`."""
    kind = spark_type(wanted)
    if pa.types.is_string(wanted):
        whole = _whole(raw, held) if isinstance(held, _FRACTIONS) else raw
        return whole.cast("string")
    if pa.types.is_boolean(wanted):
        whole = _whole(raw, held) if isinstance(held, _FRACTIONS) else raw
        return whole.cast("string").try_cast(kind)  # by way of text, where 2 is not true
    if pa.types.is_integer(wanted) and isinstance(held, T.StringType):
        exact = _whole(_decimal(raw, "decimal(38,18)"), held)
        return F.coalesce(raw.try_cast(kind), exact.try_cast(kind))
    if pa.types.is_integer(wanted) and isinstance(held, _FRACTIONS):
        return _whole(raw, held).try_cast(kind)
    if pa.types.is_decimal(wanted) and isinstance(held, T.StringType):
        return _decimal(raw, kind)
    if pa.types.is_temporal(wanted) and isinstance(held, T.StringType):
        moment = F.when(raw.rlike(_DATE_FIRST), raw.try_cast("timestamp"))
        return moment if pa.types.is_timestamp(wanted) else moment.cast(kind)
    return raw.try_cast(kind)


def _none(kind: str) -> Column:
    return F.lit(None).cast(kind)


def _exact(held: T.DataType) -> int:
    """Up to where a floating-point number tells whole numbers apart."""
    return _FLOAT_EXACT if isinstance(held, T.FloatType) else _DOUBLE_EXACT


def _whole(raw: Column, held: T.DataType) -> Column:
    """A number with nothing after the point, exactly; NULL for any other, and where a float has
    already lost digits."""
    if isinstance(held, _FLOATS):
        exact = (F.abs(raw) < float(_exact(held))) & (raw == F.floor(raw))
        return F.when(exact, raw.try_cast("bigint"))
    whole = raw.try_cast("decimal(38,0)")
    return F.when(raw == whole, whole)


def _decimal(text: Column, kind: str) -> Column:
    # Text in scientific notation is no decimal on every engine; as a double it is.
    return F.when(text.rlike(_PLAIN_DECIMAL), text.try_cast(kind)).otherwise(
        text.try_cast("double").try_cast(kind)
    )


def _fields(raw: Column, held: T.StructType, wanted: pa.StructType, name: str) -> Converted:
    types = {field.name: field.dataType for field in held.fields}
    parts = []
    for field in wanted:
        reading = Reading(types.get(field.name, T.NullType()), field.type, f"{name}.{field.name}")
        value = raw.getField(field.name) if field.name in types else F.lit(None)
        prepared = reading.prepared(value)
        parts.append(reading.converted(prepared, reading.parsed(prepared)))
    built = F.struct(*(part.value.alias(f.name) for part, f in zip(parts, wanted, strict=True)))
    lost = [part.lost for part in parts if part.lost is not None]
    return Converted(built, F.coalesce(*lost) if lost else None)


def _as_text(kind: pa.StructType) -> pa.DataType:
    """The struct with text for every scalar."""
    return pa.struct(
        [(f.name, _as_text(f.type) if pa.types.is_struct(f.type) else pa.string()) for f in kind]
    )


def _texts(kind: pa.StructType) -> T.StructType:
    return T.StructType(
        [
            T.StructField(f.name, _texts(f.type) if pa.types.is_struct(f.type) else T.StringType())
            for f in kind
        ]
    )


def _is(held: T.DataType, wanted: pa.DataType) -> bool:
    """Whether a Spark type is the declared one already."""
    match held:
        case T.StructType():
            names = [field.name for field in held.fields]
            return (
                pa.types.is_struct(wanted)
                and names == [field.name for field in wanted]
                and all(_is(a.dataType, b.type) for a, b in zip(held.fields, wanted, strict=True))
            )
        case T.ArrayType():
            return pa.types.is_list(wanted) and _is(held.elementType, wanted.value_type)
        case T.MapType():
            return (
                pa.types.is_map(wanted)
                and _is(held.keyType, wanted.key_type)
                and _is(held.valueType, wanted.item_type)
            )
        case T.TimestampType():
            return bool(pa.types.is_timestamp(wanted))
        case T.DecimalType():
            return bool(wanted == pa.decimal128(held.precision, held.scale))
    return not pa.types.is_nested(wanted) and spark_type(wanted) == held.simpleString()
