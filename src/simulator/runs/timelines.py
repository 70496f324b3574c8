"""The two timelines: runs and task runs in slices, outcomes on the last slice of each attempt."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator.billing.other_usage import SERVICES_PER_WORKSPACE
from simulator.clock import SECOND_US, Bools, Ints
from simulator.columns import (
    coded,
    coded_ids,
    identifiers,
    integers,
    singletons,
    struct_of,
    table_of,
    taken,
    timestamps,
)
from simulator.fleet.fleet import Compute
from simulator.history import History
from simulator.identity import WORKSPACE_IDS, cluster_ids, warehouse_ids
from simulator.runs.outcomes import CODES, Status
from simulator.runs.slices import Slices

_STATES = tuple(status.name for status in Status)
_CODE_NAMES = tuple(code for code, _, _ in CODES)
_CODE_TYPES = tuple(kind for _, kind, _ in CODES)
_TRIGGERS = ("CRON", "ONETIME", "CONTINUOUS", "ONETIME_RETRY")
_TRIGGER_OF_KIND = np.array([0, 0, 0, 2, 1, 1, 1, 1])  # by Kind
RUN_TYPES = ("JOB_RUN", "SUBMIT_RUN", "WORKFLOW_RUN")
_RETRY = 3
_EDITED_TIMEOUT_SECONDS = 86_400
_RUN_TYPE_OF_KIND = np.array([0, 0, 0, 0, 0, 1, 2, 0])


def run_type_of(kind: Ints) -> Ints:
    """Index into RUN_TYPES of each kind of job."""
    return np.asarray(_RUN_TYPE_OF_KIND[kind])


def _parameters(index: Ints, key: str) -> Any:
    """What users pass to runs: a date, and now and then a secret that must go no further."""
    kind = arrow_type("map<string, map<string,string>>")
    values = pa.array(
        [
            [("run_date", [("value", "2026-01-01")])],
            [(key, [("value", "dapi0123456789abcdef0123456789abcdef")])],
            None,
        ],
        type=kind,
    )
    return taken(values, np.where(index % 50 == 0, 1, np.where(index % 3 == 0, 0, 2)))


def _compute(cluster: Ints, warehouse: Ints) -> dict[str, Any]:
    """The compute columns of rows that used a cluster or a warehouse (-1: none)."""
    rows = len(cluster)
    valid: Bools = (cluster >= 0) | (warehouse >= 0)
    clusters = coded_ids(cluster_ids, cluster).cast(pa.string())
    warehouses = warehouse_ids(warehouse)
    kind = arrow_type("array<struct<type:string, cluster_id:string, warehouse_id:string>>")
    typed = struct_of(
        kind.value_type,
        rows,
        {
            "type": coded(("CLUSTER", "WAREHOUSE"), (warehouse >= 0).astype(np.int64)),
            "cluster_id": clusters,
            "warehouse_id": warehouses,
        },
    )
    ids = pc.coalesce(clusters, warehouses)
    return {"compute_ids": singletons(ids, valid), "compute": singletons(typed, valid)}


def job_run_timeline(history: History, pieces: Slices) -> Any:
    """system.lakeflow.job_run_timeline of some slices of attempts."""
    attempts, runs, fleet, ids = history.attempts, history.runs, history.fleet, history.ids
    attempt, last = pieces.owner, pieces.last
    run = attempts.run[attempt]
    job = runs.job[run]
    rows = len(attempt)
    kind = fleet.kind[job]
    tells = fleet.single_task[job] | ("zero_durations" not in history.quirks)
    setup_us = attempts.setup_us[attempt]
    span_us = attempts.end_us[attempt] - attempts.start_us[attempt]
    first = attempts.number[attempt] == 0
    queue_us = np.where(first, runs.queue_us[run], 0)

    def reported(us: Ints) -> Any:
        """Seconds on the end rows of legacy jobs; a literal 0 on those of all others."""
        return integers(np.where(tells, us // SECOND_US, 0), last)

    parent_cluster = np.where(
        runs.parent[run] >= 0, history.clusters.of_run[np.maximum(runs.parent[run], 0)], -1
    )
    source_run = history.source_task_run[run]
    fired_by = identifiers(np.append(ids.task_run, 0)[source_run], source_run >= 0)
    trigger = np.where(runs.retry_of[run] >= 0, _RETRY, _TRIGGER_OF_KIND[kind])
    return table_of(
        source.JOB_RUN_TIMELINE,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, fleet.workspace[job]),
            "job_id": identifiers(ids.job[run]),
            "run_id": identifiers(ids.run[run]),
            "period_start_time": timestamps(pieces.start_us),
            "period_end_time": timestamps(pieces.end_us),
            "trigger_type": coded(_TRIGGERS, trigger),
            "result_state": coded(_STATES, attempts.status[attempt], last),
            "run_type": coded(RUN_TYPES, _RUN_TYPE_OF_KIND[kind]),
            "run_name": coded_ids(history.versions.names, history.version[run]),
            **_compute(parent_cluster, np.full(rows, -1)),
            "termination_code": coded(_CODE_NAMES, attempts.code[attempt], last),
            "job_parameters": _parameters(run, "api_token"),
            # What is fired fires nothing itself: its source is the top of the chain too.
            "source_task_run_id": fired_by,
            "root_task_run_id": fired_by,
            "termination_type": coded(_CODE_TYPES, attempts.code[attempt], last),
            "setup_duration_seconds": reported(setup_us),
            "queue_duration_seconds": reported(queue_us),
            "run_duration_seconds": reported(span_us + queue_us),
            "cleanup_duration_seconds": reported(np.zeros(rows, dtype=np.int64)),
            "execution_duration_seconds": reported(span_us - setup_us),
        },
    )


def job_task_run_timeline(history: History, pieces: Slices) -> Any:
    """system.lakeflow.job_task_run_timeline of some slices of task runs."""
    attempts, runs, fleet, tasks = history.attempts, history.runs, history.fleet, history.tasks
    entry, last = pieces.owner, pieces.last
    attempt = tasks.attempt[entry]
    run = attempts.run[attempt]
    job = runs.job[run]
    rows = len(entry)
    compute = fleet.compute[job]
    # What runs on a compute of its own, or on none, is not on the job's.
    own = ~np.isin(tasks.task[entry], history.pipelines.task)
    own &= history.graphs.fires[tasks.task[entry]] < 0
    warehouse = np.where(
        compute == Compute.WAREHOUSE, fleet.workspace[job] * SERVICES_PER_WORKSPACE, -1
    )
    setup_us = tasks.setup_us[entry]
    work_us = tasks.end_us[entry] - tasks.start_us[entry] - setup_us
    run_id = identifiers(history.ids.run[run])
    return table_of(
        source.JOB_TASK_RUN_TIMELINE,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, fleet.workspace[job]),
            "job_id": identifiers(history.ids.job[run]),
            "run_id": identifiers(history.ids.task_run[entry]),
            "period_start_time": timestamps(pieces.start_us),
            "period_end_time": timestamps(pieces.end_us),
            "task_key": coded(history.graphs.keys, tasks.task[entry]),
            **_compute(
                np.where(own, history.clusters.of_attempt[attempt], -1),
                np.where(own, warehouse, -1),
            ),
            "result_state": coded(_STATES, tasks.status[entry], last),
            "job_run_id": run_id,
            "parent_run_id": run_id,
            "termination_code": coded(_CODE_NAMES, tasks.code[entry], last),
            "termination_type": coded(_CODE_TYPES, tasks.code[entry], last),
            "task_parameters": _parameters(entry, "password"),
            "setup_duration_seconds": integers(setup_us // SECOND_US, last),
            "cleanup_duration_seconds": integers(np.zeros(rows, dtype=np.int64), last),
            "execution_duration_seconds": integers(work_us // SECOND_US, last),
        },
    )


def job_tasks(history: History) -> Any:
    """system.lakeflow.job_tasks: a version of each task, made with the job's first version, then one of
    each that is edited."""
    graphs, fleet, versions = history.graphs, history.fleet, history.versions
    defined = np.flatnonzero(fleet.has_definition[graphs.job])
    created_us = versions.change_us[versions.first[graphs.job[defined]]]
    shown = np.concatenate([defined, history.edited_tasks])
    job = graphs.job[shown]
    is_edit = np.arange(len(shown)) >= len(defined)
    return table_of(
        source.JOB_TASKS,
        len(shown),
        {
            "workspace_id": coded(WORKSPACE_IDS, fleet.workspace[job]),
            "job_id": identifiers(fleet.job_number[job]),
            "task_key": coded(graphs.keys, shown),
            "depends_on_keys": pa.array(
                [graphs.depends_on[index] for index in shown], type=pa.list_(pa.string())
            ),
            "change_time": timestamps(np.concatenate([created_us, history.task_edits_us])),
            "timeout_seconds": integers(np.where(is_edit, _EDITED_TIMEOUT_SECONDS, 0)),
        },
    )
