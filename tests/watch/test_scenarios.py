"""From a night to a server that takes messages, by the commands as people call them, one process's memory a time."""

import json
import sys
from collections.abc import Callable

import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from pipeline.cli import app as command_line
from pipeline.tables import gold
from tests.alerts.conftest import certificate, receiver, trusted
from tests.alerts.receivers import Receiver, status
from tests.strategies.tables import arrow_of
from tests.watch.home import Home, health, home_of, job
from tests.watch.jobs import Jobs, W

__all__ = ["certificate", "receiver", "trusted"]

Command = Callable[..., int]


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession, jobs: Jobs) -> Home:
    jobs_of_teams = [job(1), job(2, team="web"), job(3, tier=3)]
    path = tmp_path_factory.mktemp("scenarios") / "home"
    return home_of(path, spark, jobs, rows={gold.JOBS: jobs_of_teams})


@pytest.fixture
def rightrun(home: Home, monkeypatch: pytest.MonkeyPatch) -> Command:
    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["rightrun", *words, "--home", str(home.path)])
        try:
            command_line.main()
        except SystemExit as ended:
            return int(str(ended.code))
        return 0

    return run


def _fail(home: Home, *numbers: int) -> None:
    """The next night finds these jobs failing, and the others well."""
    rows = [health(number, failures=2 if number in numbers else 0) for number in (1, 2, 3)]
    folder = home.path / "gold" / "job_health"
    write_deltalake(str(folder), arrow_of(gold.JOB_HEALTH, rows), mode="overwrite")


def test_messages_follow_what_holds_from_command_to_command(
    home: Home,
    rightrun: Command,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GOOD_URL", receiver.url("/good"))
    monkeypatch.setenv("BAD_URL", "https://localhost:1/bad")
    hook = {"kind": "webhook", "allow_private": True}
    settings = {
        "channels": {
            "good": hook | {"url": "${env:GOOD_URL}"},
            "bad": hook | {"url": "${env:BAD_URL}"},
        },
        "alerts": {"to": ["good"], "routes": [{"to": ["bad", "good"], "teams": ["web"]}]},
    }
    (home.path / "rightrun.yml").write_text(json.dumps(settings))

    def heard() -> list[tuple[str, str]]:
        """What the good channel has heard since it was last asked."""
        assert rightrun("alerts", "decide", "--json") == 0
        assert rightrun("alerts", "deliver", "--json") == 0
        bodies = [json.loads(request.body) for request in receiver.requests]
        receiver.requests.clear()
        return sorted((body["type"], body["data"]["headline"]) for body in bodies)

    _fail(home, 1)
    assert heard() == [("rightrun.alert.opened", "job 1 failing")]
    assert heard() == []
    assert rightrun("alerts", "silence", f"job:{W}/1", "--for", "8h", "--why", "known") == 0
    _fail(home, 1, 2)
    # A channel that nobody answers at holds up no other.
    assert heard() == [("rightrun.alert.opened", "job 2 failing")]
    _fail(home)
    assert heard() == [("rightrun.alert.resolved", "Over: job 2 failing")]
    assert rightrun("alerts", "unsilence", f"job:{W}/1") == 0
    assert heard() == [], "it ended while it was silenced"
    _fail(home, 1)
    assert heard() == [("rightrun.alert.updated", "Comes and goes: job 1 failing")]
    capfd.readouterr()
    assert rightrun("alerts", "outbox", "--json") == 0
    waiting = [row for row in json.loads(capfd.readouterr().out) if row["state"] == "pending"]
    assert [(row["channel"], row["kind"], row["sequence"]) for row in waiting] == [
        ("bad", "resolved", 2),
        ("bad", "opened", 1),
    ]
    # What the other side does not take the first time is told once, when it does.
    receiver.answers.append(status(503))
    _fail(home, 1, 2)
    assert heard().count(("rightrun.alert.updated", "Comes and goes: job 2 failing")) == 2
