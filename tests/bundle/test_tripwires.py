"""Tripwires as updates of jobs: what an update would replace is kept, and what a person has set stays."""

from typing import Any

import pytest
from databricks.bundles.jobs import Job

from pipeline.bundle.tripwires import job_updates

LATE = "on_duration_warning_threshold_exceeded"
BACKLOG = {"metric": "STREAMING_BACKLOG_SECONDS", "op": "GREATER_THAN", "value": 900}


def rule(value: int) -> dict[str, Any]:
    return {"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": value}


def told(event: str, *, emails: int = 0, destinations: int = 0) -> dict[str, Any]:
    return {"event": event, "emails": emails, "destinations": destinations}


def row(**columns: Any) -> dict[str, Any]:
    default = {
        "workspace_id": "1",
        "series_key": "1/7",
        "job_id": "7",
        "reason": "",
        "threshold_seconds": 3600,
        "is_read": True,
        "error": None,
        "health_rules": [],
        "notifications": [told(LATE, emails=1), told("on_failure", emails=1)],
    }
    return default | columns


def settings(**columns: Any) -> dict[str, Any]:
    """The new settings of the one job; nothing where it is left as it is."""
    patch = job_updates([row(**columns)], "destination")
    bodies = [body for updates in patch.updates.values() for body in updates]
    assert [body["job_id"] for body in bodies] in ([7], [])
    for body in bodies:
        Job.from_dict(body["new_settings"])
    return dict(bodies[0]["new_settings"]) if bodies else {}


def test_a_wire_is_set_beside_the_rules_of_other_metrics() -> None:
    assert settings() == {"health": {"rules": [rule(3599)]}}
    assert settings(health_rules=None) == {"health": {"rules": [rule(3599)]}}
    kept = settings(health_rules=[BACKLOG, rule(1799)])
    assert kept == {"health": {"rules": [rule(3599), BACKLOG]}}


def test_what_is_set_so_already_is_not_written_again() -> None:
    patch = job_updates([row(health_rules=[BACKLOG, rule(3599)])], "destination")
    assert (patch.updates, patch.current, patch.left_out, patch.unheard) == ({}, 1, {}, [])


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"threshold_seconds": None, "reason": "2 runs are too few"}, "2 runs are too few"),
        ({"is_read": False, "health_rules": None}, "no night has read them"),
        ({"error": "refused"}, "refused"),
        ({"health_rules": [rule(3600)]}, "a limit of its own"),
        ({"health_rules": [rule(3599), rule(7200)]}, "a limit of its own"),
    ],
)
def test_a_job_is_left_as_it_is_for_a_reason(columns: dict[str, Any], reason: str) -> None:
    patch = job_updates([row(**columns)], "destination")
    assert patch.updates == {}
    [(said, keys)] = patch.left_out.items()
    assert reason in said
    assert keys == ["1/7"]


def test_a_destination_is_added_only_where_no_other_would_be_lost() -> None:
    both = {LATE: [{"id": "destination"}], "on_failure": [{"id": "destination"}]}
    assert settings(notifications=[])["webhook_notifications"] == both
    failures = [told("on_failure", emails=2)]
    assert settings(notifications=failures)["webhook_notifications"] == {
        LATE: [{"id": "destination"}]
    }
    # Its destinations are known by number alone, and an update would replace them.
    others = [told("on_success", destinations=1)]
    assert "webhook_notifications" not in settings(notifications=others)
    set_so = {"health_rules": [rule(3599)], "notifications": []}
    assert settings(**set_so) == {"webhook_notifications": both}


def test_who_tells_nobody_is_named() -> None:
    rows = [row(), row(series_key="1/8", job_id="8", notifications=[])]
    assert job_updates(rows).unheard == ["1/8"]
    assert job_updates(rows, "destination").unheard == []


def test_updates_are_told_apart_by_workspace() -> None:
    rows = [row(), row(workspace_id="2", series_key="2/7")]
    assert {key: len(updates) for key, updates in job_updates(rows).updates.items()} == {
        "1": 1,
        "2": 1,
    }
