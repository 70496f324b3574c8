"""The commands as people and bundles call them: killed in the middle, and with secrets that nobody may ever see."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipeline.alerts.message import message_id
from pipeline.cli import app as command_line
from pipeline.lakehouse.folder.lock import home_lock
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import alerts, ops
from pipeline.tables.declaration import Part
from tests.alerts.homes import Home
from tests.alerts.mailboxes import mailbox
from tests.alerts.messages import hostile, message
from tests.alerts.receivers import Handler, Receiver, status

_CANARIES = {
    "HOOK": "canary0hook0T0B0",
    "TOKEN": "xoxb-canary1token",
    "PASSWORD": "canary2password",
    "SIGNING": "whsec_" + base64.b64encode(b"canary3signing4567890123").decode(),
}


@pytest.fixture
def home(tmp_path: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(tmp_path / "home", spark)
    with home_lock(made.folder):
        lakehouse = DeltaFolder(made.folder, spark)
        for table in (ops.POSITIONS, ops.SCHEMA_VERSIONS, *alerts.ALERT_TABLES):
            lakehouse.create(table)
    monkeypatch.setenv("RIGHTRUN_HOME", str(made.folder))
    return made


def _channels(home: Home, **channels: dict[str, Any]) -> None:
    (home.folder / "rightrun.yml").write_text(json.dumps({"channels": channels}))


def _run(*words: str) -> int:
    """A command of this process; its exit code."""
    arguments = sys.argv
    sys.argv = ["rightrun", *words]
    try:
        command_line.main()
    except SystemExit as ended:
        return int(str(ended.code))
    finally:
        sys.argv = arguments
    return 0


def test_killed_between_sending_and_writing_it_down_one_message_comes_twice(
    home: Home,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOOK_URL", receiver.url(f"/{_CANARIES['HOOK']}"))
    _channels(home, a={"kind": "webhook", "url": "${env:HOOK_URL}", "allow_private": True})
    keys = ("w/1", "w/2")
    home.post(*(message(key, sequence, "a") for key in keys for sequence in range(3)))
    command = [sys.executable, "-m", "pipeline.cli", "alerts", "deliver"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:

        def kill(handler: Handler) -> None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            handler.reply(200, b"ok")

        receiver.answers += [status(200), status(200), kill]
        _, errors = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
    assert len(receiver.requests) == 3
    # The dead one's lock is free by itself.
    assert _run("alerts", "deliver") == 0
    told = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(told) == 7
    assert told[2] == told[3]
    assert list(dict.fromkeys(told)) == [
        message_id(key, sequence, "a") for key in keys for sequence in range(3)
    ]
    capfd.readouterr()
    assert _run("alerts", "deliver") == 0
    assert len(receiver.requests) == 7
    assert all(canary.encode() not in errors for canary in _CANARIES.values())


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> Iterator[dict[str, Any]]:
    """Channels of every kind, each with a canary for each of its secrets."""
    for name, canary in _CANARIES.items():
        monkeypatch.setenv(f"RR_{name}", canary)
    monkeypatch.setenv("RR_HOOK_URL", receiver.url(f"/services/{_CANARIES['HOOK']}"))
    with mailbox(Path(os.environ["SSL_CERT_FILE"]), login=True) as box:
        mail = {
            "kind": "email",
            "host": "localhost",
            "port": box.port,
            "sender": "rightrun@example.com",
            "to": ["ana@example.com"],
            "username": "rr",
            "password": "${env:RR_PASSWORD}",
            "allow_private": True,
        }
        yield {
            "box": box,
            "channels": {
                "slack": {"kind": "slack", "url": "${env:RR_HOOK_URL}", "allow_private": True},
                "bot": {
                    "kind": "slack",
                    "token": "${env:RR_TOKEN}",
                    "channel": "C0123456789",
                    "allow_private": True,
                },
                "hook": {
                    "kind": "webhook",
                    "url": "${env:RR_HOOK_URL}",
                    "secret": "${env:RR_SIGNING}",
                    "allow_private": True,
                },
                "mail": mail,
                "out": {"kind": "stdout"},
            },
        }


def _everything(home: Home, printed: "pytest.CaptureResult[str]") -> str:
    files = [file for file in home.folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".parquet" for file in files)
    rows = [
        str(DeltaTable(str(home.folder / "ops" / name)).to_pyarrow_table().to_pylist())
        for name in ("outbox", "deliveries")
    ]
    texts = [file.read_bytes().decode("latin-1") for file in files]
    return "\n".join([printed.out, printed.err, *rows, *texts])


def test_no_secret_is_ever_seen(
    home: Home,
    receiver: Receiver,
    secrets: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    channels, box = secrets["channels"], secrets["box"]
    monkeypatch.setattr("pipeline.alerts.channels.slack._POST_MESSAGE", receiver.url("/api"))
    _channels(home, **channels)
    home.post(*(hostile(name) for name in channels))
    seen = ""
    echo = "".join(_CANARIES.values()).encode()
    wrong = [
        status(code, echo, Location=receiver.url(f"/{_CANARIES['HOOK']}")) for code in (500, 400)
    ]
    receiver.otherwise = wrong[0]
    assert _run("alerts", "deliver") == 1
    seen += _everything(home, capfd.readouterr())
    receiver.otherwise = wrong[1]
    for name in channels:
        _run("alerts", "test", name)
        _run("alerts", "test", name, "--json")
    seen += _everything(home, capfd.readouterr())
    receiver.otherwise = lambda handler: handler.reply(200, b"ok")
    box.password = _CANARIES["PASSWORD"]
    for words in (("alerts", "retry"), ("alerts", "deliver"), ("alerts", "outbox")):
        _run(*words)
        _run(*words, "--json")
    seen += _everything(home, capfd.readouterr())
    # They were used: what is searched for is what was sent.
    sent = str([(request.path, request.headers) for request in receiver.requests])
    assert _CANARIES["HOOK"] in sent
    assert _CANARIES["TOKEN"] in sent
    assert box.logins
    for canary in (*_CANARIES.values(), "canary3signing"):
        assert canary not in seen, canary
    assert "wrong password" not in seen


def test_what_was_delivered_and_what_was_not_is_said(
    home: Home,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOOK_URL", receiver.url())
    _channels(
        home,
        a={"kind": "webhook", "url": "${env:HOOK_URL}", "allow_private": True},
        b={"kind": "slack", "url": "${env:NOWHERE_SET}"},
    )
    home.post(message(channel="a"), message("w/2", channel="a"), message(channel="b"))
    receiver.answers.append(status(400))
    assert _run("alerts", "deliver", "--json") == 1
    rows = json.loads(capfd.readouterr().out)
    assert rows == [
        {"channel": "a", "state": "dead", "messages": 1, "reason": "rejected"},
        {"channel": "a", "state": "delivered", "messages": 1, "reason": None},
        {"channel": "b", "state": "pending", "messages": 1, "reason": "not_configured"},
    ]
    assert _run("alerts", "outbox", "--json") == 0
    listed = {row["message_id"]: row for row in json.loads(capfd.readouterr().out)}
    assert {row["state"] for row in listed.values()} == {"dead", "delivered", "pending"}
    dead = message_id("w/1", 0, "a")
    assert (listed[dead]["state"], listed[dead]["status_code"]) == ("dead", 400)
    assert _run("alerts", "retry", "no/such") == 2
    assert "is given up" in capfd.readouterr().err
    assert _run("alerts", "retry", dead) == 0
    assert _run("alerts", "deliver") == 0
    assert json.loads(receiver.requests[-1].body)["data"]["message_id"] == dead


def test_a_deliverer_works_while_a_night_runs_and_beside_no_other(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    _channels(home, out={"kind": "stdout"})
    home.post(message(channel="out"))
    staged = home.folder / ".staging" / "of-a-night"
    with home_lock(home.folder):
        staged.mkdir(parents=True)
        with home_lock(home.folder, Part.DELIVERIES):
            assert _run("alerts", "deliver") == 2
        assert "its deliveries, is being written by process" in capfd.readouterr().err
        assert _run("alerts", "deliver") == 0
        assert "load_orders failed 3 times" in capfd.readouterr().out
        assert staged.exists()
        (home.folder / ".staging-deliveries" / "of-a-deliverer").mkdir(parents=True)
    assert (home.folder / ".staging-deliveries" / "of-a-deliverer").exists()


@pytest.mark.parametrize(
    ("answer", "code", "sentence"),
    [
        (status(200), 0, "a has taken the message (200), after"),
        (status(302, Location="https://elsewhere.example"), 1, "it leads elsewhere, where no"),
        (status(429), 1, "the other side takes no more for now (429)"),
        (status(401), 1, "does not accept the credentials: issue new ones (401)"),
    ],
)
def test_a_test_message_says_what_came_of_it(
    home: Home,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    answer: Any,
    code: int,
    sentence: str,
) -> None:
    monkeypatch.setenv("HOOK_URL", receiver.url())
    _channels(home, a={"kind": "webhook", "url": "${env:HOOK_URL}", "allow_private": True})
    receiver.answers.append(answer)
    assert _run("alerts", "test", "a") == code
    printed = capfd.readouterr()
    assert re.search(re.escape(sentence), printed.out)
    assert printed.out.count("\n") == 1
    assert json.loads(receiver.requests[0].body)["type"] == "rightrun.alert.test"


def test_a_channel_that_is_not_there_is_named(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    url = {"kind": "slack", "url": "${env:NOWHERE_SET}"}
    _channels(home, team={"kind": "stdout"}, other=url)
    assert _run("alerts", "test", "other") == 1
    assert "${env:NOWHERE_SET} is not there" in capfd.readouterr().out
    assert _run("alerts", "test", "teem") == 2
    assert "did you mean team?" in capfd.readouterr().err


def test_for_some_minutes_it_looks_again_and_lets_others_write_in_between(
    home: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _channels(home, out={"kind": "stdout"})
    seconds, sleeps = 0.0, 0

    def sleep(asked: float) -> None:
        nonlocal seconds, sleeps
        seconds, sleeps = seconds + asked, sleeps + 1
        with home_lock(home.folder, Part.DELIVERIES):
            home.post(message("w/2", sleeps, channel="out"))

    clock = SimpleNamespace(monotonic=lambda: seconds, sleep=sleep)
    monkeypatch.setattr("pipeline.cli.delivery.time", clock)
    home.post(message(channel="out"))
    assert _run("alerts", "deliver", "--for", "1", "--json") == 0
    assert sleeps == 4
    (row,) = json.loads(capfd.readouterr().out)
    assert row == {"channel": "out", "state": "delivered", "messages": 5, "reason": None}
