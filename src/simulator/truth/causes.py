"""truth/causes: what each slow run, and each shift of a job's level, comes from; and what was changed."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.clock import NEVER_US, SECOND_US, Bools, Ints
from simulator.columns import identifiers, strings_at, timestamps
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.causes import Cause
from simulator.runs.events import EventKind

_PARTS = ("input", "task", "cluster", "queue", "setup", "unexplained")
_INPUT, _TASK, _CLUSTER, _QUEUE, _SETUP, _UNEXPLAINED = range(len(_PARTS))
_PART_OF_CAUSE = np.array([_UNEXPLAINED, _INPUT, _TASK, _CLUSTER, _UNEXPLAINED])  # by Cause
_CHANGES = ("task_timeout", "runtime", "cluster_size")
_CHANGE_OF_CAUSE = np.array([-1, -1, 0, 1, 0])  # by Cause
_RESIZED = 2
_QUEUED_SHARE = 1.0
"""Of its work: a run that waits longer than it works is late because of that."""
_LEAST_QUEUE_US = 120 * SECOND_US


def causes(history: History, traced: Bools) -> Any:
    """One row per slow or queued run that left a trace by now, and per shift that has begun.

    `part` is what most of the excess is put down to, as gold.run_causes has it; `change` is what was changed
    just before the shift, as gold.job_changes has it, NULL where nothing was; `factor` is what the work is
    multiplied by.
    """
    runs, planted, events = history.runs, history.causes, history.events
    lost = (planted.of_run == Cause.SLOWER_TASK) & (history.slow_task < 0)
    slow = np.flatnonzero(traced & (runs.slowed > 1) & ~lost)
    work_us, setup_us = _of_first_attempts(history)
    queued = runs.queue_us > np.maximum(_QUEUED_SHARE * work_us, _LEAST_QUEUE_US)
    tells = history.fleet.single_task[runs.job]
    queued = np.flatnonzero(traced & queued & tells & (runs.slowed <= 1) & ~runs.never_started)
    shifted = np.flatnonzero(planted.shift_us < history.now_us)
    is_resize = (events.kind == EventKind.RESIZE) & (events.from_us < history.now_us)
    resized = events.job[is_resize]
    resized_us = history.hardware.resized_us[resized]

    run = np.concatenate([slow, queued, np.full(len(shifted) + len(resized), -1)])
    job = np.concatenate([runs.job[slow], runs.job[queued], shifted, resized])
    part = np.concatenate(
        [
            _main_part(history, slow, work_us, setup_us),
            np.full(len(queued), _QUEUE),
            _PART_OF_CAUSE[planted.of_job[shifted]],
            np.full(len(resized), _CLUSTER),
        ]
    )
    change = np.concatenate(
        [
            np.full(len(slow) + len(queued), -1),
            _CHANGE_OF_CAUSE[planted.of_job[shifted]],
            np.full(len(resized), _RESIZED),
        ]
    )
    none = np.full(runs.size, -1)
    in_task = np.where(planted.of_job == Cause.SLOWER_TASK, planted.edited_task, -1)
    task = np.concatenate(
        [history.slow_task[slow], none[queued], in_task[shifted], np.full(len(resized), -1)]
    )
    task = np.where(part == _TASK, task, -1)
    from_us = np.concatenate(
        [runs.due_us[slow], runs.due_us[queued], planted.shift_us[shifted], resized_us]
    )
    shift_factor = planted.shift_factor[shifted]
    resize_factor = np.exp(events.level[is_resize])
    factor = np.concatenate([runs.slowed[slow], np.ones(len(queued)), shift_factor, resize_factor])
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, history.fleet.workspace[job]),
            "series_key": _series_keys(history, job),
            "run_id": identifiers(np.append(history.ids.run, 0)[run], run >= 0),
            "from_time": timestamps(np.where(from_us < NEVER_US, from_us, 0)),
            "part": strings_at(_PARTS, part),
            "task_key": strings_at(history.graphs.keys, task),
            "change": strings_at(_CHANGES, change),
            "factor": pa.array(factor),
        }
    )


def _of_first_attempts(history: History) -> tuple[Ints, Ints]:
    """How long the first attempt of each run worked, and was set up."""
    attempts = history.attempts
    first = np.flatnonzero(attempts.number == 0)
    work_us, setup_us = np.zeros((2, history.runs.size), dtype=np.int64)
    span_us = attempts.worked_until_us - attempts.start_us - attempts.setup_us
    work_us[attempts.run[first]] = span_us[first]
    setup_us[attempts.run[first]] = attempts.setup_us[first]
    return work_us, setup_us


def _main_part(history: History, slow: Ints, work_us: Ints, setup_us: Ints) -> Ints:
    """What most of the excess of slow runs comes from: what slows them, or a set-up or a queue that took
    longer still."""
    runs, first = history.runs, history.attempts.number == 0
    job = runs.job[history.attempts.run[first]]
    of_compute = history.fleet.compute[job]
    usual_us = np.zeros(history.fleet.size)
    for compute in np.unique(of_compute):
        typical = np.median(history.attempts.setup_us[first][of_compute == compute])
        usual_us[history.fleet.compute == compute] = typical
    by_slowness_us = work_us[slow] * (1 - 1 / runs.slowed[slow])
    by_setup_us = setup_us[slow] - usual_us[runs.job[slow]]
    tells = history.fleet.single_task[runs.job[slow]]
    by_queue_us = np.where(tells, runs.queue_us[slow], 0)
    main = np.argmax([by_slowness_us, by_setup_us, by_queue_us], axis=0)
    of_cause = _PART_OF_CAUSE[history.causes.of_run[slow]]
    return np.select([main == 1, main == 2], [_SETUP, _QUEUE], of_cause)


def _series_keys(history: History, job: Ints) -> Any:
    """workspace/job, or workspace/name of submitted runs."""
    first = history.versions.first[job]
    names = history.versions.names(first)
    defined = pa.array(history.fleet.has_definition[job])
    own = pc.if_else(defined, identifiers(history.fleet.job_number[job]), names)
    return pc.binary_join_element_wise(
        strings_at(WORKSPACE_IDS, history.fleet.workspace[job]), own, "/"
    )
