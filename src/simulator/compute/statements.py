"""Statements of serverless compute and of SQL warehouses: one for each task run, and some of no job."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator.clock import Ints
from simulator.columnar import concatenated, take_rows
from simulator.columns import (
    coded,
    coded_ids,
    identifiers,
    integers,
    struct_of,
    table_of,
    taken,
    timestamps,
)
from simulator.fleet.fleet import Compute, Fleet
from simulator.fleet.task_graphs import Graphs
from simulator.identity import WORKSPACE_IDS, hex_ids
from simulator.runs.outcomes import Attempts, Status
from simulator.runs.task_runs import TaskRuns

_TOLD_OF = (Compute.SERVERLESS, Compute.WAREHOUSE)
_OF_NO_JOB = 50
"""One statement in so many is somebody's own."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements with the task run that each was carried out for; -1 for those of no job."""

    workspace: Ints
    task_run: Ints
    start_us: Ints
    end_us: Ints
    read_bytes: Ints

    @property
    def size(self) -> int:
        return len(self.task_run)


def simulated_statements(
    fleet: Fleet, graphs: Graphs, job: Ints, attempts: Attempts, tasks: TaskRuns, read_bytes: Ints
) -> Statements:
    """A statement for each task run that is told of; `job` is that of each attempt, and `read_bytes`
    what its run would read, which its tasks share as they share the work."""
    attempt, task = tasks.attempt, tasks.task
    begin_us = tasks.start_us + tasks.setup_us
    is_told = np.isin(fleet.compute[job[attempt]], _TOLD_OF) & (graphs.fires[task] < 0)
    is_told &= (tasks.status != Status.SKIPPED) & (tasks.end_us > begin_us)
    is_told &= read_bytes[attempts.run[attempt]] > 0
    length = graphs.end - graphs.begin
    of_job = np.bincount(graphs.job, weights=length, minlength=fleet.size)
    low, high = attempts.progress_from[attempt], attempts.progress_to[attempt]
    progress = np.clip(
        np.minimum(graphs.end[task], high) - np.maximum(graphs.begin[task], low), 0, 1
    )
    share = progress / np.maximum(of_job[job[attempt]], 1e-9)
    shown = np.flatnonzero(is_told)
    of_tasks = Statements(
        workspace=fleet.workspace[job[attempt[shown]]],
        task_run=shown,
        start_us=begin_us[shown],
        end_us=tasks.end_us[shown],
        read_bytes=(read_bytes[attempts.run[attempt[shown]]] * share[shown]).astype(np.int64),
    )
    by_hand = take_rows(of_tasks, np.arange(0, of_tasks.size, _OF_NO_JOB))
    nobody = Statements(
        workspace=by_hand.workspace,
        task_run=np.full(by_hand.size, -1, dtype=np.int64),
        start_us=by_hand.start_us,
        end_us=by_hand.end_us,
        read_bytes=by_hand.read_bytes,
    )
    return concatenated([of_tasks, nobody])


def query_history(
    statements: Statements, rows: Ints, job_ids: Ints, run_ids: Ints, task_run_ids: Ints
) -> Any:
    """system.query.history of some statements; the ids are those of each task run."""
    these = take_rows(statements, rows)
    count = these.size
    of_job = these.task_run >= 0
    kind = arrow_type(source.QUERY_HISTORY.column("query_source").type)

    def ids(numbers: Ints) -> Any:
        return identifiers(np.append(numbers, 0)[these.task_run], of_job)

    job_info = struct_of(
        kind.field("job_info").type,
        count,
        {
            "job_id": ids(job_ids),
            "job_run_id": ids(run_ids),
            "job_task_run_id": ids(task_run_ids),
        },
        of_job,
    )
    texts = pa.array(["SELECT * FROM people WHERE token = 'dapi0123456789abcdef'", "COMMIT"])
    return table_of(
        source.QUERY_HISTORY,
        count,
        {
            "workspace_id": coded(WORKSPACE_IDS, these.workspace),
            "statement_id": coded_ids(lambda index: hex_ids(index, "statement", digits=32), rows),
            "statement_text": taken(texts, rows % 2),
            "start_time": timestamps(these.start_us),
            "update_time": timestamps(these.end_us),
            "read_bytes": integers(these.read_bytes),
            "spilled_local_bytes": integers(np.where(rows % 9 == 0, these.read_bytes // 20, 0)),
            "query_source": struct_of(kind, count, {"job_info": job_info}),
        },
    )
