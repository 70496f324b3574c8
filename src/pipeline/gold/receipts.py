"""What was said, beside what came.

A run that was spoken for is the one of its job that began nearest to when it was expected, where it is
the nearest of that night's to that run as well.
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.decisions.marks import EXPECTED, INCIDENT, marks_in_force
from pipeline.steps.kinds import ByDay, Lasting
from pipeline.tables import gold, ops, silver

_JOB = ["workspace_id", "series_key"]
_EARLY, _LATE = timedelta(hours=6), timedelta(hours=12)
"""How much earlier or later than expected a run may begin and be the one."""
_WEEK_DAYS = 7
"""Days around a date of growth, from its `open_from` on."""
_MARKED_WITHIN = timedelta(days=14)
_NIGHT_DAYS = 2
"""Days after that of the night on which a run that it spoke for can begin."""


def receipts(
    said: DataFrame,
    run_sla: DataFrame,
    job_daily: DataFrame,
    decisions: DataFrame,
    *,
    as_of: datetime,
) -> DataFrame:
    """gold.receipts from ops.said, silver.run_sla, gold.job_daily and ops.decisions."""
    came = (
        said.join(_runs(said, run_sla), "statement_id", "left")
        .join(_medians(said, job_daily), "statement_id", "left")
        .join(marks_in_force(decisions), ["workspace_id", "run_id"], "left")
    )
    return came.select(
        *(column.name for column in ops.SAID.columns if not column.audit),
        F.when(F.col("kind") == "run_miss", _of_run(as_of))
        .when(F.col("kind") == "flag", _of_mark(as_of))
        .otherwise(_of_growth(as_of))
        .alias("outcome"),
        F.col("came_run_id").alias("outcome_run_id"),
        F.coalesce("measured_seconds", "median_seconds").alias("outcome_seconds"),
    )


def _of_run(as_of: datetime) -> Column:
    is_over = F.col("expected_start_at") <= F.lit(as_of - _LATE)
    return (
        F.when(F.col("sla_status") == "MISSED", F.lit("came"))
        .when(F.col("sla_status") == "MET", F.lit("did_not_come"))
        .when(F.col("sla_status") == "EXEMPT", F.lit("never_known"))
        .when(F.col("sla_status").isNull() & is_over, F.lit("never_known"))
        .otherwise(F.lit("not_known_yet"))
    )


def _of_mark(as_of: datetime) -> Column:
    return (
        F.when(F.col("mark") == INCIDENT, F.lit("came"))
        .when(F.col("mark") == EXPECTED, F.lit("did_not_come"))
        .when(F.col("night_at") <= F.lit(as_of - _MARKED_WITHIN), F.lit("never_known"))
        .otherwise(F.lit("not_known_yet"))
    )


def _of_growth(as_of: datetime) -> Column:
    is_over = F.date_add("open_from", _WEEK_DAYS) <= F.lit(as_of.date())
    is_slow = F.col("median_seconds") > F.col("allowed_seconds")
    return (
        F.when(~is_over, F.lit("not_known_yet"))
        .when(is_slow, F.lit("came"))
        .when(~is_slow, F.lit("did_not_come"))
        .otherwise(F.lit("never_known"))
    )


def _runs(said: DataFrame, run_sla: DataFrame) -> DataFrame:
    """The run that came, of each statement about one that did."""
    expected = said.where("kind = 'run_miss'").select(
        *_JOB, "statement_id", "night_at", F.unix_micros("expected_start_at").alias("expected_us")
    )
    runs = run_sla.select(
        *_JOB,
        F.col("run_id").alias("came_run_id"),
        "started_at",
        F.unix_micros("started_at").alias("started_us"),
        "sla_status",
        "measured_seconds",
    )
    beyond = F.col("started_us") - F.col("expected_us")
    pairs = (
        expected.join(runs, _JOB)
        .where(F.col("started_at") > F.col("night_at"))
        .where((beyond >= -_micros(_EARLY)) & (beyond <= _micros(_LATE)))
        .withColumn("apart", F.abs(beyond))
    )
    nearest_run = pairs.groupBy("statement_id").agg(
        F.min(F.struct("apart", "came_run_id"))["came_run_id"].alias("came_run_id")
    )
    run = ["workspace_id", "came_run_id"]
    nearest_statement = pairs.groupBy(*run, "night_at").agg(
        F.min(F.struct("apart", "statement_id"))["statement_id"].alias("statement_id")
    )
    return (
        pairs.join(nearest_run, ["statement_id", "came_run_id"], "left_semi")
        .join(nearest_statement, [*run, "statement_id"], "left_semi")
        .select("statement_id", "came_run_id", "sla_status", "measured_seconds")
    )


def _medians(said: DataFrame, job_daily: DataFrame) -> DataFrame:
    """Of each statement about a date the median over the days around it of a day's median run."""
    dates = said.where("kind = 'growth_date'").select(*_JOB, "statement_id", "open_from")
    days = job_daily.where("median_seconds IS NOT NULL").select(*_JOB, "run_date", "median_seconds")
    age_days = F.datediff("run_date", "open_from")
    return (
        dates.join(days, _JOB)
        .where((age_days >= 0) & (age_days < _WEEK_DAYS))
        .groupBy("statement_id")
        .agg(F.percentile("median_seconds", F.lit(0.5)).alias("median_seconds"))
    )


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


STEPS = (
    ByDay(
        name="receipts",
        run=receipts,
        days_of=ops.SAID,
        beside=(
            Lasting(
                silver.RUN_SLA,
                since=f"date_sub(run_date, {_NIGHT_DAYS})",
                until="run_date",
                only=("series_key", "started_at", "sla_status", "measured_seconds"),
            ),
            Lasting(
                gold.JOB_DAILY,
                since=f"date_sub(run_date, {_WEEK_DAYS - 1})",
                until="run_date",
                only=("median_seconds",),
            ),
            ops.DECISIONS,
        ),
        writes=gold.RECEIPTS,
        group=("workspace_id", "series_key"),
        reopened="outcome = 'not_known_yet'",
    ),
)
