"""What each compared run took, in whole milliseconds: it waited, was set up, tried again and worked."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MS = 1000.0
_RUN = ["workspace_id", "run_id"]
JUDGED = ["workspace_id", "judged_run_id"]
"""A judged run, beside the one that it is compared with."""


def milliseconds(seconds: Column) -> Column:
    """Whole ones, whose sums do not depend on the order of rows."""
    return F.round(seconds * MS).cast("bigint")


def task_tries(pairs: DataFrame, attempts: DataFrame, task_runs: DataFrame) -> DataFrame:
    """Each task of the first attempt of each run: what its last try worked, and what those before took.

    A run without tasks has a row without a task.
    """
    first = attempts.where("attempt = 0").select(
        *_RUN,
        F.col("ended_at").alias("attempt_ended_at"),
        milliseconds(F.col("duration_seconds")).alias("first_ms"),
    )
    tasks = task_runs.where("task_key IS NOT NULL").select(
        *_RUN, "task_key", "started_at", "duration_seconds", "setup_seconds"
    )
    tried = (
        pairs.drop("started_at")
        .join(first, _RUN)
        .join(tasks.withColumnRenamed("started_at", "task_started_at"), _RUN, "left")
        .where(
            "task_key IS NULL OR attempt_ended_at IS NULL OR task_started_at <= attempt_ended_at"
        )
    )
    setup = F.coalesce("setup_seconds", F.lit(0.0))
    started = F.unix_micros("task_started_at")
    work = milliseconds(F.col("duration_seconds") - setup)
    last = F.struct(started, work)
    by_task = tried.groupBy(*JUDGED, "run_id", "is_self", "first_ms", "task_key").agg(
        F.max_by(work, last).alias("work_ms"),
        milliseconds((F.max(started) - F.min(started)) / 1e6).alias("until_last_ms"),
        F.max(milliseconds(setup)).alias("setup_ms"),
        F.max_by(milliseconds(setup), last).alias("last_setup_ms"),
    )
    # The set-up of a try that failed counts as set-up.
    retried = F.col("until_last_ms") - F.col("setup_ms") + F.col("last_setup_ms")
    return by_task.withColumn("retried_ms", F.greatest(retried, F.lit(0).cast("bigint")))


def measured_runs(
    tries: DataFrame, runs: DataFrame, task_runs: DataFrame, inputs: DataFrame
) -> DataFrame:
    """Each run of the pairs in milliseconds: what it waited, was set up, tried again and worked."""
    of_runs = tries.groupBy(*JUDGED, "run_id", "is_self", "first_ms").agg(
        F.max("setup_ms").alias("task_setup_ms"), F.sum("retried_ms").alias("task_retried_ms")
    )
    firing = task_runs.where("run_id IS NOT NULL").select(
        "workspace_id",
        F.col("task_run_id").alias("source_task_run_id"),
        F.col("run_id").alias("upstream_run_id"),
        F.col("started_at").alias("fired_at"),
    )
    began = runs.select(
        "workspace_id",
        F.col("run_id").alias("upstream_run_id"),
        F.col("started_at").alias("upstream_started_at"),
    )
    zero = F.lit(0).cast("bigint")
    first, setup, retried = (F.col(name) for name in ("first_ms", "setup_ms", "retried_ms"))
    after_first = F.greatest(milliseconds(F.col("wall_seconds")) - first, zero)
    until_fired = F.unix_micros("fired_at") - F.unix_micros("upstream_started_at")
    return (
        of_runs.join(
            runs.select(*_RUN, "queue_seconds", "wall_seconds", "source_task_run_id"), _RUN
        )
        .join(firing, ["workspace_id", "source_task_run_id"], "left")
        .join(began, ["workspace_id", "upstream_run_id"], "left")
        .join(inputs.where("attempt = 0").select(*_RUN, "input_bytes"), _RUN, "left")
        .withColumn("setup_ms", F.least(F.coalesce("task_setup_ms", zero), first))
        .withColumn("retried_ms", F.least(F.coalesce("task_retried_ms", zero), first - setup))
        .select(
            *JUDGED,
            "run_id",
            "is_self",
            milliseconds(F.coalesce("queue_seconds", F.lit(0.0))).alias("queue_ms"),
            "setup_ms",
            (retried + after_first).alias("retries_ms"),
            F.coalesce(milliseconds(until_fired / 1e6), zero).alias("upstream_ms"),
            "first_ms",
            (first - setup - retried).alias("work_ms"),
            "input_bytes",
            "upstream_run_id",
        )
    )
