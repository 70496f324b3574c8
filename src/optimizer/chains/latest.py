"""Until when each expected run must start, so that all that comes after it keeps its deadline.

The backward pass of the critical-path method (J. E. Kelley and M. R. Walker, Critical-path planning and
scheduling, Proc. Eastern Joint Computer Conference 1959): from each deadline back along the chain,
by what each job usually takes and waits. A job that starts by a clock does not wait for what it reads:
that must be there when it starts. Within a cycle nothing is carried back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.chains.graph import Bools, Ints, JobGraph

Floats = NDArray[np.float64]
_MICROS = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Of each of E edges what is usual, in seconds.

    `ready_seconds`: from the start of the job before until it fires the other, or has written what
    that reads; `wait_seconds`: from then until the job after starts. `is_clocked`: whether the job after
    starts by a clock of its own.
    """

    ready_seconds: Floats
    wait_seconds: Floats
    is_clocked: Bools


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedRuns:
    """N runs in the order of jobs and starts; times in seconds since the origin.

    `work_seconds` is how long each usually takes and `due_seconds` its own deadline, NaN where there is
    none or it is not known.
    """

    job: Ints
    start_seconds: Floats
    work_seconds: Floats
    due_seconds: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LatestStarts:
    """Of N runs: until when each must start, NaN where no deadline depends on it; and which run after
    it says so, -1 where its own deadline does."""

    start_seconds: Floats
    by_run: Ints


def latest_starts(graph: JobGraph, waits: Waits, runs: ExpectedRuns) -> LatestStarts:
    """The latest start of each run, by its own deadline and those of the runs that follow it.

    Of a job after, the first run that can follow does, and of several runs before, the last one is
    followed.
    """
    latest = runs.due_seconds - runs.work_seconds
    by_run = np.full(len(latest), -1, dtype=np.int64)
    starts = _Starts(runs)
    first = np.searchsorted(runs.job, np.arange(graph.jobs + 1))
    edges = np.flatnonzero(graph.is_between)
    level = graph.level[graph.group[graph.before[edges]]]
    for one in np.unique(level):
        run, edge, following = _followed(graph, waits, runs, starts, first, edges[level == one])
        needed = np.where(
            waits.is_clocked[edge],
            np.minimum(latest[following], runs.start_seconds[following]),
            latest[following] - waits.wait_seconds[edge],
        )
        needed = needed - waits.ready_seconds[edge]
        binds = needed < np.nan_to_num(latest[run], nan=np.inf)
        run, following, needed = run[binds], following[binds], needed[binds]
        order = np.lexsort((needed, run))
        earliest = order[np.diff(run[order], prepend=-1) > 0]
        latest[run[earliest]] = needed[earliest]
        by_run[run[earliest]] = following[earliest]
    return LatestStarts(latest, by_run)


def _followed(
    graph: JobGraph, waits: Waits, runs: ExpectedRuns, starts: "_Starts", first: Ints, edges: Ints
) -> tuple[Ints, Ints, Ints]:
    """Runs of the jobs before, each with the edge and the run of the job after that follows it."""
    before = graph.before[edges]
    count = first[before + 1] - first[before]
    edge = np.repeat(edges, count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    run = np.repeat(first[before], count) + within
    after = graph.after[edge]
    # A run that is fired, or starts because of a table, may be expected a little before it can be.
    can_follow = np.where(waits.is_clocked[edge], waits.ready_seconds[edge], 0.0)
    following = starts.first_from(after, runs.start_seconds[run] + can_follow)
    is_there = following < first[after + 1]
    run, edge, following = run[is_there], edge[is_there], following[is_there]
    # Where the next run of the job before is in time as well, it is the one that is followed.
    is_last = np.ones(len(run), dtype=np.bool_)
    is_last[:-1] = (edge[1:] != edge[:-1]) | (following[1:] != following[:-1])
    return run[is_last], edge[is_last], following[is_last]


class _Starts:
    """Looks up the first run of a job that starts at some time or later."""

    def __init__(self, runs: ExpectedRuns) -> None:
        self._low = runs.start_seconds.min(initial=np.inf)
        self._high = runs.start_seconds.max(initial=-np.inf) + 1.0
        # One number a run, in the order of jobs and starts: whole microseconds, a span of them a job.
        self._span = round((self._high - self._low) * _MICROS) + 1 if len(runs.job) else 1
        self._places = runs.job * self._span + self._micros(runs.start_seconds)

    def first_from(self, job: Ints, seconds: Floats) -> Ints:
        """Its position among all runs; that after the job's last where there is none."""
        if not len(self._places):
            return np.zeros(len(job), dtype=np.int64)
        asked = job * self._span + self._micros(seconds)
        return np.asarray(np.searchsorted(self._places, asked), dtype=np.int64)

    def _micros(self, seconds: Floats) -> Ints:
        within = np.clip(seconds, self._low, self._high) - self._low
        return np.asarray(np.rint(within * _MICROS), dtype=np.int64)
