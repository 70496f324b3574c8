"""The true demand of jobs on job compute, and the fewest workers that would be safe."""

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.sources.simulator.clock import Floats, seconds_of
from pipeline.sources.simulator.columns import identifiers, integers, strings_at
from pipeline.sources.simulator.fleet import Compute
from pipeline.sources.simulator.hardware import (
    NODE_CORES,
    NODE_NAMES,
    SPILL_FACTOR,
    USABLE_MEMORY_SHARE,
    relative_seconds,
)
from pipeline.sources.simulator.history import History
from pipeline.sources.simulator.identity import WORKSPACE_IDS
from pipeline.sources.simulator.outcomes import Status

SAFE_SLOWDOWN = 1.25
"""Where no limit is declared, a smaller cluster may take this much longer and no more."""


def sizing(history: History) -> Any:
    """True demand of every job on job compute, and the fewest workers that are safe.

    Safe: memory fits, and the job's 95th percentile of success keeps its declared limit, or, where
    none is declared, grows by SAFE_SLOWDOWN at most. Fewer workers are never required to help a
    job that is late already.
    """
    fleet, hardware = history.fleet, history.hardware
    job = np.flatnonzero(fleet.compute == Compute.JOB_CLUSTER)
    allowed = _allowed_slowdown(history)
    smallest = np.maximum(hardware.workers, 1)
    for workers in range(int(hardware.workers.max(initial=1)), 0, -1):
        several = np.full(fleet.size, workers, dtype=np.int64)
        safe = (relative_seconds(hardware, several) <= allowed) & (workers == smallest - 1)
        smallest = np.where(safe, workers, smallest)
    smallest = np.minimum(smallest, hardware.workers)
    cores = NODE_CORES[hardware.worker_type] * np.maximum(hardware.workers, 1)
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, fleet.workspace[job]),
            "job_id": identifiers(fleet.job_number[job]),
            "node_type": strings_at(NODE_NAMES, hardware.worker_type[job]),
            "current_workers": integers(hardware.workers[job]),
            "autoscale": pa.array(hardware.autoscale[job]),
            "demand_cores": pa.array((cores * hardware.busy_share)[job]),
            "demand_memory_mb": pa.array(hardware.memory_demand_mb[job]),
            "serial_fraction": pa.array(hardware.serial_fraction[job]),
            "usable_memory_share": pa.array(np.full(len(job), USABLE_MEMORY_SHARE)),
            "spill_factor": pa.array(np.full(len(job), SPILL_FACTOR)),
            "allowed_slowdown": pa.array(allowed[job]),
            "smallest_safe_workers": integers(smallest[job]),
        }
    )


def _allowed_slowdown(history: History) -> Floats:
    """How much longer each job may take: its limit over its 95th percentile, or SAFE_SLOWDOWN."""
    attempts_, size = history.attempts, history.fleet.size
    # A repair does a part of the work only.
    whole = (attempts_.status == Status.SUCCEEDED) & (attempts_.number == 0)
    succeeded = np.flatnonzero(whole)
    job = history.attempt_job[succeeded]
    seconds = seconds_of(attempts_.end_us[succeeded] - attempts_.start_us[succeeded])
    order = np.lexsort((seconds, job))
    job, seconds = job[order], seconds[order]
    first = np.searchsorted(job, np.arange(size), side="left")
    count = np.searchsorted(job, np.arange(size), side="right") - first
    last_version = history.versions.first[1:] - 1
    limit = np.array([d.sla.limit_seconds for d in history.versions.definitions])[last_version]
    slowdown = np.full(size, SAFE_SLOWDOWN)
    seen = np.flatnonzero((count > 0) & (limit > 0))
    p95 = seconds[first[seen] + np.minimum((0.95 * count[seen]).astype(np.int64), count[seen] - 1)]
    slowdown[seen] = np.maximum(limit[seen] / p95, 1.0)
    return slowdown
