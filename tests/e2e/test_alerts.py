"""From a night to a person, through the real command line."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.account import Account, Ran
from tests.e2e.truth import stored

_SETTINGS = """
channels:
  screen: {kind: stdout}
alerts:
  to: [screen]
"""


@pytest.fixture(scope="module")
def alerting(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The account in a home of its own, decided on with a channel."""
    root = tmp_path_factory.mktemp("alerting")
    shutil.copytree(account.export, root / "export")
    shutil.copytree(
        account.home, root / "home", ignore=shutil.ignore_patterns("incidents", "outbox", "mlflow*")
    )
    (root / "home" / "rightrun.yml").write_text(_SETTINGS)
    copied = Account(root)
    decided = _alerts(copied, "decide", "--json")
    assert decided.code == 0, decided.err
    return copied


def _alerts(account: Account, *arguments: str) -> Ran:
    return account.run("alerts", *arguments, "--home", account.home)


def _incidents(account: Account, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _alerts(account, "list", "--json", *arguments).json()
    return rows


def test_a_night_says_what_it_decided(account: Account) -> None:
    said = (account.root / "first.txt").read_text()
    assert "Alerts: " in said
    assert "See them: rightrun alerts list" in said


def test_what_people_are_told_is_what_gold_says(alerting: Account) -> None:
    health = stored(alerting.home, "gold.job_health")
    jobs = stored(alerting.home, "gold.jobs")
    failing = health[health["is_failing"]].merge(jobs, on=["workspace_id", "series_key"])
    failing = failing[~failing["state"].isin(["paused", "deleted"])]
    incidents = stored(alerting.home, "ops.incidents")
    holding = {key for keys in incidents["holding"] for key in keys}
    as_of = incidents["as_of"].max()
    for row in failing.itertuples():
        assert f"failed {row.series_key}" in holding
    told = incidents[incidents["state"] == "open"]
    assert len(told)
    fresh = set(health[health["last_ended_at"] >= as_of - timedelta(hours=26)]["series_key"])
    critical = set(failing[(failing["tier"] == 1)]["series_key"]) & fresh
    known = {key.removeprefix("failed ") for keys in told["told"] for key in keys}
    assert critical <= known


def test_the_same_night_is_decided_once(alerting: Account) -> None:
    before = stored(alerting.home, "ops.outbox")
    again = _alerts(alerting, "decide", "--json").json()
    assert [(row["told"], row["digests"], row["messages"]) for row in again] == [(0, 0, 0)]
    assert len(stored(alerting.home, "ops.outbox")) == len(before)


def test_a_message_arrives_once_and_says_who_may_be_asked_to_be_quiet(alerting: Account) -> None:
    sent = _alerts(alerting, "deliver")
    assert sent.code == 0, sent.err
    for incident in _incidents(alerting):
        assert incident["headline"] in sent.out
        assert f"incident:{incident['incident_id']}" in sent.out.replace("\n", "")
    assert "Data as of" in sent.out
    again = _alerts(alerting, "deliver", "--json").json()
    assert again == []


def test_an_incident_is_explained(alerting: Account) -> None:
    incident = _incidents(alerting)[0]
    explained = _alerts(alerting, "explain", incident["incident_id"])
    assert explained.code == 0, explained.err
    assert incident["headline"] in explained.out
    assert "opened to screen" in explained.out
    assert "people are told at once" in explained.out
    assert "they were told." in explained.out
    as_json = json.loads(_alerts(alerting, "explain", incident["incident_id"], "--json").out)
    assert as_json[0]["incident_id"] == incident["incident_id"]


def test_a_silence_names_who_asked_for_it_and_ends(alerting: Account) -> None:
    incident = _incidents(alerting)[0]
    subject = f"incident:{incident['incident_id']}"
    row = _alerts(
        alerting, "silence", subject, "--for", "8h", "--why", "known", "--by", "ada", "--json"
    ).json()[0]
    until = datetime.fromisoformat(row["until_at"])
    assert until - datetime.fromisoformat(row["decided_at"]) == timedelta(hours=8)
    assert _alerts(alerting, "decide").code == 0
    held = _incidents(alerting)[0]
    assert held["held_by"].startswith("silence by ada")
    assert _alerts(alerting, "unsilence", subject).code == 0
    assert _alerts(alerting, "decide").code == 0
    assert _incidents(alerting)[0]["held_by"] == ""


def test_an_incident_is_taken_on(alerting: Account) -> None:
    incident = _incidents(alerting)[-1]
    assert _alerts(alerting, "ack", incident["incident_id"], "--by", "ada").code == 0
    assert _alerts(alerting, "decide").code == 0
    taken = {row["incident_id"]: row["acknowledged_by"] for row in _incidents(alerting)}
    assert taken[incident["incident_id"]] == "ada"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("explain", "nothing"), "there is no incident 'nothing'"),
        (("silence", "job:nothing", "--for", "8h", "--why", "x"), "nothing"),
        (("silence", "condition:fialed", "--for", "8h", "--why", "x"), "did you mean failed?"),
        (("silence", "everything", "--for", "8h", "--why", "x"), "none of incident:ID, job:KEY"),
        (("silence", "condition:failed", "--for", "long", "--why", "x"), "no span of time"),
        (("silence", "condition:failed", "--for", "8h", "--why", " "), "say why"),
        (("unsilence", "condition:failed"), "not silenced"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_sentence(
    alerting: Account, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = _alerts(alerting, *arguments)
    assert ran.code == 2
    assert sentence in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("alerts: {rules: {P4: {failed: now}}}", "is no tier"),
        ("alerts: {rules: {P1: {fialed: now}}}", "did you mean failed?"),
        ("alerts: {rules: {P1: {failed: soon}}}", "none of now, after N, digest and never"),
        ("alerts: {routes: [{to: [x], hours: always}]}", "09:00-17:00 Europe/Berlin"),
        ("alerts: {maintenance: [{from: 2026-01-01T00:00:00, to: 2026-01-02T00:00:00, why: x, by: y}]}",
         "no time zone"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_read_is_refused(
    tmp_path: Path, alerting: Account, settings: str, sentence: str
) -> None:
    (tmp_path / "rightrun.yml").write_text(settings)
    ran = alerting.run("alerts", "policy", "--home", tmp_path)
    assert ran.code == 2
    assert sentence in ran.err


def test_a_policy_is_shown_with_what_it_leaves_to_the_defaults(
    alerting: Account, tmp_path: Path
) -> None:
    (tmp_path / "rightrun.yml").write_text("alerts: {to: [oncall], rules: {P2: {failed: after 3}}}")
    shown = alerting.run("alerts", "policy", "--home", tmp_path)
    assert shown.code == 0, shown.err
    assert "after 3" in shown.out
    assert "settings name no such channel" in shown.out
    rows = alerting.run("alerts", "policy", "--home", tmp_path, "--json").json()
    assert {row["condition"]: row["P1"] for row in rows}["failed"] == "now"
