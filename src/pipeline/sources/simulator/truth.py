"""The truth beside the tables: runs and whether they kept their service level, attempts, costs, sizes.

It is written from what the simulator decided, never read back from the tables it wrote.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.simulator import sla
from pipeline.sources.simulator.billing import Records
from pipeline.sources.simulator.clock import SECOND_US, ZONES, Bools, Ints, next_wall_time, seconds_of
from pipeline.sources.simulator.columns import coded, dates, identifiers, integers, timestamps
from pipeline.sources.simulator.fleet import Compute, Kind
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
from pipeline.sources.simulator.prices import CURRENCIES, Prices, nano
from pipeline.sources.simulator.timelines import RUN_TYPES, run_type_of

_STATES = tuple(status.name for status in Status)
SAFE_SLOWDOWN = 1.25
"""Where no limit is declared, a smaller cluster may take this much longer and no more."""


def _strings(column: Any) -> Any:
    return column.cast(pa.string())


def _workspaces(index: Ints) -> Any:
    return _strings(coded(WORKSPACE_IDS, index))


def _series_keys(history: History, run: Ints) -> Any:
    """workspace/job, or workspace/name where every submit has a new job id."""
    job = history.runs.job[run]
    submitted = pa.array(history.fleet.kind[job] == Kind.SUBMITTED)
    name = _strings(coded(history.versions.names(), history.version[run]))
    handle = pc.if_else(submitted, name, identifiers(history.ids.job[run]))
    return pc.binary_join_element_wise(_workspaces(history.fleet.workspace[job]), handle, "/")


def runs(history: History) -> Any:
    """One row per run that left a trace by now."""
    attempts, run_count = history.attempts, history.runs.size
    job = history.runs.job
    first = np.searchsorted(attempts.run, np.arange(run_count), side="left")
    last = np.searchsorted(attempts.run, np.arange(run_count), side="right") - 1
    status = attempts.status[last]
    in_flight = status == Status.IN_FLIGHT
    succeeded = np.flatnonzero(attempts.status == Status.SUCCEEDED)
    success = np.full(run_count, -1, dtype=np.int64)
    success[attempts.run[succeeded][::-1]] = succeeded[::-1]
    kind, met, known = _kept(history, status, success)
    everyone = np.arange(run_count)
    return pa.table(
        {
            "workspace_id": _workspaces(history.fleet.workspace[job]),
            "run_id": identifiers(history.ids.run),
            "job_id": identifiers(history.ids.job),
            "series_key": _series_keys(history, everyone),
            "run_type": _strings(coded(RUN_TYPES, run_type_of(history.fleet.kind[job]))),
            "due_at": timestamps(history.runs.due_us),
            "started_at": timestamps(attempts.start_us[first]),
            "ended_at": timestamps(attempts.end_us[last], ~in_flight),
            "queue_seconds": pa.array(seconds_of(history.runs.queue_us)),
            "final_status": _strings(coded(_STATES, status)),
            "attempts": integers(last - first + 1),
            "repairs": integers(last - first),
            "first_success_at": timestamps(attempts.end_us[success], success >= 0),
            "sla_kind": _strings(coded(sla.KINDS, kind)),
            "sla_met": pa.array(met, mask=~known),
        }
    )


def _kept(history: History, status: Ints, success: Ints) -> tuple[Ints, Bools, Bools]:
    """Kind of service level of each run, whether it was kept, and whether that is known."""
    attempts, fleet, runs_ = history.attempts, history.fleet, history.runs
    levels = [definition.sla for definition in history.versions.definitions]
    defined = fleet.has_definition[runs_.job]
    kind = np.where(defined, np.array([level.kind for level in levels])[history.version], sla.NONE)
    limit_us = np.array([level.limit_seconds for level in levels])[history.version] * SECOND_US
    minute = np.array([level.minute_of_day for level in levels])[history.version]
    zone = np.array([level.zone for level in levels])[history.version]

    has_success = success >= 0
    took_us = attempts.end_us[success] - attempts.start_us[success]
    ended_badly = np.isin(status, (Status.FAILED, Status.TIMED_OUT))
    within = has_success & (took_us <= limit_us)
    due_us = np.zeros(runs_.size, dtype=np.int64)
    for index, name in enumerate(ZONES):
        chosen = (kind == sla.DEADLINE) & (zone == index)
        due_us[chosen] = next_wall_time(runs_.start_us[chosen], minute[chosen], name)
    in_time = has_success & (attempts.end_us[success] <= due_us)
    judged = ~np.isin(status, (Status.CANCELLED, Status.SKIPPED))
    met = np.where(kind == sla.LIMIT, within, in_time)
    known = judged & np.select(
        [kind == sla.LIMIT, kind == sla.DEADLINE],
        [has_success | ended_badly, in_time | (due_us <= history.now_us)],
        False,
    )
    return kind, met, known


def attempts(history: History) -> Any:
    """One row per attempt; one in flight has no end yet."""
    these = history.attempts
    ended = these.status != Status.IN_FLIGHT
    return pa.table(
        {
            "workspace_id": _workspaces(history.fleet.workspace[history.attempt_job]),
            "run_id": identifiers(history.ids.run[these.run]),
            "attempt": integers(these.number),
            "started_at": timestamps(these.start_us),
            "ended_at": timestamps(these.end_us, ended),
            "duration_seconds": pa.array(seconds_of(these.end_us - these.start_us), mask=~ended),
            "status": _strings(coded(_STATES, these.status)),
        }
    )


def costs(history: History, prices: Prices, records: Records) -> Any:
    """List cost per run, day and currency, of all records of jobs that have a price."""
    parts = []
    own = np.flatnonzero((records.lines.run >= 0) & (records.lines.product == 0))
    line = records.lines.taken(own)
    for currency, code in enumerate(CURRENCIES):
        price, found = prices.effective_at(line.sku, line.start_us, currency)
        kept = np.flatnonzero(found)
        cost = pc.multiply(nano(line.pico[kept]), nano(price[kept])).cast(pa.decimal128(38, 18))
        parts.append(
            pa.table(
                {
                    "workspace_id": _workspaces(line.workspace[kept]),
                    "job_id": identifiers(history.ids.job[line.run[kept]]),
                    "job_run_id": identifiers(history.ids.run[line.run[kept]]),
                    "usage_date": dates(line.start_us[kept]),
                    "currency_code": _strings(coded((code,), np.zeros(len(kept), dtype=np.int64))),
                    "list_cost": cost,
                }
            )
        )
    keys = ["workspace_id", "job_id", "job_run_id", "usage_date", "currency_code"]
    summed = pa.concat_tables(parts).group_by(keys, use_threads=False).aggregate([("list_cost", "sum")])
    return summed.rename_columns([*keys, "list_cost"])


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
            "workspace_id": _workspaces(fleet.workspace[job]),
            "job_id": identifiers(fleet.job_number[job]),
            "node_type": _strings(coded(NODE_NAMES, hardware.worker_type[job])),
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


def _allowed_slowdown(history: History) -> Any:
    """How much longer each job may take: its limit over its 95th percentile, or SAFE_SLOWDOWN."""
    attempts_, size = history.attempts, history.fleet.size
    succeeded = np.flatnonzero(attempts_.status == Status.SUCCEEDED)
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


def jobs(history: History) -> Any:
    """What the parameters of each job's newest definition mean, once read rightly."""
    fleet, versions = history.fleet, history.versions
    newest = versions.first[1:] - 1
    definitions = [versions.definitions[index] for index in newest]
    levels = [d.sla for d in definitions]
    clock = [f"{s.minute_of_day // 60:02d}:{s.minute_of_day % 60:02d}" if s.kind == sla.DEADLINE
             else None for s in levels]  # fmt: skip
    own = np.where(fleet.has_definition, 1, 0) == 1
    names = pa.array([d.name for d in definitions])
    return pa.table(
        {
            "workspace_id": _workspaces(fleet.workspace),
            "job_id": identifiers(fleet.job_number, own),
            "series_key": pc.binary_join_element_wise(
                _workspaces(fleet.workspace),
                pc.if_else(pa.array(own), identifiers(fleet.job_number), names),
                "/",
            ),
            "name": names,
            "kind": pa.array([Kind(code).name for code in fleet.kind]),
            "compute": pa.array([Compute(code).name for code in fleet.compute]),
            "team": pa.array([d.team for d in definitions]),
            "owner": pa.array([d.owner for d in definitions]),
            "sla_kind": pa.array([sla.KINDS[level.kind] for level in levels], type=pa.string()),
            "sla_limit_seconds": pa.array([level.limit_seconds or None for level in levels], pa.int64()),
            "sla_deadline": pa.array(clock, pa.string()),
            "sla_timezone": pa.array(
                [ZONES[s.zone] if s.kind == sla.DEADLINE else None for s in levels], pa.string()
            ),
            "median_work_seconds": pa.array(fleet.median_seconds),
            "failure_share": pa.array(fleet.failure_share),
        }
    )
