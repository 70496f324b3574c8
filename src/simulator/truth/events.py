"""truth/events and truth/resizes: the events that changed durations, as far as they have begun."""

from typing import Any

import numpy as np
import pyarrow as pa

from simulator.clock import NEVER_US, Bools, Ints
from simulator.columns import identifiers, integers, strings_at, timestamps
from simulator.compute.hardware import busy_at, law
from simulator.fleet.versions import Versions
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.events import EventKind

_OF_RUNS = ("SLOWDOWN", "DOWNSTREAM_FAILURE")


def events(history: History, traced: Bools) -> Any:
    """One row per job and period, or per run where it is about a single run.

    `factor` is what the work of a run is multiplied by: throughout, or, where it grows, at the end
    or now. It is NULL for a failure, whose `cause_run_id` is the run that failed first.
    """
    begun = np.flatnonzero(history.events.from_us < history.now_us)
    period, runs = history.events, history.runs
    slow = np.flatnonzero(traced & (runs.slowed > 1))
    failed = np.flatnonzero(traced & (runs.cause >= 0))
    single = np.concatenate([slow, failed])
    job = np.concatenate([period.job[begun], runs.job[single]])
    none = np.full(len(begun), -1, dtype=np.int64)
    run = np.concatenate([none, single])
    cause = np.concatenate([none, np.full(len(slow), -1), runs.cause[failed]])
    kind = np.concatenate(
        [
            period.kind[begun],
            np.repeat(len(EventKind) + np.arange(2), [len(slow), len(failed)]),
        ]
    )
    until_us = period.until_us[begun]
    factor = np.concatenate(
        [period.factor(history.now_us)[begun], runs.slowed[slow], np.full(len(failed), np.nan)]
    )
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, history.fleet.workspace[job]),
            "job_id": _job_ids(history, job),
            "series_name": _names(history.versions, job),
            "kind": strings_at([*(kind.name for kind in EventKind), *_OF_RUNS], kind),
            "from_time": timestamps(np.concatenate([period.from_us[begun], runs.due_us[single]])),
            "until_time": timestamps(
                np.concatenate([until_us, runs.due_us[single]]),
                np.concatenate([until_us < NEVER_US, np.ones(len(single), dtype=bool)]),
            ),
            "factor": pa.array(factor, mask=np.isnan(factor)),
            "run_id": identifiers(np.append(history.ids.run, 0)[run], run >= 0),
            "cause_run_id": identifiers(np.append(history.ids.run, 0)[cause], cause >= 0),
        }
    )


def resizes(history: History) -> Any:
    """One row per cluster that was resized by now, with its effect under the scaling law."""
    hardware = history.hardware
    job = np.flatnonzero(hardware.resized_us < history.now_us)
    before, after = hardware.workers[job], hardware.workers_after[job]
    runtime = law(hardware, job, after) / law(hardware, job, before)
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, history.fleet.workspace[job]),
            "job_id": _job_ids(history, job),
            "series_name": _names(history.versions, job),
            "resized_at": timestamps(hardware.resized_us[job]),
            "from_workers": integers(before),
            "to_workers": integers(after),
            "work_factor": pa.array(runtime),
            "node_minutes_factor": pa.array(runtime * (after + 1) / (before + 1)),
            "busy_share_before": pa.array(busy_at(hardware, job, before)),
            "busy_share_after": pa.array(busy_at(hardware, job, after)),
        }
    )


def _job_ids(history: History, job: Ints) -> Any:
    """The job's id; NULL for series whose every run has one of its own."""
    return identifiers(history.fleet.job_number[job], history.fleet.has_definition[job])


def _names(versions: Versions, job: Ints) -> Any:
    """The name of a job's first version, by which a submitted series is begun."""
    return pa.array(
        [versions.definitions[index].name for index in versions.first[job].tolist()], pa.string()
    )
