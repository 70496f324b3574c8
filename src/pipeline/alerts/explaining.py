"""An incident explained: what holds, why it weighs so, what became of it, who was told."""

from collections.abc import Mapping
from typing import Any

from pipeline.alert_settings import TIERS, AlertSettings
from pipeline.alerts.live import what_holds
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import Signal
from pipeline.answers.nights.given import as_of
from pipeline.answers.reader import Reader, records
from pipeline.answers.values import shown, text

__all__ = ["explanation"]


def explanation(reader: Reader, incident: Mapping[str, Any], settings: AlertSettings) -> list[str]:
    """Lines for a person about a row of ops.incidents."""
    night_at = as_of(reader)
    signals = [] if night_at is None else what_holds(reader, night_at).signals
    of_it = {one.key: one for one in signals if one.key in incident["holding"]}
    lines = [
        f"{TIERS[incident['tier'] - 1]} {text(incident['headline'])} ({incident['state']})",
        f"Cause {text(incident['cause'])}, team {text(incident['team']) or 'not known'}; as of"
        f" {shown('at', incident['as_of'])} UTC.",
    ]
    lines += [line for one in of_it.values() for line in _of_signal(one, Policy(settings))]
    if not of_it:
        lines.append("Nothing of it holds any more.")
    if incident["held_by"]:
        lines.append(f"Held by {text(incident['held_by'])}.")
    if incident["acknowledged_by"]:
        lines.append(f"Taken on by {text(incident['acknowledged_by'])}.")
    if incident["returns"]:
        lines.append(f"It came back {incident['returns']} times before it had stayed away.")
    lines += _told(reader, incident)
    lines.append(
        f"Silence it: rightrun alerts silence 'incident:{text(incident['incident_id'])}' --for 8h --why TEXT"
    )
    return lines


def _of_signal(signal: Signal, policy: Policy) -> list[str]:
    tier = policy.tier(signal.subject, signal.tier)
    rule = policy.rule(tier, signal.condition)
    is_set = signal.subject in policy.settings.tiers
    source = "the settings" if is_set else "its tags, or because it has none"
    return [
        f"- {signal.name}, {signal.condition}: {signal.sentence}",
        f"  {TIERS[tier - 1]} by {source}; of {signal.condition} people are told: {rule}.",
    ]


def _told(reader: Reader, incident: Mapping[str, Any]) -> list[str]:
    messages = [
        row
        for row in records(reader, "alerts", "outbox", since="1970-01-01")
        if row["incident_key"] == incident["incident_id"]
    ]
    if not messages:
        return ["Nobody was told."]
    return [
        f"{shown('at', row['decided_at'])} UTC {row['kind']} to {text(row['channel'])}: {row['state']}"
        + (f" ({text(row['reason'])})" if row["reason"] else "")
        for row in sorted(messages, key=lambda row: (row["sequence"], row["channel"]))
    ]
