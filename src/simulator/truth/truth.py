"""The truth about runs and whether they kept their service level, attempts, costs and jobs.

It is written from what the simulator decided, never read back from the tables it wrote.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.billing.billing import Bill
from simulator.billing.prices import CURRENCIES, Prices, nano
from simulator.billing.usage_lines import Lines
from simulator.clock import (
    ZONES,
    Bools,
    Ints,
    seconds_of,
)
from simulator.columnar import take_rows
from simulator.columns import (
    dates,
    identifiers,
    integers,
    strings_at,
    timestamps,
)
from simulator.compute.pipelines import pipeline_ids, update_ids
from simulator.delivery.arrivals import Arrivals
from simulator.fleet import sla
from simulator.fleet.fleet import Compute, Kind
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.outcomes import Status
from simulator.runs.timelines import RUN_TYPES, run_type_of
from simulator.truth.service_levels import service_levels

STATES = tuple(status.name for status in Status)


def _series_keys(history: History, run: Ints) -> Any:
    """workspace/job, or workspace/name where every submit has a new job id."""
    job = history.runs.job[run]
    submitted = pa.array(history.fleet.kind[job] == Kind.SUBMITTED)
    name = history.versions.names(history.version[run])
    handle = pc.if_else(submitted, name, identifiers(history.ids.job[run]))
    return pc.binary_join_element_wise(
        strings_at(WORKSPACE_IDS, history.fleet.workspace[job]), handle, "/"
    )


def runs(history: History, known_us: Ints) -> Any:
    """One row per run that left a trace by now; `known_us` is when the end of each is known."""
    attempts, run_count = history.attempts, history.runs.size
    job = history.runs.job
    first = np.searchsorted(attempts.run, np.arange(run_count), side="left")
    last = np.searchsorted(attempts.run, np.arange(run_count), side="right") - 1
    status = attempts.status[last]
    in_flight = status == Status.IN_FLIGHT
    succeeded = np.flatnonzero(attempts.status == Status.SUCCEEDED)
    success = np.full(run_count, -1, dtype=np.int64)
    success[attempts.run[succeeded][::-1]] = succeeded[::-1]
    kind, met, is_decided = service_levels(history, status, success)
    everyone = np.arange(run_count)
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, history.fleet.workspace[job]),
            "run_id": identifiers(history.ids.run),
            "job_id": identifiers(history.ids.job),
            "series_key": _series_keys(history, everyone),
            "run_type": strings_at(RUN_TYPES, run_type_of(history.fleet.kind[job])),
            "due_at": timestamps(history.runs.due_us),
            "started_at": timestamps(attempts.start_us[first]),
            "ended_at": timestamps(attempts.end_us[last], ~in_flight),
            "known_at": timestamps(known_us, ~in_flight),
            "queue_seconds": pa.array(seconds_of(history.runs.queue_us)),
            "final_status": strings_at(STATES, status),
            "attempts": integers(last - first + 1),
            "repairs": integers(last - first),
            "first_success_at": timestamps(attempts.end_us[success], success >= 0),
            "sla_kind": strings_at(sla.KINDS, kind),
            "sla_met": pa.array(met, mask=~is_decided),
        }
    )


def attempts(history: History) -> Any:
    """One row per attempt; one in flight has no end yet."""
    these = history.attempts
    ended = these.status != Status.IN_FLIGHT
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, history.fleet.workspace[history.attempt_job]),
            "run_id": identifiers(history.ids.run[these.run]),
            "attempt": integers(these.number),
            "started_at": timestamps(these.start_us),
            "ended_at": timestamps(these.end_us, ended),
            "duration_seconds": pa.array(seconds_of(these.end_us - these.start_us), mask=~ended),
            "status": strings_at(STATES, these.status),
        }
    )


def costs(history: History, prices: Prices, bill: Bill, arrivals: Arrivals) -> Any:
    """List cost per run, day and currency, of all records of jobs that have landed and have a
    price; the run is NULL where a record does not name it."""
    line = _landed(history, bill, arrivals, bill.lines.run >= 0)
    return _list_cost(
        prices,
        line,
        {
            "workspace_id": strings_at(WORKSPACE_IDS, line.workspace),
            "job_id": identifiers(history.ids.job[line.run]),
            "job_run_id": identifiers(history.ids.run[line.run], ~line.nameless),
        },
    )


def pipeline_costs(history: History, prices: Prices, bill: Bill, arrivals: Arrivals) -> Any:
    """List cost per update of a pipeline, day and currency, with the job run that it belongs to.

    The job is NULL where no job started the update: the bill knows only pipeline and update.
    """
    line = _landed(history, bill, arrivals, bill.lines.update >= 0)
    run = history.update_run[line.update]
    return _list_cost(
        prices,
        line,
        {
            "workspace_id": strings_at(WORKSPACE_IDS, line.workspace),
            "job_id": identifiers(np.append(history.ids.job, 0)[run], run >= 0),
            "job_run_id": identifiers(np.append(history.ids.run, 0)[run], run >= 0),
            "pipeline_id": pipeline_ids(history.updates.pipeline[line.update]),
            "update_id": update_ids(line.update),
        },
    )


def _landed(history: History, bill: Bill, arrivals: Arrivals, lines: Bools) -> Lines:
    """The lines of the records that have landed, among the given `lines`."""
    records = bill.records
    has_landed = arrivals.usage.before(history.deliveries, len(records.line))
    return bill.lines_of(np.flatnonzero(has_landed & lines[records.line]))


def _list_cost(prices: Prices, line: Lines, keys: dict[str, Any]) -> Any:
    """The list cost of priced lines by the given columns, the usage's day and the currency."""
    parts = []
    for currency, code in enumerate(CURRENCIES):
        price, has_price = prices.effective_at(line.sku, line.start_us, currency)
        priced = np.flatnonzero(has_price)
        cost = pc.multiply(nano(line.pico[priced]), nano(price[priced])).cast(pa.decimal128(38, 18))
        rows = pa.array(priced)
        parts.append(
            pa.table(
                {name: column.take(rows) for name, column in keys.items()}
                | {
                    "usage_date": dates(line.start_us[priced]),
                    "currency_code": strings_at((code,), np.zeros(len(priced), dtype=np.int64)),
                    "list_cost": cost,
                }
            )
        )
    names = [*keys, "usage_date", "currency_code"]
    summed = (
        pa.concat_tables(parts).group_by(names, use_threads=False).aggregate([("list_cost", "sum")])
    )
    return summed.rename_columns([*names, "list_cost"])


