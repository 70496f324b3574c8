"""From whatever a source delivers to the declared columns, or to a reason why not.

A row is rejected when a required value is missing, a value cannot be read as its declared type, an
interval is reversed, a time lies where no time can, or a quantity is beyond any sense. The first
reason found is the one told.
"""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.bronze.convert import convert
from pipeline.errors import UserError
from pipeline.tables.bronze import PARTITION
from pipeline.tables.declaration import Column as Declared
from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import Check, arrow_type, row_checks

PROBLEM = "problem"
ROW_JSON = "row_json"
ROW_HASH = "row_hash"
KEY_HASH = "key_hash"
CONTENT_HASH = "content_hash"
_OUTCOME = "result_state"
_FILLED = "filled_columns"
_NESTED = (T.ArrayType, T.MapType, T.StructType)
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
# Far beyond any truth, so that only damage is caught: (least, most) by unit, then for decimals.
_SENSIBLE = {
    "percent": (0.0, 1_000.0),
    "seconds": (0.0, 4e9),
    "MB": (0.0, 1e9),
    "cores": (0.0, 1e6),
}
_MOST_DECIMAL = 1e15


def kept_columns(table: SourceTable) -> list[Declared]:
    """The source's columns that bronze keeps."""
    return [column for column in table.columns if not column.sensitive]


def conform(table: SourceTable, part: DataFrame, *, now: datetime) -> DataFrame:
    """The declared columns that bronze keeps and derives, with PROBLEM (NULL for a good row), the row
    as it came as ROW_JSON, and CONTENT_HASH. `now` bounds the times that can be true. UserError where a
    column has a type that no value can be read from."""
    kept = kept_columns(table)
    types = {field.name: field.dataType for field in part.schema.fields}
    raw = {column.name: f"raw_{column.name}" for column in kept}
    present = part.select(
        *(
            (F.col(c.name) if c.name in types else F.lit(None).cast("string")).alias(raw[c.name])
            for c in kept
        )
    )
    converted = {
        c.name: convert(F.col(raw[c.name]), types[c.name], arrow_type(c.type))
        if c.name in types
        else convert(F.col(raw[c.name]), T.NullType(), arrow_type(c.type))
        for c in kept
    }
    for column in kept:
        if converted[column.name].never:
            raise UserError(
                f"{table.system_name}: the column {column.name} is {types[column.name].simpleString()}"
                f" and should be {column.type}, so none of its rows can be read: export it as it is"
                " in the system table, or wait for a release that knows the new type"
            )
    lost = {c.name: f"lost_{c.name}" for c in kept if converted[c.name].lost is not None}
    read = present.select(
        "*",
        *(converted[c.name].value.alias(c.name) for c in kept),
        *(converted[name].lost.alias(lost[name]) for name in lost),  # type: ignore[union-attr]
    )
    unreadable = [
        F.when(F.col(lost[c.name]), F.lit(f"column {c.name} cannot be read as {c.type}"))
        for c in kept
        if c.name in lost
    ]
    problem = F.coalesce(
        *unreadable,
        *(_broken(check) for check in row_checks(table) if check.column in raw),
        *_impossible(table, kept, now),
        F.lit(None).cast("string"),
    )
    dated = []
    if table.dated_by is not None:
        dated = [F.to_date(F.col(table.dated_by)).alias(PARTITION)]
    row = F.struct(
        *(
            _as_text(F.col(raw[c.name]), isinstance(types.get(c.name), _NESTED)).alias(c.name)
            for c in kept
        )
    )
    conformed = read.select(
        *dated,
        *(column.name for column in kept),
        problem.alias(PROBLEM),
        F.to_json(row).alias(ROW_JSON),
    )
    for one in table.derived:
        conformed = conformed.withColumn(one.column.name, F.expr(one.expression))
    return with_content(table, conformed)


def with_key_hash(table: SourceTable, rows: DataFrame) -> DataFrame:
    """`rows` with a number that equal keys share (different ones hardly ever)."""
    return rows.withColumn(KEY_HASH, F.xxhash64(*table.identity))


