"""Simulate an account: decide what happened, then write the tables that show it and the truth."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.sources.simulator import truth
from pipeline.sources.simulator.billing import landed_records, usage_table
from pipeline.sources.simulator.clock import DAY_US, HOUR_US, us_of
from pipeline.sources.simulator.clusters import (
    clusters_table,
    job_cluster_names,
    shared_labels,
    simulated_clusters,
)
from pipeline.sources.simulator.columns import coded, constant, identifiers, integers, table_of
from pipeline.sources.simulator.config import SimulatorConfig
from pipeline.sources.simulator.durations import duration_laws, work_seconds
from pipeline.sources.simulator.fleet import Fleet, simulated_fleet
from pipeline.sources.simulator.hardware import (
    NODE_CORES,
    NODE_MEMORY_MB,
    NODE_NAMES,
    Hardware,
    simulated_hardware,
)
from pipeline.sources.simulator.history import History
from pipeline.sources.simulator.identity import WORKSPACE_IDS
from pipeline.sources.simulator.notebooks import with_children
from pipeline.sources.simulator.outcomes import (
    QUEUE_FULL,
    SKIPPED,
    Attempts,
    Status,
    Tries,
    first_attempts,
    first_tries,
    known_by,
    with_repairs,
)
from pipeline.sources.simulator.prices import list_prices, simulated_prices
from pipeline.sources.simulator.runs import Runs, placed, run_ids
from pipeline.sources.simulator.starts import Schedules, due_runs, simulated_schedules
from pipeline.sources.simulator.task_runs import task_runs
from pipeline.sources.simulator.tasks import Graphs, simulated_graphs
from pipeline.sources.simulator.timelines import job_run_timeline, job_task_run_timeline, job_tasks
from pipeline.sources.simulator.utilisation import node_timeline, nodes_of
from pipeline.sources.simulator.versions import Versions, jobs_table, simulated_versions
from pipeline.sources.simulator.writer import (
    Progress,
    day_name,
    prepared,
    table_folder,
    write_file,
    write_table,
    write_truth,
)
from pipeline.tables import source

_WRITERS = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: rows of each table (truth tables as truth.<name>), and how long it took."""

    folder: Path
    rows: dict[str, int]
    seconds: float


def simulate(config: SimulatorConfig, folder: Path, *, progress: Progress | None = None) -> Summary:
    """Write a simulated account to an empty folder."""
    began = time.perf_counter()
    prepared(folder)
    history = simulated_history(config)
    if progress:
        progress("history", 0.2)
    settings = asdict(config) | {"end": config.end.isoformat()}
    return write_account(history, folder, config.correction_share, settings, began, progress)


def simulated_history(config: SimulatorConfig) -> History:
    """Everything that happened, from the settings alone."""
    now_us = us_of(config.end)
    fleet = simulated_fleet(config)
    schedules = simulated_schedules(config, fleet)
    laws = duration_laws(config, fleet)
    graphs = simulated_graphs(config.seed, fleet)
    versions = simulated_versions(config, fleet, schedules, laws.spread)
    due = due_runs(config, fleet, schedules)
    seconds = work_seconds(config, fleet, laws, due)
    tries = first_tries(config, fleet, due.job, seconds)
    runs, kept = placed(config, fleet, due, tries.length_us)
    attempts = _started(runs, tries, kept)
    attempts = with_repairs(config, fleet, graphs, runs.job, seconds[kept], attempts)
    runs, attempts = with_children(config.seed, fleet, runs, attempts)
    return history_of(
        seed=config.seed,
        start_us=now_us - config.days * DAY_US,
        now_us=now_us,
        workspaces=config.workspaces,
        fleet=fleet,
        schedules=schedules,
        hardware=simulated_hardware(config, fleet),
        graphs=graphs,
        versions=versions,
        runs=runs,
        attempts=attempts,
    )


def _started(runs: Runs, tries: Tries, kept: Any) -> Attempts:
    """First attempts of the runs; one that never started is an attempt of no length."""
    made = first_attempts(
        np.arange(runs.size),
        runs.start_us,
        Tries(*(getattr(tries, name)[kept] for name in Tries.__dataclass_fields__)),
    )
    never = runs.never_started
    fields = {name: getattr(made, name) for name in Attempts.__dataclass_fields__}
    fields["end_us"] = np.where(never, made.start_us, made.end_us)
    fields["setup_us"] = np.where(never, 0, made.setup_us)
    fields["status"] = np.where(never, Status.SKIPPED, made.status)
    fields["code"] = np.where(never, np.where(runs.queue_full, QUEUE_FULL, SKIPPED), made.code)
    return Attempts(**fields)


def history_of(
    *,
    seed: int,
    start_us: int,
    now_us: int,
    workspaces: int,
    fleet: Fleet,
    schedules: Schedules | None,
    hardware: Hardware,
    graphs: Graphs,
    versions: Versions,
    runs: Runs,
    attempts: Attempts,
) -> History:
    """What is known by now of these runs and attempts, with their tasks, ids and clusters."""
    attempts, _ = known_by(attempts, now_us, now_us // HOUR_US * HOUR_US)
    traced = np.zeros(runs.size, dtype=bool)
    traced[attempts.run] = True
    position = np.cumsum(traced) - 1
    runs = runs.chosen(traced)
    fields = {name: getattr(attempts, name) for name in Attempts.__dataclass_fields__}
    attempts = Attempts(**(fields | {"run": position[attempts.run]}))
    job = runs.job[attempts.run]
    tasks = task_runs(graphs, job, attempts)
    return History(
        seed=seed,
        start_us=start_us,
        now_us=now_us,
        workspaces=workspaces,
        fleet=fleet,
        schedules=schedules,
        hardware=hardware,
        graphs=graphs,
        versions=versions,
        runs=runs,
        version=versions.in_force(runs.job, runs.start_us),
        attempts=attempts,
        tasks=tasks,
        ids=run_ids(fleet, runs, attempts.run[tasks.attempt]),
        clusters=simulated_clusters(seed, fleet, hardware, job, attempts, start_us, workspaces),
    )


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
        made = {
            source.JOBS: lambda: jobs_table(history.fleet, history.schedules, history.versions),
            source.JOB_TASKS: lambda: job_tasks(history),
            source.JOB_RUN_TIMELINE: lambda: job_run_timeline(history),
            source.JOB_TASK_RUN_TIMELINE: lambda: job_task_run_timeline(history),
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
        rows["truth.sizing"] = write_truth(folder, "sizing", truth.sizing(history))
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
    tags = pa.array(shared_tags, type=pa.map_(pa.string(), pa.string()))
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
            "workspace_url": pa.array([f"https://dbc-{i:08x}.cloud.databricks.com/" for i in range(count)]),
            "status": constant("RUNNING", count),
        },
    )

