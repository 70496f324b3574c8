"""What is known of each run at the midnight UTC before it is due, given how the account goes on.

Known are the job's law, the noise of its last slot before midnight and its input of the day that ends then,
events that have begun and that last (an incident may be over by then: of how long one lasts only the law is
known), month ends, which the calendar tells, and whether what it depends on has failed before. Nothing that
begins after midnight is known, nor how a run goes that is due after it.
"""

from dataclasses import dataclass, replace

import numpy as np

from simulator.clock import DAY_US, HOUR_US, NEVER_US, Bools, Floats, Ints, floor_to
from simulator.columnar import take_rows
from simulator.config import SimulatorConfig
from simulator.fleet.fleet import Fleet, Kind
from simulator.fleet.schedules import Due
from simulator.runs.durations import (
    MEMORY_OF_VOLUME,
    VOLUME_SHOCK,
    DurationLaw,
    course_of,
    rounded_memory,
)
from simulator.runs.events import (
    DEPENDENCE_US,
    FAILS_WITH_UPSTREAM,
    INCIDENT_HOURS,
    EventKind,
    Events,
    log_factor,
)
from simulator.runs.outcomes import Status


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of each run that is due: its job, when, and what is known of it; `row` is that of each run that happens.

    The logarithm of its work is `log_seconds`, plus an incident's `incident_level` with the chance
    `incident_chance`, plus the shock of its day's volume, plus its job's noise of `steps` slots.
    """

    job: Ints
    due_us: Ints
    log_seconds: Floats
    steps: Ints
    incident_level: Floats
    incident_chance: Floats
    failure_chance: Floats
    """Of the first attempt, alone or for want of what it depends on."""
    fired_by: Ints
    fires: Ints
    """The due run that fires each, and that each fires; -1 for most."""
    row: Ints
    spread: Floats
    memory: Floats
    volume_spread: Floats
    repair_share: Floats
    """Of each job: of the noise, of what a day's volume makes of its work, and how often a failed attempt
    of it is repaired."""


def outlook_of(
    config: SimulatorConfig,
    fleet: Fleet,
    laws: DurationLaw,
    due: Due,
    events: Events,
    upstream: Ints,
    status: Ints,
    retries: Bools,
    happens: Bools,
) -> Outlook:
    """`status` of each first attempt, where failures have travelled; `retries`: jobs that are never repaired."""
    job, midnight_us = due.job, floor_to(due.due_us, DAY_US)
    course = course_of(config, laws, due)
    day = due.due_us // DAY_US - course.first_day
    memory = rounded_memory(laws.memory)
    steps = _steps(job, midnight_us)
    before = due.slot - steps
    noise = np.where(before >= 0, course.noise[job, np.maximum(before, 0)], 0.0)
    volume = course.usual_volume[job, day] + MEMORY_OF_VOLUME * course.volume_shock[job, day - 1]
    level, chance = lasting_incidents(events, due)
    fired = np.flatnonzero(due.fired_by >= 0)
    fires = np.full(len(job), -1, dtype=np.int64)
    fires[due.fired_by[fired]] = fired
    is_repaired = ~retries & ~np.isin(fleet.kind, (Kind.CONTINUOUS, Kind.NOTEBOOK))
    is_repaired &= "repairs" in config.quirks
    return Outlook(
        job=job,
        due_us=due.due_us,
        log_seconds=np.log(fleet.median_seconds[job])
        + laws.elasticity[job] * volume
        + laws.spread[job] * memory[job] ** steps * noise
        + known_events(events, due),
        steps=steps,
        incident_level=level,
        incident_chance=chance,
        failure_chance=_failure_chance(fleet, upstream, due, midnight_us, status),
        fired_by=due.fired_by,
        fires=fires,
        row=np.flatnonzero(happens),
        spread=laws.spread,
        memory=memory,
        volume_spread=laws.elasticity * VOLUME_SHOCK * np.sqrt(1 - MEMORY_OF_VOLUME**2),
        repair_share=np.where(is_repaired, config.repair_share, 0.0),
    )


def no_outlook() -> Outlook:
    """Of an account whose runs follow no law."""
    count, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Outlook(
        job=count,
        due_us=count,
        log_seconds=real,
        steps=count,
        incident_level=real,
        incident_chance=real,
        failure_chance=real,
        fired_by=count,
        fires=count,
        row=count,
        spread=real,
        memory=real,
        volume_spread=real,
        repair_share=real,
    )


def _steps(job: Ints, midnight_us: Ints) -> Ints:
    """How many slots of its job lie between a midnight and each run, itself counted; runs are by job and time."""
    index = np.arange(len(job))
    is_first = np.ones(len(job), dtype=bool)
    is_first[1:] = (job[1:] != job[:-1]) | (midnight_us[1:] != midnight_us[:-1])
    steps: Ints = index - np.maximum.accumulate(np.where(is_first, index, 0)) + 1
    return steps


def known_events(events: Events, due: Due) -> Floats:
    """The logarithm of what events make of the work that have begun at the midnight before; incidents aside."""
    lasting = take_rows(events, events.kind != EventKind.INCIDENT)
    sudden = take_rows(lasting, lasting.kind != EventKind.MONTH_END)
    midnight_us = _next_midnight(sudden.from_us)
    unforeseen = replace(sudden, until_us=np.minimum(sudden.until_us, midnight_us))
    return log_factor(lasting, due) - log_factor(unforeseen, due)


def lasting_incidents(events: Events, due: Due) -> tuple[Floats, Floats]:
    """Level of the incident of each run's job that goes on at midnight, and the chance that it still does at
    the run, given that it does at midnight; nothing where none does."""
    level, chance = np.zeros(len(due.job)), np.zeros(len(due.job))
    first = np.searchsorted(due.job, np.arange(int(events.job.max(initial=-1)) + 2))
    midnights_us = _next_midnight(events.from_us)
    goes_on = (events.kind == EventKind.INCIDENT) & (events.until_us > midnights_us)
    for index in np.flatnonzero(goes_on).tolist():
        low, high = first[events.job[index]], first[events.job[index] + 1]
        from_us, midnight_us = events.from_us[index], midnights_us[index]
        begin, end = low + np.searchsorted(
            due.due_us[low:high], (midnight_us, midnight_us + DAY_US)
        )
        lasts = _lasting_hours(due.due_us[begin:end] - from_us)
        level[begin:end] = events.level[index]
        chance[begin:end] = lasts / _lasting_hours(midnight_us - from_us)
    return level, chance


def _lasting_hours(age_us: Ints) -> Ints:
    """How many of the lengths that an incident may have are longer than an age."""
    least, most = INCIDENT_HOURS
    return np.clip(most - np.maximum(age_us // HOUR_US + 1, least), 0, None)


def _next_midnight(at_us: Ints) -> Ints:
    """The first midnight that is not before; never stays never."""
    return np.where(at_us < NEVER_US, -floor_to(-at_us, DAY_US), at_us)


def _failure_chance(
    fleet: Fleet, upstream: Ints, due: Due, midnight_us: Ints, status: Ints
) -> Floats:
    """That a first attempt fails: alone, or with the last run of its upstream job, which has failed before
    midnight, or may after."""
    chance = fleet.failure_share[due.job]
    first = np.searchsorted(due.job, np.arange(len(upstream) + 1))
    for job in np.flatnonzero(upstream >= 0).tolist():
        own = np.arange(first[job], first[job + 1])
        low, high = first[upstream[job]], first[upstream[job] + 1]
        before = low + np.searchsorted(due.due_us[low:high], due.due_us[own]) - 1
        is_there, before = before >= low, np.maximum(before, 0)
        is_there &= due.due_us[own] - due.due_us[before] < DEPENDENCE_US
        is_past = due.due_us[before] < midnight_us[own]
        fails = np.where(is_past, status[before] == Status.FAILED, chance[before])
        travels = FAILS_WITH_UPSTREAM * fails * is_there
        chance[own] = 1 - (1 - chance[own]) * (1 - travels)
    return np.asarray(chance)
