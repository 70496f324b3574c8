"""The cost of a write to the lakehouse: fixed costs of small merges, time and memory of large ones.

    python benchmarks/speed/lakehouse.py fixed
    python benchmarks/speed/lakehouse.py {staged|arrow} ROWS

`staged` is what the lakehouse does (the engine writes Parquet, and delta-rs streams it); `arrow` is the
alternative, DataFrame.toArrow(). Memory is the growth of this process, in which Sail runs as well.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame, SparkSession

from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from pipeline.lakehouse.folder.merge import writing_schema
from pipeline.lakehouse.folder.staging import aligned
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables.declaration import Column, Layer, Table

MINUTES = Table(
    layer=Layer.BRONZE,
    name="minutes",
    grain="one minute of one node",
    keys=("cluster_id", "start_time"),
    partition_by="day",
    columns=(
        Column("day", "date", "Day", nullable=False),
        Column("cluster_id", "string", "Cluster", nullable=False),
        Column("start_time", "timestamp", "Start", nullable=False),
        Column("cpu", "double", "CPU"),
        Column("memory", "double", "Memory"),
        Column("node_type", "string", "Type"),
        Column("tags", "map<string,string>", "Tags"),
    ),
)


def minutes(spark: SparkSession, rows: int, *, add: int = 0) -> DataFrame:
    return spark.range(rows).selectExpr(
        "date_add(date'2026-01-01', cast(id % 30 AS int)) AS day",
        "concat('cluster-', id div 1000) AS cluster_id",
        "timestamp_seconds(1767225600 + id) AS start_time",
        f"id * 0.5 + {add} AS cpu",
        "id * 0.25 AS memory",
        "'m5.xlarge' AS node_type",
        "map('team', concat('t', id % 7)) AS tags",
    )


def fixed(spark: SparkSession, home: Path) -> dict[str, object]:
    """Median seconds of the small operations a night is made of."""
    lakehouse = DeltaFolder(home, spark)
    tables = [replace(MINUTES, name=f"minutes_{number}") for number in range(30)]
    began = time.perf_counter()
    for table in tables:
        lakehouse.create(table)
    create_seconds = time.perf_counter() - began
    began = time.perf_counter()
    for table in tables:
        lakehouse.create(table)
    again = time.perf_counter() - began
    table = tables[0]
    lakehouse.merge(table, minutes(spark, 100_000))
    counter = iter(range(1, 1_000))

    def changed_rows() -> None:
        lakehouse.merge(table, minutes(spark, 1_000, add=next(counter)))

    def same_rows() -> None:
        lakehouse.merge(table, minutes(spark, 1_000, add=0))

    changed = median(changed_rows)
    lakehouse.merge(table, minutes(spark, 1_000, add=0))
    return {
        "create_30_tables_seconds": round(create_seconds, 2),
        "create_30_that_exist_seconds": round(again, 3),
        "version_seconds": median(lambda: lakehouse.version(table)),
        "changed_seconds": median(lambda: lakehouse.changed(table, 1)),
        "merge_of_1000_changed_rows_into_100000_seconds": changed,
        "merge_of_1000_same_rows_seconds": median(same_rows),
        "merge_of_no_rows_seconds": median(
            lambda: lakehouse.merge(table, minutes(spark, 1_000).where("false"))
        ),
    }


def median(work: Callable[[], object], repeats: int = 7) -> float:
    work()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return round(statistics.median(seconds), 4)


def large(spark: SparkSession, home: Path, mode: str, rows: int) -> dict[str, object]:
    """Seconds and peak memory of one first append."""
    lakehouse = DeltaFolder(home, spark)
    lakehouse.create(MINUTES)
    minutes(spark, 10).toArrow()
    process = psutil.Process()
    before = peak = process.memory_info().rss
    finished = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not finished.wait(0.01):
            peak = max(peak, process.memory_info().rss)

    threading.Thread(target=watch, daemon=True).start()
    began = time.perf_counter()
    if mode == "staged":
        lakehouse.append(MINUTES, minutes(spark, rows))
    else:
        table = minutes(spark, rows).toArrow()
        delta = DeltaTable(str(lakehouse.path(MINUTES)))
        schema = writing_schema(delta, MINUTES)
        batches = (aligned(batch, schema) for batch in table.to_batches())
        write_deltalake(delta, pa.RecordBatchReader.from_batches(schema, batches), mode="append")
    seconds = time.perf_counter() - began
    finished.set()
    return {
        "mode": mode,
        "rows": rows,
        "seconds": round(seconds, 2),
        "peak_growth_mb": (peak - before) >> 20,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("fixed", "staged", "arrow"))
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    options = parser.parse_args()
    spark = connect(Engine.EMBEDDED)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        result = (
            fixed(spark, home)
            if options.what == "fixed"
            else large(spark, home, options.what, options.rows)
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
