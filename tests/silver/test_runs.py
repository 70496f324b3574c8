"""Runs and attempts from slices: worked cases, and what may not matter."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.expressions.run_names import DEFAULT_RUN_NAMES, RUN_NAME_RULES
from pipeline.silver.runs import attempts, runs, task_runs
from pipeline.tables import bronze, silver
from tests.parity.comparing import differences, shown
from tests.strategies.tables import (
    Row,
    at,
    attempt_slices,
    frame_of,
    histories,
    on,
    one,
    rows_of,
)

_RUN = {"workspace_id": "w", "job_id": "7", "run_id": "70"}
_FACTS = [name for name in silver.ATTEMPTS.column_names if name != "slices"]
"""What an attempt is; how many slices it came in is how it was delivered."""


def _made(spark: SparkSession, rows: list[Row]) -> DataFrame:
    """The attempts of runs without tasks."""
    return attempts(
        frame_of(spark, bronze.JOB_RUN_TIMELINE, rows),
        frame_of(spark, silver.TASK_RUNS, []),
        run_name_rules=RUN_NAME_RULES,
        default_run_names=DEFAULT_RUN_NAMES,
    )


def _attempts(spark: SparkSession, rows: list[Row]) -> list[Row]:
    output = rows_of(_made(spark, rows))
    return sorted(output, key=lambda row: (row["workspace_id"], row["run_id"], row["attempt"]))


def _run(spark: SparkSession, rows: list[Row]) -> Row:
    return one(runs(_made(spark, rows)))


def test_both_ways_of_slicing_give_one_attempt(spark: SparkSession) -> None:
    # 04:47 to 08:07 is 3 h 20 min = 12,000 s. Cut at clock hours: 13 + 60 + 60 + 60 + 7 min, five
    # slices; cut at hours from its start: 60 + 60 + 60 + 20 min, four.
    by_clock = _attempts(spark, attempt_slices(_RUN, at(0, 4, 47), at(0, 8, 7)))
    by_start = _attempts(spark, attempt_slices(_RUN, at(0, 4, 47), at(0, 8, 7), by_clock=False))
    assert [row["slices"] for row in by_clock + by_start] == [5, 4]
    for (row,) in (by_clock, by_start):
        assert row["duration_seconds"] == 12_000.0
        assert (row["started_at"], row["ended_at"]) == (at(0, 4, 47), at(0, 8, 7))
        assert (row["attempt"], row["status"], row["run_date"]) == (0, "SUCCEEDED", on(0))
    assert not differences(by_clock, by_start, keys=silver.ATTEMPTS.keys, columns=_FACTS)


def test_a_repair_keeps_the_run_and_adds_an_attempt(spark: SparkSession) -> None:
    # Fails after 30 min at 23:30, is repaired at 00:10 the next day and succeeds after 50 min:
    # busy 80 min, wall 90 min; it belongs to the day of its first start.
    rows = attempt_slices(_RUN, at(0, 23), at(0, 23, 30), "FAILED", "CLUSTER_ERROR")
    rows += attempt_slices(_RUN, at(1, 0, 10), at(1, 1), "SUCCEEDED", "SUCCESS")
    first, second = _attempts(spark, rows)
    assert (first["status"], first["failure_class"]) == ("FAILED", "infrastructure")
    assert (second["status"], second["failure_class"]) == ("SUCCEEDED", None)
    assert (first["run_date"], second["run_date"]) == (on(0), on(0))
    run = _run(spark, rows)
    assert (run["attempts"], run["repairs"], run["status"]) == (2, 1, "SUCCEEDED")
    assert (run["busy_seconds"], run["wall_seconds"]) == (4_800.0, 7_200.0)
    assert (run["first_success_at"], run["first_success_seconds"]) == (at(1, 1), 3_000.0)
    assert run["run_week"] == on(0)


def test_a_run_tells_which_task_fired_it(spark: SparkSession) -> None:
    # Only the slice that it began with says so, and a repair of it does not.
    first = attempt_slices(_RUN, at(0, 1, 30), at(0, 2, 15), "FAILED", "RUN_EXECUTION_ERROR")
    first[0]["source_task_run_id"] = "900"
    again = attempt_slices(_RUN, at(0, 3), at(0, 4), "SUCCEEDED", "SUCCESS")
    assert _run(spark, first + again)["source_task_run_id"] == "900"
    assert _run(spark, again)["source_task_run_id"] is None


def test_the_last_attempt_decides_not_the_alphabet(spark: SparkSession) -> None:
    # MAX(result_state) of SUCCEEDED then FAILED would be SUCCEEDED.
    rows = attempt_slices(_RUN, at(0, 1), at(0, 2), "SUCCEEDED")
    rows += attempt_slices(_RUN, at(0, 3), at(0, 4), "FAILED", "RUN_EXECUTION_ERROR")
    run = _run(spark, rows)
    assert (run["status"], run["failure_class"]) == ("FAILED", "code")
    assert run["first_success_at"] == at(0, 2)


def test_a_repair_in_progress_is_in_flight(spark: SparkSession) -> None:
    rows = attempt_slices(_RUN, at(0, 1), at(0, 2), "FAILED")
    rows += attempt_slices(_RUN, at(0, 3), at(0, 4), None)
    run = _run(spark, rows)
    assert (run["status"], run["ended_at"], run["termination_code"]) == ("IN_FLIGHT", None, None)
    assert (run["attempts"], run["busy_seconds"]) == (2, 7_200.0)


def test_a_run_that_never_started_has_no_duration(spark: SparkSession) -> None:
    # One row of zero length; the reason is in its code.
    rows = attempt_slices(_RUN, at(0, 1), at(0, 1), "SKIPPED", "MAX_CONCURRENT_RUNS_EXCEEDED")
    run = _run(spark, rows)
    assert (run["never_started"], run["status"]) == (True, "SKIPPED")
    assert (run["busy_seconds"], run["failure_class"]) == (0.0, None)
    # A failure after a start is something else, though its last slice has no length.
    rows = attempt_slices(_RUN, at(0, 1), at(0, 2), None)
    rows += attempt_slices(_RUN, at(0, 2), at(0, 2), "FAILED")
    assert _run(spark, rows)["never_started"] is False


def test_a_reported_zero_is_no_queue_time(spark: SparkSession) -> None:
    # Multi-task jobs carry a literal 0 on every run.
    rows = attempt_slices(_RUN, at(0, 1), at(0, 2), queue_duration_seconds=0)
    assert _run(spark, rows)["queue_seconds"] is None
    rows = attempt_slices(_RUN, at(0, 1), at(0, 2), queue_duration_seconds=17)
    assert _run(spark, rows)["queue_seconds"] == 17.0


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ("SUCCESS", "SUCCEEDED"),
        ("SUCCESS_WITH_FAILURES", "SUCCEEDED"),
        ("error", "FAILED"),
        ("TIMEDOUT", "TIMEOUT"),
        ("CANCELED", "CANCELLED"),
        ("CANCELLED", "CANCELLED"),
        ("BLOCKED", "SKIPPED"),
        ("EXCLUDED", "SKIPPED"),
        ("BRAND_NEW", "UNKNOWN"),
        (None, "IN_FLIGHT"),
    ],
)
def test_results_in_every_spelling(spark: SparkSession, result: str | None, status: str) -> None:
    assert _run(spark, attempt_slices(_RUN, at(0, 1), at(0, 2), result))["status"] == status


def test_submitted_runs_follow_their_name(spark: SparkSession) -> None:
    # Each submit has a job id of its own; two workspaces may share a job id.
    rows: list[Row] = []
    for number, (workspace, kind) in enumerate(
        [
            ("w", "SUBMIT_RUN"),
            ("w", "SUBMIT_RUN"),
            ("v", "SUBMIT_RUN"),
            ("w", "JOB_RUN"),
            ("w", None),
        ]
    ):
        run: Row = {"workspace_id": workspace, "job_id": f"9{number}", "run_id": str(number)}
        run |= {"run_type": kind, "run_name": "adf load"}
        rows += attempt_slices(run, at(number, 1), at(number, 2))
    output = {row["run_id"]: row["series_key"] for row in _attempts(spark, rows)}
    assert output == {
        "0": "w/adf load",
        "1": "w/adf load",
        "2": "v/adf load",
        "3": "w/93",
        "4": "w/94",
    }


def test_one_run_id_in_two_workspaces_is_two_runs(spark: SparkSession) -> None:
    rows = attempt_slices(_RUN, at(0, 1), at(0, 2), "FAILED")
    rows += attempt_slices(_RUN | {"workspace_id": "v"}, at(0, 3), at(0, 4))
    output = _attempts(spark, rows)
    assert [(row["workspace_id"], row["attempt"], row["status"]) for row in output] == [
        ("v", 0, "SUCCEEDED"),
        ("w", 0, "FAILED"),
    ]


def test_weeks_begin_on_monday(spark: SparkSession) -> None:
    # Day 0 is a Monday, day 6 the Sunday of its week, day 7 the next Monday; also across New Year.
    rows: list[Row] = []
    for day in range(-90, 15):
        run = {"workspace_id": "w", "job_id": "7", "run_id": str(day)}
        rows += attempt_slices(run, at(day, 1), at(day, 2))
    output = rows_of(runs(_made(spark, rows)))
    assert {row["run_week"] for row in output if row["run_date"] == on(6)} == {on(0)}
    for row in output:
        assert row["run_week"] == row["run_date"] - timedelta(days=row["run_date"].weekday())


def test_task_runs_name_their_compute(spark: SparkSession) -> None:
    # Typed compute wins; before December 2025 an id that looks like a cluster's is one.
    task = {"workspace_id": "w", "job_id": "7", "job_run_id": "70", "task_key": "load"}
    typed = {
        "compute": [
            {"type": "CLUSTER", "cluster_id": "0101-000000-aa", "warehouse_id": None},
            {"type": "WAREHOUSE", "cluster_id": None, "warehouse_id": "abc"},
        ],
        "compute_ids": ["0101-000000-zz"],
    }
    untyped = {"compute_ids": ["0101-000000-bb", "abcdef0123456789"]}
    rows = attempt_slices(task | typed | {"run_id": "a"}, at(0, 1), at(0, 3))
    rows += attempt_slices(task | untyped | {"run_id": "b"}, at(0, 1), at(0, 2), None)
    rows += attempt_slices(task | {"run_id": "c"}, at(0, 1), at(0, 2), "FAILED", "CLOUD_FAILURE")
    output = {
        r["task_run_id"]: r
        for r in rows_of(task_runs(frame_of(spark, bronze.JOB_TASK_RUN_TIMELINE, rows)))
    }
    assert output["a"]["cluster_ids"] == ["0101-000000-aa"]
    assert output["a"]["warehouse_ids"] == ["abc"]
    assert output["b"]["cluster_ids"] == ["0101-000000-bb"]
    assert output["b"]["warehouse_ids"] == ["abcdef0123456789"]
    assert (output["b"]["status"], output["b"]["ended_at"]) == ("IN_FLIGHT", None)
    assert (output["c"]["cluster_ids"], output["c"]["failure_class"]) == ([], "infrastructure")


def test_a_task_that_ends_in_a_slice_of_no_length_has_ended(spark: SparkSession) -> None:
    # Cut at 02:00, where it also failed: the last slice starts at the end, and carries the result.
    task = {"workspace_id": "w", "job_id": "7", "job_run_id": "70", "task_key": "load"}
    ended = attempt_slices(task | {"run_id": "a"}, at(0, 1), at(0, 2), None)
    ended += [ended[0] | {"period_start_time": at(0, 2), "result_state": "FAILED"}]
    # One that carries no result there is running again.
    again = attempt_slices(task | {"run_id": "b"}, at(0, 1), at(0, 2))
    again += [again[0] | {"period_start_time": at(0, 2), "result_state": None}]
    output = rows_of(task_runs(frame_of(spark, bronze.JOB_TASK_RUN_TIMELINE, ended + again)))
    assert {row["task_run_id"]: row["status"] for row in output} == {
        "a": "FAILED",
        "b": "IN_FLIGHT",
    }


def _delivered(rows: list[Row], order: int, splits: dict[int, float]) -> list[Row]:
    """The same time in other slices, in another order."""
    cut: list[Row] = []
    for number, row in enumerate(rows):
        span = row["period_end_time"] - row["period_start_time"]
        share = splits.get(number)
        if share is None or span < timedelta(seconds=2):
            cut.append(row)
            continue
        border = row["period_start_time"] + timedelta(seconds=int(span.total_seconds() * share))
        if border in (row["period_start_time"], row["period_end_time"]):
            cut.append(row)
            continue
        first: dict[str, Any] = row | {"period_end_time": border}
        for name in ("result_state", "termination_code"):
            first[name] = None
        cut += [first, row | {"period_start_time": border}]
    random.Random(order).shuffle(cut)
    return cut


@given(histories(), st.integers(0, 99), st.dictionaries(st.integers(0, 40), st.floats(0.05, 0.95)))
def test_order_and_slicing_change_nothing(
    spark: SparkSession, history: list[list[Row]], order: int, splits: dict[int, float]
) -> None:
    rows = [row for run in history for row in run]
    as_cut = _attempts(spark, rows)
    otherwise = _attempts(spark, _delivered(rows, order, splits))
    problems = differences(as_cut, otherwise, keys=silver.ATTEMPTS.keys, columns=_FACTS)
    assert not problems, shown(problems)
    total = sum((r["period_end_time"] - r["period_start_time"]).total_seconds() for r in rows)
    assert sum(row["duration_seconds"] for row in as_cut) == pytest.approx(total, abs=1e-6)
    assert {row["run_id"] for row in as_cut} == {run[0]["run_id"] for run in history}


@given(histories())
def test_a_run_is_its_attempts(spark: SparkSession, history: list[list[Row]]) -> None:
    rows = [row for run in history for row in run]
    output = {row["run_id"]: row for row in rows_of(runs(_made(spark, rows)))}
    for run in history:
        seen = output[run[0]["run_id"]]
        ends = [row for row in run if row.get("result_state")]
        assert seen["attempts"] == len(ends) + (run[-1].get("result_state") is None)
        assert (seen["status"] == "IN_FLIGHT") == (run[-1].get("result_state") is None)
        assert seen["wall_seconds"] >= seen["busy_seconds"] - 1e-6
        good = [row["period_end_time"] for row in ends if row["result_state"] == "SUCCEEDED"]
        assert seen["first_success_at"] == (min(good) if good else None)
