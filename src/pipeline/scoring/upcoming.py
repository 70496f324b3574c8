"""Each job's runs of the next seven days, and the probability that each misses the job's SLA.

A run is expected when its job's schedule, its rhythm or its gaps say so (`optimizer.schedule.starts`),
or those of the job that starts it (`pipeline.scoring.firing`). How long it takes is forecast for its
own hour and weekday.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import Distribution, Forecaster, Miss, miss_deadline, miss_limit
from optimizer.quantile import LEVELS
from optimizer.schedule import LEARNED_DAYS, Starts, deadlines, next_starts
from pipeline.expressions.exact_sums import exact_sum
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.firing import SCHEDULE, Fired, firings
from pipeline.scoring.retries import Retries, retries_of_the_fleet, retry_habits, with_retries
from pipeline.sla.due import next_due
from pipeline.steps.kinds import RecentDays, Whole
from pipeline.tables import gold, silver

_JOB = ["workspace_id", "series_key"]
_SLA = ("sla_kind", "sla_limit_seconds", "sla_time_of_day", "sla_timezone")
_PARTS = ("upstream", "start", "duration", "failure")
_POINTS: Final = 24
"""Equally probable starts that a run without a schedule is spread over."""
_WEIGHT: Final = 500
"""Rows of a bucket that a job stands for: what it remembers, and up to 168 runs with a curve each."""
_AT_ONCE: Final = 4_096
"""Runs whose sums of delays and durations are held in memory together."""
_MEDIAN: Final = int(np.flatnonzero(LEVELS == 0.5)[0])

_TIMES = ("at_us", "due_us")
_FIGURES = (
    *(f"p{level}_seconds" for level in gold.RUN_LEVELS),
    "p_miss",
    *(f"p_miss_{part}" for part in _PARTS),
)
_SCHEMA = ", ".join(
    (
        "job_id string, status string, reason string, start_basis string",
        "upstream_series_key string, start_reason string, starts_learned bigint",
        "delay_p50_seconds double",
        *(f"{name} array<bigint>" for name in _TIMES),
        *(f"{name} array<double>" for name in _FIGURES),
    )
)


def run_forecast(
    jobs: DataFrame, states: DataFrame, runs: DataFrame, task_runs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.run_forecast from gold.jobs, model.duration_states, and runs and task runs of 30 days."""
    habit = retries_of_the_fleet(runs)
    inputs = (
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
                "memory",
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
            "memory",
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
        inputs, lambda rows: _upcoming(rows, now, habit), _SCHEMA, counted=jobs, weight=_WEIGHT
    ).withColumnRenamed("job_id", "series_key")
    each = answered.select(
        *(name for name in answered.columns if name not in (*_TIMES, *_FIGURES)),
        F.posexplode_outer(F.arrays_zip(*_TIMES, *_FIGURES)).alias("position", "run"),
    ).select("*", *(F.col("run")[name].alias(name) for name in (*_TIMES, *_FIGURES)))
    slas = jobs.select(*_JOB, *_SLA, "sla_source", "sla_problem")
    is_expected = F.col("position").isNotNull()

    def micros(seconds: str) -> Column:
        return F.round(F.col(seconds) * 1e6).cast("bigint")

    start_us = F.col("at_us") + micros("delay_p50_seconds")
    return (
        slas.join(each, "series_key")
        .withColumns(
            {
                "scheduled_at": F.timestamp_micros("at_us"),
                "expected_start_at": F.timestamp_micros(start_us),
                "expected_end_at": F.timestamp_micros(start_us + micros("p50_seconds")),
                "run_number": F.coalesce(F.col("position") + 1, F.lit(0)).cast("int"),
                "horizon_days": F.floor(
                    (F.col("at_us") - F.unix_micros(F.lit(as_of))) / 86_400e6
                ).cast("int"),
                "due_at": F.timestamp_micros("due_us"),
                "allowed_seconds": F.coalesce(
                    "sla_limit_seconds", (F.col("due_us") - F.col("at_us")) / 1e6
                ),
            }
        )
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
            .when(
                F.col("sla_kind").isNull(),
                F.coalesce(
                    F.concat(F.lit("its SLA could not be read: "), "sla_problem"),
                    F.lit("the job has no SLA"),
                ),
            )
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
                f"any_p{level}"
            )
            for level in gold.SHOWN_LEVELS
        ),
    )
    is_run = F.col("run_number") > 0
    week = run_forecast.groupBy(*_JOB).agg(
        F.sum(F.when(is_run, 1).otherwise(0)).cast("bigint").alias("upcoming_runs"),
        exact_sum(F.col("p_miss"), digits=9).alias("expected_misses"),
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
        *(f"p{level}_seconds" for level in gold.SHOWN_LEVELS),
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
        .withColumns(
            {
                f"p{level}_seconds": F.coalesce(f"p{level}_seconds", f"any_p{level}")
                for level in gold.SHOWN_LEVELS
            }
        )
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
    late_us = np.round((delays[0] + delays[1])[:, _MEDIAN] * 1e6).astype(np.int64)
    at = pd.Series(pd.to_datetime(starts.at_us + late_us[starts.job], unit="us", utc=True))
    # Between gaps any time is as good as another.
    at = at.mask(starts.basis[starts.job] == "gaps")
    expected = pd.DataFrame({"job_id": rows["job_id"].to_numpy()[starts.job], "start_time": at})
    curves = Forecaster.from_states(rows).predict(expected)
    due_us = _due(rows, starts)
    misses = _misses(rows, starts, delays, due_us, curves, fleet)
    seconds = curves.quantile([level / 100 for level in gold.RUN_LEVELS])
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
            "delay_p50_seconds": late_us / 1e6,
            "at_us": by_job(starts.at_us),
            "due_us": by_job(pd.Series(due_us).astype("Int64").replace(0, pd.NA).to_numpy(object)),
            **{
                f"p{level}_seconds": by_job(seconds[:, index])
                for index, level in enumerate(gold.RUN_LEVELS)
            },
            "p_miss": by_job(misses["p_miss"]),
            **{f"p_miss_{part}": by_job(misses[part]) for part in _PARTS},
        }
    )


