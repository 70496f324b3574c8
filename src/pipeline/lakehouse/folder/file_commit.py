"""Commits staged files as they are: they are moved into the table's folder, not written once more.

Writing them again would cost a fifth of a first night, and hold every open partition in memory. A file
is taken where its columns have the types that the table stores, and where its own statistics say
that no required column holds a NULL.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from pipeline.tables.declaration import Table


def commit_files(
    delta: DeltaTable,
    path: Path,
    table: Table,
    files: Mapping[Path, str | None],
    schema: pa.Schema,
) -> bool:
    """Append `files`, each with the partition that all of its rows are in, to the table at `path`.

    False, with nothing done, where one of them does not have `schema` as the table stores it.
    """
    day = table.partition_by
    if day is not None and None in files.values():
        return False
    file_schema = pa.schema([field for field in schema if field.name != day])
    footers = {file: pq.read_metadata(file) for file in files}
    if not all(_fits(footer, file_schema) for footer in footers.values()):
        return False
    added: list[AddAction | RemoveAction] = []
    for file, footer in footers.items():
        partition = {} if day is None else {day: files[file]}
        folders = [f"{name}={value}" for name, value in partition.items()]
        place = "/".join([*folders, f"part-{uuid4().hex}.parquet"])
        stat = file.stat()
        (path / place).parent.mkdir(exist_ok=True)
        file.rename(path / place)
        stats = json.dumps({"numRecords": footer.num_rows})
        written_ms = stat.st_mtime_ns // 1_000_000
        added.append(AddAction(place, stat.st_size, partition, written_ms, True, stats))
    delta.create_write_transaction(
        added, "append", delta.schema(), partition_by=None if day is None else [day]
    )
    delta.update_incremental()  # The transaction leaves the handle where it was.
    return True


def _fits(footer: pq.FileMetaData, schema: pa.Schema) -> bool:
    stored = footer.schema.to_arrow_schema()
    if set(stored.names) != set(schema.names):
        return False
    if not all(stored.field(field.name).type.equals(field.type) for field in schema):
        return False
    required = {field.name for field in schema if not field.nullable}
    return all(
        column.statistics is not None and column.statistics.null_count == 0
        for group in map(footer.row_group, range(footer.num_row_groups))
        for column in map(group.column, range(group.num_columns))
        if column.path_in_schema in required
    )
