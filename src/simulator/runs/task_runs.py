"""The task runs of attempts: which tasks ran, when, and how each ended."""

from dataclasses import dataclass

import numpy as np

from simulator.clock import Ints, floor_to
from simulator.fleet.task_graphs import Graphs, expanded
from simulator.runs.outcomes import SKIPPED, SUCCESS, Attempts, Status

_LATER_SETUP_US = 1_000_000  # a task on a cluster that is already up


@dataclass(frozen=True, slots=True)
class TaskRuns:
    """Task runs in order of their attempts; times beyond now are those they will have."""

    attempt: Ints
    task: Ints
    start_us: Ints
    end_us: Ints
    setup_us: Ints
    status: Ints
    code: Ints


def task_runs(graphs: Graphs, job: Ints, attempts: Attempts) -> TaskRuns:
    """Every task run of every attempt; `job` is the job of each attempt."""
    attempt, task = expanded(graphs, job)
    begin, end = graphs.begin[task], graphs.end[task]
    low, high = attempts.progress_from[attempt], attempts.progress_to[attempt]
    status = attempts.status[attempt]
    never_started = status == Status.SKIPPED
    # A repair leaves out the stages before, and the siblings that succeeded at the first attempt.
    rerun = (begin > low) | (
        (begin == low) & (graphs.spans[task] | (attempts.number[attempt] == 0))
    )
    # A Run Job task begins when all own work has succeeded, and is what the attempt waits for.
    waits = attempts.wait_us[attempt] > 0
    fires = graphs.fires[task] >= 0
    started = rerun & np.where(fires, waits, begin < high) & ~never_started
    skipped = rerun & ~started & ~never_started & (status == Status.FAILED)
    rows = np.flatnonzero(started | skipped)
    attempt, task = attempt[rows], task[rows]
    begin, end, low, high = begin[rows], end[rows], low[rows], high[rows]
    status, skipped = status[rows], skipped[rows]
    waits, fires = waits[rows], (fires & waits)[rows]

    first_us = attempts.start_us[attempt] + attempts.setup_us[attempt]
    until_us = attempts.worked_until_us[attempt]
    rate = (until_us - first_us) / (high - low)
    start_us = floor_to((first_us + (begin - low) * rate).astype(np.int64), 1000)
    end_us = floor_to((first_us + (np.minimum(end, high) - low) * rate).astype(np.int64), 1000)
    # The first tasks carry the set-up; a task that reaches the end of the work ends with it, to the tick.
    opens = begin == low
    start_us = np.where(opens, attempts.start_us[attempt], start_us)
    end_us = np.where(end >= high, until_us, end_us)
    start_us = np.where(fires, until_us, start_us)
    end_us = np.where(fires, attempts.end_us[attempt], end_us)
    start_us = np.where(skipped, attempts.end_us[attempt], np.minimum(start_us, end_us))
    end_us = np.where(skipped, start_us, end_us)
    setup_us = np.where(opens, attempts.setup_us[attempt], _LATER_SETUP_US)
    setup_us = np.where(fires, 0, setup_us)

    stopped = (end >= high) & graphs.spans[task]
    cut = end > high
    own = np.where(
        (status == Status.SUCCEEDED) | (status == Status.IN_FLIGHT),
        Status.SUCCEEDED,
        np.where(stopped | (cut & (status != Status.FAILED)), status, Status.SUCCEEDED),
    )
    own = np.where(waits, np.where(fires, status, Status.SUCCEEDED), own)
    own = np.where(skipped, Status.SKIPPED, own)
    code = np.where(own == Status.SUCCEEDED, SUCCESS, attempts.code[attempt])
    return TaskRuns(
        attempt=attempt,
        task=task,
        start_us=start_us,
        end_us=end_us,
        setup_us=np.where(skipped, 0, np.minimum(setup_us, end_us - start_us)),
        status=own.astype(np.int64),
        code=np.where(skipped, SKIPPED, code).astype(np.int64),
    )
