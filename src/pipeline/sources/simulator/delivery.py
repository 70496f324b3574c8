"""Deliver an account: every table and the truth to a folder, with the settings beside them."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.sources.simulator import truth
from pipeline.sources.simulator.billing import landed_records, usage_table
from pipeline.sources.simulator.clock import DAY_US
from pipeline.sources.simulator.clusters import clusters_table, job_cluster_names, shared_labels
from pipeline.sources.simulator.columns import (
    TAGS,
    coded,
    constant,
    identifiers,
    integers,
    table_of,
)
from pipeline.sources.simulator.hardware import NODE_CORES, NODE_MEMORY_MB, NODE_NAMES
from pipeline.sources.simulator.history import History
from pipeline.sources.simulator.identity import WORKSPACE_IDS
from pipeline.sources.simulator.jobs_table import jobs_table
from pipeline.sources.simulator.pipelines import pipeline_update_timeline, pipelines_table
from pipeline.sources.simulator.prices import list_prices, simulated_prices
from pipeline.sources.simulator.sizing import sizing
from pipeline.sources.simulator.timelines import job_run_timeline, job_task_run_timeline, job_tasks
from pipeline.sources.simulator.utilisation import node_timeline, nodes_of
from pipeline.sources.simulator.writer import (
    Progress,
    day_name,
    table_folder,
    write_file,
    write_table,
    write_truth,
)
from pipeline.tables import source
from pipeline.tables.declaration import SourceTable

_WRITERS = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: rows of each table (truth tables as truth.<name>), and how long it took."""

    folder: Path
    rows: dict[str, int]
    seconds: float


def write_account(
    history: History,
    folder: Path,
    correction_share: float,
    settings: dict[str, Any],
    began: float,
    progress: Progress | None,
) -> Summary:
    """Write the tables, the truth and the settings."""
    first_day, last_day = history.start_us // DAY_US, history.now_us // DAY_US
    nodes = nodes_of(history)
    prices = simulated_prices(history.start_us, history.now_us)
    rows: dict[str, int] = {}

    def day_of_nodes(day: int) -> int:
        minutes = node_timeline(history, nodes, day)
        path = table_folder(folder, source.NODE_TIMELINE) / f"{day_name(day)}.parquet"
        if minutes.num_rows or day == last_day:
            write_file(minutes, path)
        return int(minutes.num_rows)

    # Writing and most of the arithmetic leave Python's lock, so two threads do twice the work.
    with ThreadPoolExecutor(_WRITERS) as threads:
        days = [threads.submit(day_of_nodes, day) for day in range(first_day, last_day + 1)]
        records = landed_records(history, correction_share)
        made: dict[SourceTable, Callable[[], Any]] = {
            source.JOBS: lambda: jobs_table(history.fleet, history.schedules, history.versions),
            source.JOB_TASKS: lambda: job_tasks(history),
            source.JOB_RUN_TIMELINE: lambda: job_run_timeline(history),
            source.JOB_TASK_RUN_TIMELINE: lambda: job_task_run_timeline(history),
            source.PIPELINES: lambda: pipelines_table(history.seed, history.pipelines),
            source.PIPELINE_UPDATE_TIMELINE: lambda: _updates(history),
            source.USAGE: lambda: usage_table(history, records),
            source.LIST_PRICES: lambda: list_prices(prices),
            source.CLUSTERS: lambda: _clusters(history),
            source.NODE_TYPES: _node_types,
            source.WORKSPACES_LATEST: lambda: _workspaces(history.workspaces),
        }
        for done, (table, make) in enumerate(made.items()):
            rows[table.name] = write_table(folder, table, make(), first_day, last_day)
            if progress:
                progress(table.name, 0.2 + 0.4 * (done + 1) / len(made))
        rows["truth.jobs"] = write_truth(folder, "jobs", truth.jobs(history))
        rows["truth.runs"] = write_truth(folder, "runs", truth.runs(history))
        rows["truth.attempts"] = write_truth(folder, "attempts", truth.attempts(history))
        rows["truth.costs"] = write_truth(folder, "costs", truth.costs(history, prices, records))
        rows["truth.pipeline_costs"] = write_truth(
            folder, "pipeline_costs", truth.pipeline_costs(history, prices, records)
        )
        rows["truth.sizing"] = write_truth(folder, "sizing", sizing(history))
        if progress:
            progress("truth", 0.7)
        rows[source.NODE_TIMELINE.name] = sum(day.result() for day in days)
    (folder / "simulation.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    if progress:
        progress(source.NODE_TIMELINE.name, 1.0)
    return Summary(folder, rows, time.perf_counter() - began)


def _clusters(history: History) -> Any:
    """system.compute.clusters, labelled by the definition in force when the run started."""
    clusters = history.clusters
    attempt = clusters.attempt[clusters.job >= 0]
    run = history.attempts.run[attempt]
    shared_names, shared_owners, shared_tags = shared_labels(history.seed, clusters)
    version = pa.array(history.version[run])
    versions = history.versions
    tags = pa.array(shared_tags, type=TAGS)
    generated = job_cluster_names(
        identifiers(history.ids.job[run]), identifiers(history.ids.run[run])
    )
    return clusters_table(
        history.now_us,
        history.hardware,
        clusters,
        pa.concat_arrays([generated, pa.array(shared_names, pa.string())]),
        pa.concat_arrays([versions.owners().take(version), pa.array(shared_owners, pa.string())]),
        pa.concat_arrays([versions.tags().take(version), tags]),
    )


def _updates(history: History) -> Any:
    run = history.update_run
    return pipeline_update_timeline(
        history.seed,
        history.pipelines,
        history.updates,
        history.ids.task_run,
        np.append(history.ids.job, 0)[run],
        history.now_us,
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
