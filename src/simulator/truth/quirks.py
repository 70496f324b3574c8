"""truth/quirks: the entities that each quirk has touched, so that answers can be checked by quirk."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from simulator import labels
from simulator.billing.billing import Bill
from simulator.billing.prices import FREE, STORAGE, UNPRICED
from simulator.clock import NEVER_US, Bools, Ints
from simulator.columnar import take_rows
from simulator.columns import identifiers, strings_at
from simulator.compute.pipelines import pipeline_ids
from simulator.compute.utilisation import Lives
from simulator.delivery.arrivals import Arrivals
from simulator.fleet.fleet import Compute, Kind
from simulator.fleet.versions import COLUMNS_ADDED_US
from simulator.history import History
from simulator.identity import WORKSPACE_IDS, cluster_ids, hex_ids
from simulator.runs.outcomes import CANCELLED, CANCELLED_DOUBLE_L, Status
from simulator.runs.slices import SWITCH_US

_SCHEMA = pa.schema([(name, pa.string()) for name in ("quirk", "entity", "workspace_id", "key")])


def quirks(history: History, traced: Bools, bill: Bill, arrivals: Arrivals, lives: Lives) -> Any:
    """(quirk, entity, workspace_id, key): entity is a run, task_run, job, cluster, pipeline or
    record, key its id. Only what has left a trace by now, and only quirks that touch an entity."""
    parts = [
        *_of_runs(history, traced, arrivals),
        *_of_jobs(history, arrivals),
        *_of_records(history, bill, arrivals),
        *_of_compute(history, lives),
    ]
    tables = [
        part for part in parts if part.num_rows and part["quirk"][0].as_py() in history.quirks
    ]
    return pa.concat_tables(tables) if tables else _SCHEMA.empty_table()


def _part(quirk: str, entity: str, workspace: Ints, key: Any) -> Any:
    rows = len(workspace)
    everyone = np.zeros(rows, dtype=np.int64)
    return pa.table(
        [strings_at((quirk,), everyone), strings_at((entity,), everyone),
         strings_at(WORKSPACE_IDS, workspace), key.cast(pa.string())], schema=_SCHEMA
    )  # fmt: skip


def _of_runs(history: History, traced: Bools, arrivals: Arrivals) -> list[Any]:
    runs, attempts, fleet, deliveries = (
        history.runs, history.attempts, history.fleet, history.deliveries)  # fmt: skip
    kind, compute = fleet.kind[runs.job], fleet.compute[runs.job]
    pieces, rows = arrivals.attempt_slices, arrivals.attempt_rows
    has_arrived = rows.before(deliveries, pieces.size)

    def by_attempt(touched: Bools) -> Bools:
        """Runs with a touched attempt of which a slice has arrived."""
        seen = np.zeros(len(attempts.run), dtype=bool)
        seen[pieces.owner[has_arrived]] = True
        out = np.zeros(runs.size, dtype=bool)
        out[attempts.run[touched & seen]] = True
        return out

    def by_slice(slices: Ints) -> Bools:
        out = np.zeros(runs.size, dtype=bool)
        out[attempts.run[pieces.owner[slices]]] = True
        return out

    has_ended = np.zeros(len(attempts.run), dtype=bool)
    has_ended[pieces.owner[has_arrived & pieces.last]] = True
    crosses = (attempts.start_us < SWITCH_US) & (attempts.end_us > SWITCH_US)
    touched: dict[str, Bools] = {
        "slicing_switch": by_attempt(crosses),
        "in_flight": by_attempt(~has_ended),
        "late_rows": by_slice(rows.late),
        "delivered_twice": by_slice(rows.twice),
        "never_started": runs.never_started,
        "failures": by_attempt(
            has_ended
            & np.isin(attempts.status, (Status.FAILED, Status.TIMED_OUT, Status.CANCELLED))
        ),
        "repairs": by_attempt(attempts.number > 0),
        "run_retries": runs.retry_of >= 0,
        "cancel_spellings": by_attempt(
            has_ended & np.isin(attempts.code, (CANCELLED, CANCELLED_DOUBLE_L))
        ),
        "continuous": kind == Kind.CONTINUOUS,
        "one_off_submits": kind == Kind.SUBMITTED,
        "notebook_workflows": kind == Kind.NOTEBOOK,
        "run_jobs": runs.fired_by >= 0,
        "sql_tasks": compute == Compute.WAREHOUSE,
        "all_purpose": compute == Compute.ALL_PURPOSE,
        "serverless_modes": compute == Compute.SERVERLESS,
        "downstream_failures": runs.cause >= 0,
        "slowdowns": runs.slowed > 1,
    }
    parts = []
    for quirk, mask in touched.items():
        touched_runs = np.flatnonzero(mask & traced)
        key = identifiers(history.ids.run[touched_runs])
        parts.append(_part(quirk, "run", fleet.workspace[runs.job[touched_runs]], key))
    own = history.update_run[history.updates.task_run >= 0]
    own = np.unique(own[traced[own]]) if len(own) else own
    parts.append(
        _part("pipelines", "run", fleet.workspace[runs.job[own]], identifiers(history.ids.run[own]))
    )
    shown = np.zeros(len(history.tasks.task), dtype=bool)
    task_here = arrivals.task_rows.before(deliveries, arrivals.task_slices.size)
    shown[arrivals.task_slices.owner[task_here]] = True
    again = np.flatnonzero((history.task_retry_of >= 0) & shown)
    workspace = fleet.workspace[runs.job[history.task_run_run[again]]]
    parts.append(
        _part("task_retries", "task_run", workspace, identifiers(history.ids.task_run[again]))
    )
    return parts


def _of_jobs(history: History, arrivals: Arrivals) -> list[Any]:
    fleet, versions = history.fleet, history.versions
    has_arrived = arrivals.versions.before(history.deliveries, len(versions.job))
    has_arrived &= fleet.has_definition[versions.job]
    first = np.zeros(len(versions.job), dtype=bool)
    first[versions.first[:-1][np.diff(versions.first) > 0]] = True
    names = np.array([d.name for d in versions.definitions], dtype=object)
    newest = np.flatnonzero(has_arrived)
    job = versions.job[newest]
    newest = newest[np.diff(job, append=-1) != 0]
    often = Counter(names[newest].tolist())
    shared = np.array([often[name] > 1 for name in names], dtype=bool)
    _, inverse, counts = np.unique(fleet.job_number, return_inverse=True, return_counts=True)
    late = np.zeros(len(versions.job), dtype=bool)
    late[arrivals.versions.late] = True
    touched: dict[str, Bools] = {
        "edits": ~first & ~versions.deletion,
        "deletions": versions.deletion,
        "scd2_bursts": versions.burst,
        "hostile_names": np.array([name in labels.HOSTILE_NAMES for name in names], dtype=bool),
        "same_names": shared,
        "shared_ids": (counts[inverse] > 1)[versions.job],
        "columns_added": versions.change_us < COLUMNS_ADDED_US,
        "late_rows": late,
        "zero_durations": ~fleet.single_task[versions.job],
    }
    parts = []
    for quirk, mask in touched.items():
        job = np.unique(versions.job[has_arrived & mask])
        parts.append(_part(quirk, "job", fleet.workspace[job], identifiers(fleet.job_number[job])))
    hardware, now_us = history.hardware, history.now_us
    seen = np.unique(versions.job[has_arrived])
    parts += [
        _part(quirk, "job", fleet.workspace[job], identifiers(fleet.job_number[job]))
        for quirk, job in (
            ("resizes", seen[hardware.resized_us[seen] < now_us]),
            ("pipelines", np.intersect1d(seen, history.pipelines.job)),
            ("spot_replacement", seen[hardware.spot[seen]]),
        )
    ]
    pipeline = np.flatnonzero(history.pipelines.created_us < now_us)
    parts.append(
        _part("pipelines", "pipeline", history.pipelines.workspace[pipeline],
              pipeline_ids(pipeline))
    )  # fmt: skip
    return parts


def _of_records(history: History, bill: Bill, arrivals: Arrivals) -> list[Any]:
    landed = np.flatnonzero(arrivals.usage.before(history.deliveries, len(bill.records.line)))
    records, line = take_rows(bill.records, landed), bill.lines_of(landed)

    def of(shipped: Ints) -> Bools:
        mask = np.zeros(len(bill.records.line), dtype=bool)
        mask[shipped] = True
        return mask[landed]

    touched: dict[str, Bools] = {
        "corrections": records.kind > 0,
        "late_rows": of(arrivals.usage.late),
        "delivered_twice": of(arrivals.usage.twice),
        "usage_without_run": line.nameless,
        "account_usage": line.workspace < 0,
        "free_usage": line.sku == FREE,
        "missing_prices": line.sku == UNPRICED,
        "usage_units": line.sku == STORAGE,
    }
    return [
        _part(
            quirk,
            "record",
            line.workspace[mask],
            hex_ids(records.record[mask], "record", digits=32),
        )
        for quirk, mask in touched.items()
    ]


def _of_compute(history: History, lives: Lives) -> list[Any]:
    clusters, now_us = history.clusters, history.now_us
    replaced = lives.cluster[(lives.replaced_us < NEVER_US) & (lives.replaced_us < now_us)]
    born = (clusters.job >= 0) & (clusters.deleted_us < now_us)
    silent = born.copy()
    silent[lives.cluster] = False
    return [
        _part(quirk, "cluster", clusters.workspace[touched], cluster_ids(touched))
        for quirk, touched in (
            ("spot_replacement", replaced),
            ("short_nodes_missing", np.flatnonzero(silent)),
        )
    ]
