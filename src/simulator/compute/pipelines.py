"""Pipelines and their updates: started by a task of a job, by hand, or running without an end.

The update that a job's task run starts lies inside the task run and ends as it does. A pipeline
runs on serverless compute of its own, whose usage names the pipeline and the update and no job.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator import labels
from simulator.clock import (
    DAY_US,
    SECOND_US,
    Floats,
    Ints,
    floor_to,
    from_seconds,
)
from simulator.columnar import concatenated
from simulator.columns import (
    TAGS,
    coded,
    coded_ids,
    constant,
    identifiers,
    struct_of,
    table_of,
    taken,
    timestamps,
)
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Compute, Fleet, Kind
from simulator.fleet.task_graphs import Graphs
from simulator.identity import WORKSPACE_IDS, hex_ids
from simulator.runs.outcomes import Status
from simulator.runs.slices import Slices
from simulator.runs.task_runs import TaskRuns


class Started(IntEnum):
    """What starts a pipeline's updates."""

    BY_JOB = 0
    BY_HAND = 1
    ENDLESS = 2


STARTED_BY_JOB_SHARE = 0.06
_STANDALONE_SHARE = 0.02
_TRIGGERS = ("JOB_TASK", "USER_ACTION", "INFRASTRUCTURE_MAINTENANCE")  # by Started
_TYPES = ("ETL_PIPELINE", "MATERIALIZED_VIEW", "STREAMING_TABLE", "INGESTION_PIPELINE")
_STATES = ("COMPLETED", "FAILED", "CANCELED", "CANCELED", None, None)  # by Status
_UPDATE_TYPES = ("REFRESH", "FULL_REFRESH")


@dataclass(frozen=True, slots=True)
class Pipelines:
    """One entry per pipeline."""

    workspace: Ints
    started: Ints
    job: Ints
    """The job whose task starts it; -1 for those that no job starts."""
    task: Ints
    """That task, an index into the graphs; -1 for the others."""
    created_us: Ints
    dbu_per_hour: Floats

    @property
    def size(self) -> int:
        return len(self.workspace)


@dataclass(frozen=True, slots=True)
class Updates:
    """Updates of pipelines, with the end they will have; `task_run` is -1 without a job."""

    pipeline: Ints
    task_run: Ints
    start_us: Ints
    end_us: Ints
    status: Ints

    @property
    def size(self) -> int:
        return len(self.pipeline)


def no_pipelines() -> Pipelines:
    """An account without pipelines."""
    none = np.zeros(0, dtype=np.int64)
    return Pipelines(none, none, none, none, none, np.zeros(0))


def with_pipeline_jobs(config: SimulatorConfig, fleet: Fleet) -> Ints:
    """The jobs of which one task starts a pipeline's update."""
    rng = generator(config.seed, "pipeline_jobs")
    if "pipelines" not in config.quirks:
        return np.zeros(0, dtype=np.int64)
    able = fleet.has_definition & (fleet.kind != Kind.CONTINUOUS) & ~fleet.single_task
    able &= fleet.compute != Compute.WAREHOUSE
    is_drawn = rng.random(fleet.size) < STARTED_BY_JOB_SHARE / max(able.mean(), 0.1)
    return np.flatnonzero(able & is_drawn)


def simulated_pipelines(
    config: SimulatorConfig, fleet: Fleet, graphs: Graphs, jobs: Ints
) -> Pipelines:
    """A pipeline for the last stage of each of the jobs, and some that no job starts."""
    rng = generator(config.seed, "pipelines")
    if "pipelines" not in config.quirks:
        return no_pipelines()
    task = graphs.first[jobs + 1] - 1
    # The longest task of a stage is its first: walk back to it from the job's last task.
    while not graphs.spans[task].all():
        task = np.where(graphs.spans[task], task, task - 1)
    alone = max(round(fleet.size * _STANDALONE_SHARE), 1 if fleet.size >= 20 else 0)
    started = np.where(np.arange(alone) % 4 == 0, Started.ENDLESS, Started.BY_HAND)
    nothing = np.full(alone, -1, dtype=np.int64)
    age = rng.uniform(10, 400, alone)
    return Pipelines(
        workspace=np.concatenate(
            [fleet.workspace[jobs], rng.integers(0, config.workspaces, alone)]
        ),
        started=np.concatenate([np.full(len(jobs), Started.BY_JOB), started]).astype(np.int64),
        job=np.concatenate([jobs, nothing]),
        task=np.concatenate([task, nothing]),
        created_us=floor_to(
            np.concatenate(
                [fleet.created_us[jobs], config.start_us - (age * DAY_US).astype(np.int64)]
            ),
            1000,
        ),
        dbu_per_hour=1.2 * np.exp(0.8 * rng.standard_normal(len(jobs) + alone)),
    )


