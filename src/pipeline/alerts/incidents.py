"""One incident: what holds of one cause for one team, from its first sign until it is over.

A pure machine. `next_state` takes an incident as it was last left, and what holds of it now, and says how it
goes on and which channels are told. Its laws, held by tests: of one cause and team one incident at most is
not over; no channel is told of an end that was not told of the beginning; what is held is not told; and the end of
what an incident upstream held when it last held is not told either.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

__all__ = ["UPSTREAM", "Heard", "Incident", "Notice", "Reason", "State", "next_state"]

UPSTREAM: Final = "incident "
"""How `held_by` begins where another incident holds: the end of what it held is never announced."""


class State(StrEnum):
    """Where an incident stands."""

    WATCHED = "watched"
    """Something holds, and nobody has been told at once."""
    OPEN = "open"
    """People were told."""
    OVER = "over"


class Reason(StrEnum):
    """Why people are told of an incident."""

    OPENED = "opened"
    MORE = "more"
    """More holds of it than they know."""
    WORSE = "worse"
    """It weighs more than they know."""
    FLAPPING = "flapping"
    """It was over, all or a part of it, and is back within the quiet days: told once, and no more until it stays
    away."""
    JOINED = "joined"
    """A channel that has not heard of it is told as well: a route's hours began, or the settings changed."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Heard:
    """A signal as the incident hears it."""

    key: str
    tier: int
    is_loud: bool
    """Whether people are to be told at once, and nothing holds it."""
    is_event: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """`opening` counts the times that this cause became an incident of this team."""

    cause: str
    team: str
    opening: int
    state: State
    tier: int
    began_at: datetime
    told_at: datetime | None = None
    last_told_at: datetime | None = None
    told_tier: int | None = None
    quiet_since: datetime | None = None
    """Since when nothing holds of it; while it flaps it is not over yet."""
    messages: int = 0
    returns: int = 0
    """Times that it came back within the quiet days."""
    is_return_told: bool = False
    told: tuple[str, ...] = ()
    """Keys of the signals that people know of."""
    channels: tuple[str, ...] = ()
    """Those that have heard of it."""
    holding: tuple[str, ...] = ()
    """Keys of those that hold now."""
    has_end: bool = False
    """Whether people wait for an end: a signal that they know of is a state; an event has none."""
    held_by: str = ""
    """What held it when something last held of it; empty for nothing."""
    acknowledged_by: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.cause, self.team

    @property
    def incident_id(self) -> str:
        return f"{self.cause}@{self.team}#{self.opening}"

    @property
    def is_flapping(self) -> bool:
        return (self.returns > 0 or self.is_return_told) and self.state is not State.OVER


@dataclass(frozen=True, slots=True)
class Notice:
    """News of an incident, the `number`th from 1, for some channels; for none where nobody is to be told."""

    reason: Reason
    number: int
    channels: tuple[str, ...]


def next_state(
    before: Incident | None,
    heard: Sequence[Heard],
    now: datetime,
    *,
    cause: str,
    team: str,
    channels: Sequence[str] = (),
    held_by: str = "",
    is_blind: bool = False,
    cooldown: timedelta,
    quiet: timedelta,
) -> tuple[Incident | None, Notice | None]:
    """How an incident goes on with the signals `heard`; None where nothing holds that ever held.

    `channels` are those that its news goes to now; its end goes to those that have heard of it. `held_by` says
    what holds all of it now. `is_blind` says that a source it stands on is late: then what is not heard may still
    hold.
    """
    if not heard:
        return _unheard(before, now, held_by=held_by, is_blind=is_blind, quiet=quiet)
    current = _heard_again(before, heard, now, cause=cause, team=team, quiet=quiet)
    gone = {*current.told}.difference(current.holding)
    current = replace(
        current,
        quiet_since=None,
        holding=tuple(sorted(one.key for one in heard)),
        tier=min(one.tier for one in heard),
        held_by=held_by,
    )
    loud = [one for one in heard if one.is_loud and not held_by]
    joining = [name for name in channels if name not in current.channels]
    reason = _reason(
        current, loud, gone, now, cooldown, quiet, channels=channels, is_joined=bool(joining)
    )
    if reason is None:
        return current, None
    informed = tuple(dict.fromkeys((*current.channels, *channels)))
    # That it is back, those hear as well who think that it is over.
    to = {Reason.JOINED: tuple(joining), Reason.FLAPPING: informed}.get(reason, tuple(channels))
    if reason is Reason.JOINED and current.channels:
        # The others have still to hear what more holds.
        current = replace(current, messages=current.messages + 1, channels=informed)
        return current, Notice(reason, current.messages, to)
    told_keys = sorted(
        {*(key for key in current.told if key in current.holding), *(one.key for one in loud)}
    )
    told_tier = min(one.tier for one in heard if one.key in told_keys)
    if current.returns and current.told_tier is not None:
        told_tier = min(told_tier, current.told_tier)
    current = replace(
        current,
        state=State.OPEN,
        told_at=current.told_at or now,
        last_told_at=now,
        told_tier=told_tier,
        messages=current.messages + 1,
        told=tuple(told_keys),
        has_end=current.has_end or any(not one.is_event for one in loud),
        is_return_told=current.is_return_told or reason is Reason.FLAPPING,
        channels=informed,
    )
    return current, Notice(reason, current.messages, to)


