"""P(miss) of runs that the Jobs API shows, by the very function that a night calls (`pipeline.scoring.in_flight`)
and from what it has learned: for the same elapsed time it is the same number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.scoring.in_flight import in_flight
from pipeline.tables import gold, silver
from pipeline.watch.runs import LiveRun

__all__ = ["Risk", "risks"]

_DAYS: Final = timedelta(days=30)
"""What a night takes of runs, to learn how often a job's attempts are tried again."""
_KEY: Final = ["workspace_id", "run_id"]
_RUN: Final = (
    "workspace_id string, run_id string, series_key string, attempt int, attempts int, status string,"
    " started_at timestamp, attempt_started_at timestamp, seen_until timestamp, never_started boolean,"
    " wall_seconds double, busy_seconds double"
)
_OF_RUNS: Final = (
    "workspace_id", "run_id", "series_key", "attempts", "status", "started_at", "never_started", "wall_seconds",
    "busy_seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Risk:
    """When a success is due, for a deadline, and P(miss) given how long the run has lasted; None without an SLA."""

    due_at: datetime | None
    p_miss: float | None


def risks(
    spark: SparkSession,
    lakehouse: Lakehouse,
    runs: Sequence[LiveRun],
    night_at: datetime,
    now: datetime,
) -> dict[tuple[str, str], Risk]:
    """By workspace and run, of runs of jobs that a night knows; also of runs that have ended, of which when they
    were due counts."""
    if not runs:
        return {}
    rows = [
        (
            run.workspace_id, run.run_id, run.series_key, run.attempt, run.attempt + 1, "IN_FLIGHT",
            run.started_at, run.attempt_started_at, max(run.seen_until, run.attempt_started_at), False,
            run.elapsed_seconds, run.elapsed_seconds,
        )
        for run in runs
    ]  # fmt: skip
    live = spark.createDataFrame(rows, schema=_RUN)
    known = lakehouse.read(silver.RUNS).where(F.col("run_date") >= F.lit(night_at.date() - _DAYS))
    attempts = live.select(
        *_KEY, "series_key", "attempt", F.col("attempt_started_at").alias("started_at"), "seen_until", "status"
    )  # fmt: skip
    answered = in_flight(
        lakehouse.read(gold.JOBS),
        lakehouse.read(gold.DURATION_STATES),
        attempts,
        known.select(*_OF_RUNS).unionByName(
            live.join(known.select(*_KEY), _KEY, "left_anti").select(*_OF_RUNS)
        ),
        as_of=now,
    )
    return {
        (row["workspace_id"], row["run_id"]): Risk(row["due_at"], row["p_miss"])
        for row in answered.select(*_KEY, "due_at", "p_miss").toArrow().to_pylist()
    }
