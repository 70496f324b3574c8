"""An SLA to propose for each job without one, and what speaks for it.

A job that starts at most once a day by the clock is given a deadline, any other a limit. From history
alone it is what 99 % of the runs of 60 days took, and a fifth more, rounded up as people round. Where
another job of the same team starts by the clock soon after, and nearly always found this one ended,
the deadline is that start: somebody may be waiting for it. Whether they are, its owner knows.

A run that did not succeed counts as one that missed whatever is proposed. A timeout is no reason to
propose nothing: it says when a run is killed, not when it is needed.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.scoring.buckets import score_by_job
from pipeline.sla.durations import duration
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.derive import spark_schema

_JOB = ["workspace_id", "series_key"]
MIN_RUNS: Final = 10
_TARGET: Final = 0.99
_MARGIN: Final = 1.2
_DAY_MINUTES: Final = 1440
_LONGEST_DEADLINE_SECONDS: Final = 20 * 3600
_FOLLOWS_WITHIN_SECONDS: Final = 3 * 3600
_FOUND_ENDED: Final = 0.95
_ROUND: Final = ((120.0, 10), (600.0, 60), (3600.0, 300), (14_400.0, 900))
_ROUNDEST: Final = 1800


def sla_proposals(jobs: DataFrame, run_forecast: DataFrame, runs: DataFrame) -> DataFrame:
    """gold.sla_proposals from gold.jobs, gold.run_forecast and the runs of 60 days."""
    open_jobs = jobs.withColumn(
        "obstacle",
        F.when(F.col("sla_kind").isNotNull() & (F.col("sla_source") != "timeout"), "it has an SLA")
        .when(F.col("is_continuous"), "a continuous job runs without end")
        .when(F.col("state").isin("deleted", "paused"), F.concat(F.lit("it is "), "state")),
    )
    lasted = (
        runs.where("NOT never_started AND status IN ('SUCCEEDED', 'FAILED', 'TIMEOUT')")
        .join(open_jobs.where("obstacle IS NULL").select(*_JOB), _JOB)
        .groupBy(*_JOB)
        .agg(
            F.count("*").alias("seen_runs"),
            F.collect_list("first_success_seconds").alias("attempt_seconds"),
            F.collect_list(
                (F.unix_micros("first_success_at") - F.unix_micros("started_at")) / 1e6
            ).alias("wall_seconds"),
        )
    )
    by_clock = (
        run_forecast.where("start_basis IN ('cron', 'rhythm') AND horizon_days = 0")
        .groupBy(*_JOB)
        .agg(F.count("*").alias("starts"), F.min("scheduled_at").alias("starts_at"))
        .where("starts = 1")
        .withColumn(
            "minute", F.pmod(F.floor(F.unix_micros("starts_at") / 60e6), F.lit(_DAY_MINUTES))
        )
        .select(*_JOB, "starts_at", F.col("minute").cast("int").alias("minute"))
    )
    of_team = (
        jobs.where("team IS NOT NULL")
        .join(by_clock, _JOB)
        .groupBy("workspace_id", "team")
        .agg(
            F.collect_list("minute").alias("team_minutes"),
            F.collect_list("series_key").alias("team_keys"),
        )
    )
    zone = F.coalesce("timezone", F.lit("UTC"))
    inputs = (
        open_jobs.join(lasted, _JOB, "left")
        .join(by_clock, _JOB, "left")
        .join(of_team, ["workspace_id", "team"], "left")
        .select(
            F.col("series_key").alias("job_id"),
            "obstacle",
            F.coalesce("seen_runs", F.lit(0)).alias("runs"),
            *(
                F.coalesce(name, F.array().cast("array<double>")).alias(name)
                for name in ("attempt_seconds", "wall_seconds")
            ),
            "minute",
            zone.alias("zone"),
            F.date_format(F.from_utc_timestamp("starts_at", zone), "HH:mm").alias("local_clock"),
            F.coalesce("team_minutes", F.array().cast("array<int>")).alias("team_minutes"),
            F.coalesce("team_keys", F.array().cast("array<string>")).alias("team_keys"),
        )
    )
    schema = spark_schema(gold.SLA_PROPOSALS).replace("`", "")
    answered = score_by_job(inputs, _proposed, f"job_id string, {schema}", counted=jobs)
    return (
        answered.withColumn("series_key", F.col("job_id"))
        .withColumn("workspace_id", F.substring_index("job_id", "/", 1))
        .select(*gold.SLA_PROPOSALS.column_names)
    )


def _proposed(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([_proposal(row) for row in rows.to_dict(orient="records")])


def _proposal(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    """One job's row of gold.sla_proposals."""
    proposal: dict[str, Any] = {"job_id": row["job_id"], "status": "not_assessed", "reason": ""}
    if row["obstacle"] is not None:
        return proposal | {"reason": row["obstacle"]}
    wall, attempts = (
        np.sort(np.asarray(row[name])) for name in ("wall_seconds", "attempt_seconds")
    )
    runs = int(row["runs"])
    proposal |= {"runs": runs}
    if wall.size < MIN_RUNS:
        reason = f"{wall.size} successful runs in 60 days; {MIN_RUNS} are needed"
        return proposal | {"status": "too_few_runs", "reason": reason}
    by_clock = not (pd.isna(row["minute"]) or pd.isna(row["local_clock"]))
    bound = rounded_up(_high(wall) * _MARGIN, least=900)
    if by_clock and bound <= _LONGEST_DEADLINE_SECONDS:
        return proposal | {"status": "ok"} | _deadline(row, wall, runs, bound)
    limit = rounded_up(_high(attempts) * _MARGIN)
    met = int(np.searchsorted(attempts, limit, side="right"))
    return proposal | {
        "status": "ok",
        "basis": "history",
        "sla_kind": "limit",
        "sla_limit_seconds": float(limit),
        "met": met,
        "p50_seconds": float(np.median(attempts)),
        "worst_seconds": float(attempts[-1]),
        "evidence": f"{met} of {runs} runs in 60 days took no longer; half of the successes took"
        f" {duration(float(np.median(attempts)))}, the longest {duration(float(attempts[-1]))}",
    }


