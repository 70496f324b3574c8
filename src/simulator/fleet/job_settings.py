"""jobs_api.job_settings: how the jobs of one workspace are set up now, as its Jobs API tells.

The first workspace is the one that is asked, so nothing is told of the jobs of others. Retries agree
with what happened: a job or task that has been tried again is set up so.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator.columns import TAGS, coded, constant, identifiers, integers, table_of
from simulator.compute.hardware import NODE_NAMES, RUNTIMES
from simulator.config import generator
from simulator.fleet.fleet import Compute, Kind
from simulator.fleet.jobs_table import coded_zones, cron
from simulator.fleet.versions import Definition
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.retries import retrying_jobs

_ASKED_WORKSPACE = 0
_TYPES = {column.name: arrow_type(column.type) for column in source.JOB_SETTINGS.columns}


def job_settings(history: History) -> Any:
    """A row for each job of the asked workspace that is defined and not deleted."""
    fleet, versions = history.fleet, history.versions
    is_there = fleet.has_definition & (fleet.workspace == _ASKED_WORKSPACE)
    is_there &= (fleet.created_us <= history.now_us) & (fleet.deleted_us > history.now_us)
    job = np.flatnonzero(is_there)
    rows = len(job)
    version = versions.in_force(job, np.full(rows, history.now_us))
    definitions = [versions.definitions[index] for index in version.tolist()]
    crons = [cron(fleet, history.schedules, index) for index in job.tolist()]
    is_continuous = fleet.kind[job] == Kind.CONTINUOUS
    is_scheduled = np.array([text is not None for text in crons], dtype=bool)
    triggers = np.select([is_continuous, is_scheduled], [1, 0], -1)
    is_paused = np.array([one.paused for one in definitions], dtype=bool)
    # Drawn for all jobs, so that one more job, or a day later, changes no other's.
    rng = generator(history.seed, "job_settings")
    is_queued = (rng.random(fleet.size) < 0.6)[job]
    emails, destinations = (rng.integers(0, 3, fleet.size)[job] for _ in range(2))
    at_once = np.where(is_continuous, 1, rng.choice([1, 1, 1, 5], fleet.size)[job])
    return table_of(
        source.JOB_SETTINGS,
        rows,
        {
            "workspace_id": constant(WORKSPACE_IDS[_ASKED_WORKSPACE], rows),
            "job_id": identifiers(fleet.job_number[job]),
            "name": pa.array([one.name for one in definitions], pa.string()),
            "run_as": pa.array([one.owner for one in definitions], pa.string()),
            "tags": pa.array([one.all_tags for one in definitions], TAGS),
            "trigger_type": coded(("schedule", "continuous"), triggers),
            "pause_status": coded(
                ("UNPAUSED", "PAUSED"),
                np.where(triggers < 0, -1, is_paused.astype(np.int64)),
            ),
            "quartz_cron_expression": pa.array(crons, pa.string()),
            "timezone_id": coded_zones(fleet, history.schedules, job, is_scheduled),
            "max_concurrent_runs": integers(at_once),
            "queue_enabled": pa.array(is_queued),
            "timeout_seconds": integers(fleet.timeout_seconds[job]),
            "health_rules": pa.array(map(_health_rules, definitions), _TYPES["health_rules"]),
            "performance_target": coded(
                ("STANDARD",), np.where(fleet.compute[job] == Compute.SERVERLESS, 0, -1)
            ),
            "notifications": pa.array(
                map(_notifications, emails.tolist(), destinations.tolist()),
                _TYPES["notifications"],
            ),
            "tasks": pa.array(_tasks(history, job.tolist()), _TYPES["tasks"]),
            "clusters": pa.array(_clusters(history, job.tolist()), _TYPES["clusters"]),
            "environments": pa.array([[] for _ in range(rows)], _TYPES["environments"]),
        },
    )


def _health_rules(definition: Definition) -> list[dict[str, Any]]:
    seconds = definition.sla.health_rule_seconds
    rule = {"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": seconds}
    return [rule] if seconds else []


def _notifications(emails: int, destinations: int) -> list[dict[str, Any]]:
    failure = {"event": "on_failure", "emails": emails, "destinations": destinations}
    return [failure] if emails or destinations else []


def _tasks(history: History, jobs: list[int]) -> list[list[dict[str, Any]]]:
    """Each job's tasks: tried once more where any run of them has been, none to three times by draw."""
    graphs, fleet = history.graphs, history.fleet
    drawn = generator(history.seed, "max_retries").choice([0, 0, 0, 1, 2, 3], len(graphs.keys))
    tried_again = history.tasks.task[history.task_retry_of >= 0]
    drawn[tried_again] = np.maximum(drawn[tried_again], 1)
    is_retrying = retrying_jobs(history.seed, history.quirks, fleet)
    retries = np.where(is_retrying[graphs.job], np.maximum(drawn, 1), drawn)
    kinds = np.where(graphs.fires >= 0, "run_job", "notebook")
    on_cluster = fleet.compute == Compute.JOB_CLUSTER
    return [
        [
            {
                "task_key": graphs.keys[task],
                "kind": str(kinds[task]),
                "job_cluster_key": "main" if on_cluster[job] else None,
                "max_retries": int(retries[task]),
                "timeout_seconds": 0,
                "failure_recipients": 0,
            }
            for task in range(graphs.first[job], graphs.first[job + 1])
        ]
        for job in jobs
    ]


def _clusters(history: History, jobs: list[int]) -> list[list[dict[str, Any]]]:
    """The one cluster that a job's tasks share, where it has one."""
    hardware = history.hardware
    everyone = np.arange(history.fleet.size)
    workers = hardware.workers_at(everyone, history.now_us)
    runtime = history.causes.runtime_at(hardware, everyone, history.now_us)
    on_cluster = history.fleet.compute == Compute.JOB_CLUSTER

    def cluster(job: int) -> dict[str, Any]:
        size = {"num_workers": int(workers[job])}
        if hardware.autoscale[job]:
            size = {
                "min_workers": int(hardware.min_workers[job]),
                "max_workers": int(hardware.workers[job]),
            }
        return size | {
            "job_cluster_key": "main",
            "spark_version": RUNTIMES[runtime[job]],
            "node_type_id": NODE_NAMES[hardware.worker_type[job]],
            "driver_node_type_id": NODE_NAMES[hardware.driver_type[job]],
            "data_security_mode": "SINGLE_USER",
            "runtime_engine": "PHOTON" if hardware.photon[job] else "STANDARD",
            "availability": "SPOT_WITH_FALLBACK" if hardware.spot[job] else "ON_DEMAND",
        }

    return [[cluster(job)] if on_cluster[job] else [] for job in jobs]
