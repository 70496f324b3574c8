"""Tripwires as updates of the jobs themselves, in the words of the Jobs API, for whoever may change the jobs.

An update replaces `health` and `webhook_notifications` whole. So rules of other metrics are written again as
they were last read; and destinations are added only where the job has none, because of those that it has the
number alone is known. A limit that a person has set is left to that person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.sla.terms import TRIPWIRE_MINUTE

__all__ = ["Patch", "job_updates"]

Record = Mapping[str, Any]

_METRIC: Final = "RUN_DURATION_SECONDS"
_LATE: Final = "on_duration_warning_threshold_exceeded"
_EVENTS: Final = (_LATE, "on_failure")
_UNREAD: Final = (
    "its settings are not known: no night has read them from the Jobs API of its workspace"
)
_OWN_RULE: Final = "it has a limit of its own as a health rule"


@dataclass(slots=True)
class Patch:
    """What would be sent, by workspace; and what of the jobs that are left out, or that nobody would hear of."""

    updates: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Bodies of `jobs update`, each of one job."""
    current: int = 0
    """Jobs that are set so already."""
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """By reason the keys of jobs."""
    unheard: list[str] = field(default_factory=list)
    """Keys of jobs that have a tripwire, or would get one, and tell nobody."""


def job_updates(tripwires: Iterable[Record], destination: str | None = None) -> Patch:
    """From rows of `jobs/tripwires.sql`; `destination` is the id of a notification destination."""
    patch = Patch()
    for row in tripwires:
        key = str(row["series_key"])
        if reason := _hindrance(row):
            patch.left_out.setdefault(reason, []).append(key)
            continue
        new_settings = _health(row)
        notified = _notifications(row, destination)
        if not notified and not _told(row, _LATE):
            patch.unheard.append(key)
        new_settings |= notified
        if not new_settings:
            patch.current += 1
            continue
        body = {"job_id": int(row["job_id"]), "new_settings": new_settings}
        patch.updates.setdefault(str(row["workspace_id"]), []).append(body)
    return patch


def _hindrance(row: Record) -> str:
    """Why the job's settings are left as they are; empty where nothing is in the way."""
    if row["threshold_seconds"] is None:
        return str(row["reason"])
    if not row["is_read"]:
        return _UNREAD
    if row["error"] is not None:
        return str(row["error"])
    if any(rule["value"] % TRIPWIRE_MINUTE != TRIPWIRE_MINUTE - 1 for rule in _of_duration(row)):
        return _OWN_RULE
    return ""


def _health(row: Record) -> dict[str, Any]:
    """`health` with the tripwire and the rules of other metrics; empty where it is so already."""
    # One second less than whole minutes: by that the night knows it from a person's promise.
    wire = {"metric": _METRIC, "op": "GREATER_THAN", "value": row["threshold_seconds"] - 1}
    if [rule["value"] for rule in _of_duration(row)] == [wire["value"]]:
        return {}
    others = [dict(rule) for rule in row["health_rules"] or () if rule["metric"] != _METRIC]
    return {"health": {"rules": [wire, *others]}}


def _notifications(row: Record, destination: str | None) -> dict[str, Any]:
    """`webhook_notifications` of what nobody is told; empty where the job has destinations, or nothing lacks."""
    has_destinations = any(one["destinations"] for one in row["notifications"] or ())
    lacking = [event for event in _EVENTS if not _told(row, event)]
    if destination is None or has_destinations or not lacking:
        return {}
    return {"webhook_notifications": {event: [{"id": destination}] for event in lacking}}


def _told(row: Record, event: str) -> int:
    """How many the job itself tells of an event."""
    of_event = [one for one in row["notifications"] or () if one["event"] == event]
    return sum((one["emails"] or 0) + (one["destinations"] or 0) for one in of_event)


def _of_duration(row: Record) -> list[Record]:
    return [rule for rule in row["health_rules"] or () if rule["metric"] == _METRIC]
