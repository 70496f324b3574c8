"""Ingestion as tests drive it: rows from memory, positions in a dictionary, the account checked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from pipeline.bronze.ingest import Ingested, ingest
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.sources.protocol import Batch, Delivery, Presence, Source
from pipeline.tables import bronze
from pipeline.tables.declaration import SourceTable, Table
from pipeline.tables.source import SOURCE_TABLES

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Remembered(dict[str, str]):
    """Positions that live as long as the test."""

    def set(self, name: str, value: str) -> None:
        self[name] = value


class Batches:
    """Hands out one Arrow table a night, whatever it is asked for."""

    name = "memory"

    def __init__(self, spark: SparkSession, batches: Sequence[pa.Table]) -> None:
        self._spark = spark
        self._batches = [_as_stored(batch) for batch in batches]

    def inspect(self, table: SourceTable) -> Presence:
        return Presence(table, found=True)

    def notices(self) -> tuple[str, ...]:
        return ()

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        number = int(after or 0)
        if number == len(self._batches):
            return None
        batch = self._batches[number]
        rows = self._spark.createDataFrame(batch)
        return Delivery((Batch((rows,), batch.num_rows, is_lasting=True),), str(number + 1))


def _as_stored(batch: pa.Table) -> pa.Table:
    """The rows as a file gives them: in memory the fields of a struct that is NULL may not be."""
    file = pa.BufferOutputStream()
    pq.write_table(batch, file)
    return pq.read_table(pa.BufferReader(file.getvalue()))


def empty_bronze(
    lakehouse: DeltaFolder, tables: tuple[SourceTable, ...] = SOURCE_TABLES
) -> DeltaFolder:
    for table in (*(bronze.BRONZE_OF[table.name] for table in tables), bronze.QUARANTINE):
        lakehouse.create(table)
    return lakehouse


def ingest_all(
    source: Source,
    lakehouse: DeltaFolder,
    positions: Remembered,
    tables: tuple[SourceTable, ...] = SOURCE_TABLES,
    now: datetime = NOW,
) -> dict[str, Ingested]:
    """What became of each table; fails when an account does not add up."""
    found = {}
    for done in ingest(source, lakehouse, positions, now=now, tables=tables):
        known = done.rejected + done.duplicates + done.expired
        assert done.received == done.kept_new + done.kept_changed + known
        found[done.table.name] = done
    return found


def held(lakehouse: DeltaFolder, table: Table) -> list[dict[str, Any]]:
    """The table's rows without audit columns, in an order of their own."""
    names = [name for name in table.column_names if name not in (*table.audit_names, "copies")]
    rows = lakehouse.read(table).select(*names).toArrow().to_pylist()
    for row in rows:
        for name, value in row.items():
            if table.column(name).type.startswith("map") and value is not None:
                row[name] = sorted(value)
    return sorted(rows, key=repr)
