"""Which jobs a night flags, and for what: one p-value a job, a false-discovery choice over jobs, evidence.

A night is 24 hours that end at the time it speaks of, or so many whole days before; a run belongs to the one
in which it ended. Costs are known as much later as billing is behind, so their nights end with the last
day billed in full.
"""

from collections.abc import Hashable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from optimizer.baselines.counts import events_p_value, rank_p_value, share_p_value
from optimizer.baselines.discovery import (
    combined_p_value,
    discovery_q_value,
    expected_false_flags,
)
from optimizer.microseconds import DAY_US
from pipeline.decisions.marks import EXPECTED, marks_in_force
from pipeline.scoring.buckets import without_nan
from pipeline.scoring.missing_runs import missing_runs
from pipeline.scoring.severity import direction, severity
from pipeline.steps.kinds import RecentDays, Whole
from pipeline.tables import gold, silver
from pipeline.tables.ops import DECISIONS

_JOB = ["workspace_id", "series_key"]
_NIGHTS: Final = gold.RUN_BASELINE_DAYS
_RUN_METRICS: Final = (*gold.METRICS, *gold.CONTINUOUS_METRICS)
_COST_METRICS: Final = ("list_cost", "dbu", "hourly_list_cost")
_WEIGHTS: Final = {
    "duration_seconds": 14.0,
    "failures": 2.0,
    "missing_runs": 1.5,
    "second_attempts": 1.0,
    "queue_seconds": 0.5,
    "setup_seconds": 0.5,
    "list_cost": 0.5,
    "dbu": 0.5,
    "hourly_list_cost": 2.0,
    "restarts": 2.0,
    "uptime_share": 2.0,
}
"""What each test of a job weighs beside its others, by where most of what is wrong with jobs shows first."""
_SLOW_SHARE: Final = 0.9
"""Of the test of a duration that is for runs too slow; the rest is for runs too short."""
_EVIDENCE_ALPHA: Final = 0.001
"""A run of a flagged job is named from this on, and the strangest in any case."""
_FAILS: Final = (0.5, 9.5)
_AGAIN: Final = (0.5, 9.5)
_STAYS_AWAY: Final = (0.01, 9.99)
"""Beta priors: one run in twenty fails, or is tried again, and one start in a thousand does not come;
each weighs as much as ten runs."""
_RESTARTS: Final = (0.5, 1.0)
"""Gamma prior: half a restart in one night."""
_LEAST_WINDOW: Final = 30
"""Runs below which what is usual is not well known."""
_COUNTS: Final = ("runs", "failures", "second_attempts", "expected_runs", "missing_runs")
_P_COLUMNS: Final = tuple(f"p_{name}" for name in (*_RUN_METRICS, *gold.COUNTS))
_NIGHT_SCHEMA = ", ".join(
    (
        "series_key string, night bigint, restarts bigint, uptime_share double",
        *(f"{name} bigint" for name in _COUNTS),
        *(f"{name} double" for name in _P_COLUMNS),
        "tests bigint, p_value double, q_value double, is_flagged boolean, expected_false_flags double",
    )
)


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
        _of_continuous(jobs, attempts, as_of),
    )
    tested = (
        scores.where(F.coalesce(F.col("mark") != EXPECTED, F.lit(True)))
        .withColumn("night", _night_of_score(as_of, last_cost_day))
        .where(F.col("night").between(0, _NIGHTS - 1))
    )
    by_metric = tested.groupBy("series_key", "night").agg(
        *(
            # Sorted: an engine lists them as they come, and sums depend on it.
            F.sort_array(F.collect_list(F.when(F.col("metric") == metric, _of_run()))).alias(metric)
            for metric in _RUN_METRICS
        )
    )
    rows = counts.join(by_metric, ["series_key", "night"], "full")
    judged = rows.groupBy("night").applyInPandas(_judged, _NIGHT_SCHEMA)
    night_at = F.timestamp_micros(F.lit(_micros(as_of)) - F.col("night") * DAY_US)
    return judged.withColumns(
        {"workspace_id": F.substring_index("series_key", "/", 1), "night_at": night_at}
    ).select(*gold.JOB_NIGHTS.column_names)


def _micros(at: datetime) -> int:
    return int(pd.Timestamp(at).value) // 1000


def _night(at: Column, end: datetime) -> Column:
    """How many nights before the last one a time falls in, negative after its end."""
    return F.floor((F.lit(_micros(end)) - F.unix_micros(at)) / DAY_US).cast("bigint")


def _night_of_score(as_of: datetime, last_cost_day: date | None) -> Column:
    day = as_of.date() - timedelta(days=1) if last_cost_day is None else last_cost_day
    billed = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=as_of.tzinfo)
    ended = F.col("ended_at")
    return F.when(F.col("metric").isin(*_COST_METRICS), _night(ended, billed)).otherwise(
        _night(ended, as_of)
    )


