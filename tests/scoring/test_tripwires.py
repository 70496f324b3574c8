"""Tripwires of small fleets, through the engine: whose they are, and when they move."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from optimizer.quantile import LOGIT_LEVELS
from pipeline.scoring.tripwires import tripwires
from pipeline.tables import gold
from tests.strategies.tables import Row, frame_of, rows_of

NIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = 3600.0


def _job(name: str, **columns: Any) -> Row:
    default: Row = {
        "workspace_id": "w",
        "series_key": f"w/{name}",
        "job_id": name,
        "state": "active",
        "is_continuous": False,
    }
    return default | columns


def _limit(seconds: float, source: str = "sla", **columns: Any) -> Row:
    return {"sla_kind": "limit", "sla_limit_seconds": seconds, "sla_source": source, **columns}


def _state(name: str, middle: float = HOUR, spread: float = 0.1) -> Row:
    return {
        "job_id": f"w/{name}",
        "status": "ok",
        "reason": "",
        "quantile_seconds": (middle * np.exp(spread * LOGIT_LEVELS)).tolist(),
    }


def _frame(
    spark: SparkSession,
    jobs: list[Row],
    states: list[Row],
    *,
    forecasts: list[Row] | None = None,
    regimes: list[Row] | None = None,
    previous: DataFrame | None = None,
    as_of: datetime = NIGHT,
) -> DataFrame:
    return tripwires(
        frame_of(spark, gold.JOBS, jobs),
        frame_of(spark, gold.DURATION_STATES, states),
        frame_of(spark, gold.RUN_FORECAST, forecasts or []),
        frame_of(spark, gold.JOB_REGIMES, regimes or []),
        frame_of(spark, gold.TRIPWIRES, []) if previous is None else previous,
        as_of=as_of,
    )


def _by_name(output: DataFrame) -> dict[str, Row]:
    return {row["series_key"].partition("/")[2]: row for row in rows_of(output)}


def test_each_job_has_its_own_wire_or_a_reason(spark: SparkSession) -> None:
    due = {"sla_kind": "deadline", "sla_time_of_day": "06:00", "sla_timezone": "UTC"}
    jobs = [
        _job("first", tier=1, **_limit(2 * HOUR)),
        _job("second", tier=2, **_limit(2 * HOUR)),
        _job("third", **_limit(2 * HOUR)),
        _job("free", tier=1),
        _job("due", tier=1, sla_source="sla", **due),
        _job("idle", tier=1, sla_source="sla", **due),
        _job("ruled", **_limit(2 * HOUR, "health_rule")),
        _job("endless", is_continuous=True),
        _job("gone", state="deleted"),
        _job("wild"),
        _job("new"),
        _job("submitted") | {"job_id": None},
    ]
    learned = [
        _state(name) for name in ("first", "second", "third", "free", "due", "idle", "ruled")
    ]
    young = {"job_id": "w/new", "status": "too_few_runs", "reason": "2 runs are too few"}
    upcoming = [
        {"workspace_id": "w", "series_key": "w/due", "run_number": n, "allowed_seconds": seconds}
        for n, seconds in ((1, 3 * HOUR), (2, 2 * HOUR))
    ]
    states = [*learned, _state("wild", spread=2.0), young, _state("submitted")]
    rows = _by_name(_frame(spark, jobs, states, forecasts=upcoming))
    assert rows.keys() == {job["series_key"][2:] for job in jobs}
    wires = {name: row["threshold_seconds"] for name, row in rows.items()}
    assert HOUR < wires["first"] < wires["second"] < wires["third"] <= 2 * HOUR
    assert all(wire % 60 == 0 for wire in wires.values() if wire is not None)
    bounds = [rows[name]["bound"] for name in ("first", "second", "third")]
    assert bounds == [0.5, 0.8, 0.9]
    # S(2 h) = 1 / (1 + 2 ** 10), so S(t) of the first is 2 / 1025: t = 3600 * (1025 / 2 - 1) ** 0.1.
    assert wires["first"] == 60 * (int(HOUR * (1025 / 2 - 1) ** 0.1 / 60) + 1)
    assert (wires["due"], rows["due"]["allowed_seconds"]) == (wires["first"], 2 * HOUR)
    free = rows["free"]
    assert (free["basis"], free["bound"], free["allowed_seconds"]) == ("usual", None, None)
    assert free["threshold_seconds"] == 60 * (int(HOUR * 999**0.1 / 60) + 1)
    assert 0.5 < free["false_alarms"] <= 1.0
    assert rows["first"]["since_at"] == NIGHT
    reasons = {name: row["reason"] for name, row in rows.items() if row["status"] != "ok"}
    assert reasons == {
        "idle": "no run is expected that would show what its deadline leaves one",
        "ruled": "its SLA is its own health rule, of which people are told as it is",
        "endless": "a continuous job runs without end",
        "gone": "the job is deleted",
        "wild": "its runs differ so much that no time is too long",
        "new": "2 runs are too few",
        "submitted": "runs that are submitted have no job to set it on",
    }
    nothing = ("basis", "bound", "allowed_seconds", "threshold_seconds", "false_alarms", "since_at")
    assert {rows[name][column] for name in reasons for column in nothing} == {None}


def test_a_wire_moves_by_more_than_a_tenth_or_with_what_it_stands_on(spark: SparkSession) -> None:
    names = ("little", "much", "level", "tier", "promised")
    jobs = [_job(name, tier=1) for name in names]
    jobs[3] |= _limit(2 * HOUR)
    before = _frame(spark, jobs, [_state(name) for name in names])
    set_before = _by_name(before)
    later = NIGHT + timedelta(days=1)
    jobs[3] |= {"tier": 2}
    jobs[4] |= _limit(3 * HOUR)
    middles = {"little": 1.05, "much": 1.2, "level": 1.05, "tier": 1.0, "promised": 1.0}
    level = {
        "workspace_id": "w",
        "series_key": "w/level",
        "metric": "duration_seconds",
        "regime": 1,
        "from_at": NIGHT,
    }
    states = [_state(name, middle=HOUR * middles[name]) for name in names]

    def night(previous: DataFrame) -> DataFrame:
        return _frame(spark, jobs, states, regimes=[level], previous=previous, as_of=later)

    first = night(before)
    rows = _by_name(first)
    moved = {name for name in names if rows[name]["since_at"] == later}
    assert moved == set(names) - {"little"}
    assert rows["little"]["threshold_seconds"] == set_before["little"]["threshold_seconds"]
    assert rows["little"]["since_at"] == NIGHT
    # What it costs is of the runs as they are now.
    assert rows["little"]["false_alarms"] > set_before["little"]["false_alarms"]
    assert rows["level"]["threshold_seconds"] > set_before["level"]["threshold_seconds"]
    assert rows["promised"]["basis"] == "sla"
    # A night that was killed and runs again finds its own rows.
    assert _by_name(night(first)) == rows


def test_no_wire_stays_beyond_its_limit(spark: SparkSession) -> None:
    jobs = [_job("short", tier=1, **_limit(2 * HOUR))]
    before = _frame(spark, jobs, [_state("short")])
    jobs[0] |= {"sla_limit_seconds": 1.75 * HOUR}
    after = _frame(spark, jobs, [_state("short")], previous=before)
    assert _by_name(after)["short"]["threshold_seconds"] <= 1.75 * HOUR
