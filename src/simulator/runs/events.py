"""Events that change durations (incidents, shifts, growth, month ends, resizes), and failures that
travel from a run to those that depend on it.

An event multiplies the work of a job's runs that are due in it. Events belong to the truth
beside the account: the tables show durations and nothing else.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from simulator.clock import (
    DAY_US,
    HOUR_US,
    NEVER_US,
    Floats,
    Ints,
    floor_to,
    from_seconds,
)
from simulator.columnar import concatenated
from simulator.compute.hardware import Hardware, law
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Fleet, Kind
from simulator.fleet.schedules import Due
from simulator.runs.outcomes import FIRST_FAILURE, Status, Tries


class EventKind(IntEnum):
    """Events over a period; events of single runs are recorded with the runs."""

    INCIDENT = 0
    LEVEL_SHIFT = 1
    SLOW_GROWTH = 2
    MONTH_END = 3
    VOLUME_GROWTH = 4
    RESIZE = 5


_DEPENDENT_SHARE = 0.12
DEPENDENCE_US = 20 * HOUR_US
FAILS_WITH_UPSTREAM = 0.9
INCIDENT_HOURS = (3, 11)
"""How long an incident lasts: as long as any of these, the last left out."""


@dataclass(frozen=True, slots=True)
class Events:
    """Periods of jobs. Work is multiplied by exp(level + slope x days since `from_us`)."""

    kind: Ints
    job: Ints
    from_us: Ints
    until_us: Ints
    level: Floats
    slope: Floats

    @property
    def size(self) -> int:
        return len(self.job)

    def factor(self, at_us: int) -> Floats:
        """What the work of each job is multiplied by at a time, or at its event's end."""
        days = (np.minimum(self.until_us, at_us) - self.from_us) / DAY_US
        return np.asarray(np.exp(self.level + self.slope * days))