def _of_run() -> Column:
    """A run may be too slow or too short, and is tested once; of the rest too much is strange."""
    slow, short = F.col("p_value") / _SLOW_SHARE, F.col("p_value_short") / (1.0 - _SLOW_SHARE)
    either = F.least(F.lit(1.0), slow, short)
    return F.when(F.col("metric") == "duration_seconds", either).otherwise(F.col("p_value"))


def _counts(jobs: DataFrame, runs: DataFrame, as_of: datetime) -> DataFrame:
    """Of each job that ends and night: how its runs ended."""
    ended = runs.where(F.col("status").isin("SUCCEEDED", "FAILED", "TIMEOUT")).withColumn(
        "night", _night(F.col("ended_at"), as_of)
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


def _of_continuous(jobs: DataFrame, attempts: DataFrame, as_of: datetime) -> DataFrame:
    """Of each continuous job and night since its first start: starts, and the share of it that it was up."""
    active = jobs.where("is_continuous AND state = 'active'").select(*_JOB)
    of_them = attempts.join(active, _JOB, "left_semi")
    is_going = F.col("ended_at").isNull() & (F.col("seen_until") > F.lit(as_of - timedelta(days=1)))
    until = F.coalesce("ended_at", F.when(is_going, F.lit(as_of)), "seen_until")
    spans = of_them.select(
        "series_key",
        "attempt",
        "started_at",
        F.unix_micros("started_at").alias("begin_us"),
        F.least(F.unix_micros(until), F.lit(_micros(as_of))).alias("end_us"),
    ).where("end_us > begin_us")
    first = F.floor((F.lit(_micros(as_of)) - F.col("end_us")) / DAY_US).cast("bigint")
    night_end = F.lit(_micros(as_of)) - F.col("night") * DAY_US
    inside = F.least("end_us", night_end) - F.greatest("begin_us", night_end - DAY_US)
    nights = spans.withColumn(
        "night", F.explode(F.sequence(first, _night(F.col("started_at"), as_of)))
    )
    up = nights.groupBy("series_key", "night").agg(
        F.sum(F.greatest(inside, F.lit(0))).alias("up_us"),
        F.count_if(_night(F.col("started_at"), as_of) == F.col("night")).alias("restarts"),
    )
    since = up.groupBy("series_key").agg((F.max("night") - 1).alias("oldest"))
    every = since.where("oldest >= 0").select(
        "series_key", F.explode(F.sequence(F.lit(0).cast("bigint"), "oldest")).alias("night")
    )
    shares = every.join(up, ["series_key", "night"], "left").select(
        "series_key",
        "night",
        F.coalesce("restarts", F.lit(0)).alias("restarts"),
        F.least(F.lit(1.0), F.coalesce("up_us", F.lit(0)) / DAY_US).alias("uptime_share"),
    )
    earlier = shares.select(
        "series_key",
        F.col("night").alias("earlier_night"),
        F.col("uptime_share").alias("earlier_share"),
    )
    as_low = (
        shares.join(earlier, "series_key")
        .where("earlier_night > night")
        .groupBy("series_key", "night")
        .agg(F.count_if(F.col("earlier_share") <= F.col("uptime_share")).alias("as_low"))
    )
    return shares.join(as_low, ["series_key", "night"], "left")


def _with_past(counts: DataFrame, missing: DataFrame, continuous: DataFrame) -> DataFrame:
    """Nights of the last weeks with their counts, and of each the sums over all nights before it."""
    key = ["series_key", "night"]
    before = (
        Window.partitionBy("series_key")
        .orderBy(F.desc("night"))
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    every = counts.join(missing, key, "full").join(continuous, key, "full")
    summed = (*_COUNTS, "restarts")
    return every.withColumns(
        {
            **{
                f"past_{name}": F.coalesce(F.sum(name).over(before), F.lit(0)).cast("bigint")
                for name in summed
            },
            "past_nights": F.count("restarts").over(before),
        }
    ).where(F.col("night") < _NIGHTS)


def _judged(night: pd.DataFrame) -> pd.DataFrame:
    """The jobs of one night with p-values of each test, and what is flagged of them."""
    # In order: an engine hands them over as they come.
    night = night.sort_values("series_key", kind="stable", ignore_index=True)
    jobs = len(night)
    p_values, owners, weights = [], [], []
    out = night[["series_key", "night", "restarts", "uptime_share"]].copy()
    out[[*_COUNTS]] = night[[*_COUNTS]].fillna(0)
    for metric in _RUN_METRICS:
        values = [
            np.asarray(v, dtype=np.float64) if v is not None else np.empty(0) for v in night[metric]
        ]
        sizes = np.array([v.size for v in values])
        p = np.concatenate(values)
        job = np.repeat(np.arange(jobs), sizes)
        p_values.append(p)
        owners.append(job)
        # However many runs there were.
        weights.append(_WEIGHTS[metric] / sizes[job])
        out[f"p_{metric}"] = combined_p_value(p, job, np.ones(p.size), jobs)
    for name, p in _count_p_values(night).items():
        out[f"p_{name}"] = p
        p_values.append(p)
        owners.append(np.arange(jobs))
        weights.append(np.full(jobs, _WEIGHTS[name]))
    every, job = np.concatenate(p_values), np.concatenate(owners)
    out["tests"] = np.bincount(job[np.isfinite(every)], minlength=jobs)
    out["p_value"] = combined_p_value(every, job, np.concatenate(weights), jobs)
    out = out[out["tests"] > 0]
    weight = np.sqrt(np.maximum(out["runs"].to_numpy(dtype=np.float64), 1.0))
    out["q_value"] = discovery_q_value(out["p_value"], weight)
    out["is_flagged"] = out["q_value"] <= gold.FALSE_DISCOVERY_RATE
    out["expected_false_flags"] = expected_false_flags(out["p_value"], out["is_flagged"], weight)
    return without_nan(out)


def _count_p_values(night: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """p-values (n,) of each count; NaN where there is nothing to count."""

    def number(name: str) -> NDArray[np.int64]:
        return np.asarray(night[name].fillna(0).astype("int64"))

    def of_runs(name: str, among: str, prior: tuple[float, float]) -> NDArray[np.float64]:
        past = number(f"past_{name}"), number(f"past_{among}")
        p = share_p_value(number(name), number(among), *past, prior)
        return np.where(number(among) > 0, p, np.nan)

    is_endless = night["uptime_share"].notna().to_numpy()
    past_nights = number("past_nights")
    restarts = events_p_value(number("restarts"), number("past_restarts"), past_nights, _RESTARTS)
    return {
        "failures": of_runs("failures", "runs", _FAILS),
        "second_attempts": of_runs("second_attempts", "runs", _AGAIN),
        "missing_runs": of_runs("missing_runs", "expected_runs", _STAYS_AWAY),
        "restarts": np.where(is_endless, restarts, np.nan),
        "uptime_share": np.where(is_endless, rank_p_value(number("as_low"), past_nights), np.nan),
    }


def run_anomalies(
    jobs: DataFrame,
    scores: DataFrame,
    nights: DataFrame,
    *,
    as_of: datetime,
    last_cost_day: date | None,
    alert_floor_minutes: float,
    alert_floor_cost: float,
) -> DataFrame:
    """gold.run_anomalies from gold.jobs, model.run_scores and gold.job_nights: why jobs are flagged."""
    night_us = F.unix_micros("night_at")
    flagged = nights.where("is_flagged").withColumn(
        "night", F.floor((F.lit(_micros(as_of)) - night_us) / DAY_US).cast("bigint")
    )
    of_runs = (
        scores.where(F.coalesce(F.col("mark") != EXPECTED, F.lit(True)))
        .withColumn("night", _night_of_score(as_of, last_cost_day))
        .join(flagged.select("series_key", "night"), ["series_key", "night"])
        .join(jobs.select("series_key", "timezone"), "series_key")
        .withColumn(
            "is_too_short",
            (F.col("metric") == "duration_seconds") & (F.col("p_value_short") < F.col("p_value")),
        )
        .select(
            *("series_key", "night", "run_id", "attempt", "metric", "timezone", "is_too_short"),
            F.unix_micros("started_at").alias("started_us"),
            F.unix_micros("ended_at").alias("ended_us"),
            *("value", "center", "usual_low", "usual_high", "excess", "window_runs"),
            F.when(F.col("is_too_short"), F.col("p_value_short"))
            .otherwise(F.col("p_value"))
            .alias("p_value"),
            F.lit(None).cast("double").alias("among"),
        )
    )
    of_counts = flagged.select(
        "series_key",
        "night",
        F.explode(
            F.array(
                *(
                    F.struct(
                        F.lit(count).alias("metric"),
                        F.col(count).cast("double").alias("value"),
                        F.col(among).cast("double").alias("among"),
                        F.col(f"p_{count}").alias("p_value"),
                    )
                    for count, among in _AMONG.items()
                )
            )
        ).alias("count"),
    ).select(
        "series_key",
        "night",
        *(F.col("count")[name].alias(name) for name in ("metric", "value", "among", "p_value")),
        F.lit("").alias("run_id"),
        F.lit(0).alias("attempt"),
        *(F.lit(None).cast(of_runs.schema[name].dataType).alias(name) for name in _OF_RUNS_ONLY),
    )
    strangest_first = Window.partitionBy("series_key", "night").orderBy(
        "p_value", "metric", "run_id", "attempt"
    )
    evidence = (
        of_runs.unionByName(of_counts)
        .where("p_value IS NOT NULL")
        .withColumn("place", F.row_number().over(strangest_first))
        .where((F.col("place") == 1) | (F.col("p_value") <= _EVIDENCE_ALPHA))
        .drop("place")
    )
    billed_us = None if last_cost_day is None else int(pd.Timestamp(last_cost_day).value) // 1000

    def said(rows: pd.DataFrame) -> pd.DataFrame:
        return _said(rows, billed_us, 60.0 * alert_floor_minutes, alert_floor_cost)

    flags = evidence.groupBy("night").applyInPandas(said, _ANOMALY_SCHEMA)
    return flags.withColumns(
        {
            "workspace_id": F.substring_index("series_key", "/", 1),
            "night_at": F.timestamp_micros(F.lit(_micros(as_of)) - F.col("night") * DAY_US),
            "started_at": F.timestamp_micros("started_us"),
        }
    ).select(*gold.RUN_ANOMALIES.column_names)


_AMONG: Final = {
    "failures": "runs",
    "second_attempts": "runs",
    "missing_runs": "expected_runs",
    "restarts": "restarts",
    "uptime_share": "uptime_share",
}
"""What each count is counted among."""
_OF_RUNS_ONLY: Final = (
    *("timezone", "is_too_short", "started_us", "ended_us", "center", "usual_low", "usual_high"),
    *("excess", "window_runs"),
)
_ANOMALY_SCHEMA = (
    "series_key string, night bigint, run_id string, attempt int, metric string, started_us bigint,"
    " value double, center double, usual_low double, usual_high double, ratio double, direction string,"
    " p_value double, severity string, confidence string, confidence_reason string,"
    " is_alertable boolean, excess double"
)


def _said(
    rows: pd.DataFrame, last_billed_us: int | None, floor_seconds: float, floor_cost: float
) -> pd.DataFrame:
    """Evidence with what is said of it. Row by row: these are the few that a night flags."""
    is_short = rows["is_too_short"].eq(True)
    usual = rows["center"].where(rows["center"].notna(), rows["among"])
    is_count = rows["metric"].isin(gold.COUNTS)
    is_cost = rows["metric"].isin(_COST_METRICS)
    hours = np.where(rows["metric"] == "hourly_list_cost", 24.0, 1.0)
    floor = np.where(is_cost, floor_cost, floor_seconds)
    reasons = [_doubt(row, last_billed_us) for row in rows.to_dict("records")]
    out = rows.assign(
        ratio=rows["value"] / rows["center"].where(rows["center"] > 0),
        direction=[
            direction(metric, is_short=short)
            for metric, short in zip(rows["metric"], is_short, strict=True)
        ],
        severity=[
            severity(metric, value, None if pd.isna(middle) else middle, weekday, p_value)
            for metric, value, middle, weekday, p_value in zip(
                rows["metric"], rows["value"], usual, _weekdays(rows), rows["p_value"], strict=True
            )
        ],
        confidence=["low" if reason else "high" for reason in reasons],
        confidence_reason=reasons,
        is_alertable=is_count | (rows["excess"].abs() * hours >= floor),
    )
    return without_nan(out[[part.split()[0] for part in _ANOMALY_SCHEMA.split(", ")]])


def _weekdays(rows: pd.DataFrame) -> list[str | None]:
    """On which day of the week each run began by its job's clock; None for a count."""
    days: list[str | None] = []
    for started_us, zone in zip(rows["started_us"], rows["timezone"], strict=True):
        if pd.isna(started_us):
            days.append(None)
            continue
        at = pd.Timestamp(int(started_us), unit="us", tz="UTC")
        with suppress(KeyError, ValueError, TypeError):  # No zone, or none that is known: UTC.
            at = at.tz_convert(zone)
        days.append(at.day_name())
    return days


def _doubt(row: Mapping[Hashable, Any], last_billed_us: int | None) -> str:
    """Why one is not sure of it; empty where one is."""
    if row["metric"] in gold.COUNTS:
        is_late = row["metric"] in ("missing_runs", "uptime_share") and row["night"] == 0
        return "rows of the last night may still arrive" if is_late else ""
    if row["window_runs"] < _LEAST_WINDOW:
        return f"it was compared with {row['window_runs']:.0f} runs only"
    is_newest = row["metric"] in _COST_METRICS and row["ended_us"] >= (last_billed_us or 0)
    return "corrections of its last day's costs may still arrive" if is_newest else ""


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
    Whole(
        name="run_anomalies",
        run=run_anomalies,
        reads=(gold.JOBS, gold.RUN_SCORES, gold.JOB_NIGHTS),
        writes=gold.RUN_ANOMALIES,
    ),
)
