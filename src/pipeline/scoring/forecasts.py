"""Distributions of durations, and how good such forecasts have been, one row a job."""

from datetime import datetime

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import backtest, fit, quality, seven_day_rule
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.series import learned_attempts, no_answer, no_answer_reason
from pipeline.tables import gold
from pipeline.tables.derive import spark_schema

_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def duration_states(attempts: DataFrame, jobs: DataFrame, *, as_of: datetime) -> DataFrame:
    """model.duration_states: what is known of each job's duration at `as_of`."""
    origin = pd.Timestamp(as_of)

    def states(runs: pd.DataFrame) -> pd.DataFrame:
        return fit(runs, as_of=origin).states

    scored = score_by_job(
        learned_attempts(attempts, jobs),
        states,
        spark_schema(gold.DURATION_STATES).replace("`", ""),
        counted=attempts,
    )
    return _for_every_job(jobs, scored, zero="runs").select(*gold.DURATION_STATES.column_names)


def forecast_quality(attempts: DataFrame, jobs: DataFrame) -> DataFrame:
    """model.forecast_quality: every past run forecast from what had ended before it started."""

    def scores(runs: pd.DataFrame) -> pd.DataFrame:
        limits = runs["limit_seconds"].astype("float64")
        ours = quality(backtest(runs, _LEVELS, limits=limits), runs, limits=limits)
        rule = quality(seven_day_rule(runs, _LEVELS), runs)
        return pd.DataFrame(
            {
                "job_id": ours["job_id"],
                "status": ours["status"],
                "reason": ours["reason"],
                "scored_runs": ours["runs_scored"],
                "crps_log": ours["crps_log1p"],
                "crps_log_rule": rule["crps_log1p"],
                "coverage_50": ours["coverage_0.5"],
                "coverage_90": ours["coverage_0.9"],
                "coverage_99": ours["coverage_0.99"],
                "brier": ours["brier"],
            }
        )

    schema = spark_schema(gold.FORECAST_QUALITY).replace("`", "")
    scored = score_by_job(learned_attempts(attempts, jobs), scores, schema, counted=attempts)
    return _for_every_job(jobs, scored, zero="scored_runs").select(
        *gold.FORECAST_QUALITY.column_names
    )


def _for_every_job(jobs: DataFrame, scored: DataFrame, *, zero: str) -> DataFrame:
    """A row for each of `jobs`, those without a score included; `zero` is 0 there."""
    return (
        jobs.select(F.col("series_key").alias("job_id"), "is_continuous")
        .join(scored, "job_id", "left")
        .withColumn("status", F.coalesce("status", no_answer()))
        .withColumn(
            "reason",
            F.when(F.col(zero).isNull(), no_answer_reason()).otherwise(
                F.coalesce("reason", F.lit(""))
            ),
        )
        .withColumn(zero, F.coalesce(zero, F.lit(0)).cast("bigint"))
    )
