"""What becomes of what holds, and whom it reaches: what the settings say, and the defaults for all else.

Without a word in the settings, people are told at once of what is broken in jobs of tier 1 and 2, and what
can wait or concerns jobs of tier 3 stands in a digest.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.alert_settings import TIERS, AlertSettings, Maintenance, Rule
from pipeline.alerts.conditions import CONDITIONS

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of alerts, and what they mean."""

    settings: AlertSettings

    @property
    def cooldown(self) -> timedelta:
        return timedelta(hours=self.settings.cooldown_hours)

    @property
    def quiet(self) -> timedelta:
        return timedelta(days=self.settings.quiet_days)

    def rule(self, tier: int, condition: str) -> Rule:
        """What becomes of a condition of jobs of a tier."""
        words = self.settings.rules.get(TIERS[tier - 1], {}).get(condition)
        return CONDITIONS[condition].rule(tier) if words is None else Rule.parse(words)

    def tier(self, subject: str, declared: int) -> int:
        """The tier of a job by the settings, else what its tags declare."""
        tier = self.settings.tiers.get(subject)
        return declared if tier is None else TIERS.index(tier) + 1

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
        for route in self.settings.routes:
            if route.fits(team=team, owners=owners, tier=tier, conditions=conditions, at=at):
                return route.to
        return self.settings.to

    @property
    def named(self) -> frozenset[str]:
        """The channels that messages may go to at all; with none incidents are found, and nobody is told."""
        routes = self.settings.routes
        return frozenset((*self.settings.to, *(name for route in routes for name in route.to)))

    def held_by_maintenance(self, subject: str, team: str, at: datetime) -> Maintenance | None:
        """The maintenance that holds what concerns a subject, if one does."""
        return next(
            (one for one in self.settings.maintenance if one.holds(subject, team, at)), None
        )

    def explained(self) -> list[dict[str, str]]:
        """One row for each condition: what becomes of it, tier by tier."""
        return [
            {
                "condition": name,
                **{tier: str(self.rule(place, name)) for place, tier in enumerate(TIERS, 1)},
            }
            for name in CONDITIONS
        ]

    def sentences(self, channels: Collection[str]) -> Iterable[str]:
        """What holds for all conditions, and what a channel that is named and not there means."""
        settings = self.settings
        if not self.named:
            yield "Nobody is told: name channels in alerts.to of rightrun.yml."
        for name in sorted(self.named.difference(channels)):
            yield f"Messages to {name} wait: settings name no such channel."
        where = ", ".join(settings.to) or "no channel"
        routes = len(settings.routes)
        first = "" if not routes else f"by the first of {routes} routes that fits, else "
        yield f"Messages go {first}to {where}."
        yield (
            f"A team is told of {settings.pages_a_week} incidents a week at once; more wait for the digest,"
            " but none of tier 1."
        )
        yield (
            f"What comes and goes is told no more until it has stayed away for {settings.quiet_days:g} days;"
            f" that more holds of an incident, every {settings.cooldown_hours:g} hours."
        )
        for window in settings.maintenance:
            yield (
                f"Held from {window.begins_at:%Y-%m-%d %H:%M %Z} to {window.ends_at:%Y-%m-%d %H:%M %Z} by"
                f" {window.by}: {window.why}."
            )