def _heard_again(
    before: Incident | None,
    heard: Sequence[Heard],
    now: datetime,
    *,
    cause: str,
    team: str,
    quiet: timedelta,
) -> Incident:
    """The incident that the signals belong to: the one before, also where it came back too soon, or a new one."""
    if before is not None and before.state is not State.OVER:
        if before.state is State.WATCHED:
            return before
        if before.quiet_since is not None:
            return replace(before, returns=before.returns + 1)
        # What has stayed for so long comes and goes no more.
        has_stayed = before.is_flapping and not _is_within(quiet, before.last_told_at, now)
        return replace(before, returns=0, is_return_told=False) if has_stayed else before
    if (
        before is not None
        and before.told_at is not None
        and before.has_end
        and before.quiet_since is not None
        and now - before.quiet_since < quiet
    ):
        return replace(before, state=State.WATCHED, returns=before.returns + 1, has_end=False)
    return Incident(
        cause=cause,
        team=team,
        opening=1 if before is None else before.opening + 1,
        state=State.WATCHED,
        tier=min(one.tier for one in heard),
        began_at=now,
    )


def _reason(
    current: Incident,
    loud: Sequence[Heard],
    gone: Collection[str],
    now: datetime,
    cooldown: timedelta,
    quiet: timedelta,
    *,
    channels: Sequence[str],
    is_joined: bool,
) -> Reason | None:
    """Why people are told now, if they are. Of what they know, `gone` did not hold when it was last looked at."""
    if not loud:
        return None
    if current.state is State.WATCHED and not current.returns:
        return Reason.OPENED
    if not channels:
        return None
    if not current.channels:
        return None if current.acknowledged_by else Reason.JOINED
    if current.returns and not current.is_return_told:
        return Reason.FLAPPING
    if current.state is State.WATCHED or current.acknowledged_by:
        return None
    if current.told_tier is not None and min(one.tier for one in loud) < current.told_tier:
        return Reason.WORSE
    if current.returns:
        return None
    is_back = any(one.key in gone for one in loud)
    is_recent = _is_within(quiet, current.last_told_at, now)
    if is_back and is_recent and not current.is_return_told:
        return Reason.FLAPPING
    is_more = any(one.key not in current.told for one in loud) or (is_back and not is_recent)
    is_cool = not _is_within(cooldown, current.last_told_at, now)
    if is_more and is_cool:
        return Reason.MORE
    return Reason.JOINED if is_joined else None


def _is_within(span: timedelta, since: datetime | None, now: datetime) -> bool:
    """Whether it is less than `span` ago. What lies in the future, by a clock that was wrong, is not."""
    return since is not None and timedelta(0) <= now - since < span


def _is_end_news(before: Incident, held_by: str) -> bool:
    """Whether people wait for the end, and nothing holds the news of it."""
    is_waited_for = before.state is State.OPEN and before.has_end and bool(before.channels)
    return is_waited_for and not held_by and not before.held_by.startswith(UPSTREAM)


def _unheard(
    before: Incident | None, now: datetime, *, held_by: str, is_blind: bool, quiet: timedelta
) -> tuple[Incident | None, Notice | None]:
    """How it goes on where nothing holds."""
    if before is None or before.state is State.OVER or is_blind:
        return before, None
    quiet_since = min(before.quiet_since or now, now)
    current = replace(before, quiet_since=quiet_since, holding=())
    if before.is_flapping and now - quiet_since < quiet:
        return current, None
    over = replace(current, state=State.OVER)
    if not _is_end_news(before, held_by):
        return over, None
    over = replace(over, messages=over.messages + 1, last_told_at=now)
    return over, Notice(Reason.RESOLVED, over.messages, over.channels)
