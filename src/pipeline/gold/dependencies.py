"""Which jobs come before which, from the runs that came after each other."""

from datetime import datetime
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver

_LEAST_WITHOUT: Final = 3
"""Runs in a row without it that end a dependency."""
_KEYS = [*gold.JOB_DEPENDENCIES.keys]


def job_dependencies(
    run_dependencies: DataFrame, runs: DataFrame, jobs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.job_dependencies from silver.run_dependencies, silver.runs of 60 days and gold.jobs."""
    bound = run_dependencies.where(F.col("started_at") <= F.lit(as_of))
    found = bound.groupBy(*_KEYS).agg(
        F.max("upstream_workspace_id").alias("upstream_workspace_id"),
        F.count("*").alias("runs"),
        F.min("started_at").alias("first_seen_at"),
        F.max("started_at").alias("last_seen_at"),
        *(
            F.percentile(column, F.lit(level)).alias(name)
            for name, column, level in (
                ("ready_seconds", "ready_seconds", 0.5),
                ("wait_seconds", "wait_seconds", 0.5),
                ("wait_p90_seconds", "wait_seconds", 0.9),
            )
        ),
    )
    begun = ~F.col("never_started") & (F.col("started_at") <= F.lit(as_of))
    starts = runs.where(begun).select(
        "workspace_id", "series_key", F.col("started_at").alias("run_started_at")
    )
    counted = (
        found.select(*_KEYS, "first_seen_at", "last_seen_at")
        .join(starts, ["workspace_id", "series_key"])
        .where("run_started_at >= first_seen_at")
        .groupBy(*_KEYS)
        .agg(
            F.count("*").alias("runs_since"),
            F.count_if(F.col("run_started_at") > F.col("last_seen_at")).alias("runs_without"),
        )
    )
    there = jobs.where("state <> 'deleted'").select("series_key")
    is_there = there.withColumn("is_there", F.lit(True))
    upstream_is_there = is_there.select(
        F.col("series_key").alias("upstream_series_key"),
        F.col("is_there").alias("upstream_is_there"),
    )
    holds = (
        (F.col("runs_without") < _LEAST_WITHOUT)
        & F.col("is_there").isNotNull()
        & F.col("upstream_is_there").isNotNull()
    )
    return (
        found.join(counted, _KEYS)
        .join(is_there, "series_key", "left")
        .join(upstream_is_there, "upstream_series_key", "left")
        .withColumn("runs_share", F.least(F.col("runs") / F.col("runs_since"), F.lit(1.0)))
        .withColumn("is_current", holds)
        .select(*gold.JOB_DEPENDENCIES.column_names)
    )


STEPS = (
    RecentDays(
        name="job_dependencies",
        run=job_dependencies,
        reads=(silver.RUN_DEPENDENCIES, silver.RUNS, gold.JOBS),
        writes=gold.JOB_DEPENDENCIES,
        days=61,
    ),
)
