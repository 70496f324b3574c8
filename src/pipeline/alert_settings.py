"""What the settings say of alerts: whom they reach, when, and when they are held."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.near_names import did_you_mean

__all__ = [
    "CONDITION_NAMES",
    "DIGEST",
    "NEVER",
    "NOW",
    "TIERS",
    "AlertSettings",
    "Hours",
    "Maintenance",
    "Route",
    "Rule",
    "When",
    "after",
]

CONDITION_NAMES: Final = (
    "failed",
    "did_not_come",
    "missed",
    "at_risk",
    "likely_to_miss",
    "suspiciously_short",
    "unlike_itself",
    "new_level",
    "source_late",
    "watch_blind",
)
"""What weighs most first: in that order a message names them."""
_AFTER: Final = re.compile(r"after ([1-9][0-9]{0,2})")


class When(StrEnum):
    """When people are told."""

    NOW = "now"
    DIGEST = "digest"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Rule:
    """`least` is how many times in a row it must have come before `when` is now; before, it is in the digest."""

    when: When
    least: int = 1

    @classmethod
    def parse(cls, words: str) -> "Rule":
        """`now`, `after 3`, `digest` or `never`; ValueError for anything else."""
        if match := _AFTER.fullmatch(words.strip()):
            return cls(When.NOW, int(match[1]))
        try:
            return cls(When(words.strip()))
        except ValueError:
            raise ValueError(f"{words!r} is none of now, after N, digest and never") from None

    def applied(self, times: int) -> When:
        """When people are told of what has come `times` in a row."""
        return When.DIGEST if self.when is When.NOW and times < self.least else self.when

    def __str__(self) -> str:
        return f"after {self.least}" if self.when is When.NOW and self.least > 1 else str(self.when)


NOW: Final = Rule(When.NOW)
DIGEST: Final = Rule(When.DIGEST)
NEVER: Final = Rule(When.NEVER)


def after(times: int) -> Rule:
    return Rule(When.NOW, times)


_HOURS: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d) (\S+)")
_STRICT: Final = ConfigDict(extra="forbid", frozen=True)
TIERS: Final = ("P1", "P2", "P3")


class Hours(BaseModel):
    """A part of each day by one clock; it may pass midnight."""

    model_config = _STRICT

    begins: time
    ends: time
    zone: str

    @classmethod
    def parse(cls, words: str) -> "Hours":
        """`22:00-06:00 Europe/Berlin`; ValueError for anything else."""
        match = _HOURS.fullmatch(words.strip())
        if match is None:
            raise ValueError(f"{words!r} is not written as 09:00-17:00 Europe/Berlin")
        try:
            ZoneInfo(match[3])
            begins, ends = time.fromisoformat(match[1]), time.fromisoformat(match[2])
        except (KeyError, ValueError) as error:
            raise ValueError(f"{words!r} names a time or a zone that does not exist") from error
        return cls(begins=begins, ends=ends, zone=match[3])

    def hold(self, at: datetime) -> bool:
        clock = at.astimezone(ZoneInfo(self.zone)).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


def _hours(value: object) -> object:
    return Hours.parse(value) if isinstance(value, str) else value


def _known(name: str) -> str:
    if name not in CONDITION_NAMES:
        every = f"conditions are {', '.join(CONDITION_NAMES)}"
        hint = did_you_mean(name, CONDITION_NAMES, otherwise=every)
        raise ValueError(f"there is no condition {name!r}: {hint}")
    return name


def _tier(value: object) -> object:
    if value not in TIERS:
        raise ValueError(f"{value!r} is no tier: tiers are {', '.join(TIERS)}")
    return value


Tier = Annotated[str, BeforeValidator(_tier)]
ConditionName = Annotated[str, BeforeValidator(lambda value: _known(str(value)))]


class Route(BaseModel):
    """Where the messages go that fit all it says; the first route that fits is taken."""

    model_config = _STRICT

    to: tuple[str, ...]
    teams: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    conditions: tuple[ConditionName, ...] = ()
    hours: Annotated[Hours | None, BeforeValidator(_hours)] = None

    def fits(
        self,
        *,
        team: str,
        owners: Sequence[str],
        tier: int,
        conditions: Sequence[str],
        at: datetime,
    ) -> bool:
        return (
            (not self.teams or team in self.teams)
            and (not self.owners or any(owner in self.owners for owner in owners))
            and (not self.tiers or TIERS[tier - 1] in self.tiers)
            and (not self.conditions or any(name in self.conditions for name in conditions))
            and (self.hours is None or self.hours.hold(at))
        )


class Maintenance(BaseModel):
    """A time in which nobody is told of some jobs, of a team's, or of all."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    begins_at: datetime = Field(alias="from")
    ends_at: datetime = Field(alias="to")
    why: str = Field(min_length=1)
    by: str = Field(min_length=1)
    jobs: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_in_order(self) -> "Maintenance":
        for name, moment in (("from", self.begins_at), ("to", self.ends_at)):
            if moment.tzinfo is None:
                raise ValueError(f"{name} has no time zone: write it as 2026-12-01T20:00:00+01:00")
        if self.ends_at <= self.begins_at:
            raise ValueError("to is not after from")
        return self

    def holds(self, subject: str, team: str, at: datetime) -> bool:
        if not self.begins_at <= at < self.ends_at:
            return False
        return (not self.jobs and not self.teams) or subject in self.jobs or team in self.teams


class AlertSettings(BaseModel):
    """The whole policy; what it does not say has defaults (`pipeline.alerts.policy`)."""

    model_config = _STRICT

    to: tuple[str, ...] = ()
    """Channels of what no route fits; with none nobody is told, and incidents are listed only."""
    routes: tuple[Route, ...] = ()
    tiers: dict[str, Tier] = {}
    """By the job's key; they count before its tags."""
    rules: dict[Tier, dict[ConditionName, str]] = {}
    """now, after N, digest or never, by tier and condition."""
    pages_a_week: int = Field(default=20, ge=1)
    """Incidents that a team is told of at once in a week, those of tier 1 not counted; more wait for the digest."""
    cooldown_hours: float = Field(default=4.0, ge=0)
    """Between two messages that more holds of an incident."""
    quiet_days: float = Field(default=3.0, gt=0)
    """How long what comes and goes must stay away to be over."""
    maintenance: tuple[Maintenance, ...] = ()

    @model_validator(mode="after")
    def _rules_are_understood(self) -> "AlertSettings":
        for rules in self.rules.values():
            for words in rules.values():
                Rule.parse(words)
        return self
