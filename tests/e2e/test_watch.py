"""`rightrun watch` as it is called, beside a workspace on this machine: a night's jobs, and what runs now."""

import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from tests.e2e.account import Account, rightrun
from tests.watch.jobs import Jobs, ended, failed_task, running
from tests.workspace.server import BROKEN, TOKEN, serving


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    with serving() as server:
        monkeypatch.setenv("DATABRICKS_HOST", server.host)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield Jobs(server)


def test_a_failure_is_told_minutes_after_it(account: Account, jobs: Jobs, tmp_path: Path) -> None:
    home = tmp_path / "home"
    copytree(account.home, home)
    (home / "rightrun.yml").write_text("alerts: {to: [pager]}\n")

    def run(*words: str) -> list[dict[str, object]]:
        ran = rightrun(*words, "--home", home, "--json", cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        rows: list[dict[str, object]] = ran.json()
        return rows

    (job,) = run("sql", "select min(series_key) as key from gold.jobs where state = 'active'")
    workspace_id, job_id = map(int, str(job["key"]).split("/"))
    jobs.server.workspace_id, at = workspace_id, int(time.time() * 1000)
    tasks = [failed_task(12, "load")]
    jobs.errors[12] = "ValueError: password=hunter2"
    moments = {"start_time": at - 600_000, "end_time": at - 60_000}
    jobs.have(ended(11, job_id, code="RUN_EXECUTION_ERROR", tasks=tasks) | moments)
    jobs.have(running(13, 999_999) | {"start_time": at - 30_000})
    (row,) = run("watch")
    assert (row["in_progress"], row["failed"], row["problem"]) == (1, 1, "")
    (live,) = run(
        "sql",
        "select status, failed_task_key, error_line from ops.live_runs where status = 'FAILED'",
    )
    assert live["error_line"] == "ValueError: password=[hidden]"
    failing = [
        row for row in run("alerts", "list", "--all") if str(job["key"]) in str(row["incident_id"])
    ]
    assert [str(row["headline"]).endswith(" failing") for row in failing] == [True]
    jobs.server.says("/api/2.2/jobs/runs/list", BROKEN)
    ran = rightrun("watch", "--home", home, cwd=tmp_path)
    assert ran.code == 1
    assert "no usable answer" in ran.out
    assert "hunter2" not in ran.out
