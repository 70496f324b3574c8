"""Gold facts of runs: counts, medians, health."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipeline.gold.runs import job_daily, job_health, job_weekly, sla_daily
from pipeline.tables import silver
from tests.strategies.tables import Row, at, frame_of, on, one, rows_of

_JOB = {"workspace_id": "w", "job_id": "7", "series_key": "w/7"}


def _run(number: int, status: str = "SUCCEEDED", seconds: float = 60.0, **columns: Any) -> Row:
    start = at(number)
    end = None if status == "IN_FLIGHT" else start + timedelta(seconds=seconds)
    default: Row = _JOB | {
        "run_id": f"{number:03d}",
        "run_date": start.date(),
        "run_week": on(number - number % 7),
        "started_at": start,
        "ended_at": end,
        "busy_seconds": seconds,
        "attempts": 1,
        "status": status,
    }
    if status == "SUCCEEDED":
        default |= {"first_success_at": end, "first_success_seconds": seconds}
    return default | columns


def _health(spark: SparkSession, statuses: list[str]) -> Row:
    rows = [_run(number, status) for number, status in enumerate(statuses)]
    return one(job_health(frame_of(spark, silver.RUNS, rows)))


def test_a_day_and_a_week_are_counted_once(spark: SparkSession) -> None:
    # Durations of successes on day 0: 10, 20, 60: the median is 20, the 95 % quantile, linear
    # between order statistics at 0.95 x 2 = 1.9, is 20 + 0.9 x 40 = 56. The failure has no say.
    rows = [
        _run(0, seconds=10.0),
        _run(0, seconds=20.0, run_id="b", repairs=2),
        _run(0, seconds=60.0, run_id="c"),
        _run(0, "FAILED", 999.0, run_id="d"),
        _run(6, "TIMEOUT"),
        _run(7, "CANCELLED"),
        _run(7, "SKIPPED", 0.0, run_id="e"),
        _run(7, "IN_FLIGHT", run_id="f"),
        _run(7, "UNKNOWN", run_id="g"),
    ]
    frame = frame_of(spark, silver.RUNS, rows)
    daily = {row["run_date"]: row for row in rows_of(job_daily(frame))}
    first = daily[on(0)]
    assert (first["runs"], first["succeeded"], first["failed"], first["repairs"]) == (4, 3, 1, 2)
    assert (first["median_seconds"], first["p95_seconds"]) == (20.0, 56.0)
    assert first["busy_seconds"] == 10.0 + 20.0 + 60.0 + 999.0
    assert daily[on(6)]["median_seconds"] is None
    weekly = {row["run_week"]: row for row in rows_of(job_weekly(frame))}
    assert (weekly[on(0)]["runs"], weekly[on(0)]["timed_out"]) == (5, 1)
    later = weekly[on(7)]
    assert (later["cancelled"], later["skipped"], later["in_flight"]) == (1, 1, 1)
    # Each run is counted under one outcome.
    parts = ["succeeded", "failed", "timed_out", "cancelled", "skipped", "in_flight", "unknown"]
    for row in [*daily.values(), *weekly.values()]:
        assert row["runs"] == sum(row[part] for part in parts)


def test_consecutive_failures(spark: SparkSession) -> None:
    # Failures since the last success; a cancelled, skipped or unknown run neither counts nor ends
    # the row of failures, and a run in flight is no verdict yet.
    row = _health(
        spark, ["FAILED", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT", "SKIPPED", "IN_FLIGHT"]
    )
    assert (row["consecutive_failures"], row["is_failing"]) == (2, True)
    assert row["failing_since"] == at(2) + timedelta(seconds=60)
    assert (row["last_run_id"], row["last_status"]) == ("004", "TIMEOUT")
    assert (row["last_success_at"], row["in_flight"]) == (at(1) + timedelta(seconds=60), 1)


def test_a_success_ends_the_row(spark: SparkSession) -> None:
    row = _health(spark, ["FAILED", "FAILED", "SUCCEEDED"])
    assert (row["consecutive_failures"], row["failing_since"]) == (0, None)
    assert (row["is_failing"], row["last_status"]) == (False, "SUCCEEDED")


def test_a_job_that_never_succeeded_or_has_no_verdict(spark: SparkSession) -> None:
    row = _health(spark, ["FAILED", "TIMEOUT"])
    assert (row["consecutive_failures"], row["last_success_at"]) == (2, None)
    row = _health(spark, ["CANCELLED", "IN_FLIGHT"])
    assert (row["last_status"], row["is_failing"], row["consecutive_failures"]) == (
        None,
        False,
        0,
    )


@given(st.lists(st.sampled_from(silver.STATUSES), min_size=1, max_size=12), st.randoms())
def test_health_is_a_count_from_the_end(
    spark: SparkSession, statuses: list[str], order: Any
) -> None:
    rows = [_run(number, status) for number, status in enumerate(statuses)]
    order.shuffle(rows)
    row = one(job_health(frame_of(spark, silver.RUNS, rows)))
    verdicts = [s for s in statuses if s in ("SUCCEEDED", "FAILED", "TIMEOUT")]
    streak = 0
    while streak < len(verdicts) and verdicts[-1 - streak] != "SUCCEEDED":
        streak += 1
    assert row["consecutive_failures"] == streak
    assert row["is_failing"] == (streak > 0)
    assert row["last_status"] == (verdicts[-1] if verdicts else None)


_VERDICTS = st.tuples(
    st.sampled_from(("MET", "MISSED", "PENDING", "EXEMPT")), st.none() | st.floats(0.0, 9.0)
)


def _against(spark: SparkSession, verdicts: list[tuple[str, float | None]]) -> Row:
    key: Row = _JOB | {"run_date": on(0), "started_at": at(0)}
    rows = [
        key | {"run_id": str(n), "sla_status": status, "margin_seconds": margin}
        for n, (status, margin) in enumerate(verdicts)
    ]
    return one(sla_daily(frame_of(spark, silver.RUN_SLA, rows)))


def test_a_day_against_its_sla(spark: SparkSession) -> None:
    row = _against(
        spark,
        [("MET", 5.0), ("MISSED", -7.0), ("MISSED", None), ("PENDING", None), ("EXEMPT", None)],
    )
    assert (row["met"], row["missed"], row["pending"], row["exempt"]) == (1, 2, 1, 1)
    assert (row["worst_margin_seconds"], row["missed_without_success"]) == (-7.0, 1)


def test_a_miss_without_a_success_is_not_hidden_by_those_in_time(spark: SparkSession) -> None:
    row = _against(spark, [("MET", 5.0), ("MISSED", None)])
    assert (row["worst_margin_seconds"], row["missed_without_success"]) == (None, 1)
    row = _against(spark, [("MET", 5.0), ("PENDING", None)])
    assert (row["worst_margin_seconds"], row["missed_without_success"]) == (5.0, 0)


@given(st.lists(_VERDICTS, min_size=1, max_size=6))
def test_the_worst_margin_of_a_day_with_a_miss_is_never_positive(
    spark: SparkSession, verdicts: list[tuple[str, float | None]]
) -> None:
    sign = {"MET": 1.0, "MISSED": -1.0}
    judged = [
        (status, None if margin is None or status not in sign else sign[status] * margin)
        for status, margin in verdicts
        if status != "MET" or margin is not None
    ] or [("PENDING", None)]
    row = _against(spark, judged)
    margins = [margin for _, margin in judged if margin is not None]
    unknown = sum(one == ("MISSED", None) for one in judged)
    assert row["missed_without_success"] == unknown
    worst = row["worst_margin_seconds"]
    if row["missed"]:
        assert worst is None or worst <= 0.0
    if worst is None:
        assert not margins or (unknown and min(margins) >= 0.0)
    else:
        assert worst == min(margins)