def jobs(history: History) -> Any:
    """What each job's newest definition means: team, owner, tier and service level, rightly read."""
    versions = history.versions
    defined = np.flatnonzero(np.diff(versions.first) > 0)
    fleet = take_rows(history.fleet, defined)
    newest = versions.first[defined + 1] - 1
    definitions = [versions.definitions[index] for index in newest]
    levels = [d.sla for d in definitions]
    clock = [f"{s.minute_of_day // 60:02d}:{s.minute_of_day % 60:02d}" if s.kind == sla.DEADLINE
             else None for s in levels]  # fmt: skip
    own = np.where(fleet.has_definition, 1, 0) == 1
    names = pa.array([d.name for d in definitions])
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, fleet.workspace),
            "job_id": identifiers(fleet.job_number, own),
            "series_key": pc.binary_join_element_wise(
                strings_at(WORKSPACE_IDS, fleet.workspace),
                pc.if_else(pa.array(own), identifiers(fleet.job_number), names),
                "/",
            ),
            "name": names,
            "kind": pa.array([Kind(code).name for code in fleet.kind]),
            "compute": pa.array([Compute(code).name for code in fleet.compute]),
            "team": pa.array([d.team for d in definitions]),
            "owner": pa.array([d.owner for d in definitions]),
            "sla_kind": pa.array([sla.KINDS[level.kind] for level in levels], type=pa.string()),
            "sla_limit_seconds": pa.array(
                [level.limit_seconds or None for level in levels], pa.int64()
            ),
            "sla_deadline": pa.array(clock, pa.string()),
            "sla_timezone": pa.array(
                [ZONES[s.zone] if s.kind == sla.DEADLINE else None for s in levels], pa.string()
            ),
            "median_work_seconds": pa.array(fleet.median_seconds),
            "failure_share": pa.array(fleet.failure_share),
        }
    )
