"""The task runs of attempts: which tasks ran, when, and how each ended."""

from dataclasses import dataclass, replace

import numpy as np

from simulator.clock import Floats, Ints, floor_to
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


def with_slow_tasks(
    graphs: Graphs,
    attempts: Attempts,
    tasks: TaskRuns,
    retry_of: Ints,
    slow_task: Ints,
    slow_factor: Floats,
) -> tuple[TaskRuns, Ints]:
    """Task runs in which all that some runs take longer is in one stage; and the task of those runs whose
    tasks were moved so, -1 for all others.

    Each attempt begins and ends as before. `slow_task` and `slow_factor` are those of each run; a run of
    several attempts, or with a task that was tried again, stays as it is.
    """
    single = np.bincount(attempts.run, minlength=len(slow_task)) == 1
    retried = np.zeros(len(slow_task), dtype=bool)
    retried[attempts.run[tasks.attempt[retry_of >= 0]]] = True
    succeeded = np.zeros(len(slow_task), dtype=bool)
    succeeded[attempts.run[attempts.status == Status.SUCCEEDED]] = True
    moved = np.where(single & ~retried & succeeded, slow_task, -1)

    entry = np.flatnonzero(moved[attempts.run[tasks.attempt]] >= 0)
    attempt = tasks.attempt[entry]
    run = attempts.run[attempt]
    begin, end = graphs.begin[moved[run]], graphs.end[moved[run]]
    factor = slow_factor[run]
    first_us = attempts.start_us[attempt] + attempts.setup_us[attempt]
    span_us = np.maximum(attempts.worked_until_us[attempt] - first_us, 1)

    def at_slow_pace(us: Ints) -> Ints:
        share = (us - first_us) / span_us
        within = np.clip(share, begin, end) - begin
        later = share + within * (factor - 1) / (end - begin)
        moved_us = first_us + (later / factor * span_us).astype(np.int64)
        inside = (us > first_us) & (us < first_us + span_us)
        return np.where(inside, floor_to(moved_us, 1000), us)

    task = tasks.task[entry]
    starts, ends = at_slow_pace(tasks.start_us[entry]), at_slow_pace(tasks.end_us[entry])
    # What runs beside the slow task takes no longer than it would have.
    beside = (graphs.stage[task] == graphs.stage[moved[run]]) & (task != moved[run])
    usual_us = (tasks.end_us[entry] - np.maximum(tasks.start_us[entry], first_us)) / factor
    early_us = floor_to(np.maximum(starts, first_us) + usual_us.astype(np.int64), 1000)
    ends = np.where(beside, np.minimum(early_us, ends), ends)
    start_us, end_us, setup_us = tasks.start_us.copy(), tasks.end_us.copy(), tasks.setup_us.copy()
    start_us[entry], end_us[entry] = starts, ends
    setup_us[entry] = np.minimum(setup_us[entry], ends - starts)
    return replace(tasks, start_us=start_us, end_us=end_us, setup_us=setup_us), moved
