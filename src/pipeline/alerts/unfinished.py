"""A decision that was killed between its messages and its memory, taken up by the next.

Where the next comes to the same, its messages have the same ids, and nobody posts them twice. Where something else
holds by then, what people were told is remembered first: else its end would be told to nobody, and the ids of what
was posted would swallow the next incident's messages.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pipeline.alert_settings import TIERS
from pipeline.alerts.conditions import CONDITIONS
from pipeline.alerts.grouping import Key, grouped, newest_of
from pipeline.alerts.incidents import Incident, State
from pipeline.alerts.message import Kind
from pipeline.alerts.signals import Signal

__all__ = ["with_posted"]

_INCIDENT_ID: Final = re.compile(r"(.+)#([1-9]\d*)", re.DOTALL)


def with_posted(
    incidents: Sequence[Incident], posted: Iterable[Mapping[str, Any]], signals: Sequence[Signal]
) -> list[Incident]:
    """The incidents as the messages `posted` left them, rows of the answer alerts/unremembered in its order."""
    by_id = {one.incident_id: one for one in incidents}
    groups = grouped(signals, newest_of(incidents))
    names = {"@".join(key): key for key in (*groups, *(one.key for one in incidents))}
    for row in posted:
        match = _INCIDENT_ID.fullmatch(row["incident_key"])
        if match is None or row["tier"] not in TIERS:
            continue
        cause, _, team = match[1].rpartition("@")
        key = names.get(match[1], (cause, team))
        before = by_id.get(row["incident_key"]) or _new(key, int(match[2]), row["decided_at"])
        by_id[row["incident_key"]] = _told(before, row, groups.get(key, []))
    return list(by_id.values())


def _new(key: Key, opening: int, at: datetime) -> Incident:
    return Incident(
        cause=key[0], team=key[1], opening=opening, state=State.WATCHED, tier=len(TIERS), began_at=at
    )  # fmt: skip


def _told(before: Incident, row: Mapping[str, Any], signals: Sequence[Signal]) -> Incident:
    """An incident after a message. What it told of is taken to be what holds now: the message does not say."""
    told = replace(before, messages=row["sequence"], last_told_at=row["decided_at"])
    if row["kind"] == Kind.RESOLVED:
        return replace(told, state=State.OVER, quiet_since=row["decided_at"], holding=())
    tier = TIERS.index(row["tier"]) + 1
    is_lasting = any(not CONDITIONS[one.condition].is_event for one in signals) or not signals
    return replace(
        told,
        state=State.OPEN,
        tier=min(tier, before.tier),
        told_at=before.told_at or row["decided_at"],
        told_tier=tier,
        told=tuple(sorted({*before.told, *(one.key for one in signals)})),
        holding=tuple(sorted({*before.holding, *(one.key for one in signals)})),
        channels=tuple(dict.fromkeys((*before.channels, row["channel"]))),
        has_end=before.has_end or is_lasting,
        quiet_since=None,
    )
