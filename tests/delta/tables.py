"""The tables of the stand-in workspace, as a test looks at them; the lease of the one writer among them."""

import time
from pathlib import Path

from deltalake import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from pipeline.lakehouse.catalog import lease, statements
from pipeline.lakehouse.catalog.conflicts import is_conflict
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.tables import ops
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Part, Table
from tests.night.homes import KEPT, rebuilt_columns
from tests.parity.comparing import differences, shown
from tools.workspace.server import CATALOG, Workspace

_COMPARED = (*KEPT, ops.QUALITY, ops.SCHEMA_VERSIONS, ops.DECISIONS)
"""What a night promises; the others also remember when nights ran, and what they read from."""
_SCHEMAS = ("bronze", "silver", "gold", "model", "ops", "staging")
_POLL_SECONDS = 0.2


def empty(spark: SparkSession) -> None:
    """Drop every table of ours."""
    for schema in _SCHEMAS:
        spark.sql(statements.drop_schema(CATALOG, schema))


def versions(workspace: Workspace) -> dict[str, int]:
    """The version of each table but that of the lease, which every night takes."""
    return {
        table.full_name: _stored(workspace, table).version()
        for table in TABLES
        if table != ops.WRITERS
    }


def unlike(workspace: Workspace, home: Path) -> list[str]:
    """How the tables differ from those of a home of the embedded engine, in sentences: floats to 1e-9
    relative, all else exactly. Both are read from their files, by neither engine."""
    sentences = []
    for table in _COMPARED:
        folder = home / table.layer.schema / table.name
        columns = rebuilt_columns(table)
        rows = [
            delta.to_pyarrow_table(columns=[*{*table.keys, *columns}]).to_pylist()
            for delta in (_stored(workspace, table), DeltaTable(str(folder)))
        ]
        problems = differences(*rows, keys=table.keys, columns=columns)
        if problems:
            sentences.append(f"{table.full_name}: {shown(problems)}")
    return sentences


def _stored(workspace: Workspace, table: Table) -> DeltaTable:
    """The table's own files, in the folder of the stand-in."""
    return DeltaTable(str(workspace.folder / "warehouse" / f"{table.layer.schema}.db" / table.name))


def grow_old(spark: SparkSession) -> None:
    """As if the holder of the lease had been silent for longer than a holder may."""
    writers = DeltaCatalog(CATALOG, spark).name(ops.WRITERS)
    age = f"`renewed_at` - INTERVAL {lease.SILENT_MINUTES + 1} MINUTES"
    while True:
        try:
            spark.sql(f"UPDATE {writers} SET `renewed_at` = {age}")
        except PySparkException as error:
            # The server still goes on with what a killed command has asked of it.
            if not is_conflict(error):
                raise
        else:
            return


def wait_for_lease(spark: SparkSession) -> None:
    """Until somebody holds it; `ops.writers` may not be there yet."""
    catalog = DeltaCatalog(CATALOG, spark)
    while not DeltaCatalog(CATALOG, spark).exists(ops.WRITERS):
        time.sleep(_POLL_SECONDS)
    while spark.sql(lease.holder(catalog.name(ops.WRITERS), Part.TABLES)).first() is None:
        time.sleep(_POLL_SECONDS)
