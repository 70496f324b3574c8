"""Clusters: a new one for every attempt on job compute, and shared ones for interactive work.

A job cluster lives from the attempt's start until shortly after its end; its nodes are up after
about half of the set-up. The definition appears once when it is created and once when deleted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline.tables import source
from simulator import labels
from simulator.clock import (
    DAY_US,
    HOUR_US,
    NEVER_US,
    Bools,
    Ints,
    floor_to,
    from_seconds,
)
from simulator.columns import coded, integers, table_of, timestamps
from simulator.compute.hardware import NODE_NAMES, RUNTIMES, Hardware
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Compute, Fleet
from simulator.identity import WORKSPACE_IDS, cluster_ids
from simulator.runs.causes import Causes
from simulator.runs.outcomes import Attempts, Status
from simulator.runs.runs import Runs

SHARED_PER_WORKSPACE = 3


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters of attempts, then the shared ones (`attempt` and `job` -1)."""

    workspace: Ints
    attempt: Ints
    job: Ints
    created_us: Ints
    ready_us: Ints
    deleted_us: Ints
    requested_workers: Ints
    """Workers of the definition: of an autoscaling cluster, the most."""
    workers: Ints
    """Workers in use: of an autoscaling cluster, somewhere between its bounds."""
    driver_type: Ints
    worker_type: Ints
    runtime: Ints
    of_attempt: Ints
    """The cluster of each attempt; -1 on serverless."""
    of_run: Ints
    """The cluster of each run's first attempt; -1 on serverless."""

    @property
    def size(self) -> int:
        return len(self.workspace)


