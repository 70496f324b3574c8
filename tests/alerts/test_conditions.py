"""What a condition says to a person, also where half of it is not known."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import pipeline.answers.conditions as texts
from pipeline.alert_settings import CONDITION_NAMES, Rule, When
from pipeline.alerts.conditions import CONDITIONS
from pipeline.alerts.conditions.condition import Row

_AT = datetime(2026, 3, 12, 4, 30, tzinfo=UTC)


def test_each_condition_has_a_name_a_question_and_a_place() -> None:
    questions = {file.stem for file in Path(str(texts.__file__)).parent.glob("*.sql")}
    assert tuple(CONDITIONS) == CONDITION_NAMES
    assert questions == set(CONDITION_NAMES)


_SAID: list[tuple[str, Row, str]] = [
    (
        "failed",
        {"times": 3, "termination_code": "RUN_EXECUTION_ERROR", "failed_task_key": "load", "began_at": _AT,
         "last_success_at": None},
        "Failed 3 times in a row with RUN_EXECUTION_ERROR in task load, since 2026-03-12 04:30 UTC; no success is"
        " known.",
    ),
    (
        "failed",
        {"times": 1, "termination_code": None, "failed_task_key": None, "began_at": _AT, "last_success_at": _AT},
        "Failed, since 2026-03-12 04:30 UTC; last success 2026-03-12 04:30 UTC.",
    ),
    (
        "did_not_come",
        {"times": 1, "expected_runs": 1, "began_at": _AT, "last_ended_at": None},
        "The run that was expected did not come in the 24 hours to 2026-03-12 04:30 UTC.",
    ),
    (
        "missed",
        {"times": 2, "late_seconds": 90.0, "seen_at": _AT, "sla_kind": "limit", "sla_limit_seconds": 600.0},
        "Missed its SLA (within 10m00s) 2 times in two days, the last time by 1m30s, at 2026-03-12 04:30 UTC.",
    ),
    (
        "missed",
        {"times": 1, "late_seconds": None, "seen_at": _AT, "sla_kind": "deadline", "sla_time_of_day": "05:00",
         "sla_timezone": "UTC", "sla_limit_seconds": None},
        "Missed its SLA (by 05:00 UTC) without a success, at 2026-03-12 04:30 UTC.",
    ),
    (
        "likely_to_miss",
        {"p_miss": 0.75, "p_miss_duration": 0.5, "p_miss_failure": None, "p_miss_start": 0.0, "p_miss_upstream": 0.0,
         "due_at": None, "allowed_seconds": 600.0, "p50_seconds": None, "p95_seconds": None, "next_start_at": _AT},
        "The run expected 2026-03-12 04:30 UTC misses its SLA with a probability of 75.0 %, most likely because it"
        " takes too long: its SLA allows 10m00s.",
    ),
    (
        "at_risk",
        {"p_miss": None, "elapsed_seconds": 480.0, "allowed_seconds": 600.0, "due_at": None, "expected_end_at": None,
         "began_at": _AT},
        "The run that began 2026-03-12 04:30 UTC has used 80.0 % of the 10m00s it may take.",
    ),
    (
        "suspiciously_short",
        {"value": 2.0, "center": 2400.0},
        "A run succeeded in 2s where 40m00s is usual: look whether it has read and written what it should.",
    ),
    (
        "unlike_itself",
        {"metric": "list_cost", "severity": "3.1x its usual 12.00", "times": 2},
        "Unlike itself: cost 3.1x its usual 12.00, and 1 more.",
    ),
    (
        "new_level",
        {"metric": "duration_seconds", "ratio": 1.6, "began_at": _AT, "level": 960.0, "level_before": 600.0},
        "Duration has been 1.6x what it was since 12 March: 16m00s where 10m00s was usual.",
    ),
    (
        "source_late",
        {"gap": "within", "behind_hours": 50.0, "gap_hours": None, "began_at": _AT},
        "It was 50 hours behind when it was read, and speaks of nothing after 2026-03-12 04:30 UTC: what stands on"
        " it is held until it has caught up.",
    ),
    (
        "source_late",
        {"gap": "lost", "behind_hours": 1.0, "gap_hours": 200.0, "began_at": _AT},
        "Nothing was received from it for 200 hours, longer than it keeps files for readers: what came between may"
        " be missing.",
    ),
    (
        "watch_blind",
        {"began_at": _AT, "times": 3, "problem": "too many requests (429)"},
        "Not told in full since 2026-03-12 04:30 UTC, 3 times in a row: too many requests (429). What fails there is"
        " told by the next night.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row", "sentence"), _SAID)
def test_a_condition_is_said_in_a_sentence(name: str, row: Row, sentence: str) -> None:
    assert CONDITIONS[name].sentence(row) == sentence


def test_every_condition_is_said_here() -> None:
    assert {name for name, _row, _sentence in _SAID} == set(CONDITION_NAMES)


@pytest.mark.parametrize("words", ["now", "after 3", "digest", "never"])
def test_a_rule_is_spelled_as_it_is_read(words: str) -> None:
    assert str(Rule.parse(words)) == words


def test_a_rule_waits_for_its_number() -> None:
    rule = Rule.parse("after 3")
    assert [rule.applied(times) for times in (1, 2, 3, 4)] == [
        When.DIGEST, When.DIGEST, When.NOW, When.NOW,
    ]  # fmt: skip
