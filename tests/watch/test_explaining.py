"""An incident explained: evidence, why this tier, who was told, and what would silence it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.alert_settings import AlertSettings
from pipeline.alerts.conditions import CONDITIONS
from pipeline.alerts.explaining import Explanation, explained
from pipeline.alerts.silences import Silence
from pipeline.answers.for_scripts import as_json
from pipeline.answers.reader import records
from pipeline.tables import gold
from tests.watch.home import NIGHT, Home, health, home_of, job
from tests.watch.jobs import NOW, Jobs, W
from tests.workspace.server import serving

_TEAM = "core $(id)"


def _of(number: int) -> dict[str, object]:
    return {"workspace_id": W, "series_key": f"{W}/{number}"}


@pytest.fixture(scope="module")
def answers(
    tmp_path_factory: pytest.TempPathFactory, spark: SparkSession
) -> dict[str, Explanation]:
    """By condition, the incident in which it holds: one of each that a night can find, and a watch that stopped."""
    with serving() as running:
        return _explained(
            _home(tmp_path_factory.mktemp("explained") / "home", spark, Jobs(running))
        )


def _home(path: Path, spark: SparkSession, jobs: Jobs) -> Home:
    anomaly = {
        "night_at": NIGHT, "run_id": "1", "attempt": 0, "metric": "duration_seconds", "severity": "high",
        "direction": "short", "value": 1.0, "center": 60.0, "ratio": 1 / 60, "p_value": 1e-9, "is_alertable": True,
    }  # fmt: skip
    regime = {
        "metric": "duration_seconds", "regime": 1, "from_at": NIGHT, "found_at": NIGHT, "first_run_id": "1",
        "level": 120.0, "ratio": 2.0, "direction": "up",
    }  # fmt: skip
    home = home_of(
        path, spark, jobs,
        rows={
            gold.JOBS: [
                job(1, team=_TEAM), job(2, tier=None), *(job(n) for n in range(3, 9)),
            ],
            gold.JOB_HEALTH: [health(1, failures=2), health(2, failures=3)],
            gold.JOB_NIGHTS: [
                _of(3) | {"night_at": NIGHT, "missing_runs": 1, "expected_runs": 1.0, "p_missing_runs": 1e-4}
            ],
            gold.RUN_HISTORY: [
                _of(4) | {
                    "run_id": "41", "run_date": NIGHT.date(), "started_at": NIGHT - timedelta(hours=3),
                    "ended_at": NIGHT, "status": "SUCCEEDED", "sla_status": "MISSED", "sla_kind": "limit",
                    "sla_limit_seconds": 7200.0, "margin_seconds": -60.0, "attempts": 1,
                }
            ],
            gold.IN_FLIGHT: [
                _of(5) | {"run_id": "51", "started_at": NIGHT, "seen_until": NIGHT, "p_miss": 0.9, "elapsed_seconds": 9.0}
            ],
            gold.RUN_ANOMALIES: [
                _of(6) | anomaly, _of(7) | anomaly | {"direction": "long", "run_id": "2"},
            ],
            gold.JOB_REGIMES: [_of(8) | regime],
            gold.SOURCE_FRESHNESS: [
                {"source_table": "system.billing.usage", "received_at": NIGHT, "behind_hours": 80.0, "gap": "within",
                 "reached_at": NIGHT}
            ],
        },
    )  # fmt: skip
    home.look(NOW - timedelta(hours=5))
    home.look(NOW - timedelta(hours=4))
    home.decide(is_between_nights=False)
    return home


def _explained(home: Home) -> dict[str, Explanation]:
    settings = AlertSettings.model_validate({"to": ("everyone",), "tiers": {f"{W}/3": "P2"}})
    answers = {}
    for row in records(home.reader, "alerts", "incidents"):
        for key in row["holding"]:
            answers[key.split(" ")[0], row["incident_id"]] = explained(home.reader, row, settings)
    by_condition: dict[str, Explanation] = {}
    for (condition, incident_id), answer in sorted(answers.items()):
        by_condition[f"{condition} {incident_id}"] = answer
        by_condition.setdefault(condition, answer)
    return by_condition


def test_every_condition_is_explained_whole(answers: dict[str, Explanation]) -> None:
    # A forecast of a miss needs a verdict of two nights: tests/answers has its question.
    assert set(CONDITIONS) - answers.keys() <= {"likely_to_miss", "at_risk"}
    for answer in answers.values():
        words = "\n".join(answer.lines())
        keys = {f"{one.condition} {one.subject}" for one in answer.evidence}
        assert keys == set(answer.incident["holding"])
        for one in answer.evidence:
            assert one.sentence in words
            assert f"{one.tier} by {one.tier_from}; of {one.condition} people are told " in words
            assert one.is_known == ("they were told." in words)
        assert ("to everyone: pending" in words) == (answer.incident["state"] == "open")
        assert ("Nobody was told at once." in words) == (answer.incident["state"] != "open")
        assert "None" not in words
        record = json.loads(as_json([answer.record()]))[0]
        assert record["explanation"] == words.split("\n")
        assert {one["sentence"] for one in record["evidence"]} == {
            one.sentence for one in answer.evidence
        }
        assert len(record["people_told"]) == len(answer.told)


def test_a_tier_has_its_true_reason(answers: dict[str, Explanation]) -> None:
    def reason(key: str) -> tuple[str, str]:
        first = answers[key].evidence[0]
        return first.tier, first.tier_from

    assert reason(f"failed job/{W}/1@{_TEAM}#1") == ("P1", "its tags")
    assert reason(f"failed job/{W}/2@core#1") == (
        "P3",
        "default, as neither a tag nor the settings say one",
    )
    assert reason("did_not_come") == ("P2", "alerts.tiers of the settings")
    assert reason("source_late") == ("P1", "what it is: all else stands on it")


def test_what_is_said_to_silence_it_does(answers: dict[str, Explanation]) -> None:
    for answer in answers.values():
        _, *wider = answer.silenced_with
        incident = answer.incident
        group = (incident["cause"], incident["team"])
        for subject in (f"incident:{incident['incident_id']}", *wider):
            silence = Silence(subject, NOW + timedelta(hours=1), "ann", "known")
            held = [
                silence.holds(one.condition, one.subject, incident["team"], group, NOW)
                for one in answer.evidence
            ]
            assert any(held), subject


def test_a_command_to_copy_is_safe_in_a_shell(answers: dict[str, Explanation]) -> None:
    answer = answers[f"failed job/{W}/1@{_TEAM}#1"]
    assert f"silence 'incident:job/{W}/1@{_TEAM}#1' --for 8h" in "\n".join(answer.lines())
    assert f"'team:{_TEAM}'" in "\n".join(answer.lines())
