"""From whatever a source delivers to the declared columns, or to a reason why not.

A row is rejected when a column that it cannot do without is missing, cannot be read as its declared
type, or holds what cannot be true: a time where no time can lie, a quantity beyond any sense, an
interval that is reversed. The first reason found is the one told. A row cannot do without what is
declared not null (its keys, its times, the quantity that is billed), nor without a column in which
NULL says more than "not known": a price whose end cannot be read would hold for ever.

Any other column that cannot be read or true costs its own value only: it becomes NULL, and the row
is kept and told as one without it. A NULL outcome would say that a run has not ended yet; one that
cannot be read becomes a word that nobody knows, which is an unknown outcome.
"""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.bronze.convert import Reading
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
    """The declared columns that bronze keeps and derives, with PROBLEM (why the row is not kept; NULL
    for a good row), UNREAD (which values a good row is kept without, and why; NULL for none), the row
    as it came as ROW_JSON, and CONTENT_HASH. `now` bounds the times that can be true."""
    kept = kept_columns(table)
    types = {field.name: field.dataType for field in part.schema.fields}
    raw = {column.name: f"raw_{column.name}" for column in kept}
    present = part.select(
        *(
            (F.col(c.name) if c.name in types else F.lit(None).cast("string")).alias(raw[c.name])
            for c in kept
        )
    )
    readings = {
        c.name: Reading(types.get(c.name, T.NullType()), arrow_type(c.type), c.name) for c in kept
    }
    prepared = present.select(
        "*",
        *(
            one.prepared(F.col(raw[name])).alias(f"prepared_{name}")
            for name, one in readings.items()
        ),
    )
    parsed = prepared.select(
        "*",
        *(
            one.parsed(F.col(f"prepared_{name}")).alias(f"parsed_{name}")
            for name, one in readings.items()
        ),
    )
    converted = {
        name: one.converted(F.col(f"prepared_{name}"), F.col(f"parsed_{name}"))
        for name, one in readings.items()
    }
    lost = {
        name: one.lost.alias(f"lost_{name}")
        for name, one in converted.items()
        if one.lost is not None
    }
    read = parsed.select(
        *raw.values(),
        *(one.value.alias(name) for name, one in converted.items()),
        *lost.values(),
    )
    unreadable = {name: [F.col(f"lost_{name}")] for name in lost}
    impossible = {c.name: _impossible(table, c, now) for c in kept}
    flaws = {c.name: unreadable.get(c.name, []) + impossible[c.name] for c in kept}
    needed = [c.name for c in kept if _is_needed(c)]
    spared = [F.coalesce(*flaws[c.name]) for c in kept if flaws[c.name] and c.name not in needed]
    problem = F.coalesce(
        *(flaw for name in needed for flaw in flaws[name]),
        *_reversed(table),
        F.lit(None).cast("string"),
    )
    unread = F.concat_ws("; ", *spared) if spared else F.lit("")
    row = F.struct(
        *(
            _as_text(F.col(raw[c.name]), isinstance(types.get(c.name), _NESTED)).alias(c.name)
            for c in kept
        )
    )
    dated = []
    if table.dated_by is not None:
        dated = [F.to_date(F.col(table.dated_by)).alias(PARTITION)]
    conformed = read.select(
        *dated,
        *(
            _sound(name, unreadable.get(name, []), [] if name in needed else impossible[name])
            for name in raw
        ),
        problem.alias(PROBLEM),
        F.when(problem.isNull(), F.nullif(unread, F.lit(""))).alias(UNREAD),
        F.to_json(row).alias(ROW_JSON),
    )
    for one in table.derived:
        conformed = conformed.withColumn(one.column.name, F.expr(one.expression))
    return with_content(table, conformed)


def _is_needed(column: Declared) -> bool:
    """Whether a row without a readable value in the column says what is not true."""
    return not column.nullable or (bool(column.null_means) and column.name != _OUTCOME)


def _sound(name: str, unreadable: list[Column], impossible: list[Column]) -> Column:
    """The value where it can be true; of an outcome that could not be read, a word for that."""
    value = F.col(name)
    if impossible:
        value = F.when(F.coalesce(*impossible).isNull(), value)
    if name == _OUTCOME and unreadable:
        unknown = F.when(unreadable[0].isNotNull(), F.lit(_UNREADABLE_OUTCOME))
        value = F.coalesce(value, unknown)
    return value.alias(name)


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
    """Good rows, received or of bronze, that a stronger one displaces, as quarantine takes them."""
    row = F.struct(
        *(_as_text(F.col(c.name), "<" in c.type).alias(c.name) for c in kept_columns(table))
    )
    return rows.select(
        F.lit(reason).alias(PROBLEM),
        F.hex(CONTENT_HASH).alias(ROW_HASH),
        F.to_json(row).alias(ROW_JSON),
        F.lit(False).alias(IS_KEPT),
    )


def only_judged(rows: DataFrame) -> DataFrame:
    """PROBLEM and UNREAD of every conformed row, and ROW_JSON of those that have one of them.

    To be staged before rows are looked for by either: an engine moves a condition on UNREAD down to the
    source and spells out in it all that converts a row, which takes it seconds to plan.
    """
    is_flawed = F.col(PROBLEM).isNotNull() | F.col(UNREAD).isNotNull()
    return rows.select(PROBLEM, UNREAD, F.when(is_flawed, F.col(ROW_JSON)).alias(ROW_JSON))


def as_received(rows: DataFrame) -> DataFrame:
    """Rows with a PROBLEM or an UNREAD value as quarantine takes them."""
    return rows.where(F.col(PROBLEM).isNotNull() | F.col(UNREAD).isNotNull()).select(
        F.coalesce(PROBLEM, UNREAD).alias(PROBLEM),
        F.sha2(F.col(ROW_JSON), 256).alias(ROW_HASH),
        ROW_JSON,
        F.col(PROBLEM).isNull().alias(IS_KEPT),
    )


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


def _reversed(table: SourceTable) -> list[Column]:
    if table.interval is None:
        return []
    start, end = table.interval
    return [F.when(F.col(end) < F.col(start), F.lit(f"{end} is before {start}"))]


def _impossible(table: SourceTable, column: Declared, now: datetime) -> list[Column]:
    """A sentence for each way in which a value that could be read cannot be true."""
    name, value = column.name, F.col(column.name)
    found = [_broken(check) for check in row_checks(table) if check.column == name]
    if column.type == "double":
        infinite = F.isnan(value) | (F.abs(value) == float("inf"))
        found.append(F.when(infinite, F.lit(f"column {name} is not a finite number")))
    if column.type.startswith("decimal"):
        absurd = F.abs(value) > F.lit(_MOST_DECIMAL)
        found.append(F.when(absurd, F.lit(f"column {name} is beyond any sense")))
    if column.unit in _SENSIBLE:
        least, most = _SENSIBLE[column.unit]
        absurd = (value < least) | (value > most)
        found.append(F.when(absurd, F.lit(f"column {name} is beyond any sense")))
    times = (table.observed_at, table.dated_by, *(table.interval or ()))
    if name in times and column.type in ("timestamp", "date"):
        latest: date = now + _AHEAD
        earliest: date = _EARLIEST
        if column.type == "date":
            # Held against dates: Sail cannot make a time of a date far ahead.
            latest, earliest = (now + _AHEAD).date(), _EARLIEST.date()
        found += [
            F.when(value > F.lit(latest), F.lit(f"column {name} is in the future")),
            F.when(value < F.lit(earliest), F.lit(f"column {name} is before 2010")),
        ]
    return found