def with_content(table: SourceTable, rows: DataFrame) -> DataFrame:
    """`rows` with what compares them: CONTENT_HASH and how much each says. A row of bronze and the
    same row received again compare equal."""
    leaves = [
        leaf
        for column in kept_columns(table)
        for leaf in _leaves(F.col(column.name), arrow_type(column.type))
    ]
    # The engines' hash passes over NULL, so where the NULLs are is hashed as well.
    filled = F.concat(*(F.when(leaf.isNull(), "0").otherwise("1") for leaf in leaves))
    return rows.withColumns(
        {
            CONTENT_HASH: F.xxhash64(filled, *leaves),
            _FILLED: F.length(F.replace(filled, F.lit("0"), F.lit(""))),
        }
    )


def as_rejected(table: SourceTable, rows: DataFrame, reason: str) -> DataFrame:
    """Good rows, received or of bronze, as quarantine takes them: PROBLEM, ROW_HASH, ROW_JSON."""
    row = F.struct(
        *(_as_text(F.col(c.name), "<" in c.type).alias(c.name) for c in kept_columns(table))
    )
    return rows.select(
        F.lit(reason).alias(PROBLEM),
        F.hex(CONTENT_HASH).alias(ROW_HASH),
        F.to_json(row).alias(ROW_JSON),
    )


def as_received(rows: DataFrame) -> DataFrame:
    """Rows with a PROBLEM as quarantine takes them: PROBLEM, ROW_HASH, ROW_JSON."""
    return rows.select(PROBLEM, F.sha2(F.col(ROW_JSON), 256).alias(ROW_HASH), ROW_JSON)


def strength(table: SourceTable) -> list[Column]:
    """What decides which of two rows with one key is kept, larger first: an outcome, then how much
    it says, then its hash. So any order of delivery keeps the same row."""
    deciding = [F.col(_FILLED), F.col(CONTENT_HASH)]
    if _OUTCOME in table.column_names:
        deciding.insert(0, F.col(_OUTCOME).isNotNull().cast("int"))
    return deciding


def _leaves(value: Column, kind: pa.DataType) -> list[Column]:
    """What equal values share on every engine: maps have no order, structs may hide a NULL."""
    if pa.types.is_struct(kind):
        fields = (_leaves(value.getField(field.name), field.type) for field in kind)
        return [leaf for leaves in fields for leaf in leaves]
    if pa.types.is_map(kind):
        return [F.to_json(F.array_sort(F.map_entries(value)))]
    if pa.types.is_decimal(kind):
        return [value.cast("string")]  # the engines hash the digits of a wide one differently
    return [F.to_json(value)] if pa.types.is_list(kind) else [value]


def _as_text(value: Column, is_nested: bool) -> Column:
    """A scalar as text: JSON numbers and times are spelled differently by each engine."""
    return value if is_nested else value.cast("string")


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
    times = {name for name in (table.observed_at, table.dated_by, *(table.interval or ())) if name}
    for column in kept:
        value = F.col(column.name)
        if column.type == "double":
            infinite = F.isnan(value) | (F.abs(value) == float("inf"))
            found.append(F.when(infinite, F.lit(f"column {column.name} is not a finite number")))
        if column.type.startswith("decimal"):
            absurd = F.abs(value) > F.lit(_MOST_DECIMAL)
            found.append(F.when(absurd, F.lit(f"column {column.name} is beyond any sense")))
        if column.unit in _SENSIBLE:
            least, most = _SENSIBLE[column.unit]
            absurd = (value < least) | (value > most)
            found.append(F.when(absurd, F.lit(f"column {column.name} is beyond any sense")))
        if column.name in times and column.type in ("timestamp", "date"):
            latest: date = now + _AHEAD
            earliest: date = _EARLIEST
            if column.type == "date":
                # Held against dates: Sail cannot make a time of a date far ahead.
                latest, earliest = (now + _AHEAD).date(), _EARLIEST.date()
            found += [
                F.when(value > F.lit(latest), F.lit(f"column {column.name} is in the future")),
                F.when(value < F.lit(earliest), F.lit(f"column {column.name} is before 2010")),
            ]
    return found