def _deadline(row: Mapping[Hashable, Any], wall: Any, runs: int, bound: int) -> dict[str, Any]:
    """A deadline `bound` seconds after its start, or at the start of the job that follows it."""
    follower = _follower(row, wall)
    seconds = bound if follower is None else follower[0]
    met = int(np.searchsorted(wall, seconds, side="right"))
    hour, minute = (int(part) for part in row["local_clock"].split(":"))
    due = (hour * 60 + minute + seconds // 60) % _DAY_MINUTES
    clock = f"{due // 60:02d}:{due % 60:02d}"
    evidence = (
        f"{met} of {runs} runs in 60 days had succeeded by then; it starts at {row['local_clock']},"
        f" half of the successes took {duration(float(np.median(wall)))}, the longest"
        f" {duration(float(wall[-1]))}"
    )
    if follower is not None:
        evidence += f"; {follower[1]} of the same team starts at {clock}"
    return {
        "basis": "history" if follower is None else "downstream",
        "downstream_series_key": None if follower is None else follower[1],
        "sla_kind": "deadline",
        "sla_time_of_day": clock,
        "sla_timezone": row["zone"],
        "met": met,
        "p50_seconds": float(np.median(wall)),
        "worst_seconds": float(wall[-1]),
        "evidence": evidence,
    }


def _follower(row: Mapping[Hashable, Any], wall: Any) -> tuple[int, str] | None:
    """Seconds from its start to that of the job of its team that next finds it ended, and which."""
    usual = float(np.quantile(wall, 0.5))
    after = []
    for minute, key in zip(row["team_minutes"], row["team_keys"], strict=True):
        ahead = (int(minute) - int(row["minute"])) % _DAY_MINUTES * 60
        found_ended = np.searchsorted(wall, ahead, side="right") / wall.size
        soon = ahead <= usual + _FOLLOWS_WITHIN_SECONDS
        if key != row["job_id"] and soon and found_ended >= _FOUND_ENDED:
            after.append((ahead, str(key)))
    return min(after, default=None)


def _high(ordered: Any) -> float:
    """The 99 % quantile; of fewer than a hundred runs, the longest."""
    return float(np.quantile(ordered, _TARGET, method="higher"))


def rounded_up(seconds: float, least: int = 1) -> int:
    """Seconds as people choose them: the longer, the rounder, in steps of `least` or more."""
    step = max(next((step for below, step in _ROUND if seconds <= below), _ROUNDEST), least)
    return max(int(np.ceil(seconds / step)), 1) * step


STEPS = (
    RecentDays(
        name="sla_proposals",
        run=sla_proposals,
        reads=(gold.JOBS, gold.RUN_FORECAST, silver.RUNS),
        writes=gold.SLA_PROPOSALS,
        days=60,
    ),
)
