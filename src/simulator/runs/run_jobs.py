"""Jobs that another job's Run Job task fires, in place of a schedule.

The task is the last of its job: it begins when all other work of the run has succeeded. Seconds later
the fired run starts, ONETIME to the platform, with the task run as its source; the task ends as and
when the fired run does, and so does the attempt that waits for it. Where an attempt fails before, or a
run never starts, nothing is fired.

A repair that comes to the task fires a new run. What fails at the task itself is not repaired: people
mend the run that was fired, under its own id, and the task keeps the outcome it has seen. Runs that a
repair has fired are not repaired again. What is fired fires nothing itself.
"""

from dataclasses import dataclass, replace

import numpy as np

from simulator.clock import DAY_US, Floats, Ints, from_seconds
from simulator.columnar import concatenated, take_rows
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Fleet, Kind
from simulator.fleet.schedules import Due, Schedules
from simulator.fleet.task_graphs import Graphs
from simulator.runs.outcomes import (
    CANCEL_SHARE,
    FIRST_FAILURE,
    Attempts,
    Status,
    Tries,
    first_attempts,
    tried,
)
from simulator.runs.runs import Runs
from simulator.runs.task_runs import TaskRuns

_FIRED_SHARE = 0.08
IDLE_SECONDS = (1.0, 8.0)
"""From the start of a Run Job task to that of the run it fires."""