def _due(rows: pd.DataFrame, starts: Starts) -> NDArray[np.int64]:
    """When a success of each start is due, in microseconds; 0 without a deadline."""
    due = np.zeros(starts.at_us.size, dtype=np.int64)
    minute, zone = deadlines(rows)
    has_deadline = minute[starts.job] >= 0
    job = starts.job[has_deadline]
    due[has_deadline] = next_due(starts.at_us[has_deadline], minute[job], zone[job])
    return due


def _misses(
    rows: pd.DataFrame,
    starts: Starts,
    delays: tuple[NDArray[np.float64], NDArray[np.float64]],
    due_us: NDArray[np.int64],
    curves: Distribution,
    fleet: Retries,
) -> Mapping[str, NDArray[np.float64]]:
    """P(miss) and its parts of each start, of which `curves` has a row each; NaN where there is no SLA
    or no distribution."""
    out = {name: np.full(starts.at_us.size, np.nan) for name in ("p_miss", *_PARTS)}
    fails = rows["failure_rate"].astype("float64").fillna(0.0).to_numpy()
    again, waits = retry_habits(rows, fleet)

    def lasting(which: NDArray[np.int64]) -> Distribution:
        return Distribution(curves.log_quantiles[which], curves.status[which])

    limit = rows["sla_limit_seconds"].astype("float64").to_numpy()[starts.job]
    for portion in _parts(np.flatnonzero(~np.isnan(limit)), _AT_ONCE):
        job = starts.job[portion]
        of_limit = miss_limit(
            lasting(portion), limit[portion], failure_rate=fails[job], retries=again[job]
        )
        for name in out:
            out[name][portion] = getattr(of_limit, name)

    upstream, own = delays

    def deadline_miss(which: NDArray[np.int64], slack: NDArray[np.float64]) -> Miss:
        job = starts.job[which]
        return miss_deadline(
            lasting(which),
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
        for portion in _parts(np.flatnonzero((due_us > 0) & ~is_gap & chosen), _AT_ONCE):
            miss = deadline_miss(portion, (due_us - starts.at_us)[portion] / 1e6)
            for name in out:
                out[name][portion] = getattr(miss, name)
        for drifting in _parts(np.flatnonzero((due_us > 0) & is_gap & chosen), _AT_ONCE // _POINTS):
            which = np.repeat(drifting, _POINTS)
            job = starts.job[which]
            at_us = starts.at_us[which] + _spread_us(starts, drifting)
            minute, zone = deadlines(rows)
            miss = deadline_miss(which, (next_due(at_us, minute[job], zone[job]) - at_us) / 1e6)
            for name in out:
                out[name][drifting] = getattr(miss, name).reshape(-1, _POINTS).mean(axis=1)
    return out


def _parts(rows: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
    """The rows in parts that are not empty."""
    for first in range(0, rows.size, most):
        yield rows[first : first + most]


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


STEPS = (
    RecentDays(
        name="run_forecast",
        run=run_forecast,
        reads=(gold.JOBS, gold.DURATION_STATES, silver.RUNS, silver.TASK_RUNS),
        writes=gold.RUN_FORECAST,
        days=30,
    ),
    Whole(
        name="job_forecast",
        run=job_forecast,
        reads=(gold.JOBS, gold.DURATION_STATES, gold.RUN_FORECAST),
        writes=gold.JOB_FORECAST,
    ),
)
