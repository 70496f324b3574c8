"""When each job starts next, over seven days, and how late such starts have been.

A job's schedule is, in this order: its cron expression; its periodic trigger, counted from its last
start; the rhythm that its starts have kept over 28 days, for jobs that something outside starts; and
where there is none, the gaps between its starts, which give the next start only. A job that another job
starts follows that job's schedule, some time after each of its starts.
"""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.microseconds import DAY_US
from optimizer.quantile import LEVELS
from optimizer.schedule.cron import Quartz, occurrences
from optimizer.schedule.delays import delay_quantiles, start_delays
from optimizer.schedule.rhythm import next_gap, recurrence

__all__ = ["LEARNED_DAYS", "Starts", "next_starts"]

AHEAD_DAYS: Final = 7
LEARNED_DAYS: Final = 28
MOST: Final = 24 * AHEAD_DAYS
"""Starts listed of one job: those of a job that runs every hour for a week."""
_MOST_LEARNED: Final = 200
_MIN_GAPS: Final = 3
_REASON_CHARACTERS: Final = 200
_MEDIAN: Final = int(np.flatnonzero(LEVELS == 0.5)[0])

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """The next n starts of J jobs: arrays of all starts, `job` naming the job of each."""

    job: Ints
    """(n,) ascending; each job's times ascend."""
    at_us: Ints
    """(n,) when it is due; for gaps, when it is as likely to have started as not."""
    basis: NDArray[np.object_]
    """(J,) cron, periodic, rhythm or gaps; None where no start is expected."""
    reason: NDArray[np.object_]
    """(J,) why none is expected, or why the schedule was not used; empty otherwise."""
    delay_seconds: NDArray[np.float64]
    """(J, 35) quantiles of the delay behind that time at `optimizer.quantile.LEVELS`."""
    learned: Ints
    """(J,) starts that the delay was learned from; with too few it is taken to be zero."""


