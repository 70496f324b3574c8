"""Which jobs come before which, from runs whose order was made by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.gold.dependencies import job_dependencies
from pipeline.silver.dependencies import run_dependencies
from pipeline.tables import gold, silver
from tests.strategies.tables import Row, at, frame_of, rows_of

HOSTILE = 'main.`a\'b`."t" -- \n\u202e😀'


def run_row(key: str, day: int, hour: int = 1, minute: int = 0, **columns: Any) -> Row:
    """One run a day of the job `key`."""
    workspace = key.partition("/")[0]
    return {
        "workspace_id": workspace,
        "series_key": key,
        "job_id": key.partition("/")[2],
        "run_id": f"{key}@{day}.{hour}",
        "run_date": at(day).date(),
        "started_at": at(day, hour, minute),
        "status": "SUCCEEDED",
    } | columns


def fired(upstream: Row, key: str, ready_minutes: int, wait_seconds: int) -> tuple[Row, Row]:
    """A run that a Run Job task of `upstream` fires, and that task's run."""
    ready = upstream["started_at"] + timedelta(minutes=ready_minutes)
    task = f"{upstream['run_id']} fires {key}"
    of_task = {
        "workspace_id": upstream["workspace_id"],
        "task_run_id": task,
        "run_id": upstream["run_id"],
        "task_key": "run_job",
        "task_run_date": ready.date(),
        "started_at": ready,
    }
    start = ready + timedelta(seconds=wait_seconds)
    day = (start - at(0)).days
    own = {"run_id": f"fired by {task}", "source_task_run_id": task, "started_at": start}
    return run_row(key, day, **own), of_task


def dependencies(
    spark: SparkSession,
    runs: list[Row],
    task_runs: list[Row],
    jobs: list[Row],
    day: int,
    uses: Sequence[Row] = (),
) -> list[Row]:
    """gold.job_dependencies as of that day, in the order of their keys."""
    of_runs = run_dependencies(
        frame_of(spark, silver.RUNS, runs),
        frame_of(spark, silver.TASK_RUNS, task_runs),
        frame_of(spark, silver.TABLE_USES, uses),
        as_of=at(day),
    )
    output = job_dependencies(
        of_runs,
        frame_of(spark, silver.RUNS, runs),
        frame_of(spark, gold.JOBS, jobs),
        as_of=at(day),
    )
    keys = gold.JOB_DEPENDENCIES.keys
    return sorted(rows_of(output), key=lambda row: tuple(row[key] for key in keys))


def job(key: str, state: str = "active") -> Row:
    return {"workspace_id": key.partition("/")[0], "series_key": key, "state": state}


def test_who_fires_whom_and_how_long_after(spark: SparkSession) -> None:
    before = [run_row("w/1", day) for day in range(5)]
    pairs = [
        fired(run, "w/2", 30 + day, wait)
        for run, day, wait in zip(before, range(5), (5, 5, 6, 7, 90), strict=True)
    ]
    by_hand = run_row("w/2", 2, 15)
    on_itself = fired(before[0], "w/1", 10, 5)
    runs = [*before, *(run for run, _ in pairs), by_hand, on_itself[0]]
    tasks = [*(task for _, task in pairs), on_itself[1]]
    (row,) = dependencies(spark, runs, tasks, [job("w/1"), job("w/2")], 5)
    assert (row["upstream_series_key"], row["series_key"], row["kind"]) == ("w/1", "w/2", "fires")
    assert (row["runs"], row["runs_without"], row["is_current"]) == (5, 0, True)
    assert row["runs_share"] == 5 / 6
    assert (row["ready_seconds"], row["wait_seconds"]) == (32 * 60.0, 6.0)
    assert row["wait_p90_seconds"] == pytest.approx(7 + 0.6 * 83)
    assert (row["first_seen_at"], row["last_seen_at"]) == (
        at(0, 1, 30, 5),
        at(4, 1, 35, 30),
    )


