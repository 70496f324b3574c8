"""Notebook workflow runs: children that a notebook of another job's run starts and waits for."""

import numpy as np

from simulator.clock import floor_to
from simulator.columnar import concatenated
from simulator.config import generator
from simulator.fleet.fleet import Compute, Fleet, Kind
from simulator.runs.outcomes import SUCCESS, Attempts, Status, ordered
from simulator.runs.runs import Runs


def with_children(seed: int, fleet: Fleet, runs: Runs, attempts: Attempts) -> tuple[Runs, Attempts]:
    """Runs and attempts with those of the notebook series added, inside their parents' time."""
    rng = generator(seed, "notebooks")
    parents = []
    for series in np.flatnonzero(fleet.kind == Kind.NOTEBOOK):
        candidates = np.flatnonzero(
            (fleet.workspace == fleet.workspace[series])
            & (fleet.compute == Compute.JOB_CLUSTER)
            & np.isin(fleet.kind, (Kind.NIGHTLY, Kind.HOURLY))
        )
        if len(candidates):
            parents.append((series, candidates[rng.integers(len(candidates))]))
    parent_attempts, child_job = [], []
    job = runs.job[attempts.run]
    for series, parent in parents:
        first = np.flatnonzero((job == parent) & (attempts.number == 0))
        first = first[attempts.status[first] == Status.SUCCEEDED]
        parent_attempts.append(first)
        child_job.append(np.full(len(first), series))
    attempt = np.concatenate([*parent_attempts, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    owner = np.concatenate([*child_job, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    begin_us = attempts.start_us[attempt] + attempts.setup_us[attempt]
    room_us = attempts.worked_until_us[attempt] - begin_us
    start_us = floor_to(
        begin_us + (room_us * rng.uniform(0.05, 0.3, len(attempt))).astype(np.int64), 1000
    )
    span_us = (room_us * rng.uniform(0.2, 0.6, len(attempt))).astype(np.int64)
    end_us = floor_to(start_us + span_us, 1000)
    count = len(attempt)
    nothing = np.zeros(count, dtype=np.int64)
    children = Runs(
        job=owner,
        due_us=start_us,
        start_us=start_us,
        queue_us=nothing,
        never_started=np.zeros(count, dtype=bool),
        queue_full=np.zeros(count, dtype=bool),
        parent=attempts.run[attempt],
        retry_of=np.full(count, -1, dtype=np.int64),
        cause=np.full(count, -1, dtype=np.int64),
        slowed=np.ones(count),
        fired_by=np.full(count, -1, dtype=np.int64),
    )
    own = Attempts(
        run=runs.size + np.arange(count),
        number=nothing,
        start_us=start_us,
        end_us=np.maximum(end_us, start_us + 1000),
        setup_us=nothing,
        status=np.full(count, Status.SUCCEEDED, dtype=np.int64),
        code=np.full(count, SUCCESS, dtype=np.int64),
        progress_from=np.zeros(count),
        progress_to=np.ones(count),
        wait_us=nothing,
    )
    return concatenated([runs, children]), ordered([attempts, own])
