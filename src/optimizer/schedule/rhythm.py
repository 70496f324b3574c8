"""The rhythm of a job whose schedule is not known: a period and a phase, or gaps without either.

For a period P the phase of a job is the circular mean of its starts modulo P, and slot k is the time
phase + k P. A job follows P when, over the window of starts,

    at least 90 % of its starts lie within max(15 minutes, P / 20) of a slot,
    at least 90 % of its starts are alone in their slot, and
    at least 80 % of the slots since its first start have a start.

The longest such P of hours, parts of a day, a day, a working day and a week is taken; a multiple of
the true period fails the second rule and a part of it the third, so it is hardly ever a choice.

Where no period holds, the next start follows the gaps between starts: those longer than what has
passed since the last one, less what has passed (a renewal process seen in the middle of a gap).

Decided here: the day is the UTC day, so a schedule kept in local time is found an hour off after the
clocks change, until the window has passed; its delays show it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.microseconds import DAY_US, HOUR_US, MINUTE_US

__all__ = ["Recurrence", "next_gap", "recurrence"]

PERIODS_US: Final = tuple(hours * HOUR_US for hours in (168, 24, 12, 8, 6, 4, 3, 2, 1))
TOLERANCE_US: Final = 15 * MINUTE_US
MIN_STARTS: Final = 4
ON_TIME: Final = 0.9
FILLED: Final = 0.8
# 1970-01-01 was a Thursday: day 2 and 3 of the epoch were a weekend.
SATURDAY: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Recurrence:
    """The rhythm of J jobs, each array (J,)."""

    period_us: NDArray[np.int64]
    """0 where there is none."""
    phase_us: NDArray[np.int64]
    """A slot's time, modulo the period."""
    is_working_days: NDArray[np.bool_]
    """Whether Saturdays and Sundays (UTC) have no slots."""
    filled: NDArray[np.float64]
    """Share of slots with a start; NaN where there is no rhythm."""

    def slots(self, job: int, since_us: int, until_us: int) -> NDArray[np.int64]:
        """The job's slots in [since, until)."""
        period = int(self.period_us[job])
        if period == 0:
            return np.empty(0, dtype=np.int64)
        first = -((int(self.phase_us[job]) - since_us) // period)
        last = -((int(self.phase_us[job]) - until_us) // period)
        at = int(self.phase_us[job]) + period * np.arange(first, last, dtype=np.int64)
        return at[_is_working_day(at)] if self.is_working_days[job] else at


def recurrence(
    start_us: NDArray[np.int64], job: NDArray[np.int64], jobs: int, *, until_us: int
) -> Recurrence:
    """The rhythm of the starts (n,) of jobs numbered `job` (n,), ordered by job and time.

    `until_us` is the end of the window that the starts were taken from.
    """
    rhythm = Recurrence(
        period_us=np.zeros(jobs, dtype=np.int64),
        phase_us=np.zeros(jobs, dtype=np.int64),
        is_working_days=np.zeros(jobs, dtype=bool),
        filled=np.full(jobs, np.nan),
    )
    if start_us.size == 0:
        return rhythm
    starts = np.bincount(job, minlength=jobs)
    first_us = np.zeros(jobs, dtype=np.int64)
    first_us[job[::-1]] = start_us[::-1]
    for period in PERIODS_US:
        for working_days in (False, True) if period == DAY_US else (False,):
            phase, filled = _followed(
                start_us, job, starts, first_us, until_us, period, working_days=working_days
            )
            new = (rhythm.period_us == 0) & (filled >= FILLED)
            rhythm.period_us[new] = period
            rhythm.phase_us[new] = phase[new]
            rhythm.is_working_days[new] = working_days
            rhythm.filled[new] = filled[new]
    return rhythm


def _followed(
    start_us: NDArray[np.int64],
    job: NDArray[np.int64],
    starts: NDArray[np.int64],
    first_us: NDArray[np.int64],
    until_us: int,
    period: int,
    *,
    working_days: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each job's phase for `period`, and the share of slots filled; 0 where a rule is broken."""
    jobs = starts.size
    angle = 2.0 * np.pi * (start_us % period) / period
    mean = np.arctan2(
        np.bincount(job, np.sin(angle), minlength=jobs),
        np.bincount(job, np.cos(angle), minlength=jobs),
    )
    phase = np.round(mean / (2.0 * np.pi) * period).astype(np.int64) % period
    slot = (start_us - phase[job] + period // 2) // period
    off = np.abs(start_us - phase[job] - slot * period)
    tolerance = max(TOLERANCE_US, period // 20)
    on_time = np.bincount(job, off <= tolerance, minlength=jobs)
    alone = np.diff(slot, prepend=slot[0] - 1) != 0
    alone[1:] |= np.diff(job) != 0
    if working_days:
        alone &= _is_working_day(slot * period + phase[job])
    alone_starts = np.bincount(job, alone, minlength=jobs)
    first_slot = (first_us - phase + period // 2) // period
    # A slot counts once a start that is merely late would have come.
    last_slot = (until_us - tolerance - phase) // period
    slots = (last_slot - first_slot + 1).astype(np.float64)
    if working_days:
        begin, end = ((k * period + phase) // DAY_US for k in (first_slot, last_slot + 1))
        slots = (_working_days_before(end) - _working_days_before(begin)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        filled = np.minimum(np.where(slots > 0, alone_starts / slots, 0.0), 1.0)
        follows = (
            (starts >= MIN_STARTS)
            & (on_time >= ON_TIME * starts)
            & (alone_starts >= ON_TIME * starts)
        )
    return phase, np.where(follows, filled, 0.0)


def _is_working_day(at_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((at_us // DAY_US - SATURDAY) % 7 >= 2)


def _working_days_before(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Working days from a fixed Saturday up to, and without, `day` of the epoch."""
    weeks, rest = np.divmod(day - SATURDAY, 7)
    return np.asarray(5 * weeks + np.maximum(rest - 2, 0))


def next_gap(
    start_us: NDArray[np.int64], job: NDArray[np.int64], jobs: int, *, as_of_us: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Seconds from `as_of_us` to a possible next start (m,), and the job (m,) of each.

    One value for each gap between starts of a job that is longer than the time since its last start;
    starts (n,) of jobs numbered `job` (n,), ordered by job and time.
    """
    last_us = np.zeros(jobs, dtype=np.int64)
    last_us[job] = start_us
    same = job[1:] == job[:-1]
    gap_job = job[1:][same]
    gap = np.diff(start_us)[same]
    remaining = gap - (as_of_us - last_us[gap_job])
    longer = remaining > 0
    return remaining[longer] / 1e6, gap_job[longer]
