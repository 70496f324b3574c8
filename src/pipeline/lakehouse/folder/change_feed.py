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
_GATHERED_ROWS = 500_000
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
    gathered: list[pa.RecordBatch] = []
    for batch in _feed(delta, table, since, columns):
        # Strings of the feed come as string_view, which group_by does not take.
        gathered.append(batch.select(list(columns)).cast(schema))
        if sum(part.num_rows for part in gathered) > _GATHERED_ROWS:
            distinct, gathered = _distinct(distinct, gathered, schema), []
    return _distinct(distinct, gathered, schema)


def changes_ddl(table: Table, columns: tuple[str, ...]) -> str:
    """The columns of the answer, as the engine declares a schema."""
    return ", ".join(f"{identifier(name)} {_type(table, name)}" for name in columns)


def _type(table: Table, column: str) -> str:
    return "string" if column == CHANGE_TYPE else table.column(column).type


def _feed(
    delta: DeltaTable, table: Table, since: int, columns: tuple[str, ...]
) -> Iterator[pa.RecordBatch]:
    try:
        # Never allow_out_of_range: a log that begins later would give an empty answer.
        first = max(since + 1, _FIRST_VERSION)
        feed = delta.load_cdf(starting_version=first, columns=list(columns))
        yield from pa.RecordBatchReader.from_stream(feed)
    except (DeltaError, pa.ArrowException, OSError, ValueError) as error:
        raise ChangesGone.unreadable(table, since, error) from error


def _distinct(distinct: pa.Table, gathered: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    rows = pa.concat_tables([distinct, pa.Table.from_batches(gathered, schema=schema)])
    return rows.group_by(schema.names).aggregate([]).select(schema.names)
