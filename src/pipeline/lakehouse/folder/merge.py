"""The one Delta merge behind merge and replace, and its predicates.

Its shape has three reasons, measured with delta-rs 1.6.6:
- without a predicate on the update, an identical row is rewritten and enters the change feed;
- only literal partition dates prune the files a merge opens, so the dates are listed;
- a key whose date moves needs its old and its new date in that list, or it ends as two rows.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain

import pyarrow as pa
from deltalake import DeltaTable

from pipeline.lakehouse.protocol import DELETE_MARK, MOST_LISTED_DAYS, Written
from pipeline.tables.declaration import Table


def merge_into(
    delta: DeltaTable,
    table: Table,
    rows: Iterable[pa.RecordBatch],
    gone: Iterable[pa.RecordBatch] | None,
    dates: set[date],
) -> Written:
    """Upsert `rows` and delete the keys of `gone`, in one commit or, if nothing changes, none."""
    schema, batches = _source(delta, table, rows, gone)
    merger = delta.merge(
        pa.RecordBatchReader.from_batches(schema, batches),
        predicate=_match(table, dates),
        source_alias="s",
        target_alias="t",
    )
    marks = [DELETE_MARK] if gone is not None else None
    if gone is not None:
        merger = merger.when_matched_delete(predicate=f's."{DELETE_MARK}"')
    if differs := _differs(table):
        # Audit columns keep what they were inserted with: first seen stays first seen.
        merger = merger.when_matched_update_all(
            predicate=f's."{DELETE_MARK}" IS FALSE AND ({differs})' if marks else differs,
            except_cols=[*(marks or []), *table.audit_names],
        )
    merger = merger.when_not_matched_insert_all(
        predicate=f's."{DELETE_MARK}" IS FALSE' if marks else None, except_cols=marks
    )
    metrics = merger.execute()
    return Written(
        version=delta.version(),
        inserted=metrics["num_target_rows_inserted"],
        updated=metrics["num_target_rows_updated"],
        deleted=metrics["num_target_rows_deleted"],
    )


def writing_schema(delta: DeltaTable, table: Table) -> pa.Schema:
    """The declared columns, required ones not null, in the types the table stores them in."""
    stored = pa.schema(delta.schema())
    return pa.schema(
        [stored.field(column.name).with_nullable(column.nullable) for column in table.columns]
    )


def _source(
    delta: DeltaTable,
    table: Table,
    rows: Iterable[pa.RecordBatch],
    gone: Iterable[pa.RecordBatch] | None,
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    schema = writing_schema(delta, table)
    if gone is None:
        return schema, iter(rows)
    # A row to delete has only its key, so nothing else may be required.
    marked = pa.schema(
        [*(field.with_nullable(True) for field in schema), (DELETE_MARK, pa.bool_())]
    )
    return marked, chain(
        (_marked(batch, marked, False) for batch in rows),
        (_marked(batch, marked, True) for batch in gone),
    )


def _marked(batch: pa.RecordBatch, schema: pa.Schema, gone: bool) -> pa.RecordBatch:
    columns = [
        batch.column(field.name)
        if field.name in batch.schema.names
        else pa.nulls(batch.num_rows, field.type)
        for field in list(schema)[:-1]
    ]
    return pa.RecordBatch.from_arrays([*columns, pa.repeat(gone, batch.num_rows)], schema=schema)


def _match(table: Table, dates: set[date]) -> str:
    terms = [f't."{key}" = s."{key}"' for key in table.keys]
    if table.partition_by is not None and 0 < len(dates) <= MOST_LISTED_DAYS:
        days = ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(dates))
        terms.append(f't."{table.partition_by}" IN ({days})')
    return " AND ".join(terms)


def _differs(table: Table) -> str:
    compared = [
        name
        for name in table.column_names
        if name not in table.keys and name not in table.audit_names
    ]
    return " OR ".join(f'(t."{name}" IS DISTINCT FROM s."{name}")' for name in compared)
