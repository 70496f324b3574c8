"""What came of what was said."""

from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from pipeline.decisions.marks import KIND
from pipeline.gold.receipts import receipts
from pipeline.tables import gold, ops, silver
from tests.strategies.tables import Row, at, frame_of, on, rows_of

_JOB: Row = {"workspace_id": "w", "series_key": "w/7"}


def _miss(hour: float, night: int = 0) -> Row:
    """Said at midnight of a run that is expected at this hour."""
    start = at(night, int(hour), round(hour % 1 * 60))
    return _JOB | {
        "kind": "run_miss",
        "statement_id": f"{night} {hour}",
        "night_at": at(night),
        "open_from": on(night),
        "expected_start_at": start,
        "probability": 0.5,
    }


def _run(run: str, start: datetime, status: str) -> Row:
    judged = {"run_id": run, "run_date": start.date(), "started_at": start, "sla_status": status}
    return _JOB | {"job_id": "7", "measured_seconds": 60.0} | judged


def _flag(run: str | None) -> Row:
    shared = {"kind": "flag", "night_at": at(0), "open_from": on(0), "run_id": run}
    return _JOB | shared | {"statement_id": f"flag {run}"}


def _growth() -> Row:
    shared = {"kind": "growth_date", "night_at": at(0), "expected_on": on(30), "open_from": on(27)}
    return _JOB | shared | {"statement_id": "growth", "allowed_seconds": 90.0}


def _day(day: int, seconds: float | None) -> Row:
    return _JOB | {"run_date": on(day), "median_seconds": seconds}


def _mark(run: str, terms: str | None) -> Row:
    return {"kind": KIND, "subject": f"w/{run}", "decided_at": at(1), "terms": terms}


def _outcomes(
    spark: SparkSession,
    said: list[Row],
    as_of: datetime,
    *,
    runs: list[Row] | None = None,
    days: list[Row] | None = None,
    marks: list[Row] | None = None,
) -> dict[str, tuple[str, str | None, float | None]]:
    made = receipts(
        frame_of(spark, ops.SAID, said),
        frame_of(spark, silver.RUN_SLA, runs or []),
        frame_of(spark, gold.JOB_DAILY, days or []),
        frame_of(spark, ops.DECISIONS, marks or []),
        as_of=as_of,
    )
    rows = rows_of(made)
    assert len(rows) == len(said)
    return {
        row["statement_id"]: (row["outcome"], row["outcome_run_id"], row["outcome_seconds"])
        for row in rows
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("MISSED", "came"),
        ("MET", "did_not_come"),
        ("PENDING", "not_known_yet"),
        ("EXEMPT", "never_known"),
    ],
)
def test_what_became_of_the_run(spark: SparkSession, status: str, outcome: str) -> None:
    came = _outcomes(spark, [_miss(5)], at(2), runs=[_run("1", at(0, 5, 10), status)])
    assert came == {"0 5": (outcome, "1", 60.0)}


def test_a_run_that_does_not_come_is_never_known_half_a_day_later(spark: SparkSession) -> None:
    far = [_run("1", at(0, 18), "MISSED"), _run("0", at(-1, 23), "MISSED")]
    assert _outcomes(spark, [_miss(5)], at(0, 16, 59), runs=far)["0 5"][0] == "not_known_yet"
    assert _outcomes(spark, [_miss(5)], at(0, 17), runs=far)["0 5"] == ("never_known", None, None)


def test_each_run_is_of_one_statement_and_the_nearest(spark: SparkSession) -> None:
    # Of two that were expected only one came, an hour after the second.
    said = [_miss(5), _miss(8)]
    came = _outcomes(spark, said, at(2), runs=[_run("1", at(0, 9), "MISSED")])
    assert came == {"0 5": ("never_known", None, None), "0 8": ("came", "1", 60.0)}
    both = [_run("1", at(0, 9), "MISSED"), _run("2", at(0, 5, 1), "MET")]
    came = _outcomes(spark, said, at(2), runs=both)
    assert {name: run for name, (_, run, _) in came.items()} == {"0 5": "2", "0 8": "1"}


def test_a_run_that_was_known_when_it_was_said_is_not_what_came(spark: SparkSession) -> None:
    came = _outcomes(spark, [_miss(0.5)], at(2), runs=[_run("1", at(-1, 23, 59), "MISSED")])
    assert came["0 0.5"][0] == "never_known"


def test_a_flag_came_where_a_person_says_so(spark: SparkSession) -> None:
    said = [_flag("1"), _flag("2"), _flag("3"), _flag(None)]
    marks = [_mark("1", "incident"), _mark("2", "expected"), _mark("3", None)]
    soon = _outcomes(spark, said, at(13), marks=marks)
    assert {name: outcome for name, (outcome, _, _) in soon.items()} == {
        "flag 1": "came",
        "flag 2": "did_not_come",
        "flag 3": "not_known_yet",
        "flag None": "not_known_yet",
    }
    late = _outcomes(spark, said, at(14), marks=marks)
    assert (late["flag 1"][0], late["flag 3"][0]) == ("came", "never_known")


def test_a_date_came_where_the_days_around_it_are_slow(spark: SparkSession) -> None:
    # The days around are 27 to 33; their medians' median decides, once they are over.
    slow = [
        _day(26, 1.0),
        *(_day(day, 60.0 + 10 * (day - 26)) for day in range(27, 34)),
        _day(34, 1.0),
    ]
    assert _outcomes(spark, [_growth()], at(33, 23), days=slow)["growth"][0] == "not_known_yet"
    assert _outcomes(spark, [_growth()], at(34), days=slow)["growth"] == ("came", None, 100.0)
    fast = [_day(day, 90.0) for day in range(27, 34)]
    assert _outcomes(spark, [_growth()], at(34), days=fast)["growth"][0] == "did_not_come"
    assert _outcomes(spark, [_growth()], at(34), days=[_day(30, None)])["growth"] == (
        "never_known",
        None,
        None,
    )
