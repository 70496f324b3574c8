"""Writing an account: a file per day of every table, and the truth as far as it can be known now."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.sources.layout import SIMULATION
from pipeline.tables import source
from pipeline.tables.declaration import SourceTable
from simulator.billing.billing import Bill, simulated_bill, usage_labels, usage_table
from simulator.billing.prices import list_prices, simulated_prices
from simulator.clock import DAY_US
from simulator.columnar import take_rows
from simulator.columns import (
    TAGS,
    coded,
    constant,
    identifiers,
    integers,
    table_of,
)
from simulator.compute.clusters import clusters_table, job_cluster_names, shared_labels
from simulator.compute.hardware import NODE_CORES, NODE_MEMORY_MB, NODE_NAMES
from simulator.compute.pipelines import pipeline_update_timeline, pipelines_table
from simulator.compute.statements import query_history
from simulator.compute.utilisation import lives_of, node_timeline
from simulator.delivery.arrivals import Arrivals, arrivals_of
from simulator.delivery.delays import DeliveryPlan, DeliveryRules
from simulator.delivery.table_columns import table_columns
from simulator.delivery.writer import (
    Progress,
    day_name,
    table_folder,
    write_file,
    write_truth,
)
from simulator.fleet.job_settings import job_settings
from simulator.fleet.jobs_table import jobs_table
from simulator.fleet.versions import COLUMNS_ADDED_US
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.lineage import table_lineage, table_names
from simulator.runs.timelines import job_run_timeline, job_task_run_timeline, job_tasks
from simulator.truth import quirks, truth
from simulator.truth.arrived import arrived_history, ends_known_us
from simulator.truth.causes import causes
from simulator.truth.events import events, resizes
from simulator.truth.feeds import feeds
from simulator.truth.firings import firings
from simulator.truth.prospects import prospects
from simulator.truth.schema_changes import schema_changes
from simulator.truth.sizing import sizing

_WRITERS = 2
_LATER_COLUMNS = "December 2025"


@dataclass(frozen=True, slots=True)
class Summary:
    """The rows written of each table (truth tables as truth.<name>), and the seconds it took."""

    rows: dict[str, int]
    seconds: float


def deliver(
    history: History,
    folder: Path,
    deliveries: range,
    correction_share: float,
    settings: dict[str, Any],
    began: float,
    progress: Progress | None,
) -> Summary:
    """Write the given deliveries, the snapshot tables, the truth and the settings."""
    rules = DeliveryRules(history.seed, history.quirks, history.start_us)
    bill = simulated_bill(history, correction_share)
    arrivals = arrivals_of(history, bill, rules)
    lives = lives_of(history, rules)
    rows: dict[str, int] = {}

    def minutes(delivery: int) -> Any:
        return node_timeline(history, lives, delivery)

    # Writing and most of the arithmetic leave Python's lock, so two threads do twice the work.
    with ThreadPoolExecutor(_WRITERS) as threads:
        writing = [
            threads.submit(_write, folder, history, source.NODE_TIMELINE, delivery, minutes)
            for delivery in deliveries
        ]
        growing = _growing_tables(history, bill, arrivals)
        for number, (table, (plan, make)) in enumerate(growing.items(), 1):
            written = 0
            for delivery in deliveries:

                def rows_of(
                    delivery: int,
                    table: SourceTable = table,
                    plan: DeliveryPlan = plan,
                    make: Callable[[Any], Any] = make,
                ) -> Any:
                    return make(rules.written_order(table.name, delivery, plan.of(delivery)))

                written += _write(folder, history, table, delivery, rows_of)
            rows[table.name] = written
            if progress:
                progress(table.name, 0.2 + 0.4 * number / len(growing))
        prices = simulated_prices(history.quirks, history.start_us, history.now_us)
        for table, snapshot in (
            (source.LIST_PRICES, list_prices(prices)),
            (source.NODE_TYPES, _node_types()),
            (source.WORKSPACES_LATEST, _workspaces(history.workspaces)),
            (source.JOB_SETTINGS, job_settings(history)),
            (source.TABLE_COLUMNS, table_columns(history, arrivals)),
        ):
            write_file(snapshot, table_folder(folder, table) / "snapshot.parquet")
            rows[table.name] = snapshot.num_rows
        arrived, traced = arrived_history(history, arrivals)
        truth_tables: dict[str, Callable[[], Any]] = {
            "jobs": lambda: truth.jobs(arrived),
            "runs": lambda: truth.runs(arrived, ends_known_us(history, arrivals)[traced]),
            "attempts": lambda: truth.attempts(arrived),
            "costs": lambda: truth.costs(history, prices, bill, arrivals),
            "pipeline_costs": lambda: truth.pipeline_costs(history, prices, bill, arrivals),
            "sizing": lambda: sizing(arrived, prices),
            "events": lambda: events(history, traced),
            "causes": lambda: causes(history, traced),
            "firings": lambda: firings(history, traced),
            "feeds": lambda: feeds(history, arrivals),
            "schema_changes": lambda: schema_changes(history, arrivals),
            "resizes": lambda: resizes(history),
            "prospects": lambda: prospects(arrived, traced),
            "quirks": lambda: quirks.quirks(history, traced, bill, arrivals, lives),
        }
        for name, make_truth in truth_tables.items():
            rows[f"truth.{name}"] = write_truth(folder, name, make_truth())
        if progress:
            progress("truth", 0.7)
        rows[source.NODE_TIMELINE.name] = sum(writer.result() for writer in writing)
    # Last: a day whose files were not all written is appended again, to the same bytes.
    (folder / SIMULATION).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    if progress:
        progress(source.NODE_TIMELINE.name, 1.0)
    return Summary(rows, time.perf_counter() - began)


def _write(
    folder: Path,
    history: History,
    table: SourceTable,
    delivery: int,
    make: Callable[[int], Any],
) -> int:
    """Write one delivery of a table; the first even without rows, since it has the columns."""
    rows = make(delivery)
    if not rows.num_rows and delivery:
        return 0
    until_us = history.start_us + (delivery + 1) * DAY_US
    if "columns_added" in history.quirks and until_us <= COLUMNS_ADDED_US:
        early = [c.name for c in table.columns if c.since == _LATER_COLUMNS]
        rows = rows.drop_columns(early)
    write_file(rows, table_folder(folder, table) / f"{day_name((until_us - 1) // DAY_US)}.parquet")
    return int(rows.num_rows)


def _growing_tables(
    history: History, bill: Bill, arrivals: Arrivals
) -> dict[SourceTable, tuple[DeliveryPlan, Callable[[Any], Any]]]:
    """Each table that grows: when its rows are delivered, and the function that makes given rows."""
    jobs = jobs_table(
        history.fleet,
        history.schedules,
        history.versions,
        columns_came_late="columns_added" in history.quirks,
    )
    tasks = job_tasks(history)
    pipelines = pipelines_table(history.seed, history.quirks, history.pipelines)
    label_usage = usage_labels(history)
    of_task_run = history.task_run_run
    update_jobs = np.append(history.ids.job, 0)[history.update_run]

    def run_slices(rows: Any) -> Any:
        return job_run_timeline(history, take_rows(arrivals.attempt_slices, rows))

    def task_slices(rows: Any) -> Any:
        return job_task_run_timeline(history, take_rows(arrivals.task_slices, rows))

    def update_slices(rows: Any) -> Any:
        pieces = take_rows(arrivals.update_slices, rows)
        return pipeline_update_timeline(
            history.pipelines, history.updates, pieces, history.ids.task_run, update_jobs
        )

    def statements(rows: Any) -> Any:
        ids = history.ids
        return query_history(
            history.statements, rows, ids.job[of_task_run], ids.run[of_task_run], ids.task_run
        )

    names = table_names(history.fleet.size, history.quirks)

    def uses(rows: Any) -> Any:
        return table_lineage(history.uses, rows, names, history.ids.job, history.ids.run)

    return {
        source.JOBS: (arrivals.jobs, lambda rows: jobs.take(pa.array(rows))),
        source.JOB_TASKS: (arrivals.job_tasks, lambda rows: tasks.take(pa.array(rows))),
        source.JOB_RUN_TIMELINE: (arrivals.attempt_rows, run_slices),
        source.JOB_TASK_RUN_TIMELINE: (arrivals.task_rows, task_slices),
        source.PIPELINES: (arrivals.pipelines, lambda rows: pipelines.take(pa.array(rows))),
        source.PIPELINE_UPDATE_TIMELINE: (arrivals.update_rows, update_slices),
        source.USAGE: (
            arrivals.usage,
            lambda rows: usage_table(history, bill, label_usage, rows),
        ),
        source.QUERY_HISTORY: (arrivals.statements, statements),
        source.TABLE_LINEAGE: (arrivals.uses, uses),
        source.CLUSTERS: (arrivals.clusters, lambda rows: _clusters(history, rows)),
    }


def _clusters(history: History, rows: Any) -> Any:
    """system.compute.clusters, labelled by the definition in force when the run started."""
    clusters, versions = history.clusters, history.versions
    index = rows % clusters.size
    of_job = clusters.job[index] >= 0
    run = history.attempts.run[clusters.attempt[index[of_job]]]
    names, owners, tags = shared_labels(history.seed, clusters)
    first_shared = clusters.size - len(names)
    definitions = [versions.definitions[i] for i in history.version[run].tolist()]
    generated = job_cluster_names(
        identifiers(history.ids.job[run]), identifiers(history.ids.run[run])
    )
    # Rows of jobs and of shared clusters come in any order: each takes its place in both lists.
    place = np.where(of_job, np.cumsum(of_job) - 1, len(run) + index - first_shared)

    def placed(of_jobs: Any, of_shared: Any) -> Any:
        return pa.concat_arrays([of_jobs, of_shared]).take(pa.array(place))

    return clusters_table(
        history.hardware,
        clusters,
        rows,
        placed(generated, pa.array(names, pa.string())),
        placed(
            pa.array([d.owner for d in definitions], pa.string()), pa.array(owners, pa.string())
        ),
        placed(pa.array([d.all_tags for d in definitions], TAGS), pa.array(tags, TAGS)),
    )


def _node_types() -> Any:
    rows = len(NODE_NAMES)
    return table_of(
        source.NODE_TYPES,
        rows,
        {
            "node_type": coded(NODE_NAMES, np.arange(rows)),
            "core_count": pa.array(NODE_CORES.astype(np.float64)),
            "memory_mb": integers(NODE_MEMORY_MB),
            "gpu_count": integers(np.zeros(rows, dtype=np.int64)),
        },
    )


def _workspaces(count: int) -> Any:
    names = ("prod", "analytics", "dev")
    index = np.arange(count)
    return table_of(
        source.WORKSPACES_LATEST,
        count,
        {
            "workspace_id": coded(WORKSPACE_IDS, index),
            "workspace_name": pa.array([f"{names[i % 3]}-{i // 3 + 1}" for i in range(count)]),
            "workspace_url": pa.array(
                [f"https://dbc-{i:08x}.cloud.databricks.com/" for i in range(count)]
            ),
            "status": constant("RUNNING", count),
        },
    )
