"""Each job's runs of the next seven days, and the probability that each misses the job's SLA.

A run is expected when its job's schedule, its rhythm or its gaps say so (`pipeline.scoring.starts`),
or those of the job that starts it (`pipeline.scoring.firing`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import (
    Distribution,
    Forecaster,
    Miss,
    miss_deadline,
    miss_limit,
)
from optimizer.quantile import LEVELS
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.clocks import deadlines, next_due
from pipeline.scoring.firing import SCHEDULE, Fired, firings
from pipeline.scoring.retries import Retries, retries_of_the_fleet, retry_habits, with_retries
from pipeline.scoring.starts import LEARNED_DAYS, Starts, next_starts
from pipeline.tables import gold

_JOB = ["workspace_id", "series_key"]
_SLA = ("sla_kind", "sla_limit_seconds", "sla_time_of_day", "sla_timezone")
_PARTS = ("upstream", "start", "duration", "failure")
_POINTS: Final = 24
"""Equally probable starts that a run without a schedule is spread over."""
_MEDIAN: Final = int(np.flatnonzero(LEVELS == 0.5)[0])

_RUNS = (
    "at_us array<bigint>, due_us array<bigint>, p_miss array<double>,"
    " p_miss_upstream array<double>, p_miss_start array<double>, p_miss_duration array<double>,"
    " p_miss_failure array<double>"
)
_SCHEMA = (
    "job_id string, status string, reason string, start_basis string, upstream_series_key string,"
    f" start_reason string, starts_learned bigint, delay_p50_seconds double, median_seconds double, {_RUNS}"
)


def run_forecast(
    jobs: DataFrame, states: DataFrame, runs: DataFrame, task_runs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.run_forecast from gold.jobs, model.duration_states, and runs and task runs of 30 days."""
    habit = retries_of_the_fleet(runs)
    asked = (
        jobs.join(_history(runs, as_of), _JOB, "left")
        .join(firings(runs, task_runs, jobs, as_of=as_of), _JOB, "left")
        .join(
            states.select(
                F.col("job_id").alias("series_key"),
                F.col("status").alias("state_status"),
                F.col("reason").alias("state_reason"),
                F.col("runs").alias("learned_runs"),
                "effective_runs",
                "last_start_time",
                "failure_rate",
                "quantile_seconds",
            ),
            "series_key",
            "left",
        )
        .select(
            F.col("series_key").alias("job_id"),
            F.coalesce("state_status", F.lit("not_assessed")).alias("status"),
            F.coalesce("state_reason", F.lit("not seen by the last fit")).alias("reason"),
            F.coalesce("learned_runs", F.lit(0)).alias("runs"),
            "effective_runs",
            "last_start_time",
            "failure_rate",
            "quantile_seconds",
            *SCHEDULE,
            *(f"upstream_{name}" for name in SCHEDULE),
            "upstream_series_key",
            F.coalesce("fired", F.array().cast("array<array<bigint>>")).alias("fired"),
            *_SLA,
            *(
                F.coalesce(name, F.array().cast("array<bigint>")).alias(name)
                for name in ("starts", "cron_starts")
            ),
            F.coalesce("waits", F.array().cast("array<double>")).alias("waits"),
            F.coalesce("failed_first", F.lit(0)).alias("failed_first"),
            F.coalesce("retried", F.lit(0)).alias("retried"),
        )
    )
    now = pd.Timestamp(as_of)
    answered = score_by_job(
        asked, lambda rows: _upcoming(rows, now, habit), _SCHEMA, counted=jobs
    ).withColumnRenamed("job_id", "series_key")
    told = ("at_us", "due_us", "p_miss", *(f"p_miss_{part}" for part in _PARTS))
    each = answered.select(
        *(name for name in answered.columns if name not in told),
        F.posexplode_outer(F.arrays_zip(*told)).alias("position", "run"),
    )
    known = jobs.select(*_JOB, *_SLA, "sla_source")
    at = F.timestamp_micros(F.col("run")["at_us"])
    is_expected = F.col("position").isNotNull()
    return (
        known.join(each, "series_key")
        .withColumn("scheduled_at", at)
        .withColumn("p_miss", F.col("run")["p_miss"])
        .withColumn("delay_micros", F.round(F.col("delay_p50_seconds") * 1e6).cast("bigint"))
        .withColumn(
            "expected_start_at",
            F.timestamp_micros(F.col("run")["at_us"] + F.col("delay_micros")),
        )
        .withColumn(
            "expected_end_at",
            F.timestamp_micros(
                F.col("run")["at_us"]
                + F.col("delay_micros")
                + F.round(F.col("median_seconds") * 1e6).cast("bigint")
            ),
        )
        .withColumn("run_number", F.coalesce(F.col("position") + 1, F.lit(0)).cast("int"))
        .withColumn(
            "horizon_days",
            F.floor((F.col("run")["at_us"] - F.unix_micros(F.lit(as_of))) / 86_400e6).cast("int"),
        )
        .withColumn("due_at", F.timestamp_micros(F.col("run")["due_us"]))
        .withColumn(
            "allowed_seconds",
            F.coalesce("sla_limit_seconds", (F.col("run")["due_us"] - F.col("run")["at_us"]) / 1e6),
        )
        .select("*", *(F.col("run")[f"p_miss_{part}"].alias(f"p_miss_{part}") for part in _PARTS))
        .withColumn(
            "status",
            F.when(F.col("status") == "error", F.col("status"))
            .when(is_expected & F.col("p_miss").isNotNull(), F.lit("ok"))
            .otherwise(F.lit("not_assessed")),
        )
        .withColumn(
            "reason",
            F.when(F.col("status") == "error", F.col("reason"))
            .when(~is_expected, F.col("start_reason"))
            .when(F.col("p_miss").isNotNull(), F.lit(""))
            .when(F.col("sla_kind").isNull(), F.lit("the job has no SLA"))
            .otherwise(F.coalesce("reason", F.lit(""))),
        )
        .select(*gold.RUN_FORECAST.column_names)
    )


