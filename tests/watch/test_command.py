"""`rightrun watch` as it is called: which workspaces it asks, and who else may write meanwhile."""

import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.lock import home_lock
from pipeline.settings import load_settings
from pipeline.tables.declaration import Part
from tests.e2e.account import rightrun
from tests.watch.home import Home, home_of
from tests.watch.jobs import Jobs, ended, running
from tests.workspace.server import BROKEN, TOKEN, fault, serving


@pytest.fixture
def home(tmp_path: Path, spark: SparkSession, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Asked by the real clock, with runs of the last minutes."""
    monkeypatch.setenv("DATABRICKS_HOST", jobs.server.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    at = int(time.time() * 1000)
    moments = {"start_time": at - 600_000, "end_time": at - 60_000}
    jobs.have(ended(11, code="DRIVER_ERROR") | moments, running(12) | {"start_time": at - 60_000})
    return home_of(tmp_path / "home", spark, jobs)


def test_it_looks_while_a_night_runs_and_beside_no_other_watch(home: Home, tmp_path: Path) -> None:
    with home_lock(home.path, Part.TABLES):
        ran = rightrun("watch", "--home", home.path, "--json", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    (row,) = ran.json()
    assert (row["in_progress"], row["ended"], row["failed"], row["problem"]) == (1, 1, 1, "")
    with home_lock(home.path, Part.LIVE_RUNS):
        ran = rightrun("watch", "--home", home.path, cwd=tmp_path)
    assert ran.code == 2
    assert "its live_runs, is being written by process" in ran.err


def test_several_workspaces_by_profile_and_one_that_is_not_there(
    home: Home, tmp_path: Path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABRICKS_HOST")
    monkeypatch.delenv("DATABRICKS_TOKEN")
    with serving() as other:
        other.workspace_id = 77
        Jobs(other)
        profiles = {"one": jobs.server.host, "two": other.host}
        text = "".join(
            f"[{name}]\nhost = {host}\ntoken = {TOKEN}\n" for name, host in profiles.items()
        )
        (tmp_path / "profiles").write_text(text)
        monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "profiles"))
        (home.path / "rightrun.yml").write_text("watch_workspaces: [one, two, three]\n")
        ran = rightrun("watch", "--home", home.path, "--json", cwd=tmp_path)
    assert ran.code == 1
    one, two, three = ran.json()
    assert (one["place"], one["ended"], one["problem"]) == ("one", 1, "")
    assert (two["workspace_id"], two["problem"]) == ("77", "")
    assert "no credentials" in three["problem"]
    assert TOKEN not in ran.out + ran.err


def test_a_fault_is_said_and_the_exit_code_is_1(home: Home, tmp_path: Path, jobs: Jobs) -> None:
    jobs.server.says("/api/2.2/jobs/runs/list", BROKEN)
    ran = rightrun("watch", "--home", home.path, cwd=tmp_path)
    assert ran.code == 1
    assert "no usable answer" in ran.out
    assert TOKEN not in ran.out + ran.err


def test_a_request_that_is_told_to_wait_for_an_hour_is_not_waited_for(
    home: Home, tmp_path: Path, jobs: Jobs
) -> None:
    jobs.server.says(
        "/api/2.2/jobs/runs/list", fault(429, "REQUEST_LIMIT_EXCEEDED", Retry_After="3600")
    )
    begun_at = time.monotonic()
    ran = rightrun("watch", "--home", home.path, "--json", cwd=tmp_path)
    assert ran.code == 1
    assert ran.json()[0]["problem"] == "no answer in time, however often it was asked"
    assert time.monotonic() - begun_at < 20


@pytest.mark.parametrize("place", ["http://w.example.com", ""])
def test_a_workspace_by_an_unsafe_address_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "rightrun.yml").write_text(f"watch_workspaces: ['{place}']\n")
    with pytest.raises(UserError, match="watch_workspaces"):
        load_settings(tmp_path)
