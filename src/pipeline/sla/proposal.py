"""The SLA to propose for one job, and what speaks for it.

A job that starts at most once a day by the clock is given a deadline, any other a limit. From history
alone it is what 99 % of the runs of 60 days took, and a fifth more, rounded up as people round. Where
another job of the same team starts by the clock soon after, and nearly always found this one ended,
the deadline is that start: somebody may be waiting for it. Whether they are, its owner knows.

A run that did not succeed counts as one that missed whatever is proposed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.sla.durations import duration
from pipeline.sla.terms import Terms

__all__ = ["MIN_RUNS", "DailyStart", "Proposal", "Seen", "proposed", "rounded_up"]

MIN_RUNS: Final = 10
_TARGET: Final = 0.99
_MARGIN: Final = 1.2
_DAY_MINUTES: Final = 1440
_LONGEST_DEADLINE_SECONDS: Final = 20 * 3600
_FOLLOWS_WITHIN_SECONDS: Final = 3 * 3600
_FOUND_ENDED: Final = 0.95
_ROUND: Final = ((120.0, 10), (600.0, 60), (3600.0, 300), (14_400.0, 900))
_ROUNDEST: Final = 1800

Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DailyStart:
    """When a job starts that does so at most once a day: minute of the day in UTC, and what its own
    zone's clock shows then, as HH:MM."""

    minute: int
    local_clock: str
    zone: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How many runs there were, those without a success included, from the first day to the last."""

    runs: int
    days: int

    def __str__(self) -> str:
        return f"{self.runs} runs in {self.days} day{'s' if self.days != 1 else ''}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Terms; how many runs would have met them; what the successes took; the same in a sentence."""

    basis: Literal["history", "downstream"]
    terms: Terms
    met: int
    p50_seconds: float
    worst_seconds: float
    evidence: str
    downstream_series_key: str | None = None


def proposed(
    wall_seconds: Seconds,
    attempt_seconds: Seconds,
    seen: Seen,
    start: DailyStart | None,
    of_team: Sequence[tuple[int, str]],
) -> Proposal:
    """What to propose for a job, by the runs of it that were seen.

    `wall_seconds` is from the first start of each success to its end, `attempt_seconds` what the
    attempt took that succeeded; both (n,), sorted, n at least one. `of_team` are the minutes at which
    other jobs of its team start, with their series keys.
    """
    bound = rounded_up(_high(wall_seconds) * _MARGIN, least=900)
    if start is not None and bound <= _LONGEST_DEADLINE_SECONDS:
        return _deadline(start, wall_seconds, seen, bound, of_team)
    limit = rounded_up(_high(attempt_seconds) * _MARGIN)
    met = int(np.searchsorted(attempt_seconds, limit, side="right"))
    half, longest = float(np.median(attempt_seconds)), float(attempt_seconds[-1])
    return Proposal(
        "history",
        Terms("limit", limit_seconds=float(limit)),
        met,
        half,
        longest,
        f"{met} of {seen} took no longer; half of the successes took"
        f" {duration(half)}, the longest {duration(longest)}",
    )


def _deadline(
    start: DailyStart,
    wall_seconds: Seconds,
    seen: Seen,
    bound: int,
    of_team: Sequence[tuple[int, str]],
) -> Proposal:
    """A deadline `bound` seconds after its start, or at the start of the job that follows it."""
    follower = _follower(start, wall_seconds, of_team)
    seconds = bound if follower is None else follower[0]
    met = int(np.searchsorted(wall_seconds, seconds, side="right"))
    half, longest = float(np.median(wall_seconds)), float(wall_seconds[-1])
    hour, minute = (int(part) for part in start.local_clock.split(":"))
    due = (hour * 60 + minute + seconds // 60) % _DAY_MINUTES
    clock = f"{due // 60:02d}:{due % 60:02d}"
    evidence = (
        f"{met} of {seen} had succeeded by then; it starts at {start.local_clock},"
        f" half of the successes took {duration(half)}, the longest {duration(longest)}"
    )
    if follower is not None:
        evidence += f"; {follower[1]} of the same team starts at {clock}"
    return Proposal(
        "history" if follower is None else "downstream",
        Terms("deadline", time_of_day=clock, timezone=start.zone),
        met,
        half,
        longest,
        evidence,
        None if follower is None else follower[1],
    )


def _follower(
    start: DailyStart, wall_seconds: Seconds, of_team: Sequence[tuple[int, str]]
) -> tuple[int, str] | None:
    """Seconds from its start to that of the job of its team that next finds it ended, and which."""
    usual_seconds = float(np.quantile(wall_seconds, 0.5))
    followers = []
    for minute, series_key in of_team:
        seconds = (minute - start.minute) % _DAY_MINUTES * 60
        share_ended = np.searchsorted(wall_seconds, seconds, side="right") / wall_seconds.size
        is_soon = seconds <= usual_seconds + _FOLLOWS_WITHIN_SECONDS
        if is_soon and share_ended >= _FOUND_ENDED:
            followers.append((seconds, series_key))
    return min(followers, default=None)


def _high(ordered_seconds: Seconds) -> float:
    """The 99 % quantile; of fewer than a hundred runs, the longest."""
    return float(np.quantile(ordered_seconds, _TARGET, method="higher"))


def rounded_up(seconds: float, least: int = 1) -> int:
    """Seconds as people choose them: the longer, the rounder, in steps of `least` or more."""
    step = max(next((step for below, step in _ROUND if seconds <= below), _ROUNDEST), least)
    return max(int(np.ceil(seconds / step)), 1) * step