def job_forecast(jobs: DataFrame, states: DataFrame, run_forecast: DataFrame) -> DataFrame:
    """gold.job_forecast from gold.jobs, model.duration_states and gold.run_forecast."""
    learned = states.select(
        F.col("job_id").alias("series_key"),
        "status",
        "reason",
        "runs",
        *(
            F.get("quantile_seconds", F.lit(int(np.flatnonzero(level / 100 == LEVELS)[0]))).alias(
                f"p{level}_seconds"
            )
            for level in gold.SHOWN_LEVELS
        ),
    )
    is_run = F.col("run_number") > 0
    week = run_forecast.groupBy(*_JOB).agg(
        F.sum(F.when(is_run, 1).otherwise(0)).cast("bigint").alias("upcoming_runs"),
        F.sum("p_miss").alias("expected_misses"),
        F.max("p_miss").alias("worst_p_miss"),
    )
    next_run = run_forecast.where("run_number <= 1").select(
        *_JOB,
        "start_basis",
        "upstream_series_key",
        F.when(~is_run, F.col("reason")).alias("start_reason"),
        F.col("expected_start_at").alias("next_start_at"),
        F.col("due_at").alias("next_due_at"),
        "allowed_seconds",
        "p_miss",
        *(f"p_miss_{part}" for part in _PARTS),
    )
    has_sla = F.col("sla_kind").isNotNull()
    return (
        jobs.drop("runs")
        .join(next_run, _JOB, "left")
        .join(week, _JOB, "left")
        .join(learned, "series_key", "left")
        .withColumn("status", F.coalesce("status", F.lit("not_assessed")))
        .withColumn("reason", F.coalesce("reason", F.lit("not seen by the last fit")))
        .withColumn("runs", F.coalesce("runs", F.lit(0)))
        .withColumn("upcoming_runs", F.coalesce("upcoming_runs", F.lit(0)))
        # What a limit allows does not hang on when the next run is.
        .withColumn("allowed_seconds", F.coalesce("sla_limit_seconds", "allowed_seconds"))
        .withColumn(
            "sla_status",
            F.when(~has_sla, F.lit("no_sla"))
            .when(F.col("p_miss").isNull(), F.lit("not_assessed"))
            .otherwise(F.lit("ok")),
        )
        .select(*gold.JOB_FORECAST.column_names)
    )


def _history(runs: DataFrame, as_of: datetime) -> DataFrame:
    """Of each job: when its runs started, by schedule and at all, and how it tries again."""
    began = ~F.col("never_started") & (
        F.col("started_at") >= F.lit(as_of - timedelta(days=LEARNED_DAYS))
    )
    start = F.unix_micros("started_at")
    return (
        with_retries(runs)
        .groupBy(*_JOB)
        .agg(
            F.collect_list(F.when(began, start)).alias("starts"),
            F.collect_list(F.when(began & (F.col("trigger_type") == "CRON"), start)).alias(
                "cron_starts"
            ),
            F.collect_list("wait_seconds").alias("waits"),
            F.sum("is_failed_first").alias("failed_first"),
            F.sum("is_retried").alias("retried"),
        )
    )


