"""Which runs came before which, as the runs themselves show it.

A run that a Run Job task has fired names that task's run. A run that has read a table depends on the run of each other
job that had written it last, where lineage tells of both. Runs that merely start after others end are
not taken for dependent: in a large account something has always just ended.
"""

from datetime import datetime, timedelta
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import RecentDays
from pipeline.tables import silver

_DAYS: Final = 60
_MICROS: Final = 1e6
_ID = ["workspace_id", "run_id"]
_READER: Final = {
    "workspace_id": "string",
    "run_id": "string",
    "series_key": "string",
    "started_at": "timestamp",
}
_RUN = [*_READER]


def run_dependencies(
    runs: DataFrame, task_runs: DataFrame, table_uses: DataFrame, *, as_of: datetime
) -> DataFrame:
    """silver.run_dependencies from silver.runs, silver.task_runs and silver.table_uses of 60 days."""
    since = F.lit(as_of - timedelta(days=_DAYS))
    began = runs.where(
        ~F.col("never_started") & F.col("started_at").between(since, F.lit(as_of))
    ).select("workspace_id", "run_id", "series_key", "started_at", "source_task_run_id")
    used = table_uses.where(
        F.when(F.col("action") == "read", F.col("first_at")).otherwise(F.col("last_at"))
        <= F.lit(as_of)
    )
    bound = _fired(began, task_runs).unionByName(_fed(began, used))
    upstream = began.select(
        F.col("workspace_id").alias("upstream_workspace_id"),
        F.col("run_id").alias("upstream_run_id"),
        F.col("series_key").alias("upstream_series_key"),
        F.col("started_at").alias("upstream_started_at"),
    )
    return (
        bound.join(upstream, ["upstream_workspace_id", "upstream_run_id"])
        .where("upstream_series_key <> series_key")
        .withColumn("ready_seconds", _seconds("upstream_started_at", "ready_at"))
        .withColumn("wait_seconds", _seconds("ready_at", "started_at"))
        .select(*silver.RUN_DEPENDENCIES.column_names)
    )


def _fired(began: DataFrame, task_runs: DataFrame) -> DataFrame:
    """Runs that Run Job tasks have fired, each with the run of that task."""
    tasks = task_runs.where("run_id IS NOT NULL").select(
        "workspace_id",
        F.col("task_run_id").alias("source_task_run_id"),
        F.col("run_id").alias("upstream_run_id"),
        F.col("started_at").alias("ready_at"),
    )
    return (
        began.where("source_task_run_id IS NOT NULL")
        .join(tasks, ["workspace_id", "source_task_run_id"])
        .select(
            *_RUN,
            F.lit("fires").alias("kind"),
            F.lit("").alias("table_name"),
            F.col("workspace_id").alias("upstream_workspace_id"),
            "upstream_run_id",
            "ready_at",
        )
    )


def _fed(began: DataFrame, table_uses: DataFrame) -> DataFrame:
    """Runs that have read a table, each with the run of each other job that had written it last by then."""
    used = table_uses.join(began.select("workspace_id", "run_id", "series_key", "started_at"), _ID)
    writes = used.where("action = 'write'").select(
        "table_name",
        F.col("series_key").alias("writer"),
        F.col("workspace_id").alias("upstream_workspace_id"),
        F.col("run_id").alias("upstream_run_id"),
        F.col("last_at").alias("ready_at"),
    )
    reads = (
        used.where("action = 'read'")
        .select("table_name", *_RUN, F.col("first_at").alias("read_at"))
        .join(writes.select("table_name", "writer").distinct(), "table_name")
        .where("writer <> series_key")
    )
    # Writes and reads of a table by one writer in the order of time, a write before a read.
    in_order = (
        Window.partitionBy("table_name", "writer")
        .orderBy("at", "is_read")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    nothing = writes.select(
        "table_name",
        "writer",
        F.col("ready_at").alias("at"),
        F.lit(0).alias("is_read"),
        *(F.lit(None).cast(kind).alias(name) for name, kind in _READER.items()),
    )
    asked = reads.select(
        "table_name", "writer", F.col("read_at").alias("at"), F.lit(1).alias("is_read"), *_RUN
    )
    last = F.max(F.when(F.col("is_read") == 0, F.col("at"))).over(in_order)
    # Of runs that ended their writing at the same moment one speaks.
    written = writes.groupBy("table_name", "writer", "ready_at").agg(
        F.max("upstream_workspace_id").alias("upstream_workspace_id"),
        F.max("upstream_run_id").alias("upstream_run_id"),
    )
    return (
        nothing.unionByName(asked)
        .withColumn("ready_at", last)
        .where("is_read = 1 AND ready_at IS NOT NULL")
        .join(written, ["table_name", "writer", "ready_at"])
        .select(
            *_RUN,
            F.lit("feeds").alias("kind"),
            "table_name",
            "upstream_workspace_id",
            "upstream_run_id",
            "ready_at",
        )
    )


def _seconds(start: str, end: str) -> Column:
    return (F.unix_micros(end) - F.unix_micros(start)) / _MICROS


STEPS = (
    RecentDays(
        name="run_dependencies",
        run=run_dependencies,
        reads=(silver.RUNS, silver.TASK_RUNS, silver.TABLE_USES),
        writes=silver.RUN_DEPENDENCIES,
        days=_DAYS + 1,
    ),
)
