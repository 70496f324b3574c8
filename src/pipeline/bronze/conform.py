"""From whatever a source delivers to the declared columns, or to a reason why not.

A value is cast to its declared type when that loses nothing; text is read as JSON where a map, a
struct or an array is declared, as CSV dumps hold them. A row is rejected when a required value is
missing, a value cannot be read, an interval is reversed, or a time lies where no time can.
"""

from datetime import datetime, timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.tables.bronze import PARTITION
from pipeline.tables.declaration import Column as Declared
from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import Check, arrow_type, row_checks

PROBLEM = "problem"
ROW_JSON = "row_json"
CONTENT_HASH = "content_hash"
_EARLIEST = datetime(2010, 1, 1)
_AHEAD = timedelta(days=1)


def conform(table: SourceTable, part: DataFrame, *, now: datetime) -> DataFrame:
    """The declared columns that bronze keeps, with PROBLEM (NULL for a good row), ROW_JSON and
    CONTENT_HASH. `now` bounds the times that can be true."""
    kept = [column for column in table.columns if not column.sensitive]
    types = {field.name: field.dataType for field in part.schema.fields}
    raw = {column.name: f"raw_{column.name}" for column in kept}
    present = part.select(
        *(
            (F.col(f"`{column.name}`") if column.name in types else F.lit(None).cast("string")).alias(
                raw[column.name]
            )
            for column in kept
        )
    )
    read = present.select(
        "*",
        *(
            _as_declared(
                F.col(raw[c.name]), types.get(c.name, T.StringType()), arrow_type(c.type), c.type
            ).alias(c.name)
            for c in kept
        ),
    )
    problem = F.coalesce(
        *(_unreadable(column, raw[column.name]) for column in kept),
        *(_broken(check) for check in row_checks(table) if check.column in raw),
        *(_repeated_key(column) for column in kept if column.type.startswith("map")),
        *_impossible(table, kept, now),
        F.lit(None).cast("string"),
    )
    dated = []
    if table.dated_by is not None:
        dated = [F.to_date(F.col(table.dated_by)).alias(PARTITION)]
    return read.select(
        *dated,
        *(column.name for column in kept),
        problem.alias(PROBLEM),
        F.to_json(F.struct(*(F.col(raw[c.name]).alias(c.name) for c in kept))).alias(ROW_JSON),
        F.xxhash64(*(_comparable(column) for column in kept)).alias(CONTENT_HASH),
    )


def _as_declared(raw: Column, held: T.DataType, wanted: pa.DataType, spelled: str) -> Column:
    if _is(held, wanted):
        return raw
    if isinstance(held, T.StringType) and pa.types.is_nested(wanted):
        return F.from_json(F.when(F.trim(raw) != "", raw), spelled)
    if pa.types.is_struct(wanted):
        if not isinstance(held, T.StructType):
            return F.lit(None).cast(spelled)
        fields = {field.name: field.dataType for field in held.fields}
        built = F.struct(
            *(
                (
                    _as_declared(raw[field.name], fields[field.name], field.type, _spark(field.type))
                    if field.name in fields
                    else F.lit(None).cast(_spark(field.type))
                ).alias(field.name)
                for field in wanted
            )
        )
        return F.when(raw.isNotNull(), built)
    if pa.types.is_map(wanted):
        if isinstance(held, T.MapType):
            return raw.cast(spelled)
        if isinstance(held, T.StructType):  # What pandas makes of a column of dictionaries.
            pairs = F.from_json(F.to_json(raw), spelled)
            return F.map_filter(pairs, lambda _, value: value.isNotNull())
        if isinstance(held, T.ArrayType) and isinstance(held.elementType, T.StructType):
            return F.map_from_entries(raw).cast(spelled)
        return F.lit(None).cast(spelled)
    if pa.types.is_list(wanted):
        if not isinstance(held, T.ArrayType):
            return F.lit(None).cast(spelled)
        # By way of JSON: fields are matched by name, and a lambda over a struct rebuilt inside it is
        # more than Sail's optimizer can prune.
        return F.from_json(F.to_json(raw), spelled)
    if isinstance(held, T.ArrayType | T.MapType | T.StructType):
        return F.lit(None).cast(spelled)
    if pa.types.is_decimal(wanted) and isinstance(held, T.StringType):
        # Text in scientific notation is no decimal on every engine; as a double it is.
        is_plain = raw.rlike(r"^\s*[-+]?[0-9]*\.?[0-9]*\s*$")
        return F.when(is_plain, raw.try_cast(spelled)).otherwise(raw.try_cast("double").try_cast(spelled))
    if pa.types.is_timestamp(wanted) and not isinstance(
        held, T.TimestampType | T.TimestampNTZType | T.DateType | T.StringType | T.NullType
    ):
        return F.lit(None).cast(spelled)  # A number could be seconds, milliseconds or microseconds.
    return raw.try_cast(spelled)


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
            return pa.types.is_timestamp(wanted)
        case T.DecimalType():
            return wanted == pa.decimal128(held.precision, held.scale)
    simple = {
        "string": pa.string(),
        "bigint": pa.int64(),
        "int": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
    }
    return simple.get(held.simpleString()) == wanted


def _spark(kind: pa.DataType) -> str:
    """Spark's spelling of the Arrow types that occur inside our nested columns."""
    if pa.types.is_struct(kind):
        return "struct<" + ", ".join(f"{f.name}:{_spark(f.type)}" for f in kind) + ">"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind):
        return f"array<{_spark(kind.value_type)}>"
    return {pa.string(): "string", pa.bool_(): "boolean", pa.int64(): "bigint", pa.int32(): "int"}[kind]


def _unreadable(column: Declared, raw: str) -> Column:
    lost = F.col(raw).isNotNull() & F.col(column.name).isNull()
    return F.when(lost, F.lit(f"column {column.name} cannot be read as {column.type}"))


def _repeated_key(column: Declared) -> Column:
    """A file can hold a map with a key twice, which no engine can."""
    keys = F.map_keys(F.col(column.name))
    repeated = F.size(F.array_distinct(keys)) < F.size(keys)
    return F.when(repeated, F.lit(f"column {column.name} holds a key twice"))


def _broken(check: Check) -> Column:
    words = {
        "not_null": "is missing",
        "minimum": "is below what can be",
        "maximum": "is above what can be",
        "one_of": "is not one of the values it may take",
    }
    return F.when(F.expr(check.violation), F.lit(f"column {check.column} {words[check.name]}"))


def _impossible(table: SourceTable, kept: list[Declared], now: datetime) -> list[Column]:
    found = []
    if table.interval is not None:
        start, end = table.interval
        found.append(F.when(F.col(end) < F.col(start), F.lit(f"{end} is before {start}")))
    seen = {name for name in (table.observed_at, table.dated_by, *(table.interval or ())) if name}
    for column in kept:
        if column.type == "double":
            value = F.col(column.name)
            infinite = F.isnan(value) | (F.abs(value) == float("inf"))
            found.append(F.when(infinite, F.lit(f"column {column.name} is not a finite number")))
        if column.name in seen and column.type in ("timestamp", "date"):
            value = F.col(column.name)
            found += [
                F.when(value > F.lit(now + _AHEAD), F.lit(f"column {column.name} is in the future")),
                F.when(value < F.lit(_EARLIEST), F.lit(f"column {column.name} is before 2010")),
            ]
    return found


def _comparable(column: Declared) -> Column:
    """Maps cannot be hashed on every engine; their sorted entries can."""
    value = F.col(column.name)
    return F.sort_array(F.map_entries(value)) if column.type.startswith("map") else value
