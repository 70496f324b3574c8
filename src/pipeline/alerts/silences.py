"""What a person has asked to be held, until when and why: a job, a team, a condition, or one incident."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pipeline.alerts.signals import Signal

__all__ = ["ACK", "SILENCE", "Silence", "silences_in_force"]

SILENCE: Final = "silence"
"""The kind of those decisions; their subject is `job:KEY`, `team:NAME`, `condition:NAME` or `incident:ID`, and
their terms are the time until which they hold."""
ACK: Final = "acknowledged"
"""The kind of decisions by which somebody takes an incident on: nobody hears more of it but its end."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Held from when it was asked for until `until`."""

    subject: str
    until: datetime
    by: str
    why: str

    def holds(self, signal: Signal, group: tuple[str, str], at: datetime) -> bool:
        """Whether it holds a signal of an incident's cause and team."""
        if at >= self.until:
            return False
        kind, _, name = self.subject.partition(":")
        match kind:
            case "team":
                return name == signal.team
            case "condition":
                return name == signal.condition
        return self.holds_subject(signal.subject, group, at)

    def holds_subject(self, subject: str, group: tuple[str, str], at: datetime) -> bool:
        """Whether it holds all of a job or of an incident."""
        if at >= self.until:
            return False
        kind, _, name = self.subject.partition(":")
        match kind:
            case "job":
                return name == subject
            case "team":
                return name == group[1]
            case "incident":
                return name.rpartition("#")[0] == "@".join(group)
        return False


def silences_in_force(decisions: Iterable[Mapping[str, Any]], at: datetime) -> list[Silence]:
    """The silences that hold at a time, from rows of ops.decisions; what cannot be read holds nothing."""
    newest: dict[str, Mapping[str, Any]] = {}
    for row in sorted(decisions, key=lambda row: row["decided_at"]):
        if row["kind"] == SILENCE and row["decided_at"] <= at:
            newest[row["subject"]] = row
    silences = []
    for subject, row in newest.items():
        until = _moment(row["terms"])
        if until is not None and until > at:
            silences.append(Silence(subject, until, row["decided_by"], row["evidence"]))
    return silences


def _moment(words: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(words or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
