"""A look at workspaces: what it writes down, that it is what a night would say, and that no run is there twice."""

from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.scoring.in_flight import in_flight
from pipeline.tables import gold, silver
from tests.strategies.tables import frame_of, rows_of
from tests.watch.home import NIGHT, Home, health, history, home_of, job, state
from tests.watch.jobs import NOW, Jobs, W, ended, ms, running
from tests.workspace.server import BROKEN, serving


@pytest.fixture
def home(tmp_path: Path, spark: SparkSession, jobs: Jobs) -> Home:
    return home_of(tmp_path / "home", spark, jobs)


def test_p_miss_is_what_a_night_says_for_the_same_elapsed_time(
    home: Home, jobs: Jobs, spark: SparkSession
) -> None:
    repair = [{"type": "REPAIR", "start_time": ms(17)}]
    jobs.have(running(11, 1, 60), running(12, 2, 97), running(13, 3, 200, repair_history=repair))
    home.look()
    assert home.runs["11"]["p_miss"] == pytest.approx(0.4, abs=1e-6), "by a curve worked by hand"
    runs = [
        {
            "workspace_id": W, "series_key": row["series_key"], "run_id": run_id, "run_date": NOW.date(),
            "started_at": row["started_at"], "status": "IN_FLIGHT", "attempts": row["attempt"] + 1,
        }
        for run_id, row in home.runs.items()
    ]  # fmt: skip
    attempts = [
        {name: run[name] for name in ("workspace_id", "series_key", "run_id", "run_date", "status")}
        | {"attempt": row["attempt"], "started_at": row["attempt_started_at"], "seen_until": NOW}
        for run, row in zip(runs, home.runs.values(), strict=True)
    ]
    night = in_flight(
        frame_of(spark, gold.JOBS, [job(number) for number in (1, 2, 3)]),
        frame_of(spark, gold.DURATION_STATES, [state(number) for number in (1, 2, 3)]),
        frame_of(spark, silver.ATTEMPTS, attempts),
        frame_of(spark, silver.RUNS, runs),
        as_of=NOW,
    )
    said = {row["run_id"]: (row["elapsed_seconds"], row["p_miss"]) for row in rows_of(night)}
    assert {
        run_id: (row["elapsed_seconds"], row["p_miss"]) for run_id, row in home.runs.items()
    } == said
    assert said["13"][0] == 17 * 60


def test_a_look_follows_runs_until_they_end(home: Home, jobs: Jobs) -> None:
    jobs.have(running(11, 1, 60), running(12, 2, 60))
    home.look()
    jobs.have(ended(11, 1, 60, 2), ended(13, 3, 4, 1, "RUN_EXECUTION_ERROR"))
    later = NOW + timedelta(minutes=5)
    assert home.look(later).is_whole
    assert {run_id: row["status"] for run_id, row in home.runs.items()} == {
        "11": "SUCCEEDED", "12": "IN_FLIGHT", "13": "FAILED",
    }  # fmt: skip
    assert home.runs["11"]["p_miss"] is None
    assert home.runs["12"]["elapsed_seconds"] == 65 * 60
    assert home.sweeps[""]["ended_until"] == later
    version = home.runs
    home.look(later)
    assert home.runs == version


def test_a_broken_workspace_stops_no_other_and_is_told_of(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    with serving() as other:
        broken = Jobs(other)
        home = home_of(tmp_path / "home", spark, broken, jobs)
        other.says("/api/2.2/jobs/runs/list", BROKEN)
        jobs.have(running(11))
        first, second = home.look().workspaces
        assert "no usable answer" in first.problem
        assert (second.problem, second.in_progress) == ("", 1)
        assert home.look(NOW + timedelta(minutes=5)).is_whole is False
    row = home.sweeps["0"]
    assert (row["problems"], row["problem_since"], row["ended_until"]) == (2, NOW, None)
    assert set(home.runs) == {"11"}


def test_runs_that_the_night_knew_in_progress_are_followed(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    known = {
        "workspace_id": W, "series_key": f"{W}/1", "run_id": "11", "started_at": NIGHT - timedelta(hours=1),
        "seen_until": NIGHT,
    }  # fmt: skip
    other = known | {"workspace_id": "other", "run_id": "12"}
    home = home_of(tmp_path / "home", spark, jobs, rows={gold.IN_FLIGHT: [known, other]})
    jobs.have(ended(11, 1, 400, 200))
    home.look()
    assert {run_id: row["status"] for run_id, row in home.runs.items()} == {"11": "SUCCEEDED"}


def test_what_the_system_tables_have_told_for_a_day_goes(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    at = NOW - timedelta(minutes=5)
    rows = {gold.RUN_HISTORY: [history(1, 11, ended_at=at)], gold.JOB_HEALTH: [health(1)]}
    home = home_of(tmp_path / "home", spark, jobs, rows=rows)
    jobs.have(ended(11, 1), ended(12, 1))
    home.look()
    assert set(home.runs) == {"11", "12"}
    jobs.runs.clear()
    home.look(NOW + timedelta(days=2))
    assert set(home.runs) == {"12"}, "of the other the system tables have not told"
    home.look(NOW + timedelta(days=5))
    assert home.runs == {}


def test_jobs_of_which_no_night_has_spoken_are_kept_without_a_number(
    home: Home, jobs: Jobs
) -> None:
    jobs.have(running(11, job_id=999))
    home.look()
    assert (home.runs["11"]["series_key"], home.runs["11"]["p_miss"]) == (f"{W}/999", None)
