"""What makes runs slow where something does: more input, one task, another runtime, an edited task.

For a share of the runs that are slow alone, and of the jobs whose level shifts, a cause is drawn that leaves
traces in the tables. It moves no run: how long each takes is decided already. The truth beside the
account says which cause it was (truth/causes).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from simulator.clock import NEVER_US, Bools, Floats, Ints
from simulator.compute.hardware import Hardware
from simulator.config import generator
from simulator.fleet.fleet import Compute, Fleet, Kind
from simulator.fleet.task_graphs import Graphs
from simulator.runs.events import EventKind, Events
from simulator.runs.runs import Runs


class Cause(IntEnum):
    """What a slow run, or a shift of a job's level, comes from."""

    NONE = 0
    MORE_INPUT = 1
    SLOWER_TASK = 2
    """Of a shift: the task has been edited before it."""
    OTHER_RUNTIME = 3
    """The job's clusters have another runtime since."""
    TASK_EDITED = 4
    """A task has been edited, and all tasks take longer or shorter."""


_INPUT_SHARE = 0.5
_TASK_SHARE = 0.8
_RUNTIME_SHARE = 0.6
_SHORTEST_SEEN_SECONDS = 15 * 60
"""Of work on a cluster of its own: of a shorter life no node-minutes are left."""


@dataclass(frozen=True, slots=True)
class Causes:
    """The causes of runs, and of jobs that have a shift.

    `shift_us` is when a job's level shifts (never, for most). The stage of `slow_task` takes all of what
    a run takes longer by `slow_factor`; -1 for most runs.
    """

    of_run: Ints
    of_job: Ints
    shift_us: Ints
    shift_factor: Floats
    """What a shift multiplies the job's work by; 1 for most."""
    edited_task: Ints
    """The task that is edited at the shift; -1 for most jobs."""
    input_factor: Floats
    """What the input of a run is multiplied by; 1 for most."""
    slow_task: Ints
    slow_factor: Floats

    def runtime_at(self, hardware: Hardware, job: Ints, at_us: Ints | int) -> Ints:
        """The runtime of a job's clusters at a time: after a change the next newer one, or older."""
        is_other = (self.of_job[job] == Cause.OTHER_RUNTIME) & (self.shift_us[job] <= at_us)
        before = hardware.runtime[job]
        return np.where(is_other, np.where(before > 0, before - 1, 1), before)


def no_causes(runs: int, jobs: int) -> Causes:
    """Of an account in which nothing is known to slow a run."""
    return Causes(
        of_run=np.zeros(runs, dtype=np.int64),
        of_job=np.zeros(jobs, dtype=np.int64),
        shift_us=np.full(jobs, NEVER_US, dtype=np.int64),
        shift_factor=np.ones(jobs),
        edited_task=np.full(jobs, -1, dtype=np.int64),
        input_factor=np.ones(runs),
        slow_task=np.full(runs, -1, dtype=np.int64),
        slow_factor=np.ones(runs),
    )


