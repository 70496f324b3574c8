"""Runs in progress: P(miss) given how long they have lasted, and how long they still take.

The source tells of a run in progress by its closed hours, so what is known is that it lasted until
the end of its last slice. One of which nothing was heard for a day has an end that did not arrive.
"""

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import Forecaster, miss_deadline, miss_limit, remaining_seconds
from optimizer.schedule import deadlines
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.retries import Retries, retries_of_the_fleet, retry_habits, with_retries
from pipeline.sla.due import next_due
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver

_RUN = ["workspace_id", "run_id"]
_JOB = ["workspace_id", "series_key"]
_SLA = ("sla_kind", "sla_limit_seconds", "sla_time_of_day", "sla_timezone", "sla_source")
_SILENT_HOURS: Final = 24
_LEFT: Final = tuple(level / 100 for level in gold.LEFT_LEVELS)
_SCHEMA = (
    "job_id string, status string, reason string, due_us bigint, p_miss double,"
    " p_miss_duration double, p_miss_failure double, "
    + ", ".join(f"remaining_p{level}_seconds double" for level in gold.LEFT_LEVELS)
)


def in_flight(
    jobs: DataFrame, states: DataFrame, attempts: DataFrame, runs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.in_flight from gold.jobs, model.duration_states, and attempts and runs of 30 days."""
    fleet = retries_of_the_fleet(runs)
    retried = with_retries(runs)
    going = (
        attempts.where("status = 'IN_FLIGHT'")
        .select(*_RUN, "series_key", "attempt", "started_at", "seen_until")
        .withColumnRenamed("started_at", "attempt_started_at")
        .join(retried.select(*_RUN, "started_at"), _RUN)
    )
    habits = (
        retried.join(going.select(*_JOB).distinct(), _JOB, "left_semi")
        .groupBy(*_JOB)
        .agg(
            F.collect_list("wait_seconds").alias("waits"),
            F.sum("is_failed_first").alias("failed_first"),
            F.sum("is_retried").alias("retried"),
        )
    )
    learned = states.select(
        F.col("job_id").alias("series_key"),
        "status",
        "reason",
        F.col("runs").alias("learned_runs"),
        "effective_runs",
        "last_start_time",
        "failure_rate",
        "quantile_seconds",
        "memory",
    )
    in_progress = (
        going.join(jobs.select(*_JOB, *_SLA, "is_continuous"), _JOB)
        .join(habits, _JOB)
        .join(learned, "series_key", "left")
        .withColumn(
            "elapsed_seconds",
            (F.unix_micros("seen_until") - F.unix_micros("attempt_started_at")) / 1e6,
        )
        .withColumn("key", F.concat_ws("/", *_RUN))
        .withColumn("unheard", F.unix_micros(F.lit(as_of)) - F.unix_micros("seen_until"))
        .withColumn(
            "obstacle",
            F.when(F.col("is_continuous"), F.lit("a continuous job runs without end"))
            .when(
                F.col("unheard") > _SILENT_HOURS * 3_600_000_000,
                F.lit(f"nothing was heard of it for {_SILENT_HOURS} hours: its end may be missing"),
            )
            .when(F.col("status").isNull(), F.lit("not seen by the last fit")),
        )
    )
    answered = score_by_job(
        in_progress.select(
            F.col("key").alias("job_id"),
            F.coalesce("status", F.lit("not_assessed")).alias("status"),
            F.coalesce("obstacle", "reason").alias("reason"),
            "obstacle",
            F.coalesce("learned_runs", F.lit(0)).alias("runs"),
            "effective_runs",
            "last_start_time",
            "failure_rate",
            "quantile_seconds",
            "memory",
            F.unix_micros("started_at").alias("started_us"),
            F.unix_micros("attempt_started_at").alias("attempt_us"),
            "elapsed_seconds",
            "sla_limit_seconds",
            "sla_time_of_day",
            "sla_timezone",
            "waits",
            "failed_first",
            "retried",
        ),
        lambda rows: _going(rows, fleet),
        _SCHEMA,
        counted=jobs,
    )
    return (
        in_progress.drop("status", "reason")
        .join(answered.withColumnRenamed("job_id", "key"), "key")
        .withColumn("reason", F.coalesce("reason", F.lit("")))
        .withColumn("due_at", F.timestamp_micros("due_us"))
        .withColumn(
            "expected_end_at",
            F.timestamp_micros(
                F.unix_micros("seen_until")
                + F.round(F.col("remaining_p50_seconds") * 1e6).cast("bigint")
            ),
        )
        .select(*gold.IN_FLIGHT.column_names)
    )


def _going(rows: pd.DataFrame, fleet: Retries) -> pd.DataFrame:
    """What is left of each run, and P(miss); the status is that of the job's distribution."""
    attempt_us = rows["attempt_us"].to_numpy()
    began = pd.DataFrame(
        {
            "job_id": rows["job_id"].to_numpy(),
            "start_time": pd.to_datetime(attempt_us, unit="us", utc=True),
        }
    )
    curves = Forecaster.from_states(rows).predict(began)
    elapsed = rows["elapsed_seconds"].to_numpy()
    fails = rows["failure_rate"].astype("float64").fillna(0.0).to_numpy()
    again, waits = retry_habits(rows, fleet)
    minute, zone = deadlines(rows)
    due_us = next_due(rows["started_us"].to_numpy(), np.maximum(minute, 0), zone)
    of_limit = miss_limit(
        curves,
        rows["sla_limit_seconds"].astype("float64").to_numpy(),
        failure_rate=fails,
        retries=again,
        elapsed_seconds=elapsed,
    )
    of_deadline = miss_deadline(
        curves,
        np.where(minute >= 0, (due_us - attempt_us) / 1e6, np.nan),
        failure_rate=fails,
        retries=again,
        retry_wait_seconds=waits,
        elapsed_seconds=elapsed,
    )
    has_limit = rows["sla_limit_seconds"].notna().to_numpy()
    is_assessed = rows["obstacle"].isna().to_numpy()

    def either(part: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        chosen = np.where(has_limit, getattr(of_limit, part), getattr(of_deadline, part))
        return np.where(is_assessed, chosen, np.nan)

    left = remaining_seconds(curves, _LEFT, elapsed)
    return pd.DataFrame(
        {
            "job_id": rows["job_id"],
            "status": np.where(is_assessed, rows["status"], "not_assessed"),
            "reason": rows["reason"],
            "due_us": pd.Series(due_us).astype("Int64").mask(minute < 0),
            "p_miss": either("p_miss"),
            "p_miss_duration": either("duration"),
            "p_miss_failure": either("failure"),
            **{
                f"remaining_p{level}_seconds": np.where(is_assessed, left[:, index], np.nan)
                for index, level in enumerate(gold.LEFT_LEVELS)
            },
        }
    )


STEPS = (
    RecentDays(
        name="in_flight",
        run=in_flight,
        reads=(gold.JOBS, gold.DURATION_STATES, silver.ATTEMPTS, silver.RUNS),
        writes=gold.IN_FLIGHT,
        days=30,
    ),
)
