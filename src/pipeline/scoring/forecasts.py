"""Distributions of durations, and how good such forecasts have been, one row a job."""

from datetime import datetime

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import states_with_quality
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.fleet_priors import priors_of_the_fleet
from pipeline.scoring.series import learned_attempts, no_answer, no_answer_reason
from pipeline.steps.kinds import RecentDays, Whole
from pipeline.tables import gold, silver
from pipeline.tables.derive import spark_schema

_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_QUALITY = {
    "runs_scored": "scored_runs",
    "crps_log1p": "crps_log",
    "crps_log1p_rule": "crps_log_rule",
    "coverage_0.5": "coverage_50",
    "coverage_0.9": "coverage_90",
    "coverage_0.99": "coverage_99",
}


def duration_states(
    attempts: DataFrame, jobs: DataFrame, priors: DataFrame, *, as_of: datetime
) -> DataFrame:
    """model.duration_states: what is known of each job's duration at `as_of`, and how such forecasts
    of its latest runs, from what had ended by the midnight before each, have done; `priors` are those of the
    night before."""
    origin = pd.Timestamp(as_of)
    fleet = priors_of_the_fleet(priors)

    def states(runs: pd.DataFrame) -> pd.DataFrame:
        limits = runs["limit_seconds"].astype("float64")
        scored = states_with_quality(runs, _LEVELS, as_of=origin, limits=limits, priors=fleet)
        return scored.rename(columns=_QUALITY)

    scored = score_by_job(
        learned_attempts(attempts, jobs),
        states,
        spark_schema(gold.DURATION_STATES).replace("`", ""),
        counted=attempts,
    )
    return (
        jobs.select(F.col("series_key").alias("job_id"), "is_continuous")
        .join(scored, "job_id", "left")
        .withColumn("status", F.coalesce("status", no_answer()))
        .withColumn(
            "reason",
            F.when(F.col("runs").isNull(), no_answer_reason()).otherwise(
                F.coalesce("reason", F.lit(""))
            ),
        )
        .withColumn("runs", F.coalesce("runs", F.lit(0)).cast("bigint"))
        .withColumn("scored_runs", F.coalesce("scored_runs", F.lit(0)).cast("bigint"))
        .select(*gold.DURATION_STATES.column_names)
    )


def forecast_quality(states: DataFrame) -> DataFrame:
    """model.forecast_quality: what model.duration_states says of how good forecasts have been."""
    is_scored = F.col("scored_runs") > 0
    # A job can be scored by runs that have left the window, and answered before any run was scored.
    unscored = F.when(F.col("status") == "ok", F.lit("too_few_runs")).otherwise(F.col("status"))
    why = F.when(
        F.col("status") == "ok", F.lit("no finished run of this job had a forecast")
    ).otherwise(F.col("reason"))
    return states.withColumns(
        {
            "status": F.when(is_scored, F.lit("ok")).otherwise(unscored),
            "reason": F.when(is_scored, F.lit("")).otherwise(why),
        }
    ).select(*gold.FORECAST_QUALITY.column_names)


STEPS = (
    RecentDays(
        name="duration_states",
        run=duration_states,
        reads=(silver.ATTEMPTS, gold.JOBS),
        writes=gold.DURATION_STATES,
        days=180,
        reads_previous=(gold.FLEET_PRIORS,),
    ),
    Whole(
        name="forecast_quality",
        run=forecast_quality,
        reads=(gold.DURATION_STATES,),
        writes=gold.FORECAST_QUALITY,
    ),
)