def simulated_clusters(
    config: SimulatorConfig,
    fleet: Fleet,
    hardware: Hardware,
    runs: Runs,
    attempts: Attempts,
    causes: Causes,
) -> Clusters:
    """Clusters of the attempts, then the shared ones of each workspace."""
    rng = generator(config.seed, "clusters")
    job = runs.job[attempts.run]
    own = np.flatnonzero(
        (fleet.compute[job] == Compute.JOB_CLUSTER) & (attempts.status != Status.SKIPPED)
    )
    owner = job[own]
    created_us = attempts.start_us[own] + floor_to(attempts.setup_us[own] // 50, 1000)
    ready_us = attempts.start_us[own] + floor_to(attempts.setup_us[own] // 2, 1000)
    deleted_us = attempts.worked_until_us[own] + from_seconds(rng.uniform(2, 25, len(own)))
    # A run keeps the size that was in force when it was due, through all its repairs.
    due_us = runs.due_us[attempts.run[own]]
    fixed = hardware.workers_at(owner, due_us)
    low = hardware.min_workers[owner]
    # Autoscaling follows need: an idle cluster stays near its lower bound.
    need = np.rint(
        fixed * hardware.busy_share[owner] / 0.7 * np.exp(0.15 * rng.standard_normal(len(own)))
    )
    workers = np.where(hardware.autoscale[owner], need.clip(low, fixed), fixed).astype(np.int64)

    shared = np.arange(config.workspaces * SHARED_PER_WORKSPACE)
    count = len(shared)
    of_attempt = np.full(len(job), -1, dtype=np.int64)
    of_attempt[own] = np.arange(len(own))
    warm = fleet.compute[job] == Compute.ALL_PURPOSE
    of_attempt[warm] = (
        len(own)
        + fleet.workspace[job[warm]] * SHARED_PER_WORKSPACE
        + job[warm] % SHARED_PER_WORKSPACE
    )
    of_run = np.full(runs.size, -1, dtype=np.int64)
    opens = attempts.number == 0
    of_run[attempts.run[opens]] = of_attempt[opens]
    shared_type = rng.integers(1, 3, count)
    never = np.full(count, NEVER_US, dtype=np.int64)
    opened_us = np.full(count, config.start_us - 40 * DAY_US, dtype=np.int64) + shared * HOUR_US
    shared_workers = rng.integers(2, 9, count)
    return Clusters(
        workspace=np.concatenate([fleet.workspace[owner], shared // SHARED_PER_WORKSPACE]),
        attempt=np.concatenate([own, np.full(count, -1)]),
        job=np.concatenate([owner, np.full(count, -1)]),
        created_us=np.concatenate([created_us, opened_us]),
        ready_us=np.concatenate([ready_us, opened_us]),
        deleted_us=np.concatenate([deleted_us, never]),
        requested_workers=np.concatenate([fixed, shared_workers]),
        workers=np.concatenate([workers, shared_workers]),
        driver_type=np.concatenate([hardware.driver_type[owner], shared_type]),
        worker_type=np.concatenate([hardware.worker_type[owner], shared_type]),
        runtime=np.concatenate(
            [causes.runtime_at(hardware, owner, due_us), np.zeros(count, dtype=np.int64)]
        ),
        of_attempt=of_attempt,
        of_run=of_run,
    )


def shared_labels(seed: int, clusters: Clusters) -> tuple[list[str], list[str], list[labels.Tags]]:
    """Names, owners and tags of the shared clusters; every third has no team."""
    rng = generator(seed, "shared_clusters")
    count = int((clusters.job < 0).sum())
    teams = [labels.team(rng) for _ in range(count)]
    owners = [labels.email(rng) for _ in range(count)]
    tags: list[labels.Tags] = [
        () if index % 3 == 2 else ((labels.TEAM_KEYS[index % 2], team),)
        for index, team in enumerate(teams)
    ]
    return [f"{team} interactive" for team in teams], owners, tags


def changes_us(clusters: Clusters) -> Ints:
    """When each version of a cluster was made: first all creations, then all deletions."""
    return np.concatenate([clusters.created_us, clusters.deleted_us])


def clusters_table(
    hardware: Hardware, clusters: Clusters, versions: Ints, names: Any, owners: Any, tags: Any
) -> Any:
    """system.compute.clusters of some versions; the labels are those of these versions."""
    rows = len(versions)
    deleted: Bools = versions >= clusters.size
    index = versions % clusters.size
    job = clusters.job[index]
    # The shared clusters come last: job -1 reads the arrays' last entry, and the masks hide it.
    of_job = job >= 0
    scales = of_job & hardware.autoscale[job]
    photon = np.where(of_job, hardware.photon[job], False)
    runtime = clusters.runtime[index]
    dbr = [f"{text}{suffix}-scala2.1{3 if text[:2] > '17' else 2}"
           for text in RUNTIMES for suffix in ("", "-photon")]  # fmt: skip
    return table_of(
        source.CLUSTERS,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, clusters.workspace[index]),
            "cluster_id": cluster_ids(index),
            "cluster_name": names,
            "owned_by": owners,
            "delete_time": timestamps(clusters.deleted_us[index], deleted),
            "driver_node_type": coded(NODE_NAMES, clusters.driver_type[index]),
            "worker_node_type": coded(NODE_NAMES, clusters.worker_type[index]),
            "worker_count": integers(clusters.requested_workers[index], ~scales),
            "min_autoscale_workers": integers(hardware.min_workers[job], scales),
            "max_autoscale_workers": integers(hardware.workers[job], scales),
            "tags": tags,
            "cluster_source": coded(("UI", "JOB"), of_job.astype(np.int64)),
            "dbr_version": coded(dbr, runtime * 2 + photon),
            "change_time": timestamps(
                np.where(deleted, clusters.deleted_us[index], clusters.created_us[index])
            ),
            "data_security_mode": coded(("USER_ISOLATION", "SINGLE_USER"), of_job.astype(np.int64)),
        },
    )


def job_cluster_names(job_ids: Any, run_ids: Any) -> Any:
    """The generated names of job clusters."""
    return pc.binary_join_element_wise("job", job_ids, "run", run_ids, "-")
