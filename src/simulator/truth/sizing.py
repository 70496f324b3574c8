"""The true demand of jobs on job compute, and the fewest workers that would be safe."""

from typing import Any

import numpy as np
import pyarrow as pa

from simulator.billing.prices import JOBS, JOBS_PHOTON, Prices
from simulator.clock import Floats, Ints, seconds_of
from simulator.columns import identifiers, integers, strings_at
from simulator.compute.hardware import (
    MAX_WORKERS,
    NODE_CORES,
    NODE_DBU_PER_HOUR,
    NODE_NAMES,
    PHOTON_DBU_FACTOR,
    SPILL_FACTOR,
    USABLE_MEMORY_SHARE,
    busy_at,
    law,
    relative_seconds,
    spills,
)
from simulator.fleet.fleet import Compute
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.outcomes import Status

MEAN_SETUP_SECONDS = 218.0
SAFE_SLOWDOWN = 1.25
"""Where no limit is declared, a smaller cluster may take this much longer and no more."""


def sizing(history: History, prices: Prices) -> Any:
    """True demand of every job on job compute, and the fewest workers that are safe.

    Safe: memory fits, and the job's 95th percentile of success keeps its declared limit, or, where
    none is declared, grows by SAFE_SLOWDOWN at most. Fewer workers are never required to help a
    job that is late already. The candidates are workers of the same type; what they take is the
    set-up and the median work of the job under the law, without the events of the day.
    """
    fleet, hardware = history.fleet, history.hardware
    born = np.diff(history.versions.first) > 0
    job = np.flatnonzero((fleet.compute == Compute.JOB_CLUSTER) & born)
    everyone = np.arange(fleet.size)
    current = hardware.workers_at(everyone, history.now_us)
    allowed = _allowed_slowdown(history)
    smallest = np.maximum(current, 1)
    for workers in range(int(current.max(initial=1)), 0, -1):
        several = np.full(fleet.size, workers, dtype=np.int64)
        safe = relative_seconds(hardware, several, current) <= allowed
        smallest = np.where(safe & (workers == smallest - 1), workers, smallest)
    smallest = np.minimum(smallest, current)
    cores = NODE_CORES[hardware.worker_type] * np.maximum(current, 1)
    busy = busy_at(hardware, everyone, current)
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, fleet.workspace[job]),
            "job_id": identifiers(fleet.job_number[job]),
            "node_type": strings_at(NODE_NAMES, hardware.worker_type[job]),
            "current_workers": integers(current[job]),
            "autoscale": pa.array(hardware.autoscale[job]),
            "demand_cores": pa.array((cores * busy)[job]),
            "demand_memory_mb": pa.array(hardware.memory_demand_mb[job]),
            "serial_fraction": pa.array(hardware.serial_fraction[job]),
            "usable_memory_share": pa.array(np.full(len(job), USABLE_MEMORY_SHARE)),
            "spill_factor": pa.array(np.full(len(job), SPILL_FACTOR)),
            "allowed_slowdown": pa.array(allowed[job]),
            "smallest_safe_workers": integers(smallest[job]),
            "spills": pa.array(spills(hardware, everyone, current)[job]),
            **_candidates(history, job, current[job], prices),
        }
    )


def _candidates(history: History, job: Ints, current: Ints, prices: Prices) -> dict[str, Any]:
    """Lists of workers, and of seconds, DBU and list cost in USD of an undisturbed run on each."""
    hardware, fleet = history.hardware, history.fleet
    most = np.minimum(np.maximum(2 * current, 4), MAX_WORKERS)
    entry = np.repeat(np.arange(len(job)), most)
    workers = np.arange(len(entry)) - np.repeat(np.cumsum(most) - most, most) + 1
    of, base = job[entry], np.maximum(hardware.workers[job[entry]], 1)
    ratio = law(hardware, of, workers) / law(hardware, of, base)
    seconds = MEAN_SETUP_SECONDS + fleet.median_seconds[of] * ratio
    rate = NODE_DBU_PER_HOUR[hardware.driver_type[of]]
    rate = rate + workers * NODE_DBU_PER_HOUR[hardware.worker_type[of]]
    rate = rate * np.where(hardware.photon[of], PHOTON_DBU_FACTOR, 1.0)
    # Nodes are up after half of the set-up.
    dbu = rate * (seconds - MEAN_SETUP_SECONDS / 2) / 3600
    sku = np.where(hardware.photon[of], JOBS_PHOTON, JOBS)
    price, _ = prices.effective_at(sku, np.full(len(of), history.now_us), 0)
    offsets = pa.array(np.concatenate([[0], np.cumsum(most)]).astype(np.int32))

    def lists(values: Any) -> Any:
        return pa.ListArray.from_arrays(offsets, pa.array(values))

    return {
        "candidate_workers": lists(workers),
        "candidate_seconds": lists(seconds),
        "candidate_dbu": lists(dbu),
        "candidate_list_cost_usd": lists(dbu * price / 1e12),
    }


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
    limits = np.array(
        # The last is found where no job has any version.
        [*(d.sla.limit_seconds for d in history.versions.definitions), 0],
        dtype=np.int64,
    )
    # A job that is not born yet has no version, and no limit.
    limit = np.where(np.diff(history.versions.first) > 0, limits[last_version], 0)
    slowdown = np.full(size, SAFE_SLOWDOWN)
    seen = np.flatnonzero((count > 0) & (limit > 0))
    p95 = seconds[first[seen] + np.minimum((0.95 * count[seen]).astype(np.int64), count[seen] - 1)]
    slowdown[seen] = np.maximum(limit[seen] / p95, 1.0)
    return slowdown