@dataclass(frozen=True, slots=True)
class RunJobs:
    """Pairs of jobs: a Run Job task of `upstream`, which has one, fires `fired`."""

    upstream: Ints
    fired: Ints

    def kinds(self, kind: Ints) -> Ints:
        """The kinds of all jobs, with the fired ones marked as such."""
        return self._fired(kind, Kind.FIRED)

    def lasting(self, typical_seconds: Floats) -> Floats:
        """Typical seconds of an attempt of each job, given those of its own work."""
        out = typical_seconds.copy()
        out[self.upstream] += typical_seconds[self.fired]
        return out

    def schedules(
        self, config: SimulatorConfig, schedules: Schedules, typical_seconds: Floats
    ) -> Schedules:
        """The schedules of all jobs, those of the fired ones when they are usually fired.

        A fired job has nothing to pause: it rests with the job that fires it.
        """
        minute = schedules.minute_of_day[self.upstream]
        after = (typical_seconds[self.upstream] // 60).astype(np.int64)
        never_us = config.horizon_us + DAY_US
        return replace(
            schedules,
            minute_of_day=self._fired(schedules.minute_of_day, (minute + after) % 1440),
            weekday=self._fired(schedules.weekday, schedules.weekday[self.upstream]),
            zone=self._fired(schedules.zone, schedules.zone[self.upstream]),
            paused_from_us=self._fired(schedules.paused_from_us, never_us),
            paused_until_us=self._fired(schedules.paused_until_us, never_us),
        )

    def _fired(self, column: Ints, values: Ints | int) -> Ints:
        """A column of all jobs with these values for the fired ones."""
        out = column.copy()
        out[self.fired] = values
        return out


def simulated_run_jobs(config: SimulatorConfig, fleet: Fleet, by_pipeline: Ints) -> RunJobs:
    """A few of the nightly jobs, each fired by an earlier one of its workspace.

    Both are as old as the history and are not deleted in it, and of the multi-task format. A job
    with a timeout fires none, as it would be killed waiting; nor does one that starts a pipeline,
    whose task is its last.
    """
    rng = generator(config.seed, "run_jobs")
    able = (fleet.kind == Kind.NIGHTLY) & ~fleet.single_task
    able &= (fleet.created_us < config.start_us) & (fleet.deleted_us > config.horizon_us)
    fires = able & (fleet.timeout_seconds == 0)
    fires[by_pipeline] = False
    links = round(_FIRED_SHARE * (fleet.kind == Kind.NIGHTLY).sum())
    links = max(links, int(fleet.size >= 20)) * ("run_jobs" in config.quirks)
    pairs: list[tuple[int, int]] = []
    for job in rng.permutation(np.flatnonzero(able)).tolist():
        if len(pairs) == links:
            break
        before = np.flatnonzero(fires[:job] & (fleet.workspace[:job] == fleet.workspace[job]))
        if able[job] and len(before):
            upstream = int(rng.choice(before))
            pairs.append((upstream, job))
            # Neither fires another, nor is fired by one.
            able[[upstream, job]] = fires[[upstream, job]] = False
    both = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return RunJobs(upstream=both[:, 0], fired=both[:, 1])


def with_run_job_tasks(graphs: Graphs, links: RunJobs) -> Graphs:
    """The graphs with a Run Job task after all others of each job that fires another.

    It begins and ends with the job's own work, at 1: the run that it waits for is no part of that.
    """
    after = graphs.first[links.upstream + 1]
    keys, depends_on = list(graphs.keys), list(graphs.depends_on)
    for at in after[::-1].tolist():
        last = (graphs.job == graphs.job[at - 1]) & (graphs.stage == graphs.stage[at - 1])
        keys.insert(at, "run_job")
        depends_on.insert(at, tuple(graphs.keys[index] for index in np.flatnonzero(last)))
    return Graphs(
        first=graphs.first + np.searchsorted(links.upstream, np.arange(len(graphs.first))),
        job=np.insert(graphs.job, after, links.upstream),
        stage=np.insert(graphs.stage, after, graphs.stage[after - 1] + 1),
        begin=np.insert(graphs.begin, after, 1.0),
        end=np.insert(graphs.end, after, 1.0),
        spans=np.insert(graphs.spans, after, True),
        fires=np.insert(graphs.fires, after, links.fired),
        keys=tuple(keys),
        depends_on=tuple(depends_on),
    )


def with_fired(due: Due, links: RunJobs) -> Due:
    """Due runs with one of the fired job for each of the job that fires it, due as that one is."""
    low, high = (np.searchsorted(due.job, links.upstream, side=side) for side in ("left", "right"))
    by = np.concatenate([np.zeros(0, dtype=np.int64), *map(np.arange, low.tolist(), high.tolist())])
    fired = replace(take_rows(due, by), job=np.repeat(links.fired, high - low), fired_by=by)
    both = concatenated([due, fired])
    order = np.lexsort((both.due_us, both.job))
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    both = take_rows(both, order)
    return replace(both, fired_by=np.where(both.fired_by >= 0, position[both.fired_by], -1))


def with_waits(config: SimulatorConfig, due: Due, tries: Tries) -> Tries:
    """Tries that, where their own work succeeds, wait for the run they fire and end as it does."""
    rng = generator(config.seed, "run_job_waits")
    fired = np.flatnonzero(due.fired_by >= 0)
    idle_us = _idle_us(rng, len(fired))
    reached = tries.status[due.fired_by[fired]] == Status.SUCCEEDED
    fired, by = fired[reached], due.fired_by[fired[reached]]
    length_us, wait_us = tries.length_us.copy(), tries.wait_us.copy()
    status, code = tries.status.copy(), tries.code.copy()
    wait_us[by] = idle_us[reached] + length_us[fired]
    length_us[by] += wait_us[by]
    failed = by[status[fired] != Status.SUCCEEDED]
    status[failed], code[failed] = Status.FAILED, FIRST_FAILURE
    return replace(tries, length_us=length_us, wait_us=wait_us, status=status, code=code)


def with_fired_again(
    config: SimulatorConfig, fleet: Fleet, links: RunJobs, runs: Runs, attempts: Attempts
) -> tuple[Runs, Attempts]:
    """Runs and attempts with those that repairs fire, for which the repairs wait."""
    rng = generator(config.seed, "run_jobs_again")
    fires = np.full(fleet.size, -1, dtype=np.int64)
    fires[links.upstream] = links.fired
    job = fires[runs.job[attempts.run]]
    by = np.flatnonzero((attempts.number > 0) & (attempts.status == Status.SUCCEEDED) & (job >= 0))
    job, run, count = job[by], attempts.run[by], len(by)
    start_us = attempts.end_us[by] + _idle_us(rng, count)
    fired = replace(
        take_rows(runs, run),
        job=job,
        due_us=start_us,
        start_us=start_us,
        queue_us=np.zeros(count, dtype=np.int64),
        cause=np.full(count, -1, dtype=np.int64),
        slowed=np.ones(count),
        fired_by=run,
    )
    tries = tried(
        rng,
        fleet,
        job,
        fleet.median_seconds[job] * np.exp(0.1 * rng.standard_normal(count)),
        np.zeros(count),
        fleet.failure_share[job],
        CANCEL_SHARE,
    )
    own = first_attempts(runs.size + np.arange(count), start_us, tries)
    end_us, wait_us = attempts.end_us.copy(), attempts.wait_us.copy()
    status, code = attempts.status.copy(), attempts.code.copy()
    end_us[by] = own.end_us
    wait_us[by] = own.end_us - attempts.end_us[by]
    failed = by[own.status != Status.SUCCEEDED]
    status[failed], code[failed] = Status.FAILED, FIRST_FAILURE
    waiting = replace(attempts, end_us=end_us, wait_us=wait_us, status=status, code=code)
    return concatenated([runs, fired]), concatenated([waiting, own])


def source_task_runs(graphs: Graphs, runs: Runs, attempts: Attempts, tasks: TaskRuns) -> Ints:
    """The task run that fired each run; -1 for all that no Run Job task fired."""
    firing = np.flatnonzero((graphs.fires[tasks.task] >= 0) & (tasks.status != Status.SKIPPED))
    # A run comes to its Run Job task once: a run that has reached it is not repaired.
    of_run = np.full(runs.size, -1, dtype=np.int64)
    of_run[attempts.run[tasks.attempt[firing]]] = firing
    return np.where(runs.fired_by >= 0, of_run[runs.fired_by], -1)


def _idle_us(rng: np.random.Generator, rows: int) -> Ints:
    return from_seconds(rng.uniform(*IDLE_SECONDS, rows))
