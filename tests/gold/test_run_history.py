"""Each run by itself, and failures by cause and task."""

from datetime import timedelta

import pytest
from pyspark.sql import SparkSession

from pipeline.gold.run_history import run_history
from pipeline.gold.tasks import failures_daily
from pipeline.tables import gold, silver
from tests.strategies.tables import Row, at, frame_of, on, one, rows_of

_KEY: Row = {"workspace_id": "w", "job_id": "7", "run_id": "1"}
_RUN: Row = _KEY | {"series_key": "w/7"}
_CODES = {"FAILED": "RUN_EXECUTION_ERROR", "TIMEOUT": "INTERNAL_ERROR"}


def _run(status: str = "SUCCEEDED", **columns: object) -> Row:
    default = _RUN | {"run_date": on(0), "started_at": at(0), "status": status, "attempts": 1}
    return default | {"busy_seconds": 60.0, "wall_seconds": 60.0} | columns


def _attempt(number: int, status: str, minutes: float, **columns: object) -> Row:
    start = at(0) + timedelta(hours=number)
    return (
        _RUN
        | {
            "run_date": on(0),
            "attempt": number,
            "status": status,
            "started_at": start,
            "ended_at": start + timedelta(minutes=minutes),
            "duration_seconds": 60.0 * minutes,
            "termination_code": _CODES.get(status),
            "failure_class": "code" if status in _CODES else None,
        }
        | columns
    )


def _try(key: str, minute: float, status: str, **columns: object) -> Row:
    """A try of a task that starts at this minute of the run and takes one."""
    start = at(0) + timedelta(minutes=minute)
    return (
        _KEY
        | {
            "task_run_date": start.date(),
            "task_run_id": f"{key}{minute}",
            "task_key": key,
            "started_at": start,
            "seen_until": start + timedelta(minutes=1),
            "status": status,
            "cluster_ids": [],
            "warehouse_ids": [],
        }
        | columns
    )


def _history(
    spark: SparkSession,
    run: Row,
    attempts: list[Row],
    tasks: list[Row] | None = None,
    sla: list[Row] | None = None,
    costs: list[Row] | None = None,
) -> Row:
    given = (
        (silver.RUNS, [run]),
        (silver.ATTEMPTS, attempts),
        (silver.TASK_RUNS, tasks or []),
        (silver.RUN_SLA, sla or []),
        (silver.RUN_COSTS, costs or []),
    )
    return one(run_history(*(frame_of(spark, table, rows) for table, rows in given)))


def test_a_run_that_was_repaired_keeps_why_it_failed_first(spark: SparkSession) -> None:
    row = _history(
        spark,
        _run(attempts=3),
        [_attempt(0, "FAILED", 5), _attempt(1, "TIMEOUT", 7), _attempt(2, "SUCCEEDED", 4)],
    )
    assert (row["status"], row["failed_attempts"], row["lost_seconds"]) == ("SUCCEEDED", 2, 720.0)
    assert (row["first_termination_code"], row["first_failure_class"]) == (_CODES["FAILED"], "code")


def test_the_task_that_failed_first_is_named_and_one_that_came_right_is_not(
    spark: SparkSession,
) -> None:
    tasks = [
        _try("flaky", 0, "FAILED"),
        _try("flaky", 1, "SUCCEEDED"),
        _try("late", 3, "FAILED"),
        _try("early", 2, "TIMEOUT"),
        _try("after", 4, "SKIPPED"),
        # What failed in the repair is not why the first attempt did.
        _try("again", 61, "FAILED"),
    ]
    row = _history(
        spark, _run("FAILED"), [_attempt(0, "FAILED", 5), _attempt(1, "FAILED", 5)], tasks
    )
    assert row["failed_task_key"] == "early"
    only_retried = _history(spark, _run(), [_attempt(0, "SUCCEEDED", 5)], tasks[:2])
    assert (only_retried["failed_task_key"], only_retried["failed_attempts"]) == (None, 0)
    assert (only_retried["lost_seconds"], only_retried["first_failure_class"]) == (0.0, None)


@pytest.mark.parametrize(
    ("clusters", "warehouses", "compute"),
    [
        (["c"], [], "cluster"),
        ([], ["h"], "warehouse"),
        (["c"], ["h"], "both"),
        ([], [], "none_named"),
    ],
)
def test_what_its_tasks_ran_on(
    spark: SparkSession, clusters: list[str], warehouses: list[str], compute: str
) -> None:
    tasks = [
        _try("a", 0, "SUCCEEDED", cluster_ids=clusters, setup_seconds=30.0),
        _try("b", 1, "SUCCEEDED", warehouse_ids=warehouses, setup_seconds=50.0),
    ]
    row = _history(spark, _run(), [_attempt(0, "SUCCEEDED", 5)], tasks)
    assert (row["compute"], row["setup_seconds"]) == (compute, 50.0)


def test_its_sla_and_cost_and_nothing_dated_before_it(spark: SparkSession) -> None:
    sla = _RUN | {"run_date": on(0), "started_at": at(0), "sla_kind": "limit"}
    sla |= {"sla_status": "MISSED", "margin_seconds": -5.0}
    cost = _KEY | {"cost_date": on(0), "last_usage_date": on(1), "list_cost": 3}
    cost |= {"currency_code": "USD"}
    attempts = [_attempt(0, "SUCCEEDED", 5)]
    row = _history(spark, _run(), attempts, None, [sla], [cost])
    assert (row["sla_status"], row["margin_seconds"]) == ("MISSED", -5.0)
    assert (row["list_cost"], row["currency_code"], row["last_usage_date"]) == (3, "USD", on(1))
    before = _try("a", -(24 * 60), "SUCCEEDED")
    row = _history(spark, _run(), attempts, [before], [], [cost | {"cost_date": on(-1)}])
    assert (row["list_cost"], row["compute"], row["sla_status"]) == (None, None, None)


def test_failures_count_each_run_once_under_what_failed_first(spark: SparkSession) -> None:
    shared = {"run_date": on(0), "first_failure_class": "code", "first_termination_code": "X"}
    histories = [
        _RUN | shared | {"status": status, "failed_attempts": attempts, "lost_seconds": lost}
        | {"run_id": str(number), "failed_task_key": task}
        for number, (status, attempts, lost, task) in enumerate(
            [
                ("FAILED", 2, 0.1, "a"),
                ("SUCCEEDED", 1, 0.2, "a"),
                ("CANCELLED", 1, 0.3, "a"),
                ("FAILED", 1, 9.0, None),
                ("SUCCEEDED", 0, 0.0, None),
            ]
        )
    ]  # fmt: skip
    rows = rows_of(failures_daily(frame_of(spark, gold.RUN_HISTORY, histories)))
    by_task = {row["failed_task_key"]: row for row in rows}
    assert set(by_task) == {"a", ""}
    first = by_task["a"]
    assert (first["runs_failed"], first["runs_repaired"], first["attempts_failed"]) == (1, 1, 4)
    assert first["lost_seconds"] == 0.6
    assert (by_task[""]["runs_failed"], by_task[""]["lost_seconds"]) == (1, 9.0)
