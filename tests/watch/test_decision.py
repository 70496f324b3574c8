"""What people are told between nights: what fails, is late or may be, once; and what has ended."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.tables.catalogue import TABLES
from tests.strategies.tables import Row
from tests.watch.home import NIGHT, Home, health, history, home_of, job
from tests.watch.jobs import LIST, NOW, Jobs, W, ended, failed_task, running
from tests.workspace.server import BROKEN

_LATER = NOW + timedelta(minutes=5)
_RUN = {"workspace_id": W, "series_key": f"{W}/1", "run_id": "11"}


def _holds(home: Home) -> dict[str, Any]:
    return {one.key: one for one in home.decide().signals}


def _home(path: Path, spark: SparkSession, api: Jobs, **rows: list[Row]) -> Home:
    named = {table.name: table for table in TABLES}
    return home_of(path / "home", spark, api, rows={named[name]: of for name, of in rows.items()})


def test_a_failure_is_told_once_and_its_end_too(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs, job_health=[health(1)])
    jobs.have(ended(11, 1, code="RUN_EXECUTION_ERROR", tasks=[failed_task(12, "load <!here>")]))
    jobs.errors[12] = "ValueError: token=canary-1 of ana@example.com\nsecond line"
    home.look()
    assert home.decide().posted == 1
    home.look(_LATER)
    assert home.decide(_LATER).posted == 0
    (content,) = home.messages
    assert "job 1 failing" in content
    assert "in task load <!here>" in content
    assert "Its error begins: ValueError: token=[hidden] of [e-mail]" in content
    assert NOW.isoformat() in content, "the data is as old as the look, not as the night"
    jobs.have(ended(13, 1, 3, 1))
    home.look(_LATER)
    assert home.decide(_LATER).posted == 1
    assert "Over: job 1 failing" in home.messages[-1]
    assert _LATER.isoformat() in home.messages[-1]


def test_failures_in_a_row_go_on_where_the_night_has_counted(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    since = NOW - timedelta(hours=10)
    healths = [health(1, failures=3), health(2, failures=3), health(3, failures=3)]
    home = _home(tmp_path, spark, jobs, job_health=healths)
    jobs.have(*(ended(10 + n, 1, 30, 20 - n, "DRIVER_ERROR") for n in (1, 2)))
    jobs.have(
        ended(21, 2, 30, 20),
        ended(22, 2, 30, 10, "DRIVER_ERROR"),
        ended(23, 2, 30, 9, "USER_CANCELED"),
    )
    jobs.have(ended(31, 3, 30, 20, "DRIVER_ERROR"), ended(32, 3, 30, 10))
    home.look()
    holds = _holds(home)
    one, two = holds[f"failed {W}/1"], holds[f"failed {W}/2"]
    assert (one.times, one.began_at, one.run_id) == (5, since, "12")
    assert (two.times, two.began_at) == (1, NOW - timedelta(minutes=10))
    assert f"failed {W}/3" not in holds, "it has succeeded since"


def test_a_run_that_the_system_tables_have_told_counts_once(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    at = NOW - timedelta(minutes=6)
    home = _home(
        tmp_path, spark, jobs,
        job_health=[health(1, failures=1, last_run_id="11", last_ended_at=at, failing_since=at)],
        run_history=[history(1, 11, status="FAILED", ended_at=at, attempts=1)],
    )  # fmt: skip
    jobs.have(ended(11, 1, code="DRIVER_ERROR"))
    home.look()
    assert _holds(home)[f"failed {W}/1"].times == 1
    # A repair of the same run that went well is news.
    repair = [{"type": "REPAIR", "start_time": jobs.runs[11]["end_time"] + 1}]
    jobs.have(running(11, 1, repair_history=repair))
    home.look(_LATER)
    jobs.have(ended(11, 1, 30, -7, repair_history=repair))
    home.look(NOW + timedelta(minutes=10))
    assert (home.runs["11"]["attempt"], home.runs["11"]["status"]) == (1, "SUCCEEDED")
    assert f"failed {W}/1" not in _holds(home)


def test_a_run_at_risk_is_told_and_then_missed(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs)
    jobs.have(running(11, 1, 100), running(21, 2, 10))
    home.look()
    assert set(_holds(home)) == {f"at_risk {W}/1"}
    assert "has used 83.3 % of the 2h00m it may take" in home.messages[0]
    late = NOW + timedelta(minutes=30)
    home.look(late)
    home.decide(late)
    holds = _holds(home)
    assert {f"at_risk {W}/1", f"missed {W}/1"} <= holds.keys()
    assert "without a success" in holds[f"missed {W}/1"].sentence
    jobs.have(ended(11, 1, 100, -40))
    home.look(NOW + timedelta(minutes=45))
    holds = _holds(home)
    assert f"at_risk {W}/1" not in holds
    assert "by 20m" in holds[f"missed {W}/1"].sentence


def test_a_deadline_passes_while_a_run_goes_on(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    deadline = {"sla_kind": "deadline", "sla_limit_seconds": None, "sla_timezone": "UTC"}
    soon, passed = (deadline | {"sla_time_of_day": time} for time in ("13:00", "11:45"))
    home = _home(tmp_path, spark, jobs, jobs=[job(1, **soon), job(2, **passed), job(3, **passed)])
    jobs.have(running(11, 1, 30), running(21, 2, 30), ended(31, 3, 30, 5))
    home.look()
    holds = _holds(home)
    assert holds.keys() == {f"at_risk {W}/2", f"missed {W}/2", f"missed {W}/3"}
    assert "by 10m" in holds[f"missed {W}/3"].sentence
    assert 0 < home.runs["11"]["p_miss"] < 1
    assert home.runs["21"]["p_miss"] == 1.0


@pytest.mark.parametrize("is_over", [True, False])
def test_what_the_night_saw_at_risk_is_as_the_look_shows_it(
    tmp_path: Path, spark: SparkSession, jobs: Jobs, is_over: bool
) -> None:
    seen = _RUN | {"started_at": NIGHT, "seen_until": NIGHT, "p_miss": 0.9, "elapsed_seconds": 9.0}
    home = _home(tmp_path, spark, jobs, in_flight=[seen])
    assert set(_holds(home)) == {f"at_risk {W}/1"}
    jobs.have(ended(11, 1, 360, 300) if is_over else running(11, 1, 10))
    home.look()
    assert _holds(home) == {}


def test_a_job_that_has_begun_again_did_come(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    missing = {
        "workspace_id": W, "series_key": f"{W}/1", "night_at": NIGHT, "missing_runs": 1, "expected_runs": 1.0,
        "p_missing_runs": 0.0001,
    }  # fmt: skip
    home = _home(tmp_path, spark, jobs, job_nights=[missing])
    assert set(_holds(home)) == {f"did_not_come {W}/1"}
    jobs.have(running(11, 1, 10))
    home.look()
    assert _holds(home) == {}


def test_a_late_source_holds_what_the_night_found_and_not_what_was_seen(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    late = {
        "source_table": "system.lakeflow.job_run_timeline",
        "received_at": NIGHT,
        "behind_hours": 50.0,
        "gap": "within",
    }
    home = _home(
        tmp_path,
        spark,
        jobs,
        source_freshness=[late],
        job_health=[health(1), health(2, failures=1)],
    )
    jobs.have(ended(11, 1, code="DRIVER_ERROR"))
    home.look()
    made = home.decide()
    assert [held.signal.subject for held in made.decision.held] == [f"{W}/2"]


def test_between_nights_nobody_gets_a_digest(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs, jobs=[job(1, tier=3)])
    jobs.have(ended(11, 1, code="DRIVER_ERROR"))
    home.look()
    assert home.decide().posted == 0
    assert home.decide(_LATER, is_between_nights=False).posted == 1
    assert "Digest: 1 job" in home.messages[0]


def test_a_look_that_was_killed_before_the_decision_is_decided_on_later(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs)
    jobs.have(ended(11, 1, code="DRIVER_ERROR"))
    home.look()
    jobs.have(ended(12, 2, 3, 1, "DRIVER_ERROR"))
    home.look(_LATER)
    assert home.decide(_LATER).posted == 2
    # As where the decision was killed after its messages: the same again is posted by nobody.
    again = replace(home, path=tmp_path / "again")
    (tmp_path / "home").rename(again.path)
    for file in sorted((again.path / "ops" / "incidents").rglob("*.json"))[1:]:
        file.unlink()
    assert again.decide(_LATER).posted == 0


def test_a_workspace_that_is_not_seen_is_told_of_once(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs)
    jobs.server.says(LIST, BROKEN)
    for minutes in (0, 5, 10, 15):
        home.look(NOW + timedelta(minutes=minutes))
        told = home.decide(NOW + timedelta(minutes=minutes)).posted
        assert told == (minutes == 10)
    assert f"jobs_api.runs of {W} not seen between nights" in home.messages[0]
    jobs.server.says(LIST, jobs._list)
    home.look(NOW + timedelta(minutes=20))
    assert home.decide(NOW + timedelta(minutes=20)).posted == 1


def test_a_watch_that_stops_is_told_once_by_the_night(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs)
    home.look()
    night = NOW + timedelta(hours=12)
    assert home.decide(night, is_between_nights=False).posted == 0, "who looks once is no watch"
    home.look(_LATER)
    soon = _LATER + timedelta(minutes=50)
    assert home.decide(soon, is_between_nights=False).posted == 0
    for nights in range(3):
        told = home.decide(night + timedelta(days=nights), is_between_nights=False).posted
        assert told == (nights == 0)
    assert f"jobs_api.runs of {W} not seen between nights" in home.messages[0]
    assert "Nobody has looked since 2026-06-01 12:05 UTC" in home.messages[0]
    home.look(night + timedelta(days=3))
    assert home.decide(night + timedelta(days=3)).posted == 1
    assert "Over: " in home.messages[-1]


def test_a_workspace_that_is_asked_no_more_is_no_fault(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs)
    jobs.server.says(LIST, BROKEN)
    for minutes in (0, 5, 10):
        home.look(NOW + timedelta(minutes=minutes))
    jobs.server.says(LIST, jobs._list)
    elsewhere = replace(home, workspaces={"east": jobs})
    elsewhere.look(NOW + timedelta(minutes=15))
    assert set(home.sweeps) == {"east"}
    assert home.decide(NOW + timedelta(minutes=15)).signals == []


def test_a_success_that_was_seen_ends_what_a_late_source_would_keep(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    late = {
        "source_table": "system.lakeflow.job_run_timeline", "received_at": NIGHT, "behind_hours": 50.0,
        "gap": "within",
    }  # fmt: skip
    home = _home(tmp_path, spark, jobs, source_freshness=[late])
    jobs.have(ended(11, 1, code="DRIVER_ERROR"), running(21, 2, 100))
    home.look()
    assert home.decide().posted == 3, "the source, the failure, and the run at risk"
    jobs.have(ended(12, 1, 3, 1))
    home.look(_LATER)
    assert home.decide(_LATER).posted == 1
    assert "Over: job 1 failing" in home.messages[-1]
    jobs.have(ended(21, 2, 110, 1))
    home.look(_LATER + timedelta(minutes=5))
    assert home.decide(_LATER + timedelta(minutes=5)).posted == 1
    assert "Over: job 2 about to miss its SLA" in home.messages[-1]


def test_killed_after_its_messages_what_is_over_by_then_is_told_as_over(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    home = _home(tmp_path, spark, jobs)
    jobs.have(ended(11, 1, code="DRIVER_ERROR"))
    home.look()
    assert home.decide().posted == 1
    # As where the decision was killed after its messages, and another success comes before the next.
    killed = replace(home, path=tmp_path / "killed")
    (tmp_path / "home").rename(killed.path)
    for file in sorted((killed.path / "ops" / "incidents").rglob("*.json"))[1:]:
        file.unlink()
    jobs.have(ended(12, 1, 3, 1))
    killed.look(_LATER)
    assert killed.decide(_LATER).posted == 1
    assert "Over: job 1 failing" in killed.messages[-1]
    jobs.have(ended(13, 1, 1, 0.5, "DRIVER_ERROR"))
    later = _LATER + timedelta(minutes=5)
    killed.look(later)
    assert killed.decide(later).posted == 1, "its id is none of those that were posted"
    assert "Comes and goes: job 1 failing" in killed.messages[-1]


def test_no_secret_of_an_error_is_in_any_file(
    tmp_path: Path, spark: SparkSession, jobs: Jobs
) -> None:
    canary = "dapi0123456789canary"
    home = _home(tmp_path, spark, jobs)
    tasks = [failed_task(12, "load")]
    hostile = {
        "run_name": canary,
        "job_parameters": [{"name": "x", "value": canary}],
        "creator_user_name": canary,
    }
    jobs.have(ended(11, 1, code="RUN_EXECUTION_ERROR", tasks=tasks, **hostile))
    jobs.errors[12] = f"Error: {canary} https://u:{canary}@h/{canary} secret: {canary}\n{canary}"
    home.look()
    assert home.decide().posted == 1
    for file in (tmp_path / "home").rglob("*"):
        if file.is_file():
            assert canary.encode() not in file.read_bytes(), file.name
    assert not any(canary in content for content in home.messages)