def simulated_events(config: SimulatorConfig, fleet: Fleet, hardware: Hardware) -> Events:
    """The events that the settings' quirks name."""
    rng = generator(config.seed, "events")
    start_us, end_us = config.start_us, config.horizon_us
    size = fleet.size
    able = ~np.isin(fleet.kind, (Kind.CONTINUOUS, Kind.NOTEBOOK))

    def drawn_jobs(share: float, quirk: str) -> Ints:
        return np.flatnonzero(able & (rng.random(size) < share) & (quirk in config.quirks))

    def moments(jobs: Ints, low: float, high: float) -> Ints:
        """Hours somewhere in a part of the history."""
        span = rng.uniform(low, high, len(jobs)) * (end_us - start_us)
        return floor_to(start_us + span.astype(np.int64), HOUR_US)

    parts = []
    days = (end_us - start_us) // DAY_US
    for at in np.sort(rng.choice(days * 24, max(days // 25, 1), replace=False)):
        workspace = rng.integers(0, max(config.workspaces, 1))
        jobs = np.flatnonzero(
            (fleet.workspace == workspace) & able & (rng.random(size) < 0.6)
            & ("incidents" in config.quirks)
        )  # fmt: skip
        from_us = start_us + int(at) * HOUR_US
        until_us = from_us + int(rng.integers(*INCIDENT_HOURS)) * HOUR_US
        parts.append(_events(EventKind.INCIDENT, jobs, from_us, until_us, rng.uniform(0.45, 1.1)))
    jobs = drawn_jobs(0.08, "level_shifts")
    level = np.log(rng.choice([0.6, 1.3, 1.5, 2.0], len(jobs)))
    parts.append(_events(EventKind.LEVEL_SHIFT, jobs, moments(jobs, 0.1, 0.95), NEVER_US, level))
    jobs = drawn_jobs(0.05, "slow_growth")
    slope = np.log(rng.uniform(1.3, 2.5, len(jobs))) / 90
    parts.append(_events(EventKind.SLOW_GROWTH, jobs, start_us, NEVER_US, 0.0, slope))
    jobs = drawn_jobs(0.05, "volume_growth")
    slope = np.log(rng.uniform(1.3, 3.0, len(jobs))) * rng.uniform(0.5, 1.0, len(jobs)) / 90
    parts.append(_events(EventKind.VOLUME_GROWTH, jobs, start_us, NEVER_US, 0.0, slope))
    jobs = drawn_jobs(0.08, "month_ends")
    level = np.log(rng.uniform(1.3, 2.5, len(jobs)))
    months = np.arange(
        np.datetime64(start_us, "us").astype("M8[M]"),
        np.datetime64(end_us, "us").astype("M8[M]") + 2,
    )
    # The last day of a month and the first of the next.
    parts += [
        _events(EventKind.MONTH_END, jobs, month - DAY_US, month + DAY_US, level)
        for month in months.astype("M8[us]").astype(np.int64).tolist()
    ]
    jobs = np.flatnonzero(hardware.resized_us < NEVER_US)
    ratio = law(hardware, jobs, hardware.workers_after[jobs]) / law(
        hardware, jobs, hardware.workers[jobs]
    )
    parts.append(
        _events(EventKind.RESIZE, jobs, hardware.resized_us[jobs], NEVER_US, np.log(ratio))
    )
    return concatenated(parts)


def no_events() -> Events:
    """An account to which nothing happens."""
    return _events(EventKind.RESIZE, np.zeros(0, dtype=np.int64), NEVER_US, NEVER_US, 0.0)


def _events(
    kind: EventKind,
    jobs: Ints,
    from_us: Ints | int,
    until_us: int,
    level: Floats | float,
    slope: Floats | float = 0.0,
) -> Events:
    count = len(jobs)
    return Events(
        kind=np.full(count, kind, dtype=np.int64),
        job=jobs,
        from_us=np.broadcast_to(np.asarray(from_us, dtype=np.int64), count),
        until_us=np.full(count, until_us, dtype=np.int64),
        level=np.broadcast_to(np.asarray(level, dtype=float), count),
        slope=np.broadcast_to(np.asarray(slope, dtype=float), count),
    )


def log_factor(events: Events, due: Due) -> Floats:
    """The logarithm of what each due run's work is multiplied by; `due` is by job and time."""
    rows = len(due.job)
    first = np.searchsorted(due.job, np.arange(int(events.job.max(initial=-1)) + 2))
    sums = np.zeros((3, rows + 1))
    for column in range(events.size):
        job = int(events.job[column])
        low, high = first[job], first[job + 1]
        times = due.due_us[low:high]
        begin, end = np.searchsorted(times, (events.from_us[column], events.until_us[column]))
        level, slope = events.level[column], events.slope[column]
        since = slope * (events.from_us[column] / DAY_US)
        sums[:, low + begin] += (level, slope, since)
        sums[:, low + end] -= (level, slope, since)
    level, slope, since = np.cumsum(sums, axis=1)[:, :rows]
    return np.asarray(level + slope * (due.due_us / DAY_US) - since)


def upstream_jobs(config: SimulatorConfig, fleet: Fleet) -> Ints:
    """The job whose output each job needs; -1 for most."""
    rng = generator(config.seed, "dependencies")
    out = np.full(fleet.size, -1, dtype=np.int64)
    nightly = np.flatnonzero(fleet.kind == Kind.NIGHTLY)
    depends = nightly[rng.random(len(nightly)) < _DEPENDENT_SHARE]
    draws = rng.random(fleet.size)
    if "downstream_failures" in config.quirks:
        for job in depends.tolist():
            # Of an earlier job only: no circle.
            before = nightly[: np.searchsorted(nightly, job)]
            before = before[fleet.workspace[before] == fleet.workspace[job]]
            if len(before):
                out[job] = before[int(draws[job] * len(before))]
    return out


def with_downstream_failures(
    config: SimulatorConfig, upstream: Ints, due: Due, tries: Tries
) -> tuple[Tries, Ints]:
    """Tries in which failures travel, and for each the due run whose failure it met (-1: none)."""
    rng = generator(config.seed, "downstream")
    rows = len(due.job)
    cause = np.full(rows, -1, dtype=np.int64)
    status, code = tries.status.copy(), tries.code.copy()
    length_us, progress = tries.length_us.copy(), tries.progress_to.copy()
    first = np.searchsorted(due.job, np.arange(len(upstream) + 1))
    draws = rng.random(rows)
    for job in np.flatnonzero(upstream >= 0).tolist():
        own = np.arange(first[job], first[job + 1])
        low, high = first[upstream[job]], first[upstream[job] + 1]
        before = low + np.searchsorted(due.due_us[low:high], due.due_us[own]) - 1
        seen = before >= low
        recent = seen & (due.due_us[own] - due.due_us[np.maximum(before, 0)] < DEPENDENCE_US)
        failed = recent & (status[np.maximum(before, 0)] == Status.FAILED)
        hit = own[failed & (draws[own] < FAILS_WITH_UPSTREAM)]
        cause[hit] = before[hit - first[job]]
        status[hit], code[hit] = Status.FAILED, FIRST_FAILURE
        # It finds its input missing soon after its set-up.
        progress[hit] = 0.02 + 0.05 * draws[hit]
        length_us[hit] = tries.setup_us[hit] + from_seconds(5 + 60 * draws[hit])
    return (
        replace(tries, status=status, code=code, length_us=length_us, progress_to=progress),
        cause,
    )