def updates_of(config: SimulatorConfig, pipelines: Pipelines, tasks: TaskRuns) -> Updates:
    """Every update of every pipeline up to the horizon."""
    owner = np.full(int(tasks.task.max(initial=-1)) + 2, -1, dtype=np.int64)
    by_job = np.flatnonzero(pipelines.task >= 0)
    by_job = by_job[pipelines.task[by_job] < len(owner)]
    owner[pipelines.task[by_job]] = by_job
    ran = np.flatnonzero((owner[tasks.task] >= 0) & (tasks.status != Status.SKIPPED))
    long = tasks.end_us[ran] - tasks.start_us[ran] > 10 * SECOND_US
    parts = [
        Updates(
            pipeline=owner[tasks.task[ran]],
            task_run=ran,
            start_us=tasks.start_us[ran] + np.where(long, 3 * SECOND_US, 0),
            end_us=tasks.end_us[ran] - np.where(long, SECOND_US, 0),
            status=tasks.status[ran],
        )
    ]
    rng = generator(config.seed, "updates")
    start_us, days = config.start_us, config.days + config.reserve_days
    for pipeline in np.flatnonzero(pipelines.task < 0):
        midnight = start_us + np.arange(days, dtype=np.int64) * DAY_US
        if pipelines.started[pipeline] == Started.ENDLESS:
            starts, ends = midnight, midnight + DAY_US - 40 * SECOND_US
            status = np.full(days, Status.CANCELLED, dtype=np.int64)
        else:
            today = midnight[rng.random(days) < 0.5]
            starts = today + from_seconds(rng.uniform(7, 18, len(today)) * 3600)
            ends = starts + from_seconds(600 * np.exp(0.9 * rng.standard_normal(len(today))))
            failed = rng.random(len(today)) < 0.05
            status = np.where(failed, Status.FAILED, Status.SUCCEEDED).astype(np.int64)
        count = len(starts)
        parts.append(Updates(np.full(count, pipeline), np.full(count, -1), starts, ends, status))
    return concatenated(parts)


def pipeline_ids(pipeline: Ints) -> Any:
    return hex_ids(pipeline, "pipeline", digits=32)


def update_ids(update: Ints) -> Any:
    return hex_ids(update, "update", digits=32)


def pipelines_table(seed: int, quirks: frozenset[str], pipelines: Pipelines) -> Any:
    """system.lakeflow.pipelines: one version of each."""
    rng, rows = generator(seed, "pipeline_definitions"), pipelines.size
    names = [f"{labels.job_name(rng, index, quirks)}_pipeline" for index in range(rows)]
    owners = [labels.email(rng) for _ in range(rows)]
    tags = [labels.people_tags(rng, labels.team(rng), owner, quirks) for owner in owners]
    everyone = np.arange(rows)
    return table_of(
        source.PIPELINES,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, pipelines.workspace),
            "pipeline_id": pipeline_ids(everyone),
            "pipeline_type": coded(_TYPES, np.where(everyone % 5 < 2, 0, everyone % 4)),
            "name": pa.array(names, pa.string()),
            "created_by": pa.array(owners, pa.string()),
            "run_as": pa.array(owners, pa.string()),
            "tags": pa.array(tags, type=TAGS),
            "settings": struct_of(
                arrow_type(source.PIPELINES.column("settings").type),
                rows,
                {
                    "photon": pa.array(np.ones(rows, dtype=bool)),
                    "development": pa.array(pipelines.started == Started.BY_HAND),
                    "continuous": pa.array(pipelines.started == Started.ENDLESS),
                    "serverless": pa.array(np.ones(rows, dtype=bool)),
                    "edition": constant("ADVANCED", rows),
                    "channel": constant("CURRENT", rows),
                },
            ),
            "configuration": taken(
                pa.array([[("source.password", "hunter2-dapi0123456789abcdef")], []], type=TAGS),
                everyone % 2,
            ),
            "change_time": timestamps(pipelines.created_us),
            "create_time": timestamps(pipelines.created_us),
        },
    )


def pipeline_update_timeline(
    pipelines: Pipelines, updates: Updates, pieces: Slices, task_run_ids: Ints, job_ids: Ints
) -> Any:
    """system.lakeflow.pipeline_update_timeline of some slices; `job_ids` are those of the updates'
    jobs, where they have one."""
    update = pieces.owner
    pipeline, rows = updates.pipeline[update], len(update)
    by_job = updates.task_run[update] >= 0
    details = arrow_type(source.PIPELINE_UPDATE_TIMELINE.column("trigger_details").type)
    starter = struct_of(
        details.field("job_task").type,
        rows,
        {
            "job_id": identifiers(job_ids[update], by_job),
            "job_task_run_id": identifiers(
                np.append(task_run_ids, 0)[updates.task_run[update]], by_job
            ),
            "performance_target": coded(("PERFORMANCE_OPTIMIZED", "STANDARD"), pipeline % 2),
        },
        by_job,
    )
    return table_of(
        source.PIPELINE_UPDATE_TIMELINE,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, pipelines.workspace[pipeline]),
            "pipeline_id": coded_ids(pipeline_ids, pipeline),
            "update_id": coded_ids(update_ids, update),
            "period_start_time": timestamps(pieces.start_us),
            "period_end_time": timestamps(pieces.end_us),
            "update_type": coded(_UPDATE_TYPES, (update % 40 == 0).astype(np.int64)),
            "request_id": coded_ids(update_ids, update),
            "trigger_type": coded(_TRIGGERS, pipelines.started[pipeline]),
            "trigger_details": struct_of(details, rows, {"job_task": starter}, by_job),
            "result_state": coded(_STATES, updates.status[update], pieces.last),
            "compute": struct_of(
                arrow_type(source.PIPELINE_UPDATE_TIMELINE.column("compute").type),
                rows,
                {"type": constant("SERVERLESS", rows)},
            ),
        },
    )


def jobs_on_pipelines(fleet: Fleet, graphs: Graphs, jobs: Ints) -> Ints:
    """What each job runs on: one whose only task is a pipeline has no compute of its own."""
    alone = jobs[np.diff(graphs.first)[jobs] == 1]
    compute = fleet.compute.copy()
    compute[alone] = Compute.PIPELINE
    return compute
