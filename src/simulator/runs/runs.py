"""Runs: when each that is due really starts, its ids, and the definition in force.

A job runs one at a time. A run that finds the one before it still going waits for it, or, where
the job has no queue, is SKIPPED: a row of no length that never started. Waiting follows Lindley's
recursion over the slots of a job, all jobs at once.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simulator.clock import NEVER_US, Bools, Floats, Ints, from_seconds
from simulator.columnar import renumbered, take_rows
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Fleet, Kind
from simulator.fleet.schedules import Due
from simulator.identity import numbers, ordinals_within
from simulator.runs.outcomes import Tries

_RUN_SALT = 1 << 33
_SUBMIT_SALT = 1 << 36
_QUEUES_SHARE = 0.75
_CONGESTED_SHARE = 0.03
_NEVER_STARTED_SHARE = 0.0015


@dataclass(frozen=True, slots=True)
class Runs:
    """One entry per run; `start_us` is the start of its first attempt, queueing excluded."""

    job: Ints
    due_us: Ints
    start_us: Ints
    queue_us: Ints
    never_started: Bools
    queue_full: Bools
    """Never started because the queue was full, not because the run before was still going."""
    parent: Ints
    """Index of the run whose notebook started this one; -1 for all others."""
    retry_of: Ints
    """Index of the run that this one tries again; -1 for all others."""
    cause: Ints
    """Index of the run it depends on, whose failure made it fail; -1 for all others."""
    slowed: Floats
    """The factor by which this run alone is slow; 1 for most."""
    fired_by: Ints
    """Index of the run whose Run Job task fired this one; -1 for all others."""

    @property
    def size(self) -> int:
        return len(self.job)


def placed(config: SimulatorConfig, fleet: Fleet, due: Due, tries: Tries) -> tuple[Runs, Bools]:
    """Each due run that happens, at its start, given how its first attempt goes; and which happen.

    A fired run never waits: the run that fires it already has.
    """
    rng = generator(config.seed, "placement")
    rows, size = len(due.job), fleet.size
    queues = (
        ("never_started" not in config.quirks)
        | (rng.random(size) < _QUEUES_SHARE)
        | (fleet.kind == Kind.CONTINUOUS)
    )
    # Submitted runs are separate jobs to the platform: nothing makes them wait for each other.
    alone = fleet.kind != Kind.SUBMITTED
    delay_us = from_seconds(delay_seconds(rng, rows))
    may_skip = "never_started" in config.quirks
    queue_full = may_skip & (rng.random(rows) < _NEVER_STARTED_SHARE)

    ready_us = due.due_us + delay_us
    start_us = np.empty(rows, dtype=np.int64)
    skipped = np.zeros(rows, dtype=bool)
    busy_until_us = np.full(size, -NEVER_US, dtype=np.int64)
    order = np.argsort(due.slot, kind="stable")
    bounds = np.searchsorted(due.slot[order], np.arange(int(due.slot.max(initial=-1)) + 2))
    for low, high in pairwise(bounds):
        index = order[low:high]
        job = due.job[index]
        busy = alone[job] & (ready_us[index] < busy_until_us[job])
        wait = busy & queues[job]
        start_us[index] = np.where(wait, busy_until_us[job] + 2_000_000, ready_us[index])
        skipped[index] = queue_full[index] | (busy & ~queues[job])
        ran = ~skipped[index]
        busy_until_us[job[ran]] = start_us[index][ran] + tries.length_us[index][ran]
    starts = np.where(skipped, due.due_us, start_us)
    fired = np.flatnonzero(due.fired_by >= 0)
    by = due.fired_by[fired]
    # It ends when the run does that waits for it.
    starts[fired] = starts[by] + tries.length_us[by] - tries.length_us[fired]
    reached = np.ones(rows, dtype=bool)
    reached[fired] = (tries.wait_us[by] > 0) & ~skipped[by]
    skipped[fired] = queue_full[fired] = False
    happens = reached & (starts < np.minimum(config.horizon_us, fleet.deleted_us[due.job]))
    # The next link of a continuous job is due when the one before has ended: it never waits.
    at_once = np.isin(fleet.kind[due.job], (Kind.CONTINUOUS, Kind.FIRED))
    due_us = np.where(at_once, starts, due.due_us)
    runs = Runs(
        job=due.job,
        due_us=due_us,
        start_us=starts,
        queue_us=starts - due_us,
        never_started=skipped,
        queue_full=queue_full,
        parent=np.full(rows, -1, dtype=np.int64),
        retry_of=np.full(rows, -1, dtype=np.int64),
        cause=np.full(rows, -1, dtype=np.int64),
        slowed=np.ones(rows),
        fired_by=renumbered(happens, due.fired_by),
    )
    return take_rows(runs, happens), happens


def delay_seconds(rng: np.random.Generator, rows: int) -> Floats:
    """From when a run is due to when it could start."""
    congested = rng.random(rows) < _CONGESTED_SHARE
    return np.where(congested, rng.exponential(90, rows), rng.exponential(0.8, rows))


@dataclass(frozen=True, slots=True)
class RunIds:
    """The ids of runs and of their task runs (distinct inside a workspace)."""

    run: Ints
    job: Ints
    task_run: Ints


def run_ids(fleet: Fleet, runs: Runs, task_run_of: Ints, may_share: bool) -> RunIds:
    """Ids (`task_run_of` is the run of each task run); every submitted run has its own job id."""
    workspace = fleet.workspace[runs.job]
    everyone = np.concatenate([workspace, workspace[task_run_of]])
    ids = numbers(ordinals_within(everyone), everyone, _RUN_SALT, may_share)
    fresh = numbers(ordinals_within(workspace), workspace, _SUBMIT_SALT, may_share)
    own = fleet.has_definition[runs.job]
    return RunIds(
        run=ids[: runs.size],
        job=np.where(own, fleet.job_number[runs.job], fresh),
        task_run=ids[runs.size :],
    )
