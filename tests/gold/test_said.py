"""What a night says: each run once, by the first night that expects it; flags and dates likewise."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipeline.gold.said import said
from pipeline.tables import gold, ops
from tests.strategies.tables import Row, at, frame_of, on, rows_of

_JOB: Row = {"workspace_id": "w", "series_key": "w/7"}


def _expected(number: int, start: datetime, p_miss: float | None = 0.25) -> Row:
    return _JOB | {
        "run_number": number,
        "expected_start_at": start,
        "p_miss": p_miss,
        "allowed_seconds": 90.0,
    }


def _flag(night: datetime, run: str) -> Row:
    return _JOB | {"night_at": night, "run_id": run, "attempt": 0, "metric": "dbu", "value": 1.0}


def _growth(day: int, earliest: int, latest: int | None) -> Row:
    return _JOB | {
        "crosses_on": on(day),
        "crosses_earliest": on(earliest),
        "crosses_latest": None if latest is None else on(latest),
        "is_over": False,
        "allowed_seconds": 90.0,
    }


def _says(
    spark: SparkSession,
    as_of: datetime,
    before: list[Row] | None = None,
    *,
    expected: list[Row] | None = None,
    flags: list[Row] | None = None,
    growth: list[Row] | None = None,
) -> list[Row]:
    made = said(
        frame_of(spark, gold.RUN_FORECAST, expected or []),
        frame_of(spark, gold.RUN_ANOMALIES, flags or []),
        frame_of(spark, gold.JOB_GROWTH, growth or []),
        frame_of(spark, ops.SAID, before or []),
        as_of=as_of,
    )
    return sorted(rows_of(made), key=lambda row: row["statement_id"])


def test_runs_of_the_coming_day_with_a_probability_are_spoken_for(spark: SparkSession) -> None:
    expected = [
        _expected(1, at(0, 3)),
        _expected(2, at(0, 9), None),
        _expected(3, at(1, 2)),
        _expected(4, at(1, 2, 1)),
    ]
    rows = _says(spark, at(0, 2), expected=expected)
    assert [row["expected_start_at"] for row in rows] == [at(0, 3), at(1, 2)]
    assert {(row["kind"], row["probability"], row["open_from"]) for row in rows} == {
        ("run_miss", 0.25, on(0))
    }
    assert {row["night_at"] for row in rows} == {at(0, 2)}


@given(st.lists(st.integers(1, 60), min_size=2, max_size=6))
def test_no_run_is_spoken_for_twice_whenever_nights_come(
    spark: SparkSession, gaps_hours: list[int]
) -> None:
    """Nights at any times: no run twice, and each that a night a day would have told is told."""
    starts = [at(0) + timedelta(hours=hour, minutes=30) for hour in range(0, 24 * 16, 5)]
    before: list[Row] = []
    as_of = at(0)
    covered = set()
    for gap in gaps_hours:
        due = [start for start in starts if start > as_of]
        before += _says(
            spark, as_of, before, expected=[_expected(n, s) for n, s in enumerate(due, 1)]
        )
        covered |= {start for start in due if start <= as_of + timedelta(days=1)}
        as_of += timedelta(hours=gap)
    told = [row["expected_start_at"] for row in before]
    assert len(told) == len(set(told))
    assert set(told) == covered


def test_a_night_that_is_run_again_says_the_same_and_an_earlier_one_nothing(
    spark: SparkSession,
) -> None:
    given_again = {"expected": [_expected(1, at(0, 3))], "flags": [_flag(at(0, 2), "1")]}
    first = _says(spark, at(0, 2), **given_again)
    again = _says(spark, at(0, 2), first, **given_again)
    assert [row["statement_id"] for row in again] == [row["statement_id"] for row in first]
    earlier = {"expected": [_expected(1, at(0, 3))], "flags": [_flag(at(0, 1), "2")]}
    assert _says(spark, at(0, 1), first, **earlier) == []


def test_a_run_is_flagged_once_and_what_is_of_older_nights_is_not_said_now(
    spark: SparkSession,
) -> None:
    flags = [_flag(at(1, 2), "1"), _flag(at(1, 2), ""), _flag(at(0, 2), "0")]
    first = _says(spark, at(1, 2), flags=[*flags, _flag(at(1, 2), "1") | {"metric": "list_cost"}])
    assert sorted(row["run_id"] or "" for row in first) == ["", "1"]
    later = [_flag(at(2), "1"), _flag(at(2), ""), _flag(at(2), "2")]
    assert sorted(row["run_id"] or "" for row in _says(spark, at(2), first, flags=later)) == [
        "",
        "2",
    ]


def test_a_date_is_told_again_only_where_it_is_no_longer_believed(spark: SparkSession) -> None:
    (first,) = _says(spark, at(0), growth=[_growth(30, 20, 40)])
    assert (first["expected_on"], first["open_from"], first["latest_on"]) == (
        on(30),
        on(27),
        on(40),
    )
    assert first["allowed_seconds"] == 90.0
    assert _says(spark, at(1), [first], growth=[_growth(33, 25, None)]) == []
    (moved,) = _says(spark, at(2), [first], growth=[_growth(60, 31, None)])
    assert moved["expected_on"] == on(60)
    assert _says(spark, at(3), [first, moved], growth=[_growth(61, 31, None)]) == []
    (passed,) = _says(spark, at(31), [first], growth=[_growth(35, 20, 50)])
    assert passed["expected_on"] == on(35)
    assert _says(spark, at(3), growth=[_growth(3, 1, 5)]) == []
