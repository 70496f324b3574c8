"""The nights of each job: how its runs ended, how rare all that was tested is, and whether it is flagged."""

from datetime import date, datetime
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from optimizer.microseconds import DAY_US
from pipeline.decisions.marks import EXPECTED, marks_in_force
from pipeline.scoring.missing_runs import missing_runs
from pipeline.scoring.night_choice import COUNTS, NIGHT_SCHEMA, RUN_METRICS, judged
from pipeline.scoring.night_times import micros, night_of, night_of_score
from pipeline.scoring.uptime import uptime
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.ops import DECISIONS

_JOB: Final = ["workspace_id", "series_key"]
_NIGHTS: Final = gold.RUN_BASELINE_DAYS
_SLOW_SHARE: Final = 0.9
"""Of the test of a duration that is for runs too slow; the rest is for runs too short."""


def job_nights(
    jobs: DataFrame,
    attempts: DataFrame,
    runs: DataFrame,
    task_runs: DataFrame,
    scores: DataFrame,
    decisions: DataFrame,
    *,
    as_of: datetime,
    last_cost_day: date | None,
) -> DataFrame:
    """gold.job_nights from gold.jobs, silver.attempts, silver.runs, silver.task_runs, model.run_scores and
    ops.decisions."""
    marked = marks_in_force(decisions)
    counts = _with_past(
        _counts(jobs, runs.join(marked, ["workspace_id", "run_id"], "left_anti"), as_of),
        missing_runs(jobs, runs, task_runs, as_of=as_of),
        uptime(jobs, attempts, as_of),
    )
    tested = (
        scores.where(F.coalesce(F.col("mark") != EXPECTED, F.lit(True)))
        .withColumn("night", night_of_score(as_of, last_cost_day))
        .where(F.col("night").between(0, _NIGHTS - 1))
    )
    by_metric = tested.groupBy("series_key", "night").agg(
        *(
            # Sorted: an engine lists them as they come, and sums depend on it.
            F.sort_array(F.collect_list(F.when(F.col("metric") == metric, _of_run()))).alias(metric)
            for metric in RUN_METRICS
        )
    )
    rows = counts.join(by_metric, ["series_key", "night"], "full")
    chosen = rows.groupBy("night").applyInPandas(judged, NIGHT_SCHEMA)
    night_at = F.timestamp_micros(F.lit(micros(as_of)) - F.col("night") * DAY_US)
    return chosen.withColumns(
        {"workspace_id": F.substring_index("series_key", "/", 1), "night_at": night_at}
    ).select(*gold.JOB_NIGHTS.column_names)


def _of_run() -> Column:
    """A run may be too slow or too short, and is tested once; of the rest too much is strange."""
    slow, short = F.col("p_value") / _SLOW_SHARE, F.col("p_value_short") / (1.0 - _SLOW_SHARE)
    either = F.least(F.lit(1.0), slow, short)
    return F.when(F.col("metric") == "duration_seconds", either).otherwise(F.col("p_value"))


def _counts(jobs: DataFrame, runs: DataFrame, as_of: datetime) -> DataFrame:
    """Of each job that ends and night: how its runs ended."""
    ended = runs.where(F.col("status").isin("SUCCEEDED", "FAILED", "TIMEOUT")).withColumn(
        "night", night_of(F.col("ended_at"), as_of)
    )
    return (
        ended.where("night >= 0")
        .join(jobs.where("NOT is_continuous").select(*_JOB), _JOB, "left_semi")
        .groupBy("series_key", "night")
        .agg(
            F.count("*").alias("runs"),
            F.count_if(F.col("status") != "SUCCEEDED").alias("failures"),
            F.count_if(F.col("attempts") > 1).alias("second_attempts"),
        )
    )


def _with_past(counts: DataFrame, missing: DataFrame, continuous: DataFrame) -> DataFrame:
    """Nights of the last weeks with their counts, and of each the sums over all nights before it."""
    key = ["series_key", "night"]
    before = (
        Window.partitionBy("series_key")
        .orderBy(F.desc("night"))
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    every = counts.join(missing, key, "full").join(continuous, key, "full")
    summed = (*COUNTS, "restarts")
    return every.withColumns(
        {
            **{
                f"past_{name}": F.coalesce(F.sum(name).over(before), F.lit(0)).cast("bigint")
                for name in summed
            },
            "past_nights": F.count("restarts").over(before),
        }
    ).where(F.col("night") < _NIGHTS)


STEPS = (
    RecentDays(
        name="job_nights",
        run=job_nights,
        reads=(
            gold.JOBS,
            silver.ATTEMPTS,
            silver.RUNS,
            silver.TASK_RUNS,
            gold.RUN_SCORES,
            DECISIONS,
        ),
        writes=gold.JOB_NIGHTS,
        days=180,
    ),
)
