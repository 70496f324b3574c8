"""When runs are due: cron schedules in local time, hand-started runs, chains without a pause.

A run is due at its schedule plus a jitter of seconds. When it really starts is decided later
(`simulator.runs.runs`), because it may have to wait for the run before it.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clock import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    ZONES,
    Bools,
    Ints,
    floor_to,
    from_seconds,
    instant,
)
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Fleet, Kind


@dataclass(frozen=True, slots=True)
class Schedules:
    """The cron schedule of each job; `weekday` is 0 for Monday, -1 every day, -2 working days."""

    interval_hours: Ints
    minute_of_day: Ints
    weekday: Ints
    zone: Ints
    paused_from_us: Ints
    paused_until_us: Ints


@dataclass(frozen=True, slots=True)
class Due:
    """Runs that are due, sorted by job and time; `slot` counts them within their job."""

    job: Ints
    slot: Ints
    due_us: Ints
    fired_by: Ints
    """Index of the due run whose Run Job task fires it; -1 for most."""


def simulated_schedules(config: SimulatorConfig, fleet: Fleet) -> Schedules:
    """Nightly jobs crowd between 01:00 and 06:00; a few jobs pause, for a while or throughout."""
    rng = generator(config.seed, "schedules")
    size, start_us, end_us = fleet.size, config.start_us, config.horizon_us
    hour = np.where(
        rng.random(size) < 0.8,
        rng.choice([0, 1, 2, 3, 4, 5, 6], size=size, p=[0.08, 0.2, 0.22, 0.2, 0.14, 0.1, 0.06]),
        rng.integers(0, 24, size),
    )
    minute = rng.choice(
        [0, 5, 10, 15, 20, 30, 45], size=size, p=[0.4, 0.05, 0.05, 0.15, 0.05, 0.2, 0.1]
    )
    weekday = np.where(
        fleet.kind == Kind.WEEKLY,
        rng.choice(7, size=size, p=[0.3, 0.1, 0.05, 0.05, 0.1, 0.15, 0.25]),
        np.where(rng.random(size) < 0.15, -2, -1),
    )
    pause = rng.random(size)
    from_us = (start_us + rng.uniform(0, 1, size) * (end_us - start_us)).astype(np.int64)
    until_us = from_us + (rng.uniform(2, 20, size) * DAY_US).astype(np.int64)
    never = (start_us - 30 * DAY_US, end_us + DAY_US)
    return Schedules(
        interval_hours=rng.choice([1, 2, 4, 6], size=size, p=[0.6, 0.2, 0.1, 0.1]).astype(np.int64),
        minute_of_day=(hour * 60 + minute).astype(np.int64),
        weekday=weekday.astype(np.int64),
        zone=rng.choice(len(ZONES), size=size, p=[0.6, 0.25, 0.15]).astype(np.int64),
        # 2 % paused throughout, 3 % from some day on, 2 % for some days, the others not at all.
        paused_from_us=np.where(pause < 0.02, never[0], np.where(pause < 0.07, from_us, never[1])),
        paused_until_us=np.where((pause >= 0.05) & (pause < 0.07), until_us, never[1] + DAY_US),
    )


def due_runs(config: SimulatorConfig, fleet: Fleet, schedules: Schedules) -> Due:
    """Every run that is due in the window, of jobs that exist and are not paused then."""
    rng = generator(config.seed, "starts")
    start_us, end_us = config.start_us, config.horizon_us
    days = config.days + config.reserve_days
    parts = [
        _hourly(rng, np.flatnonzero(fleet.kind == Kind.HOURLY), schedules, start_us, end_us),
        _daily(
            rng,
            np.flatnonzero(np.isin(fleet.kind, (Kind.NIGHTLY, Kind.WEEKLY))),
            schedules,
            start_us,
            end_us,
        ),
        _irregular(rng, np.flatnonzero(fleet.kind == Kind.MANUAL), start_us, end_us),
        _chained(np.flatnonzero(fleet.kind == Kind.CONTINUOUS), fleet, start_us, days),
        _submitted(rng, np.flatnonzero(fleet.kind == Kind.SUBMITTED), schedules, start_us, end_us),
    ]
    job = np.concatenate([part[0] for part in parts])
    due_us = np.concatenate([part[1] for part in parts])
    is_due = (
        (due_us >= np.maximum(start_us, fleet.created_us[job]))
        & (due_us < np.minimum(end_us, fleet.deleted_us[job]))
        & ~_paused(schedules, job, due_us)
    )
    order = np.lexsort((due_us[is_due], job[is_due]))
    job, due_us = job[is_due][order], due_us[is_due][order]
    slot = np.arange(len(job)) - np.searchsorted(job, job, side="left")
    return Due(job, slot, due_us, np.full(len(job), -1, dtype=np.int64))


def _paused(schedules: Schedules, job: Ints, at_us: Ints) -> Bools:
    return (at_us >= schedules.paused_from_us[job]) & (at_us < schedules.paused_until_us[job])


def _grid(jobs: Ints, times_us: Ints) -> tuple[Ints, Ints]:
    return np.repeat(jobs, len(times_us)), np.tile(times_us, len(jobs))


def _jitter(rng: np.random.Generator, rows: int) -> Ints:
    """Schedulers are a few seconds late, and now and then a minute."""
    return from_seconds(
        rng.gamma(2, 2.5, rows) + (rng.random(rows) < 0.02) * rng.exponential(60, rows)
    )


def _hourly(
    rng: np.random.Generator, jobs: Ints, schedules: Schedules, start_us: int, end_us: int
) -> tuple[Ints, Ints]:
    hours = np.arange(start_us // HOUR_US, end_us // HOUR_US + 1)
    job, hour = _grid(jobs, hours)
    is_due = hour % schedules.interval_hours[job] == 0
    job, hour = job[is_due], hour[is_due]
    minute = schedules.minute_of_day[job] % 60
    return job, hour * HOUR_US + minute * MINUTE_US + _jitter(rng, len(job))


def _daily(
    rng: np.random.Generator, jobs: Ints, schedules: Schedules, start_us: int, end_us: int
) -> tuple[Ints, Ints]:
    days = np.arange(start_us // DAY_US - 1, end_us // DAY_US + 2)
    job, day = _grid(jobs, days)
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    rule = schedules.weekday[job]
    is_due = (rule == -1) | ((rule == -2) & (weekday < 5)) | (rule == weekday)
    job, day = job[is_due], day[is_due]
    wall = day * DAY_US + schedules.minute_of_day[job] * MINUTE_US
    at_us = np.empty_like(wall)
    for index, zone in enumerate(ZONES):
        in_zone = schedules.zone[job] == index
        at_us[in_zone] = instant(wall[in_zone], zone)
    return job, at_us + _jitter(rng, len(job))


def _irregular(
    rng: np.random.Generator, jobs: Ints, start_us: int, end_us: int
) -> tuple[Ints, Ints]:
    """Hand-started runs: a Poisson number in the window, in working hours."""
    days = max((end_us - start_us) // DAY_US, 1)
    counts = rng.poisson(days * rng.gamma(0.8, 0.6, len(jobs)))
    job = np.repeat(jobs, counts)
    day = floor_to(start_us + rng.integers(0, days, len(job)) * DAY_US, DAY_US)
    return job, day + from_seconds(rng.normal(12.5, 2.5, len(job)).clip(6, 22) * 3600)


def _chained(jobs: Ints, fleet: Fleet, start_us: int, days: int) -> tuple[Ints, Ints]:
    """Continuous jobs: the next run is due at once, and starts when the one before has ended."""
    job, link = _grid(jobs, np.arange(days + 2, dtype=np.int64))
    return job, np.maximum(start_us, fleet.created_us[job]) + link * SECOND_US


def _submitted(
    rng: np.random.Generator, jobs: Ints, schedules: Schedules, start_us: int, end_us: int
) -> tuple[Ints, Ints]:
    """An outside scheduler submits each series every 24, 12, 8 or 6 hours."""
    job, hour = _grid(jobs, np.arange(start_us // HOUR_US, end_us // HOUR_US + 1))
    interval_hours = np.array([24, 12, 8, 6])[schedules.minute_of_day[job] % 4]
    is_due = (hour - schedules.minute_of_day[job] // 60) % interval_hours == 0
    job, hour = job[is_due], hour[is_due]
    return job, hour * HOUR_US + schedules.minute_of_day[job] % 60 * MINUTE_US + _jitter(
        rng, len(job)
    )
