"""Runs by job and day, by job and week, and each job's health."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.expressions.exact_sums import exact_sum
from pipeline.steps.kinds import ByDatedKey, ByDay, RecentDays
from pipeline.tables import gold, silver

_FAILURES = ("FAILED", "TIMEOUT")


def _count(status: str) -> Column:
    return F.sum(F.when(F.col("status") == status, 1).otherwise(0)).cast("bigint")


def _summary(runs: DataFrame, *by: str, more: tuple[Column, ...] = ()) -> DataFrame:
    return runs.groupBy(*by).agg(
        *more,
        F.count("*").alias("runs"),
        _count("SUCCEEDED").alias("succeeded"),
        _count("FAILED").alias("failed"),
        _count("TIMEOUT").alias("timed_out"),
        _count("CANCELLED").alias("cancelled"),
        _count("SKIPPED").alias("skipped"),
        _count("IN_FLIGHT").alias("in_flight"),
        _count("UNKNOWN").alias("unknown"),
        F.sum("repairs").cast("bigint").alias("repairs"),
        F.percentile("first_success_seconds", F.lit(0.5)).alias("median_seconds"),
        F.percentile("first_success_seconds", F.lit(0.95)).alias("p95_seconds"),
        exact_sum(F.col("busy_seconds")).alias("busy_seconds"),
    )


def job_daily(runs: DataFrame) -> DataFrame:
    """gold.job_daily from silver.runs."""
    names = tuple(F.max(name).alias(name) for name in ("series_basis", "run_name"))
    return _summary(runs, "run_date", "workspace_id", "series_key", more=names)


def job_weekly(runs: DataFrame) -> DataFrame:
    """gold.job_weekly from silver.runs."""
    return _summary(runs, "run_week", "workspace_id", "series_key")


def job_health(runs: DataFrame) -> DataFrame:
    """gold.job_health from silver.runs of the last 90 days.

    A verdict is a success, a failure or a timeout; cancelled and skipped runs say nothing about the
    job's health.
    """
    job = Window.partitionBy("workspace_id", "series_key")
    is_success = F.col("status") == "SUCCEEDED"
    is_failure = F.col("status").isin(*_FAILURES)
    is_verdict = is_success | is_failure
    last_first = job.orderBy(
        F.when(is_verdict, F.col("ended_at")).desc_nulls_last(), F.col("run_id").desc()
    )
    marked = runs.select(
        "workspace_id",
        "series_key",
        "run_id",
        "status",
        "ended_at",
        "termination_code",
        "failure_class",
        is_failure.alias("is_failure"),
        (is_verdict & (F.row_number().over(last_first) == 1)).alias("is_last"),
        F.max(F.when(is_success, F.col("ended_at"))).over(job).alias("last_success_at"),
    )
    since_success = F.col("is_failure") & (
        F.col("last_success_at").isNull() | (F.col("ended_at") > F.col("last_success_at"))
    )

    def of_last(name: str) -> Column:
        return F.max(F.when(F.col("is_last"), F.col(name)))

    return marked.groupBy("workspace_id", "series_key").agg(
        of_last("run_id").alias("last_run_id"),
        of_last("status").alias("last_status"),
        of_last("ended_at").alias("last_ended_at"),
        of_last("termination_code").alias("last_termination_code"),
        of_last("failure_class").alias("last_failure_class"),
        F.max("last_success_at").alias("last_success_at"),
        F.sum(F.when(since_success, 1).otherwise(0)).cast("bigint").alias("consecutive_failures"),
        F.min(F.when(since_success, F.col("ended_at"))).alias("failing_since"),
        F.coalesce(F.max(F.col("is_last") & F.col("is_failure")), F.lit(False)).alias("is_failing"),
        _count("IN_FLIGHT").alias("in_flight"),
    )


def sla_daily(run_sla: DataFrame) -> DataFrame:
    """gold.sla_daily from silver.run_sla.

    A run that missed its SLA and never succeeded has no margin, which a minimum passes over: where
    the others were in time, theirs is not the worst.
    """

    def count(status: str) -> Column:
        return F.sum(F.when(F.col("sla_status") == status, 1).otherwise(0)).cast("bigint")

    without_success = (F.col("sla_status") == "MISSED") & F.col("margin_seconds").isNull()
    return (
        run_sla.groupBy("run_date", "workspace_id", "series_key")
        .agg(
            count("MET").alias("met"),
            count("MISSED").alias("missed"),
            count("PENDING").alias("pending"),
            count("EXEMPT").alias("exempt"),
            F.count_if(without_success).alias("missed_without_success"),
            F.min("margin_seconds").alias("margin_seconds"),
        )
        .withColumn("worst_margin_seconds", worst_margin("margin_seconds"))
        .drop("margin_seconds")
    )


def worst_margin(least_margin: str) -> Column:
    """The least margin of some runs, or days, with the sums of their counts; NULL where it is that of
    runs in time, and others missed the SLA without a success."""
    is_hidden = (F.col("missed_without_success") > 0) & (F.col(least_margin) >= 0)
    return F.when(~F.coalesce(is_hidden, F.lit(False)), F.col(least_margin))


STEPS = (
    ByDay(
        name="job_daily",
        run=job_daily,
        days_of=silver.RUNS,
        writes=gold.JOB_DAILY,
        group=("workspace_id", "series_key"),
    ),
    ByDatedKey(
        name="job_weekly",
        run=job_weekly,
        reads=(silver.RUNS,),
        writes=gold.JOB_WEEKLY,
        key=("workspace_id", "series_key", "run_week"),
    ),
    RecentDays(
        name="job_health", run=job_health, reads=(silver.RUNS,), writes=gold.JOB_HEALTH, days=90
    ),
    ByDay(
        name="sla_daily",
        run=sla_daily,
        days_of=silver.RUN_SLA,
        writes=gold.SLA_DAILY,
        group=("workspace_id", "series_key"),
    ),
)
