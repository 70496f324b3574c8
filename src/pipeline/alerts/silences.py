"""What a person has asked to be held, until when and why: a job, a team, a condition, or one incident."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

__all__ = ["ACKNOWLEDGED", "SILENCE", "Silence", "acknowledgements", "silences_in_force"]

SILENCE: Final = "silence"
ACKNOWLEDGED: Final = "acknowledged"


@dataclass(frozen=True, slots=True)
class Silence:
    """Held from when it was asked for until `until`."""

    subject: str
    until: datetime
    by: str
    why: str

    def holds(
        self, condition: str, subject: str, team: str, group: tuple[str, str], at: datetime
    ) -> bool:
        """Whether it holds what is said of a subject of a team, in an incident's cause and team."""
        if at >= self.until:
            return False
        kind, _, name = self.subject.partition(":")
        match kind:
            case "job":
                return name == subject
            case "team":
                return name == team
            case "condition":
                return name == condition
            case "incident":
                return name.rpartition("#")[0] == "@".join(group)
        return False


def silences_in_force(said: Iterable[Mapping[str, Any]], at: datetime) -> list[Silence]:
    """The silences that hold at a time, from rows of ops.said_of_alerts."""
    return [
        Silence(row["subject"], row["until_at"], row["decided_by"], row["why"])
        for row in _in_force(said, SILENCE, at)
    ]


def acknowledgements(said: Iterable[Mapping[str, Any]], at: datetime) -> dict[str, str]:
    """Who has taken on an incident, by its id, from rows of ops.said_of_alerts."""
    return {
        row["subject"].removeprefix("incident:"): row["decided_by"]
        for row in _in_force(said, ACKNOWLEDGED, at)
    }


def _in_force(
    said: Iterable[Mapping[str, Any]], kind: str, at: datetime
) -> Iterator[Mapping[str, Any]]:
    """Of each subject the newest of a kind, where it has not ended nor been taken back."""
    newest = {}
    for row in sorted(said, key=lambda row: row["decided_at"]):
        if row["kind"] == kind and row["decided_at"] <= at:
            newest[row["subject"]] = row
    for row in newest.values():
        if row["until_at"] is not None and row["until_at"] > at:
            yield row