def next_starts(jobs: pd.DataFrame, as_of: pd.Timestamp, after_us: Ints) -> Starts:
    """The starts of `jobs`, one row each, in [as_of, as_of + 7 days): `after_us` (J,) microseconds
    after the times of its row's schedule.

    Columns: state, is_continuous, cron, timezone, periodic_seconds, and the microseconds of the
    starts of the last 28 days in any order: cron_starts (by their schedule) and starts (all).
    """
    size = len(jobs)
    now_us = int(as_of.value) // 1000  # Nanoseconds, whatever its unit.
    until_us = now_us + AHEAD_DAYS * DAY_US
    reason = _not_running(jobs)
    runs = np.array([text is None for text in reason])
    all_us, all_job = _flat(jobs["starts"])
    crons, problems = _read(jobs, runs)

    basis = np.full(size, None, dtype=object)
    ahead: list[Ints] = [np.empty(0, dtype=np.int64)] * size
    past: list[Ints] = [np.empty(0, dtype=np.int64)] * size
    # Many jobs share a schedule.
    schedules = list(dict.fromkeys(crons.values()))
    window = pd.Timedelta(days=AHEAD_DAYS), pd.Timedelta(days=LEARNED_DAYS)
    coming = occurrences(schedules, as_of, as_of + window[0], most=MOST)
    gone = occurrences(schedules, as_of - window[1], as_of, most=_MOST_LEARNED, newest=True)
    number = {schedule: index for index, schedule in enumerate(schedules)}
    for job, schedule in crons.items():
        index = number[schedule]
        due = np.concatenate([gone[index], coming[index]]) + after_us[job]
        basis[job], past[job] = "cron", gone[index]
        ahead[job] = due[(due >= now_us) & (due < until_us)][:MOST]
        if ahead[job].size == 0:
            reason[job] = f"its schedule has no time in the next {AHEAD_DAYS} days"

    free = (runs & pd.isna(basis))[all_job]
    rhythm = recurrence(all_us[free], all_job[free], size, until_us=now_us)
    last_us = np.zeros(size, dtype=np.int64)
    last_us[all_job] = all_us
    periods = jobs["periodic_seconds"].astype("float64").to_numpy()
    for job in np.flatnonzero(runs & pd.isna(basis)).tolist():
        if periods[job] > 0 and last_us[job]:
            period = int(periods[job] * 1e6)
            first_us = int(last_us[job] + after_us[job])
            skipped = max(-(-(now_us - first_us) // period), 1)
            basis[job] = "periodic"
            ahead[job] = np.arange(first_us + skipped * period, until_us, period)[:MOST]
        elif rhythm.period_us[job]:
            basis[job] = "rhythm"
            shift = int(after_us[job])
            ahead[job] = rhythm.slots(job, now_us - shift, until_us - shift)[:MOST] + shift
            past[job] = rhythm.slots(job, now_us - LEARNED_DAYS * DAY_US, now_us)

    own_us, own_job = _scheduled_starts(jobs, basis)
    due_us, due_job = _joined(past)
    delay = start_delays(own_us, own_job, due_us, due_job)
    learned = np.bincount(own_job[~np.isnan(delay)], minlength=size)
    quantiles = np.nan_to_num(delay_quantiles(delay, own_job, size), nan=0.0)

    remaining, gap_job = next_gap(all_us, all_job, size, as_of_us=now_us)
    free = (runs & pd.isna(basis))[gap_job]
    gaps = np.bincount(gap_job[free], minlength=size)
    from_gaps = delay_quantiles(remaining[free], gap_job[free], size, least=_MIN_GAPS)
    for job in np.flatnonzero(runs & pd.isna(basis)).tolist():
        middle = from_gaps[job, _MEDIAN]
        if np.isnan(middle):
            reason[job] = f"{_unscheduled(jobs.iloc[job])}, and {_no_gap(all_job, job, gaps)}"
        elif middle * 1e6 > AHEAD_DAYS * DAY_US:
            reason[job] = (
                f"{_unscheduled(jobs.iloc[job])}, and it most likely starts after {AHEAD_DAYS} days"
            )
        else:
            basis[job], learned[job] = "gaps", gaps[job]
            ahead[job] = np.array([now_us + round(middle * 1e6) + after_us[job]])
            quantiles[job] = from_gaps[job] - middle
    for job, problem in problems.items():
        reason[job] = "; ".join(filter(None, (problem, reason[job])))
    at_us, start_job = _joined(ahead)
    reasons = np.array([(text or "")[:_REASON_CHARACTERS] for text in reason], dtype=object)
    return Starts(start_job, at_us, basis, reasons, quantiles, learned)


def _not_running(jobs: pd.DataFrame) -> NDArray[np.object_]:
    """Why a job is not expected to start at all; None for the others."""
    why = {
        "deleted": "the job is deleted",
        "paused": "the job's trigger is paused",
    }
    return np.array(
        [
            "a continuous job runs without end" if endless else why.get(state)
            for state, endless in zip(jobs["state"], jobs["is_continuous"], strict=True)
        ],
        dtype=object,
    )


def _read(
    jobs: pd.DataFrame, runs: NDArray[np.bool_]
) -> tuple[dict[int, tuple[Quartz, str]], dict[int, str]]:
    """The cron schedules that can be read, and what is wrong with the others, by job."""
    crons: dict[int, tuple[Quartz, str]] = {}
    problems: dict[int, str] = {}
    schedules: dict[tuple[str, str], Quartz | str] = {}
    texts, zones = jobs["cron"].to_numpy(object), jobs["timezone"].to_numpy(object)
    for job in np.flatnonzero(runs & jobs["cron"].notna().to_numpy()).tolist():
        text, zone = texts[job], zones[job]
        if zone is None or pd.isna(zone):
            problems[job] = "its schedule's time zone is not known"
            continue
        if (text, zone) not in schedules:
            schedules[text, zone] = _schedule(text, zone)
        schedule = schedules[text, zone]
        if isinstance(schedule, Quartz):
            crons[job] = (schedule, zone)
        else:
            problems[job] = schedule
    return crons, problems


def _schedule(text: str, zone: str) -> Quartz | str:
    """The expression read, or why it cannot be."""
    try:
        ZoneInfo(zone)
        return Quartz.read(text)
    except ZoneInfoNotFoundError:
        return "its schedule's time zone is not known"
    except ValueError as error:
        return str(error)


def _scheduled_starts(jobs: pd.DataFrame, basis: NDArray[np.object_]) -> tuple[Ints, Ints]:
    """Starts to compare with the schedule: those by the schedule, where the source says which they are."""
    by_schedule = [
        starts if kind == "cron" and len(starts) else others
        for kind, starts, others in zip(basis, jobs["cron_starts"], jobs["starts"], strict=True)
    ]
    return _flat(pd.Series(by_schedule, dtype=object))


def _flat(arrays: "pd.Series") -> tuple[Ints, Ints]:
    """The times of a column of arrays, sorted within each, and the row of each time."""
    return _joined([np.sort(np.asarray(times, dtype=np.int64)) for times in arrays])


def _joined(arrays: list[Ints]) -> tuple[Ints, Ints]:
    sizes = [times.size for times in arrays]
    none = np.empty(0, dtype=np.int64)
    return np.concatenate([none, *arrays]), np.repeat(np.arange(len(arrays)), sizes)


def _unscheduled(job: pd.Series) -> str:
    """Why only its starts tell when a job starts next: that it has no schedule, only a definition can say."""
    if job["state"] == "undefined":
        return "system.lakeflow.jobs does not define it, so its schedule is not known"
    if not pd.isna(job["cron"]):
        return "no schedule of it can be read"
    if len(job["cron_starts"]):
        return "its runs are started by a schedule that its definition does not tell"
    return "it has no schedule"


def _no_gap(all_job: Ints, job: int, gaps: Ints) -> str:
    starts = int(np.searchsorted(all_job, job + 1) - np.searchsorted(all_job, job))
    if starts <= _MIN_GAPS:
        return f"{starts} starts in {LEARNED_DAYS} days are too few"
    return f"it has been still for longer than all but {gaps[job]} of its {starts - 1} gaps"
