"""One value from the type it arrives in to the declared type, or a sentence on why it cannot be read.

A value is converted when that loses nothing: `7.0` is the id `7`, `3.7` is no worker count. Text is
read as JSON where a map, a struct or an array is declared, as CSV dumps hold them; a struct stands
for a map, as pandas writes one, and so does a list of pairs. What both engines would read
differently is not read: bare clock times, numbers as times, decimals beyond what is declared.

NULL has other spellings, which depend on the writer: `None`, `NaN`, `NA`, an empty text, the name that
Hive gives to the partition without a value. They count as words only where users choose the words,
as in the name of a job.

An id in scientific notation has been through a spreadsheet, which kept only some of its digits; one
beyond 2^53 as a double has been rounded. Neither identifies anything any more, since several ids
end up the same.
"""

from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.bronze.flaw import Flaw

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
"""Names that users choose: a job may be called None."""
# How a JSON list of pairs, each an array of two or an object with two fields, becomes an object.
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
_ROUNDED = "the id was rounded by a spreadsheet (scientific notation)"
_INEXACT = "the id has lost digits as a floating-point number"
_SPELLED = {
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.date32(): "date",
}


@dataclass(frozen=True)
class Converted:
    """The value in its declared type, NULL where it has a flaw; no flaws where every value of the
    arriving type can be read."""

    value: Column
    flaws: tuple[Flaw, ...] = ()


class Conversion:
    """One column on its way from the type it arrives in to the declared one.

    In three stages, each meant for a projection of its own: within one projection an engine repeats
    an expression, and all that it is made of, wherever its result is used.
    """

    def __init__(self, arriving: T.DataType, declared: pa.DataType, name: str) -> None:
        """`name` is that of the column, or of a field of it, as in `usage_metadata.job_id`."""
        self._arriving = arriving
        self._declared = declared
        self._name = name
        self._fields: dict[str, Conversion] = {}
        if isinstance(arriving, T.StructType) and pa.types.is_struct(declared):
            types = {field.name: field.dataType for field in arriving.fields}
            self._fields = {
                field.name: Conversion(
                    types.get(field.name, T.NullType()), field.type, f"{name}.{field.name}"
                )
                for field in declared
            }
        # Maps and arrays of structs go by JSON too, which matches fields by name: Sail's optimizer
        # cannot prune a lambda that rebuilds the structs.
        self._is_by_json = (
            pa.types.is_nested(declared)
            and isinstance(arriving, (*_NESTED, T.StringType))
            and not (self._fields or _is(arriving, declared))
        )

    def prepared(self, raw: Column) -> Column:
        """The value, NULL where it is another spelling of NULL; as JSON text where its structure is
        not the declared one."""
        arriving, declared = self._arriving, self._declared
        if self._fields:
            fields = {
                name: field.prepared(self._field_of(raw, name))
                for name, field in self._fields.items()
            }
            return _struct(raw, fields)
        if isinstance(arriving, T.StringType):
            raw = _without_blanks(raw, declared, self._name)
        if isinstance(arriving, _FLOATS):
            raw = F.when(~F.isnan(raw), raw)
        if not self._is_by_json:
            return raw
        if pa.types.is_list(declared):
            if isinstance(arriving, T.StringType):
                return F.nullif(F.trim(raw), F.lit("{}"))
            is_list = isinstance(arriving, T.ArrayType)
            return F.to_json(raw) if is_list else F.when(_is_filled(raw, arriving), F.to_json(raw))
        text = F.trim(raw) if isinstance(arriving, T.StringType) else F.to_json(raw)
        if isinstance(arriving, T.StringType | T.ArrayType):
            for pattern, replacement in _PAIRS:
                text = F.regexp_replace(text, pattern, replacement)
        return text

    def parsed(self, prepared: Column) -> Column:
        """What the JSON text says; any other value as it is."""
        if not self._holds_json:
            return prepared
        if self._fields:
            fields = {
                name: field.parsed(prepared.getField(name)) for name, field in self._fields.items()
            }
            return _struct(prepared, fields)
        # Every scalar of a struct is read as text first: the JSON reader drops what it cannot read
        # without a word.
        declared = (
            _as_text(self._declared) if pa.types.is_struct(self._declared) else self._declared
        )
        return F.from_json(F.when(self._is_json(prepared), prepared), spelled(declared))

    def converted(self, prepared: Column, parsed: Column) -> Converted:
        """The value as the Spark type that stands for the declared one."""
        declared = self._declared
        if self._fields:
            converted = {
                name: field.converted(prepared.getField(name), parsed.getField(name))
                for name, field in self._fields.items()
            }
            return _converted_struct(parsed, converted)
        if not self._is_by_json:
            return self._directly(prepared)
        is_no_json = prepared.isNotNull() & ~F.coalesce(self._is_json(prepared), F.lit(False))
        flaw = _unreadable(is_no_json, declared, self._name)
        if not pa.types.is_struct(declared):
            return Converted(parsed, (flaw,))
        struct = Conversion(_texts(declared), declared, self._name)._at_once(parsed)
        return Converted(struct.value, (flaw, *struct.flaws))

    def _at_once(self, raw: Column) -> Converted:
        """The three stages in one projection, field by field: whole structs within structs would be
        more than an engine can plan."""
        if self._fields:
            converted = {
                name: field._at_once(self._field_of(raw, name))
                for name, field in self._fields.items()
            }
            return _converted_struct(raw, converted)
        prepared = self.prepared(raw)
        return self.converted(prepared, self.parsed(prepared))

    def _field_of(self, raw: Column, name: str) -> Column:
        arrives = isinstance(self._arriving, T.StructType) and name in self._arriving.names
        return raw.getField(name) if arrives else F.lit(None)

    @property
    def _holds_json(self) -> bool:
        return self._is_by_json or any(field._holds_json for field in self._fields.values())

    def _is_json(self, text: Column) -> Column:
        opens = "[" if pa.types.is_list(self._declared) else "{"
        # Both engines give NULL for the root of what is not JSON.
        return text.startswith(opens) & F.get_json_object(text, "$").isNotNull()

    def _directly(self, raw: Column) -> Converted:
        arriving, declared, name = self._arriving, self._declared, self._name
        if isinstance(arriving, T.NullType):
            return Converted(_none(spelled(declared)))
        if pa.types.is_string(declared) and name.endswith("_id"):
            return _id(raw, arriving, name)
        if _is(arriving, declared):
            return Converted(raw)
        if not _can_stand_for(arriving, declared):
            flaw = _unreadable(_is_filled(raw, arriving), declared, name)
            return Converted(_none(spelled(declared)), (flaw,))
        value = _scalar(raw, arriving, declared)
        return Converted(value, (_unreadable(raw.isNotNull() & value.isNull(), declared, name),))


