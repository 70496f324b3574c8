"""Runs against the SLA that held when they first started."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.silver.sla import run_sla
from pipeline.sla.decided import sla_decisions, unreadable
from pipeline.tables import ops, silver
from tests.strategies.tables import Row, at, frame_of, one, rows_of

_KEY = {"workspace_id": "w", "job_id": "7", "series_key": "w/7"}
_FAR = at(400)


def _run(start: datetime, success: datetime | None, **columns: Any) -> Row:
    run: Row = _KEY | {"run_id": "70", "run_date": start.date(), "started_at": start}
    if success:
        seconds = (success - start).total_seconds()
        run |= {
            "status": "SUCCEEDED",
            "first_success_at": success,
            "first_success_seconds": seconds,
        }
    return run | {"attempts": 1} | columns


def _version(start: int = -9, end: int | None = None, **columns: Any) -> Row:
    version: Row = _KEY | {"valid_from": at(start), "valid_to": None if end is None else at(end)}
    return version | {"is_first": start == -9} | columns


def _deadline(clock: str, zone: str = "Europe/Berlin") -> Row:
    return {"sla_kind": "deadline", "sla_time_of_day": clock, "sla_timezone": zone}


def _judged(spark: SparkSession, run: Row, *versions: Row, as_of: datetime = _FAR) -> Row:
    return one(
        run_sla(
            frame_of(spark, silver.RUNS, [run]),
            frame_of(spark, silver.JOB_VERSIONS, versions),
            frame_of(spark, silver.SLA_DECISIONS, []),
            as_of=as_of,
        )
    )


def _utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "clock", "due"),
    [
        # Berlin is UTC+1 until 2026-03-29 01:00 UTC and UTC+2 after: 07:30 is 06:30, then 05:30 UTC.
        (_utc(3, 28, 4), "07:30", _utc(3, 28, 6, 30)),
        (_utc(3, 29, 4), "07:30", _utc(3, 29, 5, 30)),
        # Started before the clocks change, due after: 22:00 local, 07:30 is 8 h 30 min later, not 9 h 30.
        (_utc(3, 28, 21), "07:30", _utc(3, 29, 5, 30)),
        # The clocks go back on 2026-10-25 at 01:00 UTC: 10 h 30 min.
        (_utc(10, 24, 20), "07:30", _utc(10, 25, 6, 30)),
        # A start on the minute itself is due the day after.
        (_utc(3, 28, 6, 30), "07:30", _utc(3, 29, 5, 30)),
        (_utc(3, 28, 22, 45), "23:50", _utc(3, 28, 22, 50)),
        # 02:30 happens twice that night. Started between the two, the second is the next.
        (_utc(10, 25, 1, 10), "02:30", _utc(10, 25, 1, 30)),
        (_utc(10, 25, 0, 10), "02:30", _utc(10, 25, 0, 30)),
        # 02:30 does not happen on 2026-03-29: the clocks show 03:30 half an hour after 01:00 UTC.
        (_utc(3, 28, 23), "02:30", _utc(3, 29, 1, 30)),
    ],
)
def test_deadlines_across_daylight_saving(
    spark: SparkSession, start: datetime, clock: str, due: datetime
) -> None:
    at_once = _judged(spark, _run(start, due), _version(**_deadline(clock)))
    assert (at_once["due_at"], at_once["sla_status"], at_once["margin_seconds"]) == (
        due,
        "MET",
        0.0,
    )
    late = _judged(spark, _run(start, due + timedelta(seconds=1)), _version(**_deadline(clock)))
    assert (late["sla_status"], late["margin_seconds"]) == ("MISSED", -1.0)


def test_the_version_at_the_first_start_counts(spark: SparkSession) -> None:
    # 30 min until day 3, 10 min from then on. A run of 20 min met the first and would miss the
    # second; an edit while it runs, and one before a repair, change nothing.
    versions = (
        _version(-9, 3, sla_kind="limit", sla_limit_seconds=1800.0),
        _version(3, None, sla_kind="limit", sla_limit_seconds=600.0),
    )
    minutes = timedelta(minutes=20)
    for start, limit, status in (
        (at(3) - timedelta(minutes=5), 1800.0, "MET"),
        (at(3), 600.0, "MISSED"),
        (at(-300), 1800.0, "MET"),  # before the first version known, that version stands in
    ):
        judged = _judged(spark, _run(start, start + minutes), *versions)
        assert (judged["sla_limit_seconds"], judged["sla_status"]) == (limit, status)
        assert judged["margin_seconds"] == limit - 1200.0


def test_a_limit_is_held_against_the_attempt_that_succeeded(spark: SparkSession) -> None:
    # The repair took 10 min; that it came three hours after the first start is a deadline's matter.
    run = _run(at(0), at(0, 3), first_success_seconds=600.0, attempts=2)
    limit = _version(sla_kind="limit", sla_limit_seconds=900.0)
    assert _judged(spark, run, limit)["sla_status"] == "MET"
    assert _judged(spark, run, _version(**_deadline("02:00", "UTC")))["sla_status"] == "MISSED"


@pytest.mark.parametrize(
    ("status", "by_limit", "before_due", "after_due"),
    [
        ("FAILED", "MISSED", "PENDING", "MISSED"),
        ("TIMEOUT", "MISSED", "PENDING", "MISSED"),
        ("IN_FLIGHT", "PENDING", "PENDING", "MISSED"),
        ("CANCELLED", "EXEMPT", "EXEMPT", "EXEMPT"),
        ("SKIPPED", "EXEMPT", "EXEMPT", "EXEMPT"),
        ("UNKNOWN", "EXEMPT", "EXEMPT", "EXEMPT"),
    ],
)
def test_runs_without_a_success(
    spark: SparkSession, status: str, by_limit: str, before_due: str, after_due: str
) -> None:
    # A failed attempt cannot meet a limit any more; a deadline can still be met by a repair.
    run = _run(at(0, 4), None, status=status)
    deadline, limit = (
        _version(**_deadline("06:00", "UTC")),
        _version(sla_kind="limit", sla_limit_seconds=60.0),
    )
    assert _judged(spark, run, limit)["sla_status"] == by_limit
    assert _judged(spark, run, deadline, as_of=at(0, 5, 59))["sla_status"] == before_due
    judged = _judged(spark, run, deadline, as_of=at(0, 6))
    assert (judged["sla_status"], judged["margin_seconds"]) == (after_due, None)


def test_jobs_without_an_sla_are_not_judged(spark: SparkSession) -> None:
    runs = [_run(at(day), at(day, 1), run_id=str(day)) for day in (0, 5)]
    # The SLA was declared on day 3: the run of day 0 was under none.
    versions = [_version(-9, 3), _version(3, None, **_deadline("06:00"))]
    judged_runs = rows_of(
        run_sla(
            frame_of(spark, silver.RUNS, runs),
            frame_of(spark, silver.JOB_VERSIONS, versions),
            frame_of(spark, silver.SLA_DECISIONS, []),
            as_of=_FAR,
        )
    )
    assert [row["run_id"] for row in judged_runs] == ["5"]


def _decision(day: int, terms: str | None, **columns: Any) -> Row:
    decision: Row = {"kind": "sla", "subject": "w/7", "decided_at": at(day), "terms": terms}
    return decision | {"source": "accepted", "decided_by": "ada"} | columns


def _decided(spark: SparkSession, *decisions: Row) -> DataFrame:
    return sla_decisions(frame_of(spark, ops.DECISIONS, decisions))


@pytest.mark.parametrize(
    ("declared", "source", "expected"),
    [
        ({}, "accepted", ("accepted", 60.0)),
        ({}, "yaml", ("yaml", 60.0)),
        # A tag counts before an accepted proposal, the settings file before a tag.
        (
            {"sla_kind": "limit", "sla_limit_seconds": 90.0, "sla_source": "sla"},
            "accepted",
            ("sla", 90.0),
        ),
        (
            {"sla_kind": "limit", "sla_limit_seconds": 90.0, "sla_source": "sla"},
            "yaml",
            ("yaml", 60.0),
        ),
        # A timeout is what is left when nobody said anything.
        (
            {"sla_kind": "limit", "sla_limit_seconds": 90.0, "sla_source": "timeout"},
            "accepted",
            ("accepted", 60.0),
        ),
    ],
)
def test_which_sla_holds(
    spark: SparkSession, declared: Row, source: str, expected: tuple[str, float]
) -> None:
    judged = one(
        run_sla(
            frame_of(spark, silver.RUNS, [_run(at(5), at(5, 1))]),
            frame_of(spark, silver.JOB_VERSIONS, [_version(**declared)]),
            _decided(spark, _decision(2, "60s", source=source)),
            as_of=_FAR,
        )
    )
    assert (judged["sla_source"], judged["sla_limit_seconds"]) == expected


def test_a_decision_holds_from_when_it_was_made_until_the_next(spark: SparkSession) -> None:
    runs = [_run(at(day), at(day, 1), run_id=str(day)) for day in (1, 3, 5, 7)]
    decisions = _decided(spark, _decision(2, "60s"), _decision(4, "7200s"), _decision(6, None))
    judged_runs = rows_of(
        run_sla(
            frame_of(spark, silver.RUNS, runs),
            # Submitted runs have no definition: people can still decide about them.
            frame_of(spark, silver.JOB_VERSIONS, []),
            decisions,
            as_of=_FAR,
        )
    )
    assert {row["run_id"]: row["sla_status"] for row in judged_runs} == {"3": "MISSED", "5": "MET"}


@pytest.mark.parametrize("zone", ["localtime", "europe/berlin", "Factory", "Mars/Base", "+02:00"])
def test_a_decision_in_a_zone_that_no_engine_knows_is_left_aside(
    spark: SparkSession, zone: str
) -> None:
    # Written before such zones were refused: on day 4, after a limit of a minute.
    unknown = _decision(4, f"06:30 {zone}")
    decisions = frame_of(spark, ops.DECISIONS, [_decision(2, "60s"), unknown])
    judged = one(
        run_sla(
            frame_of(spark, silver.RUNS, [_run(at(5), at(5, 1))]),
            frame_of(spark, silver.JOB_VERSIONS, []),
            sla_decisions(decisions),
            as_of=_FAR,
        )
    )
    assert (judged["sla_limit_seconds"], judged["sla_status"]) == (60.0, "MISSED")
    assert [row["terms"] for row in rows_of(unreadable(decisions))] == [f"06:30 {zone}"]
    again = frame_of(spark, ops.DECISIONS, [unknown, _decision(6, "90s")])
    assert rows_of(unreadable(again)) == []


def test_a_decision_says_from_when_to_when_and_by_whom(spark: SparkSession) -> None:
    other_kind = _decision(3, "until Friday", kind="silence")
    decisions = _decided(
        spark, _decision(2, "06:30 Europe/Berlin"), other_kind, _decision(6, None, evidence="moved")
    )
    first, last = sorted(rows_of(decisions), key=lambda row: row["decided_at"])
    assert first == {
        "workspace_id": "w",
        "series_key": "w/7",
        "decided_at": at(2),
        "decided_until": at(6),
        "sla_kind": "deadline",
        "sla_limit_seconds": None,
        "sla_time_of_day": "06:30",
        "sla_timezone": "Europe/Berlin",
        "sla_source": "accepted",
        "decided_by": "ada",
        "evidence": "",
    }
    assert (last["decided_until"], last["evidence"]) == (None, "moved")
    assert [name for name in first if name.startswith("sla_") and last[name] is not None] == []
