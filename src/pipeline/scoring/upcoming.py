"""Each job's next run: how long it will take, and whether it will miss its SLA."""

from datetime import datetime

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from optimizer.forecast import Forecaster, p_miss_deadline
from pipeline.scoring.buckets import score_by_job
from pipeline.tables import gold

_SHOWN = (50, 80, 90, 95, 99)
_JOB = ["workspace_id", "series_key"]


def job_forecast(
    jobs: DataFrame, states: DataFrame, runs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.job_forecast from gold.jobs, model.duration_states and the starts of recent runs."""
    upcoming = (
        jobs.join(_next_starts(runs, as_of), _JOB, "left")
        .withColumn("seconds_to_deadline", _seconds_to_deadline())
        .join(states.withColumnRenamed("job_id", "series_key"), "series_key", "left")
        .withColumn("status", F.coalesce("status", F.lit("not_assessed")))
        .withColumn("reason", F.coalesce("reason", F.lit("not seen by the last fit")))
        .withColumn("runs_learned", F.coalesce(states["runs"], F.lit(0)))
    )
    asked = upcoming.select(
        F.col("series_key").alias("job_id"),
        "status",
        "reason",
        F.col("runs_learned").alias("runs"),
        "effective_runs",
        "last_start_time",
        "failure_rate",
        "quantile_seconds",
        "sla_limit_seconds",
        "seconds_to_deadline",
    )
    shown = ", ".join(f"p{level}_seconds double" for level in _SHOWN)
    answered = score_by_job(
        asked,
        _upcoming,
        f"job_id string, status string, reason string, {shown}, p_miss double",
        counted=jobs,
    ).drop("status", "reason")
    has_sla = F.col("sla_kind").isNotNull()
    return (
        upcoming.drop("runs")
        .join(answered.withColumnRenamed("job_id", "series_key"), "series_key", "left")
        .withColumn(
            "sla_status",
            F.when(~has_sla, F.lit("no_sla"))
            .when(F.col("p_miss").isNull(), F.lit("not_assessed"))
            .otherwise(F.lit("ok")),
        )
        .withColumnRenamed("runs_learned", "runs")
        .withColumn("allowed_seconds", F.coalesce("sla_limit_seconds", "seconds_to_deadline"))
        .select(*gold.JOB_FORECAST.column_names)
    )


def _upcoming(rows: pd.DataFrame) -> pd.DataFrame:
    """Quantiles and P(miss) of the next run of each row's job.

    A run misses a limit when its attempt is too long or fails; a deadline also when the retry that
    follows a failure comes too late.
    """
    # Statuses without a curve answer nothing; the forecaster keeps them as they are.
    forecaster = Forecaster.from_states(rows)
    distribution = forecaster.predict(rows)
    fails = rows["failure_rate"].fillna(0.0).to_numpy()
    limit = rows["sla_limit_seconds"].astype("float64").to_numpy()
    by_limit = 1.0 - (1.0 - fails) * (1.0 - distribution.p_over_limit(limit))
    by_deadline = p_miss_deadline(
        distribution,
        rows["seconds_to_deadline"].astype("float64").to_numpy(),
        failure_rate=fails,
    )
    out = rows[["job_id", "status", "reason"]].copy()
    for level in _SHOWN:
        out[f"p{level}_seconds"] = distribution.quantile(level / 100)
    has_limit = pd.notna(limit)
    out["p_miss"] = by_deadline
    out.loc[has_limit, "p_miss"] = by_limit[has_limit]
    out["p_miss"] = out["p_miss"].clip(0.0, 1.0)
    return out


def _next_starts(runs: DataFrame, as_of: datetime) -> DataFrame:
    """When each job is expected to start next: its last start plus its median gap, not before now.

    A job seen once has no gap, and no expectation.
    """
    by_start = Window.partitionBy(*_JOB).orderBy("started_at", "run_id")
    gaps = runs.select(
        *_JOB,
        "started_at",
        (F.unix_micros("started_at") - F.unix_micros(F.lag("started_at").over(by_start))).alias(
            "gap_micros"
        ),
    )
    expected = gaps.groupBy(*_JOB).agg(
        F.max("started_at").alias("last_started_at"),
        F.percentile("gap_micros", F.lit(0.5)).cast("bigint").alias("gap_micros"),
    )
    next_start = F.timestamp_micros(F.unix_micros("last_started_at") + F.col("gap_micros"))
    return expected.select(
        *_JOB,
        F.greatest(next_start, F.when(next_start.isNotNull(), F.lit(as_of))).alias("next_start_at"),
    )


def _seconds_to_deadline() -> Column:
    """From the next start to the first occurrence of the deadline's clock time after it."""
    minutes = F.substring("sla_time_of_day", 1, 2).cast("int") * 60 + F.substring(
        "sla_time_of_day", 4, 2
    ).cast("int")
    local = F.expr("from_utc_timestamp(next_start_at, coalesce(sla_timezone, 'UTC'))")
    today = F.timestamp_add("MINUTE", minutes, F.date_trunc("DAY", local))
    seconds = (F.unix_micros(today) - F.unix_micros(local)) / 1e6
    return F.when(seconds > 0, seconds).otherwise(seconds + 86_400.0)
