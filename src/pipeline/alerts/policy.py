"""What the settings say of alerts: whom they reach, when, and when they are held.

All of it has defaults: without a policy, tier 1 is told at once, tier 2 of what is broken, tier 3 in a
digest; without a channel nobody is told, and incidents are listed only.
"""

import re
from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.alerts.conditions import CONDITIONS
from pipeline.alerts.rule import Rule
from pipeline.near_names import did_you_mean

__all__ = ["AlertPolicy", "Hours", "Maintenance", "Route"]

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
        if self.begins <= self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


def _hours(value: object) -> object:
    return Hours.parse(value) if isinstance(value, str) else value


def _known(name: str) -> str:
    if name not in CONDITIONS:
        hint = did_you_mean(name, CONDITIONS, otherwise=f"conditions are {', '.join(CONDITIONS)}")
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


class AlertPolicy(BaseModel):
    """The whole policy."""

    model_config = _STRICT

    to: tuple[str, ...] = Field(default=(), description="Channels of what no route fits.")
    routes: tuple[Route, ...] = ()
    tiers: dict[str, Tier] = Field(
        default={}, description="Tiers by the job's key, before its tags."
    )
    rules: dict[Tier, dict[ConditionName, str]] = Field(
        default={}, description="now, after N, digest or never, by tier and condition."
    )
    pages_a_week: int = Field(default=20, ge=1)
    cooldown_hours: float = Field(default=4.0, ge=0)
    quiet_days: float = Field(default=3.0, gt=0)
    maintenance: tuple[Maintenance, ...] = ()

    @model_validator(mode="after")
    def _rules_are_understood(self) -> "AlertPolicy":
        for rules in self.rules.values():
            for words in rules.values():
                Rule.parse(words)
        return self

    def rule(self, tier: int, condition: str) -> Rule:
        """What becomes of a condition of jobs of a tier."""
        words = self.rules.get(TIERS[tier - 1], {}).get(condition)
        return CONDITIONS[condition].rule(tier) if words is None else Rule.parse(words)

    def tier(self, subject: str, declared: int) -> int:
        """The tier of a job by what is said here, else what its tags declare."""
        said = self.tiers.get(subject)
        return declared if said is None else TIERS.index(said) + 1

    def channels(
        self,
        *,
        team: str,
        owners: Sequence[str],
        tier: int,
        conditions: Sequence[str],
        at: datetime,
    ) -> tuple[str, ...]:
        """Where a message goes: by the first route that fits, else by `to`."""
        for route in self.routes:
            if route.fits(team=team, owners=owners, tier=tier, conditions=conditions, at=at):
                return route.to
        return self.to

    def held_by_maintenance(self, subject: str, team: str, at: datetime) -> Maintenance | None:
        """The maintenance that holds what concerns a subject, if one does."""
        return next((one for one in self.maintenance if one.holds(subject, team, at)), None)

    def explained(self) -> list[dict[str, Any]]:
        """One row for each condition: what becomes of it, tier by tier."""
        return [
            {
                "condition": name,
                **{tier: str(self.rule(n, name)) for n, tier in enumerate(TIERS, 1)},
            }
            for name in CONDITIONS
        ]
