"""Where a self-test runs: a home that vanishes, or schemas of its own that are dropped when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from pipeline.engine.temporary_folders import remove, temporary_folder
from pipeline.errors import UserError, cause
from pipeline.lakehouse.catalog.statements import STAGING, create_schema, drop_schema
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.sources.protocol import Source
from pipeline.sources.system_tables import SystemTables
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import identifier
from pipeline.tables.source import SOURCE_TABLES

_SOURCE = "source"
_BATCH_BYTES = 32 << 20
"""A quarter of what one message to the engine may hold."""
SYSTEM_TABLES = tuple(table for table in SOURCE_TABLES if table.is_system_table)
"""What the account tells: how jobs are set up is asked of an API, which no schema stands in for."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """Tables that a night may write, and the account that it reads."""

    lakehouse: Lakehouse
    source: Source


@contextmanager
def scratch_home(spark: SparkSession, account: Path) -> Iterator[Scratch]:
    """A home in a temporary folder, fed from the folder `account`."""
    # delta-rs is not on a Databricks runtime.
    from pipeline.lakehouse.folder.tables import DeltaFolder
    from pipeline.sources.export import ExportFolder

    home = temporary_folder("selftest")
    try:
        yield Scratch(DeltaFolder(home, spark), ExportFolder(account, spark))
    finally:
        remove(home)


@contextmanager
def scratch_schemas(spark: SparkSession, catalog: str, account: Path) -> Iterator[Scratch]:
    """Schemas `<catalog>.rightrun_selftest_<id>_<layer>`, with the tables of `account` in one of them.

    UserError where none can be made, and naming those that could not be dropped afterwards.
    """
    prefix = f"rightrun_selftest_{uuid4().hex[:8]}_"
    lakehouse = DeltaCatalog(catalog, spark, prefix=prefix)
    try:
        try:
            spark.sql(create_schema(catalog, prefix + _SOURCE))
        except PySparkException as error:
            raise UserError(
                f"no schema can be made in catalog {catalog} ({cause(error)}): GRANT USE CATALOG, CREATE"
                f" SCHEMA ON CATALOG {identifier(catalog)}, or name another setting catalog"
            ) from error
        for table in SYSTEM_TABLES:
            _write(spark, identifier(catalog, prefix + _SOURCE, table.name), account, table)
        lakehouse.clear_staging()
        yield Scratch(lakehouse, SystemTables(spark, f"{catalog}.{prefix}{_SOURCE}"))
    finally:
        _drop(spark, catalog, prefix)


def _write(spark: SparkSession, name: str, account: Path, table: SourceTable) -> None:
    """The table's files, through the client in batches that fit a message."""
    files = sorted(account.joinpath(*table.place).glob("*.parquet"))
    if not files:
        return
    rows = pa.concat_tables(map(pq.read_table, files), promote_options="default")
    batch_rows = max(1, rows.num_rows * _BATCH_BYTES // max(rows.nbytes, 1))
    for first in range(0, rows.num_rows, batch_rows):
        batch = spark.createDataFrame(rows.slice(first, batch_rows))
        batch.write.format("delta").mode("append").saveAsTable(name)


def _drop(spark: SparkSession, catalog: str, prefix: str) -> None:
    schemas = dict.fromkeys((_SOURCE, STAGING, *(table.layer.schema for table in TABLES)))
    left = []
    for schema in schemas:
        try:
            spark.sql(drop_schema(catalog, prefix + schema))
        except PySparkException:
            left.append(f"{catalog}.{prefix}{schema}")
    if left:
        raise UserError(f"these schemas of the self-test could not be dropped: {', '.join(left)}")