def simulated_causes(
    seed: int,
    fleet: Fleet,
    graphs: Graphs,
    runs: Runs,
    events: Events,
    elasticity: Floats,
    by_pipeline: Ints,
) -> Causes:
    """A cause for each slow run and each shift, where the job is one that can show it."""
    rng = generator(seed, "causes")
    of_jobs, of_runs = rng.random(fleet.size), rng.random(runs.size)
    shifts = events.kind == EventKind.LEVEL_SHIFT
    shift_us = np.full(fleet.size, NEVER_US, dtype=np.int64)
    shift_us[events.job[shifts]] = events.from_us[shifts]
    level = np.zeros(fleet.size)
    level[events.job[shifts]] = events.level[shifts]

    reads = _reads_visibly(fleet) & (elasticity >= 0.5)
    slow_task = _longest_tasks(fleet, graphs, by_pipeline)
    # A stage that gives up all that a job gains must have it to give.
    share = graphs.end[slow_task] - graphs.begin[slow_task]
    gives = (slow_task >= 0) & (share + np.exp(level) - 1 > 0.05)
    own_cluster = (fleet.compute == Compute.JOB_CLUSTER) & (fleet.kind != Kind.CONTINUOUS)
    of_job = _drawn(of_jobs, reads, gives & fleet.has_definition, own_cluster, fleet.has_definition)
    of_job[shift_us == NEVER_US] = Cause.NONE
    nothing = np.zeros(runs.size, dtype=bool)
    of_run = _drawn(of_runs, reads[runs.job], (slow_task >= 0)[runs.job], nothing, nothing)
    of_run[runs.slowed <= 1] = Cause.NONE

    shifted = runs.due_us >= shift_us[runs.job]
    by_shift = np.where(shifted, np.exp(level[runs.job]), 1.0)
    cause = np.where(of_run != Cause.NONE, of_run, np.where(shifted, of_job[runs.job], Cause.NONE))
    factor = np.where(of_run != Cause.NONE, runs.slowed, by_shift)
    in_task = cause == Cause.SLOWER_TASK
    more = np.where(of_run == Cause.MORE_INPUT, runs.slowed, 1.0)
    more *= np.where(shifted & (of_job[runs.job] == Cause.MORE_INPUT), by_shift, 1.0)
    is_edited = np.isin(of_job, (Cause.SLOWER_TASK, Cause.TASK_EDITED))
    edited = np.where(slow_task >= 0, slow_task, graphs.first[:-1])
    return Causes(
        of_run=of_run,
        of_job=of_job,
        shift_us=shift_us,
        shift_factor=np.exp(level),
        edited_task=np.where(is_edited, edited, -1),
        input_factor=more ** (1 / np.where(reads, elasticity, 1.0)[runs.job]),
        slow_task=np.where(in_task, slow_task[runs.job], -1),
        slow_factor=np.where(in_task, factor, 1.0),
    )


def _drawn(draws: Floats, reads: Bools, has_task: Bools, upgrades: Bools, edits: Bools) -> Ints:
    """A cause for each draw between 0 and 1, of those that are possible."""
    return np.select(
        [
            reads & (draws < _INPUT_SHARE),
            has_task & (draws < _TASK_SHARE),
            upgrades & (draws < _RUNTIME_SHARE),
            edits & (draws < 0.9),
        ],
        [Cause.MORE_INPUT, Cause.SLOWER_TASK, Cause.OTHER_RUNTIME, Cause.TASK_EDITED],
        Cause.NONE,
    ).astype(np.int64)


def _reads_visibly(fleet: Fleet) -> Bools:
    """Jobs of whose input the tables tell."""
    lives = (fleet.compute == Compute.JOB_CLUSTER) & (fleet.median_seconds > _SHORTEST_SEEN_SECONDS)
    visibly: Bools = lives | np.isin(fleet.compute, (Compute.SERVERLESS, Compute.WAREHOUSE))
    return visibly & ~np.isin(fleet.kind, (Kind.CONTINUOUS, Kind.NOTEBOOK))


def _longest_tasks(fleet: Fleet, graphs: Graphs, by_pipeline: Ints) -> Ints:
    """The task that spans the longest stage of each job with several stages; -1 for other jobs, and for
    those that start a pipeline or fire another job."""
    length = np.where(graphs.spans, graphs.end - graphs.begin, -1.0)
    order = np.lexsort((length, graphs.job))
    last = np.append(graphs.job[order][1:] != graphs.job[order][:-1], True)
    longest = np.full(fleet.size, -1, dtype=np.int64)
    longest[graphs.job[order][last]] = order[last]
    stages = np.zeros(fleet.size, dtype=np.int64)
    np.maximum.at(stages, graphs.job, graphs.stage)
    fires = np.zeros(fleet.size, dtype=bool)
    fires[graphs.job[graphs.fires >= 0]] = True
    fires[by_pipeline] = True
    return np.where((stages > 0) & ~fires & (fleet.kind != Kind.NOTEBOOK), longest, -1)