def _upcoming(rows: pd.DataFrame, as_of: pd.Timestamp, fleet: Retries) -> pd.DataFrame:
    """The runs to come of each row's job, as arrays, and P(miss) of each."""
    fired = Fired.of(rows, as_of)
    starts = next_starts(fired.clocks(rows), as_of, fired.after_us)
    delays = fired.delays(starts)
    upstream_key = rows["upstream_series_key"].to_numpy(object, copy=True)
    upstream_key[~fired.is_fired] = None
    curves = Forecaster.from_states(rows).predict(rows)
    due_us = _due(rows, starts)
    misses = _misses(rows, starts, delays, due_us, curves, fleet)
    ends = np.cumsum(np.bincount(starts.job, minlength=len(rows)))[:-1]

    def by_job(values: NDArray[Any]) -> list[Any]:
        """Lists of each job's values, with None for what is not known."""
        plain = values.astype(object)
        plain[pd.isna(values)] = None
        return [part.tolist() for part in np.split(plain, ends)]

    return pd.DataFrame(
        {
            "job_id": rows["job_id"].to_numpy(),
            "status": rows["status"].to_numpy(),
            "reason": rows["reason"].to_numpy(),
            "start_basis": starts.basis,
            "upstream_series_key": upstream_key,
            "start_reason": [
                f"{key} starts it: {reason}" if key and reason else reason
                for key, reason in zip(upstream_key, starts.reason, strict=True)
            ],
            "starts_learned": starts.learned,
            "delay_p50_seconds": (delays[0] + delays[1])[:, _MEDIAN],
            "median_seconds": curves.quantile(0.5),
            "at_us": by_job(starts.at_us),
            "due_us": by_job(pd.Series(due_us).astype("Int64").replace(0, pd.NA).to_numpy(object)),
            "p_miss": by_job(misses["p_miss"]),
            **{f"p_miss_{part}": by_job(misses[part]) for part in _PARTS},
        }
    )


def _due(rows: pd.DataFrame, starts: Starts) -> NDArray[np.int64]:
    """When a success of each start is due, in microseconds; 0 without a deadline."""
    due = np.zeros(starts.at_us.size, dtype=np.int64)
    minute, zone = deadlines(rows)
    asked = minute[starts.job] >= 0
    job = starts.job[asked]
    due[asked] = next_due(starts.at_us[asked], minute[job], zone[job])
    return due


def _misses(
    rows: pd.DataFrame,
    starts: Starts,
    delays: tuple[NDArray[np.float64], NDArray[np.float64]],
    due_us: NDArray[np.int64],
    curves: Distribution,
    fleet: Retries,
) -> Mapping[str, NDArray[np.float64]]:
    """P(miss) and its parts of each start; NaN where there is no SLA or no distribution."""
    out = {name: np.full(starts.at_us.size, np.nan) for name in ("p_miss", *_PARTS)}
    fails = rows["failure_rate"].astype("float64").fillna(0.0).to_numpy()
    again, waits = retry_habits(rows, fleet)

    # A limit asks the same of every run of a job.
    limit = rows["sla_limit_seconds"].astype("float64").to_numpy()
    of_limit = miss_limit(curves, limit, failure_rate=fails, retries=again)
    with_limit = ~np.isnan(limit[starts.job])
    for name in out:
        out[name][with_limit] = getattr(of_limit, name)[starts.job[with_limit]]

    upstream, own = delays

    def asked(job: NDArray[np.int64], slack: NDArray[np.float64]) -> Miss:
        chosen = Distribution(curves.log_quantiles[job], curves.status[job])
        return miss_deadline(
            chosen,
            slack,
            upstream_delay_seconds=_or_none(upstream[job]),
            start_delay_seconds=_or_none(own[job]),
            failure_rate=fails[job],
            retries=again[job],
            retry_wait_seconds=waits[job],
        )

    is_gap = starts.basis[starts.job] == "gaps"
    # Most jobs have no other before them, and sums over its lateness are not cheap.
    is_fired = np.asarray(upstream.any(axis=1))[starts.job]
    for chosen in (is_fired, ~is_fired):
        planned = np.flatnonzero((due_us > 0) & ~is_gap & chosen)
        if planned.size:
            # Most runs of a job are due as long after they start as its others.
            pairs = np.stack([starts.job[planned], (due_us - starts.at_us)[planned]])
            (job, slack_us), which = np.unique(pairs, axis=1, return_inverse=True)
            miss = asked(job, slack_us / 1e6)
            for name in out:
                out[name][planned] = getattr(miss, name)[which.reshape(-1)]
        drifting = np.flatnonzero((due_us > 0) & is_gap & chosen)
        if drifting.size:
            job = np.repeat(starts.job[drifting], _POINTS)
            at_us = np.repeat(starts.at_us[drifting], _POINTS) + _spread_us(starts, drifting)
            minute, zone = deadlines(rows)
            miss = asked(job, (next_due(at_us, minute[job], zone[job]) - at_us) / 1e6)
            for name in out:
                out[name][drifting] = getattr(miss, name).reshape(-1, _POINTS).mean(axis=1)
    return out


def _or_none(delay: NDArray[np.float64]) -> NDArray[np.float64] | float:
    """Quantiles of delays (n, 35), or the one number 0 where nothing is ever late."""
    return delay if delay.any() else 0.0


def _spread_us(starts: Starts, which: NDArray[np.int64]) -> NDArray[np.int64]:
    """Equally probable distances from each start's middle, `_POINTS` of them one after another."""
    points = (np.arange(_POINTS) + 0.5) / _POINTS
    spread = [
        np.interp(points, LEVELS, starts.delay_seconds[job]) for job in starts.job[which].tolist()
    ]
    return np.asarray(np.round(np.concatenate(spread) * 1e6), dtype=np.int64)
