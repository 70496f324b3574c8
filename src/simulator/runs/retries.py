"""Retries: a whole run tried again as a new run, as legacy single-task jobs do; a task tried again
within its run, as a new task run."""

from dataclasses import replace

import numpy as np

from simulator.clock import SECOND_US, Bools, Ints, floor_to
from simulator.columnar import concatenated, take_rows
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Fleet, Kind
from simulator.fleet.task_graphs import Graphs
from simulator.runs.outcomes import (
    CANCEL_SHARE,
    FIRST_FAILURE,
    Attempts,
    Status,
    first_attempts,
    tried,
)
from simulator.runs.runs import Runs
from simulator.runs.task_runs import TaskRuns

_RETRYING_SHARE = 0.6
_TASK_RETRY_SHARE = 0.01
_WAIT_US = 60 * SECOND_US


def retrying_jobs(seed: int, quirks: frozenset[str], fleet: Fleet) -> Bools:
    """The legacy jobs whose failed runs are retried as new runs, and never repaired."""
    rng = generator(seed, "retrying")
    is_drawn = rng.random(fleet.size) < _RETRYING_SHARE
    retrying: Bools = (
        is_drawn & fleet.single_task & fleet.has_definition & (fleet.kind != Kind.CONTINUOUS)
    )
    return retrying & ("run_retries" in quirks)


def with_retries(
    config: SimulatorConfig,
    fleet: Fleet,
    retrying: Bools,
    runs: Runs,
    attempts: Attempts,
) -> tuple[Runs, Attempts]:
    """Runs and attempts with one retry of each failed run of the retrying jobs."""
    rng = generator(config.seed, "run_retries")
    job = runs.job[attempts.run]
    failed = np.flatnonzero((attempts.status == Status.FAILED) & retrying[job])
    start_us = attempts.end_us[failed] + _WAIT_US
    alive = start_us < fleet.deleted_us[job[failed]]
    failed, start_us = failed[alive], start_us[alive]
    first = attempts.run[failed]
    count = len(failed)
    again = take_rows(runs, first)
    again = replace(
        again,
        due_us=start_us,
        start_us=start_us,
        queue_us=np.zeros(count, dtype=np.int64),
        retry_of=first,
        cause=np.full(count, -1, dtype=np.int64),
        slowed=np.ones(count),
    )
    tries = tried(
        rng,
        fleet,
        runs.job[first],
        fleet.median_seconds[runs.job[first]] * np.exp(0.1 * rng.standard_normal(count)),
        np.zeros(count),
        np.full(count, 0.2),
        CANCEL_SHARE,
    )
    own = first_attempts(runs.size + np.arange(count), start_us, tries)
    return concatenated([runs, again]), concatenated([attempts, own])


def with_task_retries(
    config: SimulatorConfig, graphs: Graphs, tasks: TaskRuns
) -> tuple[TaskRuns, Ints]:
    """Task runs, some with a failed first try added, and the task run that each retries (-1: none).

    A Run Job task is tried once: it fires one run.
    """
    rng = generator(config.seed, "task_retries")
    size = len(tasks.task)
    span_us = tasks.end_us - tasks.start_us
    twice = (tasks.status == Status.SUCCEEDED) & (span_us > 180 * SECOND_US)
    twice &= graphs.fires[tasks.task] < 0
    twice &= (rng.random(size) < _TASK_RETRY_SHARE) & ("task_retries" in config.quirks)
    retried = np.flatnonzero(twice)
    share = rng.uniform(0.1, 0.6, len(retried))
    stop_us = floor_to(tasks.start_us[retried] + (span_us[retried] * share).astype(np.int64), 1000)
    tried_before = replace(
        take_rows(tasks, retried),
        end_us=stop_us,
        setup_us=np.minimum(tasks.setup_us[retried], stop_us - tasks.start_us[retried]),
        status=np.full(len(retried), Status.FAILED, dtype=np.int64),
        code=np.full(len(retried), FIRST_FAILURE, dtype=np.int64),
    )
    start_us, setup_us = tasks.start_us.copy(), tasks.setup_us.copy()
    start_us[retried] = stop_us + 20 * SECOND_US
    setup_us[retried] = SECOND_US
    both = concatenated([replace(tasks, start_us=start_us, setup_us=setup_us), tried_before])
    retry_of = np.full(size + len(retried), -1, dtype=np.int64)
    retry_of[retried] = size + np.arange(len(retried))
    return both, retry_of
