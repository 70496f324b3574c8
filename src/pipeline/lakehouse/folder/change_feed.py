"""What changed since a version: the change data feed, reduced to distinct values of some columns."""

from collections.abc import Iterator

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from pipeline.lakehouse.protocol import CHANGE_TYPE, ChangesGone
from pipeline.tables.declaration import Table
from pipeline.tables.derive import identifier
from pipeline.tables.types import arrow_type

_FIRST_VERSION = 0
_HELD_ROWS = 500_000
"""Rows gathered before they are reduced to their distinct values."""


def distinct_changes(
    delta: DeltaTable, table: Table, since: int, columns: tuple[str, ...]
) -> pa.Table:
    """The distinct values of `columns` over rows touched after version `since`."""
    schema = pa.schema([(name, arrow_type(_type(table, name))) for name in columns])
    distinct = schema.empty_table()
    if since > delta.version():
        raise ChangesGone.made_anew(table, delta.version(), since)
    if since == delta.version():
        return distinct
    held: list[pa.RecordBatch] = []
    for batch in _feed(delta, table, since, columns):
        # Strings of the feed come as string_view, which group_by does not take.
        held.append(batch.select(list(columns)).cast(schema))
        if sum(part.num_rows for part in held) > _HELD_ROWS:
            distinct, held = _distinct(distinct, held, schema), []
    return _distinct(distinct, held, schema)


def spelled(table: Table, columns: tuple[str, ...]) -> str:
    """The columns of an answer as a schema of the engine."""
    return ", ".join(f"{identifier(name)} {_type(table, name)}" for name in columns)


def _type(table: Table, column: str) -> str:
    return "string" if column == CHANGE_TYPE else table.column(column).type


def _feed(
    delta: DeltaTable, table: Table, since: int, columns: tuple[str, ...]
) -> Iterator[pa.RecordBatch]:
    try:
        # Not allowed out of range: where the log begins later, that would be an empty answer.
        first = max(since + 1, _FIRST_VERSION)
        feed = delta.load_cdf(starting_version=first, columns=list(columns))
        yield from pa.RecordBatchReader.from_stream(feed)
    except (DeltaError, pa.ArrowException, OSError, ValueError) as error:
        raise ChangesGone.unreadable(table, since, error) from error


def _distinct(seen: pa.Table, held: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    rows = pa.concat_tables([seen, pa.Table.from_batches(held, schema=schema)])
    return rows.group_by(schema.names).aggregate([]).select(schema.names)
