"""Tasks by day, and failures by day, cause and task."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.expressions.exact_sums import exact_sum
from pipeline.gold.run_days import with_run
from pipeline.steps.kinds import ByDay, Lasting
from pipeline.tables import gold, silver

_KEY = ["task_run_date", "workspace_id", "job_id", "task_key"]


def task_daily(task_runs: DataFrame, runs: DataFrame) -> DataFrame:
    """gold.task_daily from silver.task_runs and silver.runs."""
    of_run = Window.partitionBy(*_KEY, "run_id").orderBy("started_at", "task_run_id")
    known = with_run(
        task_runs.where("task_key IS NOT NULL"), runs, "task_run_date", run_seconds="busy_seconds"
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