def test_a_dependency_ends_with_three_runs_without_it_or_with_a_job(spark: SparkSession) -> None:
    before = [run_row("w/1", day) for day in range(2)]
    runs, tasks = [*before], []
    for run in before:
        for key in ("w/2", "w/3", "w/4"):
            one, task = fired(run, key, 30, 5)
            runs.append(one)
            tasks.append(task)
    runs += [run_row("w/2", day) for day in range(2, 5)]
    runs += [run_row("w/3", day) for day in range(2, 4)]
    jobs = [job("w/1"), job("w/2"), job("w/3"), job("w/4", "deleted")]
    rows = dependencies(spark, runs, tasks, jobs, 6)
    assert {row["series_key"]: (row["runs_without"], row["is_current"]) for row in rows} == {
        "w/2": (3, False),
        "w/3": (2, True),
        "w/4": (0, False),
    }


def use(run: Row, action: str, table: str, when: datetime, until: datetime | None = None) -> Row:
    return {
        "workspace_id": run["workspace_id"],
        "run_id": run["run_id"],
        "use_date": when.date(),
        "action": action,
        "table_name": table,
        "first_at": when,
        "last_at": until or when,
    }


def test_who_feeds_whom_is_who_wrote_last_what_was_read(spark: SparkSession) -> None:
    """Two jobs write a table, one of another workspace; the third reads it at 05:20 each day, and writes it as well."""
    hourly = [run_row("w/1", day, hour) for day in range(4) for hour in (1, 3, 7)]
    daily = [run_row("v/1", day, 2) for day in range(1, 4)]
    readers = [run_row("w/9", day, 5) for day in range(4)]
    uses = [
        use(run, "write", HOSTILE, run["started_at"] + timedelta(minutes=5), end)
        for run in (*hourly, *daily)
        for end in [run["started_at"] + timedelta(minutes=30)]
    ]
    for run in readers:
        read_at = run["started_at"] + timedelta(minutes=20)
        uses += [
            use(run, "read", HOSTILE, read_at, read_at + timedelta(hours=3)),
            use(run, "write", HOSTILE, read_at),
            use(run, "read", "main.a.unwritten", read_at),
        ]
    jobs = [job(key) for key in ("w/1", "v/1", "w/9")]
    rows = dependencies(spark, [*hourly, *daily, *readers], [], jobs, 4, uses)
    assert {row["table_name"] for row in rows} == {HOSTILE}
    assert {
        (row["upstream_series_key"], row["upstream_workspace_id"]): (
            row["series_key"],
            row["runs"],
            row["ready_seconds"],
            row["wait_seconds"],
        )
        for row in rows
    } == {
        ("w/1", "w"): ("w/9", 4, 1800.0, 1.5 * 3600),
        # On the first day it had not written yet.
        ("v/1", "v"): ("w/9", 3, 1800.0, 2.5 * 3600),
    }
    assert {row["kind"] for row in rows} == {"feeds"}


def test_what_comes_after_the_night_changes_nothing(spark: SparkSession) -> None:
    before = [run_row("w/1", day) for day in range(6)]
    pairs = [fired(run, "w/2", 30, 5) for run in before]
    runs = [*before, *(run for run, _ in pairs), *(run_row("w/2", day, 9) for day in range(4, 6))]
    tasks = [task for _, task in pairs]
    jobs = [job("w/1"), job("w/2")]
    known = [run for run in runs if run["started_at"] < at(3)]
    assert dependencies(spark, runs, tasks, jobs, 3) == dependencies(
        spark, known, tasks[:3], jobs, 3
    )


def test_a_run_that_reads_what_is_written_while_it_runs_has_waited_less_than_nothing(
    spark: SparkSession,
) -> None:
    writer, reader = run_row("w/1", 0, 1), run_row("w/2", 0, 1, 10)
    uses = [use(writer, "write", "a.b.c", at(0, 2)), use(reader, "read", "a.b.c", at(0, 2))]
    (row,) = dependencies(spark, [writer, reader], [], [job("w/1"), job("w/2")], 1, uses)
    assert (row["ready_seconds"], row["wait_seconds"]) == (3600.0, -3000.0)