def _struct(whole: Column, fields: dict[str, Column]) -> Column:
    """A struct of the fields, NULL where `whole` is."""
    struct = F.struct(*(field.alias(name) for name, field in fields.items()))
    return F.when(whole.isNotNull(), struct)


def _converted_struct(whole: Column, fields: dict[str, Converted]) -> Converted:
    return Converted(
        _struct(whole, {name: field.value for name, field in fields.items()}),
        tuple(flaw for field in fields.values() for flaw in field.flaws),
    )


def _without_blanks(text: Column, declared: pa.DataType, name: str) -> Column:
    """The text, NULL where it is another spelling of NULL."""
    if not pa.types.is_string(declared):
        return F.when(~F.trim(text).isin(*_NO_VALUE), text)
    is_free = name.rpartition(".")[2] in _FREE_TEXT
    return F.when(~text.isin(*(_NO_TEXT if is_free else _NO_VALUE)), text)


def _unreadable(is_unreadable: Column, declared: pa.DataType, name: str) -> Flaw:
    kind = spelled(declared).partition("<")[0]
    return Flaw(is_unreadable, F.lit(f"column {name} cannot be read as {kind}"))


def _is_filled(raw: Column, arriving: T.DataType) -> Column:
    """Whether there is a value at any depth: a list may be empty, and a struct hold only NULLs."""
    if isinstance(arriving, T.StructType):
        fields = (_is_filled(raw.getField(field.name), field.dataType) for field in arriving.fields)
        return raw.isNotNull() & reduce(Column.__or__, fields, F.lit(False))
    if isinstance(arriving, T.ArrayType | T.MapType):
        return raw.isNotNull() & (F.size(raw) > 0)
    return raw.isNotNull()


def _id(raw: Column, arriving: T.DataType, name: str) -> Converted:
    """An id as text, unless it has lost digits."""
    if isinstance(arriving, T.StringType):
        # An id holds neither character. The costly patterns stand in branches, which an engine only
        # evaluates for the rows that take them; an id that is NULL does not.
        may_be_number = raw.rlike("[.+]")
        whole = F.regexp_extract(raw, _WHOLE_FRACTION, 1)
        is_rounded = raw.rlike(_SCIENTIFIC)
        is_inexact = F.coalesce(
            whole.try_cast("decimal(38,0)") >= F.lit(_DOUBLE_EXACT), F.lit(False)
        )
        mended = F.when(~is_rounded & ~is_inexact, F.when(whole != "", whole).otherwise(raw))
        flaw = Flaw(
            F.when(may_be_number, is_rounded | is_inexact),
            F.when(is_rounded, _no_id(name, _ROUNDED)).otherwise(_no_id(name, _INEXACT)),
        )
        return Converted(F.when(may_be_number, mended).otherwise(raw), (flaw,))
    if not _can_stand_for(arriving, pa.string()):
        flaw = _unreadable(_is_filled(raw, arriving), pa.string(), name)
        return Converted(_none("string"), (flaw,))
    value = _scalar(raw, arriving, pa.string())
    flaws = [_unreadable(raw.isNotNull() & value.isNull(), pa.string(), name)]
    if isinstance(arriving, _FLOATS):
        is_inexact = F.abs(raw) >= F.lit(float(_exact(arriving)))
        flaws.insert(0, Flaw(is_inexact, _no_id(name, _INEXACT)))
    return Converted(value, tuple(flaws))


