"""Staged files as files of the table: moved into its folder and committed, not written once more.

A second writer would cost a fifth of a first night, and hold every open partition in memory. A file
is adopted as it is where it spells each column as the table stores it, and where its own statistics
say that no required column holds a NULL.
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


def adopt(
    delta: DeltaTable,
    home: Path,
    table: Table,
    files: Mapping[Path, str | None],
    schema: pa.Schema,
) -> bool:
    """Commit `files`, each with the partition that all of its rows are in, to the table at `home`.

    False, and nothing done, where one of them does not hold `schema` as the table stores it.
    """
    day = table.partition_by
    if day is not None and None in files.values():
        return False
    within = pa.schema([field for field in schema if field.name != day])
    footers = {file: pq.read_metadata(file) for file in files}
    if not all(_fits(footer, within) for footer in footers.values()):
        return False
    added: list[AddAction | RemoveAction] = []
    for file, footer in footers.items():
        partition = {} if day is None else {day: files[file]}
        folders = [f"{name}={value}" for name, value in partition.items()]
        place = "/".join([*folders, f"part-{uuid4().hex}.parquet"])
        found = file.stat()
        (home / place).parent.mkdir(exist_ok=True)
        file.rename(home / place)
        stats = json.dumps({"numRecords": footer.num_rows})
        written_ms = found.st_mtime_ns // 1_000_000
        added.append(AddAction(place, found.st_size, partition, written_ms, True, stats))
    delta.create_write_transaction(
        added, "append", delta.schema(), partition_by=None if day is None else [day]
    )
    delta.update_incremental()  # The transaction leaves the handle where it was.
    return True


def _fits(footer: pq.FileMetaData, schema: pa.Schema) -> bool:
    found = footer.schema.to_arrow_schema()
    if set(found.names) != set(schema.names):
        return False
    if not all(found.field(field.name).type.equals(field.type) for field in schema):
        return False
    required = {field.name for field in schema if not field.nullable}
    return all(
        column.statistics is not None and column.statistics.null_count == 0
        for group in map(footer.row_group, range(footer.num_row_groups))
        for column in map(group.column, range(group.num_columns))
        if column.path_in_schema in required
    )
