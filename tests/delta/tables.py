"""The tables of the stand-in workspace, as a test looks at them; the lease of the one writer among them."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from pipeline.lakehouse.catalog import lease
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.tables import ops
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Table
from tests.night.homes import KEPT, rebuilt_columns
from tests.parity.comparing import differences, shown
from tools.workspace.server import CATALOG

_COMPARED = (*KEPT, ops.QUALITY, ops.SCHEMA_VERSIONS, ops.DECISIONS)
"""What a night promises; the others also remember when nights ran, and what they read from."""
_SCHEMAS = ("bronze", "silver", "gold", "model", "ops", "staging")
_POLL_SECONDS = 0.2


def empty(spark: SparkSession) -> None:
    """Drop every table of ours."""
    for schema in _SCHEMAS:
        spark.sql(f"DROP SCHEMA IF EXISTS {CATALOG}.{schema} CASCADE")


def versions(spark: SparkSession) -> dict[str, int]:
    """The version of each table but that of the lease, which every night takes."""
    catalog = DeltaCatalog(CATALOG, spark)
    return {table.full_name: catalog.version(table) for table in TABLES if table != ops.WRITERS}


def unlike(spark: SparkSession, home: Path) -> list[str]:
    """How the tables differ from those of a home of the embedded engine, in sentences: floats to 1e-9
    relative, all else exactly."""
    catalog = DeltaCatalog(CATALOG, spark)

    def rows(table: Table) -> list[list[dict[str, Any]]]:
        folder = str(home / table.layer.schema / table.name)
        frames = catalog.read(table), spark.read.format("delta").load(folder)
        return [frame.select(*table.column_names).toArrow().to_pylist() for frame in frames]

    with ThreadPoolExecutor(4) as threads:
        sides = dict(zip(_COMPARED, threads.map(rows, _COMPARED), strict=True))
    sentences = []
    for table, (ours, theirs) in sides.items():
        problems = differences(ours, theirs, keys=table.keys, columns=rebuilt_columns(table))
        if problems:
            sentences.append(f"{table.full_name}: {shown(problems)}")
    return sentences


def grow_old(spark: SparkSession) -> None:
    """As if the holder of the lease had been silent for longer than a holder may."""
    writers = DeltaCatalog(CATALOG, spark).name(ops.WRITERS)
    age = f"`renewed_at` - INTERVAL {lease.SILENT_MINUTES + 1} MINUTES"
    spark.sql(f"UPDATE {writers} SET `renewed_at` = {age}")


def wait_for_lease(spark: SparkSession) -> None:
    """Until somebody holds it; `ops.writers` may not be there yet."""
    catalog = DeltaCatalog(CATALOG, spark)
    while not DeltaCatalog(CATALOG, spark).exists(ops.WRITERS):
        time.sleep(_POLL_SECONDS)
    while spark.sql(lease.holder(catalog.name(ops.WRITERS))).first() is None:
        time.sleep(_POLL_SECONDS)
