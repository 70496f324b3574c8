"""From whatever a source delivers to the declared columns, or to a reason why not.

A row is rejected when a column that it cannot do without is missing, cannot be read as its declared
type, or holds what cannot be true: a time in the future, an absurd quantity, an interval that is
reversed. The first reason found is the one that is reported. A row cannot do without what is
declared not null (its keys, its times, the quantity that is billed), nor without a column in which
NULL says more than "not known": a price whose end cannot be read would hold for ever.

In any other column, a value that cannot be read or cannot be true costs only itself: it becomes
NULL, and the row is kept and counted as one without that value. A NULL outcome would say that a run
has not ended yet; one that cannot be read becomes a word that nobody knows, which is an unknown
outcome.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.bronze.convert import Conversion
from pipeline.bronze.flaw import Flaw, any_of, first_of
from pipeline.tables.bronze import PARTITION
from pipeline.tables.declaration import Column as Declared
from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import Check, row_checks
from pipeline.tables.types import arrow_type

PROBLEM = "problem"
UNREAD = "unread"
IS_KEPT = "is_kept"
ROW_JSON = "row_json"
ROW_HASH = "row_hash"
KEY_HASH = "key_hash"
CONTENT_HASH = "content_hash"
_OUTCOME = "result_state"
_UNREADABLE_OUTCOME = "UNREADABLE"
_FILLED = "filled_columns"
_NESTED = (T.ArrayType, T.MapType, T.StructType)
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
_CLOCK_SKEW = timedelta(days=1)
# So wide that only damage lies outside: (least, most) by unit, then for decimals.
_PLAUSIBLE = {
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
    """The declared columns that bronze keeps and derives, with PROBLEM (why the row is not kept; NULL
    for a good row), UNREAD (which values a good row is kept without, and why; NULL for none), the row
    as it came as ROW_JSON, and CONTENT_HASH. `now` bounds the times that can be true."""
    columns = kept_columns(table)
    arriving_types = {field.name: field.dataType for field in part.schema.fields}
    raw = {column.name: f"raw_{column.name}" for column in columns}
    read, unreadable = _converted(table, part, raw)
    impossible = {c.name: _impossible(table, c, now) for c in columns}
    needed = [c.name for c in columns if _is_needed(c)]
    fatal = [flaw for name in needed for flaw in (*unreadable.get(name, ()), *impossible[name])]
    fatal += _reversed(table)
    spared = {
        c.name: [*unreadable.get(c.name, ()), *impossible[c.name]]
        for c in columns
        if c.name not in needed
    }
    problem = first_of(fatal)
    row = F.struct(
        *(
            _as_text(F.col(raw[c.name]), isinstance(arriving_types.get(c.name), _NESTED)).alias(
                c.name
            )
            for c in columns
        )
    )
    dated = []
    if table.dated_by is not None:
        dated = [F.to_date(F.col(table.dated_by)).alias(PARTITION)]
    conformed = read.select(
        *dated,
        *(
            _sound(name, unreadable.get(name, ()), [] if name in needed else impossible[name])
            for name in raw
        ),
        problem.alias(PROBLEM),
        _unread([flaws for flaws in spared.values() if flaws], problem).alias(UNREAD),
        F.to_json(row).alias(ROW_JSON),
    )
    for derived in table.derived:
        conformed = conformed.withColumn(derived.column.name, F.expr(derived.expression))
    return with_content(table, conformed)


def _converted(
    table: SourceTable, part: DataFrame, raw: dict[str, str]
) -> tuple[DataFrame, dict[str, tuple[Flaw]]]:
    """The columns that bronze keeps in their declared types, beside what they were made of under the
    names `raw`; and the flaw of each column whose values may not be readable."""
    columns = kept_columns(table)
    arriving_types = {field.name: field.dataType for field in part.schema.fields}
    conversions = {
        c.name: Conversion(arriving_types.get(c.name, T.NullType()), arrow_type(c.type), c.name)
        for c in columns
    }
    present = part.select(
        *(
            (F.col(name) if name in arriving_types else F.lit(None).cast("string")).alias(raw_name)
            for name, raw_name in raw.items()
        )
    )
    prepared = present.select(
        "*",
        *(
            conversion.prepared(F.col(raw[name])).alias(f"prepared_{name}")
            for name, conversion in conversions.items()
        ),
    )
    parsed = prepared.select(
        "*",
        *(
            conversion.parsed(F.col(f"prepared_{name}")).alias(f"parsed_{name}")
            for name, conversion in conversions.items()
        ),
    )
    converted = {
        name: conversion.converted(F.col(f"prepared_{name}"), F.col(f"parsed_{name}"))
        for name, conversion in conversions.items()
    }
    sentences = {
        name: first_of(column.flaws).alias(f"unreadable_{name}")
        for name, column in converted.items()
        if column.flaws
    }
    read = parsed.select(
        *raw.values(),
        *(column.value.alias(name) for name, column in converted.items()),
        *sentences.values(),
    )
    flaws = {
        name: (Flaw(F.col(f"unreadable_{name}").isNotNull(), F.col(f"unreadable_{name}")),)
        for name in sentences
    }
    return read, flaws


def _is_needed(column: Declared) -> bool:
    """Whether a row without a readable value in the column would say what is not true."""
    return not column.nullable or (bool(column.null_means) and column.name != _OUTCOME)


def _unread(spared: Sequence[Sequence[Flaw]], problem: Column) -> Column:
    """The first flaw of each column that a good row is kept without; NULL where it is whole."""
    if not spared:
        return F.lit(None).cast("string")
    # In branches, so that sentences are only put together for rows that have a flaw.
    sentences = F.concat_ws("; ", *(first_of(flaws) for flaws in spared))
    is_flawed = any_of([flaw for flaws in spared for flaw in flaws])
    return F.when(is_flawed, F.when(problem.isNull(), sentences))


def _sound(name: str, unreadable: Sequence[Flaw], impossible: Sequence[Flaw]) -> Column:
    """The value where it can be true; a word that nobody knows for an outcome that could not be read."""
    value = F.col(name)
    if impossible:
        value = F.when(any_of(impossible), F.lit(None)).otherwise(value)
    if name == _OUTCOME and unreadable:
        value = F.coalesce(value, F.when(any_of(unreadable), F.lit(_UNREADABLE_OUTCOME)))
    return value.alias(name)


def with_key_hash(table: SourceTable, rows: DataFrame) -> DataFrame:
    """`rows` with a number that is the same for equal keys, and hardly ever for different ones."""
    return rows.withColumn(KEY_HASH, F.xxhash64(*table.identity))


def with_content(table: SourceTable, rows: DataFrame) -> DataFrame:
    """`rows` with CONTENT_HASH and the number of values that each holds. A row of bronze and the same
    row received again have both in common."""
    leaves = [
        leaf
        for column in kept_columns(table)
        for leaf in _leaves(F.col(column.name), arrow_type(column.type))
    ]
    # The engines' hash skips NULLs, so their places are hashed as well.
    filled = F.concat(*(F.when(leaf.isNull(), "0").otherwise("1") for leaf in leaves))
    return rows.withColumns(
        {
            CONTENT_HASH: F.xxhash64(filled, *leaves),
            _FILLED: F.length(F.replace(filled, F.lit("0"), F.lit(""))),
        }
    )


def as_rejected(table: SourceTable, rows: DataFrame, reason: str) -> DataFrame:
    """Good rows, received or of bronze, that a stronger one displaces, in the shape of quarantine."""
    row = F.struct(
        *(_as_text(F.col(c.name), "<" in c.type).alias(c.name) for c in kept_columns(table))
    )
    return rows.select(
        F.lit(reason).alias(PROBLEM),
        F.hex(CONTENT_HASH).alias(ROW_HASH),
        F.to_json(row).alias(ROW_JSON),
        F.lit(False).alias(IS_KEPT),
    )


def judgements(rows: DataFrame) -> DataFrame:
    """PROBLEM and UNREAD of every conformed row, and ROW_JSON of those that have one of them.

    To be staged before rows are selected by either: an engine moves a condition on UNREAD down to the
    source and spells out in it all that converts a row, which takes it seconds to plan.
    """
    is_flawed = F.col(PROBLEM).isNotNull() | F.col(UNREAD).isNotNull()
    return rows.select(PROBLEM, UNREAD, F.when(is_flawed, F.col(ROW_JSON)).alias(ROW_JSON))


def as_received(rows: DataFrame) -> DataFrame:
    """Rows with a PROBLEM or an UNREAD value, in the shape of quarantine."""
    return rows.where(F.col(PROBLEM).isNotNull() | F.col(UNREAD).isNotNull()).select(
        F.coalesce(PROBLEM, UNREAD).alias(PROBLEM),
        F.sha2(F.col(ROW_JSON), 256).alias(ROW_HASH),
        ROW_JSON,
        F.col(PROBLEM).isNull().alias(IS_KEPT),
    )


def strength(table: SourceTable) -> list[Column]:
    """What decides which of two rows with one key is kept, larger first: an outcome, then how many
    values it holds, then its hash. So any order of delivery keeps the same row."""
    criteria = [F.col(_FILLED), F.col(CONTENT_HASH)]
    if _OUTCOME in table.column_names:
        criteria.insert(0, F.col(_OUTCOME).isNotNull().cast("int"))
    return criteria


def _leaves(value: Column, kind: pa.DataType) -> list[Column]:
    """The parts of a value that every engine hashes alike where values are equal: maps have no order,
    and a struct may hide a NULL."""
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


def _flaw(condition: Column, sentence: str) -> Flaw:
    return Flaw(condition, F.lit(sentence))


def _broken(check: Check) -> Flaw:
    words = {
        "not_null": "is missing",
        "minimum": "is below what can be",
        "maximum": "is above what can be",
        "one_of": "is not one of the values it may take",
    }
    return _flaw(F.expr(check.violation), f"column {check.column} {words[check.name]}")


def _reversed(table: SourceTable) -> list[Flaw]:
    if table.interval is None:
        return []
    start, end = table.interval
    return [_flaw(F.col(end) < F.col(start), f"{end} is before {start}")]


def _impossible(table: SourceTable, column: Declared, now: datetime) -> list[Flaw]:
    """The ways in which a value that could be read cannot be true."""
    name, value = column.name, F.col(column.name)
    flaws = [_broken(check) for check in row_checks(table) if check.column == name]
    if column.type == "double":
        is_infinite = F.isnan(value) | (F.abs(value) == float("inf"))
        flaws.append(_flaw(is_infinite, f"column {name} is not a finite number"))
    if column.type.startswith("decimal"):
        is_absurd = F.abs(value) > F.lit(_MOST_DECIMAL)
        flaws.append(_flaw(is_absurd, f"column {name} is beyond any sense"))
    if column.unit in _PLAUSIBLE:
        least, most = _PLAUSIBLE[column.unit]
        is_absurd = (value < least) | (value > most)
        flaws.append(_flaw(is_absurd, f"column {name} is beyond any sense"))
    times = (table.observed_at, table.dated_by, *(table.interval or ()))
    if name in times and column.type in ("timestamp", "date"):
        latest: date = now + _CLOCK_SKEW
        earliest: date = _EARLIEST
        if column.type == "date":
            # Compared with dates: Sail cannot make a time of a date in the far future.
            latest, earliest = (now + _CLOCK_SKEW).date(), _EARLIEST.date()
        flaws += [
            _flaw(value > F.lit(latest), f"column {name} is in the future"),
            _flaw(value < F.lit(earliest), f"column {name} is before 2010"),
        ]
    return flaws
