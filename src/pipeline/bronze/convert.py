"""One value from the type it arrives in to the type that is declared, and whether it got lost.

A value is converted when that loses nothing: `7.0` is the id `7`, `3.7` is no worker count. Text is
read as JSON where a map, a struct or an array is declared, as CSV dumps hold them, and a struct
stands for a map, as pandas writes one. What both engines would read differently is not read: bare
clock times, numbers as times, decimals beyond what is declared.
"""

from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

_EXACT = 2.0**53
_DATE_FIRST = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ].*)?$"
_PLAIN_DECIMAL = r"^\s*[-+]?[0-9]+(\.[0-9]*)?\s*$|^\s*[-+]?\.[0-9]+\s*$"
_INTEGERS = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_FRACTIONS = (T.FloatType, T.DoubleType, T.DecimalType)
_TIMES = (T.DateType, T.TimestampType, T.TimestampNTZType)
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
    """The value in its declared type, and a predicate true where it could not be read; None where
    that cannot happen."""

    value: Column
    lost: Column | None = None
    never: bool = False
    """Whether no value of the type it arrives in can be read."""


def convert(raw: Column, held: T.DataType, wanted: pa.DataType) -> Converted:
    """`raw`, which is of type `held`, as the Spark type that stands for `wanted`."""
    if _is(held, wanted):
        return Converted(raw)
    if isinstance(held, T.NullType):
        return Converted(_none(spelled(wanted)))
    if pa.types.is_map(wanted):
        return _map(raw, held, wanted)
    if pa.types.is_struct(wanted):
        return _struct(raw, held, wanted)
    if pa.types.is_list(wanted):
        return _array(raw, held, wanted)
    if not _can_stand_for(held, wanted):
        return Converted(_none(spelled(wanted)), raw.isNotNull(), never=True)
    value = _scalar(raw, held, wanted)
    return Converted(value, raw.isNotNull() & value.isNull())


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


def _can_stand_for(held: T.DataType, wanted: pa.DataType) -> bool:
    """Whether a value of the type `held` can be one of the scalar type `wanted`."""
    if isinstance(held, T.ArrayType | T.MapType | T.StructType | T.BinaryType):
        return False
    if pa.types.is_string(wanted) or isinstance(held, T.StringType):
        return True
    if pa.types.is_boolean(wanted):
        return isinstance(held, _INTEGERS)
    if pa.types.is_temporal(wanted):
        # A number could be seconds, milliseconds or microseconds.
        return isinstance(held, _TIMES)
    return isinstance(held, (*_INTEGERS, *_FRACTIONS))


def _scalar(raw: Column, held: T.DataType, wanted: pa.DataType) -> Column:
    """The value, NULL where it cannot be read; `held` can stand for `wanted`."""
    kind = spelled(wanted)
    if pa.types.is_string(wanted):
        whole = _whole(raw, held) if isinstance(held, _FRACTIONS) else raw
        return whole.cast("string")
    if pa.types.is_boolean(wanted):
        return raw.cast("string").try_cast(kind)  # by way of text, where 2 is not true
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


def _whole(raw: Column, held: T.DataType) -> Column:
    """A number with nothing after the point, exactly; NULL for any other, and where a double has
    already lost digits."""
    if isinstance(held, T.FloatType | T.DoubleType):
        exact = (F.abs(raw) < _EXACT) & (raw == F.floor(raw))
        return F.when(exact, raw.try_cast("bigint"))
    whole = raw.try_cast("decimal(38,0)")
    return F.when(raw == whole, whole)


def _decimal(text: Column, kind: str) -> Column:
    # Text in scientific notation is no decimal on every engine; as a double it is.
    return F.when(text.rlike(_PLAIN_DECIMAL), text.try_cast(kind)).otherwise(
        text.try_cast("double").try_cast(kind)
    )


def _struct(raw: Column, held: T.DataType, wanted: pa.StructType) -> Converted:
    if not isinstance(held, T.StructType):
        text, lost = _json_text(raw, held, "{")
        read = F.from_json(text, spelled(_as_text(wanted)))
        built = _fields(read, _texts(wanted), wanted)
        return Converted(F.when(text.isNotNull(), built.value), _any(lost, built.lost))
    built = _fields(raw, held, wanted)
    return Converted(F.when(raw.isNotNull(), built.value), built.lost)


def _fields(raw: Column, held: T.StructType, wanted: pa.StructType) -> Converted:
    types = {field.name: field.dataType for field in held.fields}
    parts = [
        convert(raw.getField(field.name), types[field.name], field.type)
        if field.name in types
        else Converted(_none(spelled(field.type)))
        for field in wanted
    ]
    built = F.struct(*(part.value.alias(f.name) for part, f in zip(parts, wanted, strict=True)))
    return Converted(built, _any(*(part.lost for part in parts)))


def _map(raw: Column, held: T.DataType, wanted: pa.MapType) -> Converted:
    text, lost = _json_text(raw, held, "{")
    return Converted(F.from_json(text, spelled(wanted)), lost)


def _array(raw: Column, held: T.DataType, wanted: pa.ListType) -> Converted:
    # By way of JSON: fields are matched by name, and a lambda over a struct rebuilt inside it is
    # more than Sail's optimizer can prune.
    text, lost = _json_text(raw, held, "[")
    return Converted(F.from_json(text, spelled(wanted)), lost)


def _json_text(raw: Column, held: T.DataType, opens: str) -> tuple[Column, Column]:
    """JSON text that opens as it must, NULL for none, and whether there was other text."""
    if isinstance(held, T.ArrayType | T.MapType | T.StructType):
        text = F.to_json(raw)
    elif isinstance(held, T.StringType):
        text = F.trim(raw)
    else:
        return _none("string"), raw.isNotNull()
    given = text.isNotNull() & ~text.isin("", "null")
    # Both engines give NULL for the root of what is not JSON.
    is_json = text.startswith(opens) & F.get_json_object(text, "$").isNotNull()
    return F.when(given & is_json, text), F.coalesce(given & ~is_json, F.lit(False))


def _any(*lost: Column | None) -> Column | None:
    found = [column for column in lost if column is not None]
    return reduce(Column.__or__, found) if found else None


def _as_text(kind: pa.StructType) -> pa.DataType:
    """The struct with text for every scalar, so that none is lost unseen while JSON is read."""
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
    return _SPELLED.get(wanted) == held.simpleString()