def _no_id(name: str, why: str) -> Column:
    return F.lit(f"column {name}: {why}, so export ids as text")


def spelled(kind: pa.DataType) -> str:
    """Spark's spelling of an Arrow type that our tables declare."""
    if pa.types.is_struct(kind):
        return "struct<" + ", ".join(f"`{f.name}`:{spelled(f.type)}" for f in kind) + ">"
    if pa.types.is_map(kind):
        return f"map<{spelled(kind.key_type)}, {spelled(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"array<{spelled(kind.value_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return _SPELLED[kind]


def _can_stand_for(arriving: T.DataType, declared: pa.DataType) -> bool:
    """Whether a value of the type `arriving` can be one of the type `declared`, by a cast."""
    if isinstance(arriving, (*_NESTED, T.BinaryType)) or pa.types.is_nested(declared):
        return False
    if pa.types.is_string(declared) or isinstance(arriving, T.StringType):
        return True
    if pa.types.is_temporal(declared):
        # A number could be seconds, milliseconds or microseconds.
        return isinstance(arriving, _TIMES)
    return isinstance(arriving, (*_INTEGERS, *_FRACTIONS))


def _scalar(raw: Column, arriving: T.DataType, declared: pa.DataType) -> Column:
    """The value, NULL where it cannot be read; `arriving` can stand for `declared`."""
    kind = spelled(declared)
    if pa.types.is_string(declared):
        whole = _whole(raw, arriving) if isinstance(arriving, _FRACTIONS) else raw
        return whole.cast("string")
    if pa.types.is_boolean(declared):
        whole = _whole(raw, arriving) if isinstance(arriving, _FRACTIONS) else raw
        return whole.cast("string").try_cast(kind)  # by way of text, where 2 is not true
    if pa.types.is_integer(declared) and isinstance(arriving, T.StringType):
        exact = _whole(_decimal(raw, "decimal(38,18)"), arriving)
        return F.coalesce(raw.try_cast(kind), exact.try_cast(kind))
    if pa.types.is_integer(declared) and isinstance(arriving, _FRACTIONS):
        return _whole(raw, arriving).try_cast(kind)
    if pa.types.is_decimal(declared) and isinstance(arriving, T.StringType):
        return _decimal(raw, kind)
    if pa.types.is_temporal(declared) and isinstance(arriving, T.StringType):
        moment = F.when(raw.rlike(_DATE_FIRST), raw.try_cast("timestamp"))
        return moment if pa.types.is_timestamp(declared) else moment.cast(kind)
    return raw.try_cast(kind)


def _none(kind: str) -> Column:
    return F.lit(None).cast(kind)


def _exact(arriving: T.DataType) -> int:
    """Up to where a floating-point number tells whole numbers apart."""
    return _FLOAT_EXACT if isinstance(arriving, T.FloatType) else _DOUBLE_EXACT


def _whole(raw: Column, arriving: T.DataType) -> Column:
    """A number with nothing after the point, exactly; NULL for any other number, and for a float so
    large that it may have lost digits."""
    if isinstance(arriving, _FLOATS):
        exact = (F.abs(raw) < float(_exact(arriving))) & (raw == F.floor(raw))
        return F.when(exact, raw.try_cast("bigint"))
    whole = raw.try_cast("decimal(38,0)")
    return F.when(raw == whole, whole)


def _decimal(text: Column, kind: str) -> Column:
    # Text in scientific notation is no decimal on every engine; as a double it is.
    return F.when(text.rlike(_PLAIN_DECIMAL), text.try_cast(kind)).otherwise(
        text.try_cast("double").try_cast(kind)
    )


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


def _is(arriving: T.DataType, declared: pa.DataType) -> bool:
    """Whether a Spark type is the declared one already."""
    match arriving:
        case T.StructType():
            names = [field.name for field in arriving.fields]
            return (
                pa.types.is_struct(declared)
                and names == [field.name for field in declared]
                and all(
                    _is(a.dataType, b.type) for a, b in zip(arriving.fields, declared, strict=True)
                )
            )
        case T.ArrayType():
            return pa.types.is_list(declared) and _is(arriving.elementType, declared.value_type)
        case T.MapType():
            return (
                pa.types.is_map(declared)
                and _is(arriving.keyType, declared.key_type)
                and _is(arriving.valueType, declared.item_type)
            )
        case T.TimestampType():
            return bool(pa.types.is_timestamp(declared))
        case T.DecimalType():
            return bool(declared == pa.decimal128(arriving.precision, arriving.scale))
    return _SPELLED.get(declared) == arriving.simpleString()
