"""Which runs came before which, as the runs themselves show it.

A run that a Run Job task has fired names that task's run. Runs that merely start after others end are not taken for
dependent: in a large account something has always just ended.
"""

from datetime import datetime, timedelta
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.steps.kinds import RecentDays
from pipeline.tables import silver

_DAYS: Final = 60
_MICROS: Final = 1e6


def run_dependencies(runs: DataFrame, task_runs: DataFrame, *, as_of: datetime) -> DataFrame:
    """silver.run_dependencies from silver.runs and silver.task_runs of 60 days."""
    since = F.lit(as_of - timedelta(days=_DAYS))
    began = runs.where(~F.col("never_started") & (F.col("started_at") >= since)).select(
        "workspace_id", "run_id", "series_key", "started_at", "source_task_run_id"
    )
    return _fired(began, task_runs)


def _fired(began: DataFrame, task_runs: DataFrame) -> DataFrame:
    """Runs that Run Job tasks of other jobs have fired."""
    tasks = task_runs.where("run_id IS NOT NULL").select(
        "workspace_id",
        F.col("task_run_id").alias("source_task_run_id"),
        F.col("run_id").alias("upstream_run_id"),
        F.col("started_at").alias("ready_at"),
    )
    fired = (
        began.where("source_task_run_id IS NOT NULL")
        .join(tasks, ["workspace_id", "source_task_run_id"])
        .withColumn("upstream_workspace_id", F.col("workspace_id"))
        .withColumn("kind", F.lit("fires"))
        .withColumn("table_name", F.lit(""))
    )
    return _beside_upstream(fired, began)


def _beside_upstream(bound: DataFrame, began: DataFrame) -> DataFrame:
    """Runs bound to a run before, with what is known of that one; none of its own job."""
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


def _seconds(start: str, end: str) -> Column:
    return (F.unix_micros(end) - F.unix_micros(start)) / _MICROS


STEPS = (
    RecentDays(
        name="run_dependencies",
        run=run_dependencies,
        reads=(silver.RUNS, silver.TASK_RUNS),
        writes=silver.RUN_DEPENDENCIES,
        days=_DAYS + 1,
    ),
)
