"""What a night says that can turn out true or false, written down as it is said.

A run is spoken for once: by the first night that expects it within a day. A night that speaks of an
earlier time than one before it has nothing to add of runs and flags, since it would know what came.
"""

from datetime import datetime, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import Appended
from pipeline.tables import gold, ops

_JOB = ["workspace_id", "series_key"]
_UNTIL_THE_NEXT = timedelta(days=1)
_DAYS_AROUND = 3
"""Days before and after a date of growth that decide whether it has come."""


def said(
    run_forecast: DataFrame,
    run_anomalies: DataFrame,
    job_growth: DataFrame,
    previous: DataFrame,
    *,
    as_of: datetime,
) -> DataFrame:
    """ops.said from gold.run_forecast, gold.run_anomalies and gold.job_growth, and what was said before
    this night; what this night has said itself, before it was killed, is left out of that."""
    before = previous.where(F.col("night_at") != F.lit(as_of))
    nights = before.agg(F.max("night_at").alias("last_night_at"))
    statements = (
        _run_misses(run_forecast, nights, as_of),
        _flags(run_anomalies, before, nights, as_of),
        _growth_dates(job_growth, before, as_of),
    )
    return reduce(DataFrame.unionByName, (_statements(one, as_of) for one in statements))


def _statements(about: DataFrame, as_of: datetime) -> DataFrame:
    """Statements of one kind, with NULL in what only others say."""
    night_us = F.unix_micros(F.lit(as_of)).cast("string")
    made = about.withColumns(
        {
            "night_at": F.lit(as_of),
            "statement_id": F.concat_ws("/", "kind", "series_key", night_us, "what"),
            "said_at": F.current_timestamp(),
        }
    )
    return made.select(
        *(
            F.col(column.name)
            if column.name in made.columns
            else F.lit(None).cast(column.type).alias(column.name)
            for column in ops.SAID.columns
        )
    )


def _run_misses(run_forecast: DataFrame, nights: DataFrame, as_of: datetime) -> DataFrame:
    """Runs expected within a day that no night before has spoken for."""
    spoken_until = F.timestamp_add("DAY", F.lit(1), F.col("last_night_at"))
    starts = F.col("expected_start_at")
    return (
        run_forecast.where("p_miss IS NOT NULL")
        .where((starts > F.lit(as_of)) & (starts <= F.lit(as_of + _UNTIL_THE_NEXT)))
        .crossJoin(nights)
        .where(spoken_until.isNull() | (starts > spoken_until))
        .select(
            *_JOB,
            F.lit("run_miss").alias("kind"),
            F.lit(as_of.date()).alias("open_from"),
            F.concat_ws(
                "/", F.unix_micros(starts).cast("string"), F.col("run_number").cast("string")
            ).alias("what"),
            "expected_start_at",
            "due_at",
            "allowed_seconds",
            F.col("p_miss").alias("probability"),
        )
    )


def _flags(
    run_anomalies: DataFrame, before: DataFrame, nights: DataFrame, as_of: datetime
) -> DataFrame:
    """Runs flagged in this very night that have not been flagged before, and nights' runs together."""
    tonight = run_anomalies.where(F.col("night_at") == F.lit(as_of)).select(*_JOB, "run_id")
    flagged = before.where("kind = 'flag' AND run_id IS NOT NULL").select("workspace_id", "run_id")
    return (
        tonight.distinct()
        .join(flagged, ["workspace_id", "run_id"], "left_anti")
        .crossJoin(nights)
        .where(F.col("last_night_at").isNull() | (F.col("last_night_at") < F.lit(as_of)))
        .select(
            *_JOB,
            F.lit("flag").alias("kind"),
            F.lit(as_of.date()).alias("open_from"),
            F.col("run_id").alias("what"),
            F.nullif("run_id", F.lit("")).alias("run_id"),
        )
    )


def _growth_dates(job_growth: DataFrame, before: DataFrame, as_of: datetime) -> DataFrame:
    """Dates to come, of jobs of which none was told or the last told has passed or left the interval."""
    newest_first = Window.partitionBy(*_JOB).orderBy(F.col("night_at").desc())
    told = (
        before.where("kind = 'growth_date'")
        .withColumn("place", F.row_number().over(newest_first))
        .where("place = 1")
        .select(*_JOB, F.col("expected_on").alias("told_on"))
    )
    today = F.lit(as_of.date())
    is_believed = (
        (F.col("told_on") >= today)
        & (F.col("told_on") >= F.col("crosses_earliest"))
        & _is_by(F.col("told_on"), F.col("crosses_latest"))
    )
    return (
        job_growth.where("crosses_on IS NOT NULL AND NOT is_over")
        .where(F.col("crosses_on") > today)
        .join(told, _JOB, "left")
        .where(~F.coalesce(is_believed, F.lit(False)))
        .select(
            *_JOB,
            F.lit("growth_date").alias("kind"),
            F.date_sub("crosses_on", _DAYS_AROUND).alias("open_from"),
            F.col("crosses_on").cast("string").alias("what"),
            "allowed_seconds",
            F.col("crosses_on").alias("expected_on"),
            F.col("crosses_earliest").alias("earliest_on"),
            F.col("crosses_latest").alias("latest_on"),
        )
    )


def _is_by(day: Column, latest: Column) -> Column:
    return latest.isNull() | (day <= latest)


STEPS = (
    Appended(
        name="said",
        run=said,
        reads=(gold.RUN_FORECAST, gold.RUN_ANOMALIES, gold.JOB_GROWTH),
        reads_previous=(ops.SAID,),
        writes=ops.SAID,
    ),
)
