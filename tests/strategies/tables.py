"""Rows of declared tables: what a test does not say is filled in from the declaration."""

import atexit
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.tables.declaration import Table
from pipeline.tables.types import arrow_schema, arrow_type

Row = dict[str, Any]
EPOCH = datetime(2026, 3, 23, tzinfo=UTC)
"""A Monday; the clocks of Europe/Berlin go forward on the Sunday after."""
_FILES = tempfile.TemporaryDirectory(prefix="rightrun-test-")
atexit.register(_FILES.cleanup)
_NUMBERS = count()


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A time on the given day after EPOCH, in UTC."""
    return EPOCH + timedelta(days=day, hours=hour, minutes=minute, seconds=second)


def on(day: int) -> date:
    return at(day).date()


def _least(kind: pa.DataType) -> Any:
    """A value for a column that must have one and that the test does not care about."""
    if pa.types.is_string(kind):
        return ""
    if pa.types.is_boolean(kind):
        return False
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return 0
    if pa.types.is_decimal(kind):
        return Decimal(0)
    if pa.types.is_date(kind):
        return EPOCH.date()
    if pa.types.is_timestamp(kind):
        return EPOCH
    return []


def whole(table: Table, row: Mapping[str, Any]) -> Row:
    """`row` with every column of `table`; KeyError for one that the table does not have."""
    if unknown := set(row) - set(table.column_names):
        raise KeyError(f"{table.full_name} has no column {', '.join(sorted(unknown))}")
    return {
        column.name: row.get(
            column.name, None if column.nullable else _least(arrow_type(column.type))
        )
        for column in table.columns
    }


def arrow_of(table: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(table)])
    return pa.Table.from_pylist([whole(table, row) for row in rows], schema=schema)


def frame_of(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """A DataFrame of `table` that holds `rows`.

    By way of a file, as all rows come in a night: from memory, Sail reads the fields of a struct
    that is NULL as zeros, and plans the same query twice as long.
    """
    file = Path(_FILES.name) / f"{next(_NUMBERS)}.parquet"
    pq.write_table(arrow_of(table, rows), file)
    return spark.read.parquet(str(file))


def rows_of(frame: DataFrame) -> list[Row]:
    return list(frame.toArrow().to_pylist())


def one(frame: DataFrame) -> Row:
    """The only row there is."""
    (row,) = rows_of(frame)
    return row


def sliced(
    start: datetime, end: datetime, *, by_clock: bool = True
) -> list[tuple[datetime, datetime]]:
    """A stretch of time cut at clock hours, or at hours from its start as before January 2026."""
    if start == end:
        return [(start, end)]
    cuts = [start]
    step = timedelta(hours=1)
    cut = start.replace(minute=0, second=0, microsecond=0) + step if by_clock else start + step
    while cut < end:
        cuts.append(cut)
        cut += step
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def attempt_slices(
    run: Mapping[str, Any],
    start: datetime,
    end: datetime,
    result: str | None = "SUCCEEDED",
    code: str | None = None,
    *,
    by_clock: bool = True,
    **last: Any,
) -> list[Row]:
    """The slices of one attempt: the outcome, and what `last` says, is on the last slice only."""
    cut = sliced(start, end, by_clock=by_clock)
    rows: list[Row] = [{**run, "period_start_time": s, "period_end_time": e} for s, e in cut]
    if result is not None:
        rows[-1] |= {"result_state": result, "termination_code": code or result, **last}
    return rows


@st.composite
def histories(draw: st.DrawFn, *, runs: int = 12) -> list[list[Row]]:
    """Slices of several runs of any shape: repairs, in flight, never started, either slicing."""
    found = []
    for number in range(draw(st.integers(1, runs))):
        run = {"workspace_id": draw(st.sampled_from("wv")), "job_id": "7", "run_id": str(number)}
        start = at(draw(st.integers(0, 9)), draw(st.integers(0, 23)), draw(st.integers(0, 59)))
        by_clock = draw(st.booleans())
        slices: list[Row] = []
        for _ in range(draw(st.integers(1, 3))):
            length = timedelta(seconds=draw(st.integers(0, 4 * 3600)))
            result = draw(st.sampled_from(("SUCCEEDED", "FAILED", "TIMED_OUT", "CANCELLED", None)))
            if not length:
                result = result or "SKIPPED"
            slices += attempt_slices(run, start, start + length, result, by_clock=by_clock)
            start += length + timedelta(seconds=draw(st.integers(1, 7200)))
            if result is None:
                break
        found.append(slices)
    return found
