"""Which channels hear of an incident: those that routes name now, and of an end those that heard of the beginning."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pipeline.alerts.incidents import Incident, Notice, Reason
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import Signal

__all__ = ["channels_of", "told_channels", "united"]


def _last_known(incident: Incident) -> Sequence[Signal]:
    """What an incident was told of, as far as routes need it: what has ended has no signal any more."""
    return [
        Signal(
            condition=condition, subject=subject, name=subject, team=incident.team, owner="",
            tier=incident.told_tier or incident.tier, began_at=incident.began_at,
            seen_at=incident.began_at, times=1, sentence="", cause=incident.cause,
        )
        for condition, subject in (key.split(" ", 1) for key in incident.told)
    ]  # fmt: skip


def told_channels(
    incident: Incident, notice: Notice, signals: Sequence[Signal], policy: Policy, now: datetime
) -> tuple[str, ...]:
    """Where a notice goes: by the routes of now; an end to all who heard, as far as the policy still names them, and
    that it is back to both."""
    if notice.reason is Reason.RESOLVED and incident.channels is not None:
        return tuple(name for name in incident.channels if name in policy.named)
    channels = channels_of(signals or _last_known(incident), policy, now)
    if notice.reason is Reason.FLAPPING:
        heard = tuple(name for name in incident.channels or () if name in policy.named)
        return united(heard, channels)
    return channels


def united(channels: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*channels, *more)))


def channels_of(signals: Sequence[Signal], policy: Policy, now: datetime) -> tuple[str, ...]:
    """Every channel that one of the signals goes to."""
    channels: tuple[str, ...] = ()
    for team, tier in dict.fromkeys((one.team, one.tier) for one in signals):
        alike = [one for one in signals if (one.team, one.tier) == (team, tier)]
        names = policy.channels(
            team=team,
            owners=[one.owner for one in alike],
            tier=tier,
            conditions=[one.condition for one in alike],
            at=now,
        )
        channels = united(channels, names)
    return channels
