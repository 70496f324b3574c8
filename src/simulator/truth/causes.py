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

_PARTS = ("input", "task", "cluster", "queue", "unexplained")
_INPUT, _TASK, _CLUSTER, _QUEUE, _UNEXPLAINED = range(len(_PARTS))
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
    just before the shift, as gold.job_changes has it, NULL where nothing was.
    """
    runs, planted, events = history.runs, history.causes, history.events
    lost = (planted.of_run == Cause.SLOWER_TASK) & (history.slow_task < 0)
    slow = np.flatnonzero(traced & (runs.slowed > 1) & ~lost)
    work_us = np.zeros(runs.size, dtype=np.int64)
    first = history.attempts.number == 0
    first_run = history.attempts.run[first]
    work_us[first_run] = (history.attempts.end_us - history.attempts.start_us)[first]
    queued = runs.queue_us > np.maximum(_QUEUED_SHARE * work_us, _LEAST_QUEUE_US)
    tells = history.fleet.single_task[runs.job]
    queued = np.flatnonzero(traced & queued & tells & (runs.slowed <= 1) & ~runs.never_started)
    shifted = np.flatnonzero(planted.shift_us < history.now_us)
    resized = events.job[(events.kind == EventKind.RESIZE) & (events.from_us < history.now_us)]
    resized_us = history.hardware.resized_us[resized]

    run = np.concatenate([slow, queued, np.full(len(shifted) + len(resized), -1)])
    job = np.concatenate([runs.job[slow], runs.job[queued], shifted, resized])
    part = np.concatenate(
        [
            _PART_OF_CAUSE[planted.of_run[slow]],
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
    from_us = np.concatenate(
        [runs.due_us[slow], runs.due_us[queued], planted.shift_us[shifted], resized_us]
    )
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, history.fleet.workspace[job]),
            "series_key": _series_keys(history, job),
            "run_id": identifiers(np.append(history.ids.run, 0)[run], run >= 0),
            "from_time": timestamps(np.where(from_us < NEVER_US, from_us, 0)),
            "part": strings_at(_PARTS, part),
            "task_key": strings_at(history.graphs.keys, task),
            "change": strings_at(_CHANGES, change),
        }
    )


def _series_keys(history: History, job: Ints) -> Any:
    """workspace/job, or workspace/name of submitted runs."""
    first = history.versions.first[job]
    names = history.versions.names(first)
    defined = pa.array(history.fleet.has_definition[job])
    own = pc.if_else(defined, identifiers(history.fleet.job_number[job]), names)
    return pc.binary_join_element_wise(
        strings_at(WORKSPACE_IDS, history.fleet.workspace[job]), own, "/"
    )
