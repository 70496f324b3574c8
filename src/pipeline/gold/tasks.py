"""Tasks by day, and failures by day, cause and task."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.expressions.exact_sums import exact_sum
from pipeline.steps.kinds import ByDay, Lasting
from pipeline.tables import gold, silver

_RUN = ["workspace_id", "job_id", "run_id"]
_KEY = ["task_run_date", "workspace_id", "job_id", "task_key"]


def task_daily(task_runs: DataFrame, runs: DataFrame) -> DataFrame:
    """gold.task_daily from silver.task_runs and silver.runs.

    A run counts for the days on which it ran. A task run without one belongs to its job by number.
    """
    spans = runs.select(
        *_RUN,
        F.col("series_key").alias("run_series"),
        F.col("busy_seconds").alias("run_seconds"),
        F.col("run_date").alias("first_day"),
        F.to_date("ended_at").alias("last_day"),
    )
    tries = task_runs.where("task_key IS NOT NULL").alias("task")
    is_its_run = [F.col(f"task.{name}") == F.col(f"run.{name}") for name in _RUN]
    is_within = (F.col("task_run_date") >= F.col("first_day")) & (
        F.col("last_day").isNull() | (F.col("task_run_date") <= F.col("last_day"))
    )
    of_run = Window.partitionBy(*_KEY, "run_id").orderBy("started_at", "task_run_id")
    known = tries.join(spans.alias("run"), [*is_its_run, is_within], "left").select(
        *(f"task.{name}" for name in (*_KEY, "run_id", "task_run_id", "started_at", "status")),
        "duration_seconds",
        F.coalesce("run_series", F.concat_ws("/", "task.workspace_id", "task.job_id")).alias(
            "series_key"
        ),
        "run_seconds",
    )
    # A try without a run is the first of its own.
    is_first = F.col("run_id").isNull() | (F.row_number().over(of_run) == 1)
    seconds = F.when(F.col("status") == "SUCCEEDED", F.col("duration_seconds"))
    return (
        known.withColumn("is_first", is_first)
        .groupBy(*_KEY)
        .agg(
            F.max("series_key").alias("series_key"),
            F.count_if("is_first").alias("runs"),
            F.count("*").alias("tries"),
            F.count_if(~F.col("is_first")).alias("retries"),
            F.count(seconds).alias("succeeded"),
            F.count_if(F.col("status").isin("FAILED", "TIMEOUT")).alias("failures"),
            F.percentile(seconds, F.lit(0.5)).alias("median_seconds"),
            F.percentile(seconds, F.lit(0.95)).alias("p95_seconds"),
            F.coalesce(exact_sum(seconds), F.lit(0.0)).alias("succeeded_seconds"),
            exact_sum(F.col("duration_seconds")).alias("busy_seconds"),
            exact_sum(F.when(F.col("is_first"), F.col("run_seconds"))).alias("run_seconds"),
        )
    )


def failures_daily(run_history: DataFrame) -> DataFrame:
    """gold.failures_daily from gold.run_history: each run counts once, under what failed first."""
    is_failed = F.col("status").isin("FAILED", "TIMEOUT")
    return (
        run_history.where("failed_attempts > 0")
        .groupBy(
            "run_date",
            "workspace_id",
            "series_key",
            F.coalesce("first_termination_code", F.lit("")).alias("termination_code"),
            F.coalesce("first_failure_class", F.lit("other")).alias("failure_class"),
            F.coalesce("failed_task_key", F.lit("")).alias("failed_task_key"),
        )
        .agg(
            F.count_if(is_failed).alias("runs_failed"),
            F.count_if(F.col("status") == "SUCCEEDED").alias("runs_repaired"),
            F.sum("failed_attempts").alias("attempts_failed"),
            exact_sum(F.col("lost_seconds")).alias("lost_seconds"),
        )
    )


STEPS = (
    ByDay(
        name="task_daily",
        run=task_daily,
        days_of=silver.TASK_RUNS,
        beside=(
            Lasting(
                silver.RUNS,
                since="run_date",
                until="ended_at",
                only=("job_id", "series_key", "busy_seconds"),
            ),
        ),
        writes=gold.TASK_DAILY,
        group=("workspace_id", "job_id"),
    ),
    ByDay(
        name="failures_daily",
        run=failures_daily,
        days_of=gold.RUN_HISTORY,
        writes=gold.FAILURES_DAILY,
        group=("workspace_id", "series_key"),
    ),
)
