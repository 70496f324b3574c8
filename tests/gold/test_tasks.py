"""Tasks by day."""

from datetime import timedelta

from pyspark.sql import SparkSession

from pipeline.gold.tasks import task_daily
from pipeline.tables import silver
from tests.strategies.tables import Row, at, frame_of, on, rows_of

_JOB: Row = {"workspace_id": "w", "job_id": "7"}


def _run(run: str, day: int, hours: float | None, seconds: float) -> Row:
    end = None if hours is None else at(day) + timedelta(hours=hours)
    return _JOB | {
        "run_id": run,
        "series_key": "w/nightly",
        "run_date": on(day),
        "ended_at": end,
        "busy_seconds": seconds,
    }


def _try(run: str | None, hour: float, seconds: float, status: str = "SUCCEEDED") -> Row:
    start = at(0) + timedelta(hours=hour)
    return _JOB | {
        "task_run_date": start.date(),
        "task_run_id": f"{run}@{hour}",
        "run_id": run,
        "task_key": "load",
        "started_at": start,
        "status": status,
        "duration_seconds": seconds,
    }


def _days(spark: SparkSession, tries: list[Row], runs: list[Row]) -> dict[object, Row]:
    made = task_daily(frame_of(spark, silver.TASK_RUNS, tries), frame_of(spark, silver.RUNS, runs))
    return {row["task_run_date"]: row for row in rows_of(made)}


def test_tries_retries_and_the_share_of_the_runs_time(spark: SparkSession) -> None:
    # Run 1 tries the task twice; its time counts once. Medians are of the two successes, 20 and 40.
    tries = [_try("1", 1, 10.0, "FAILED"), _try("1", 2, 20.0), _try("2", 3, 40.0)]
    tries += [_try(None, 4, 5.0, "TIMEOUT")]
    days = _days(spark, tries, [_run("1", 0, 3, 100.0), _run("2", 0, 4, 50.0)])
    (row,) = days.values()
    assert (row["runs"], row["tries"], row["retries"]) == (3, 4, 1)
    assert (row["succeeded"], row["failures"]) == (2, 2)
    assert (row["median_seconds"], row["p95_seconds"]) == (30.0, 39.0)
    assert (row["succeeded_seconds"], row["busy_seconds"], row["run_seconds"]) == (
        60.0,
        75.0,
        150.0,
    )


def test_a_run_over_midnight_counts_on_both_days_and_not_after_its_end(
    spark: SparkSession,
) -> None:
    tries = [_try("1", 23, 9.0), _try("1", 25, 9.0), _try("1", 60, 9.0)]
    days = _days(spark, tries, [_run("1", 0, 26, 100.0)])
    assert {day: row["run_seconds"] for day, row in days.items()} == {
        on(0): 100.0,
        on(1): 100.0,
        on(2): None,
    }
    assert days[on(1)]["series_key"] == "w/nightly"
    assert days[on(2)]["series_key"] == "w/7"
