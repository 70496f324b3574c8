"""Simulating an account: what happens in it is decided from the settings alone, then delivered."""

import json
import time
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.sources.layout import SIMULATION
from simulator.clock import Bools, Ints
from simulator.columnar import renumbered, take_rows
from simulator.compute.clusters import simulated_clusters
from simulator.compute.hardware import Hardware, simulated_hardware
from simulator.compute.pipelines import (
    Pipelines,
    jobs_on_pipelines,
    simulated_pipelines,
    updates_of,
    with_pipeline_jobs,
)
from simulator.compute.statements import simulated_statements
from simulator.config import SimulatorConfig
from simulator.delivery.delivery import Summary, deliver
from simulator.delivery.writer import Progress, prepared
from simulator.fleet.fleet import Fleet, Kind, simulated_fleet
from simulator.fleet.schedules import Schedules, due_runs, simulated_schedules
from simulator.fleet.task_graphs import Graphs, simulated_graphs
from simulator.fleet.versions import Versions, simulated_versions, typical_seconds
from simulator.history import History
from simulator.runs.causes import Causes, simulated_causes
from simulator.runs.durations import duration_laws, work_seconds
from simulator.runs.events import (
    Events,
    simulated_events,
    upstream_jobs,
    with_downstream_failures,
)
from simulator.runs.inputs import read_bytes
from simulator.runs.lineage import simulated_uses
from simulator.runs.notebooks import with_children
from simulator.runs.outcomes import (
    QUEUE_FULL,
    SKIPPED,
    Attempts,
    Status,
    Tries,
    first_attempts,
    first_tries,
    ordered,
    with_repairs,
)
from simulator.runs.outlook import Outlook, outlook_of
from simulator.runs.retries import retrying_jobs, with_retries, with_task_retries
from simulator.runs.run_jobs import (
    simulated_run_jobs,
    source_task_runs,
    with_fired,
    with_fired_again,
    with_run_job_tasks,
    with_waits,
)
from simulator.runs.runs import Runs, placed, run_ids
from simulator.runs.task_runs import task_runs, with_slow_tasks


def simulate(config: SimulatorConfig, folder: Path, *, progress: Progress | None = None) -> Summary:
    """Write a simulated account to an empty folder."""
    with prepared(folder) as part:
        return _delivered(config, part, range(config.days), progress)


def append_day(folder: Path, *, progress: Progress | None = None) -> Summary:
    """One more day of the account in `folder`: the rows that arrived since, in files of their own.

    Files stay as they are, except for the snapshot tables and the truth. A
    UserError where there is no such account, and when the days held in reserve are used up.
    """
    config = _settings_in(folder)
    if config.reserve_days == 0:
        raise UserError(
            f"simulator: the days that {folder} held in reserve are used up:"
            " simulate another account with more days."
        )
    later = config.later()
    return _delivered(later, folder, range(later.days - 1, later.days), progress)


def _delivered(
    config: SimulatorConfig, folder: Path, deliveries: range, progress: Progress | None
) -> Summary:
    began = time.perf_counter()
    history = simulated_history(config)
    if progress:
        progress("history", 0.2)
    settings = asdict(config) | {"end": config.end.isoformat(), "quirks": sorted(config.quirks)}
    return deliver(history, folder, deliveries, config.correction_share, settings, began, progress)


def _settings_in(folder: Path) -> SimulatorConfig:
    path = folder / SIMULATION
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"simulator: {folder} holds no simulated account ({SIMULATION} cannot be read):"
            " simulate one first."
        ) from error
    if "log" in settings:
        raise UserError(f"simulator: {folder} was made of a run log, which has no later days.")
    try:
        end, quirks = datetime.fromisoformat(settings["end"]), frozenset(settings["quirks"])
        return SimulatorConfig(**(settings | {"end": end, "quirks": quirks}))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"simulator: {path} was written by another release: simulate the account again."
        ) from error


def simulated_history(config: SimulatorConfig) -> History:
    """Everything that happens up to the horizon, from the settings alone."""
    fleet = simulated_fleet(config)
    schedules = simulated_schedules(config, fleet)
    laws = duration_laws(config, fleet)
    graphs = simulated_graphs(config.seed, fleet)
    by_pipeline = with_pipeline_jobs(config, fleet)
    links = simulated_run_jobs(config, fleet, by_pipeline)
    fleet = replace(
        fleet,
        compute=jobs_on_pipelines(fleet, graphs, by_pipeline),
        kind=links.kinds(fleet.kind),
    )
    graphs = with_run_job_tasks(graphs, links)
    hardware = simulated_hardware(config, fleet)
    events = simulated_events(config, fleet, hardware)
    due = with_fired(due_runs(config, fleet, schedules), links)
    seconds, slowed = work_seconds(config, fleet, laws, due, events)
    tries = first_tries(config, fleet, due.job, seconds)
    upstream = upstream_jobs(config, fleet)
    tries, cause = with_downstream_failures(config, upstream, due, tries)
    travelled = tries.status
    tries = with_waits(config, due, tries)
    runs, happens = placed(config, fleet, due, tries)
    runs = replace(runs, slowed=slowed[happens], cause=renumbered(happens, cause)[happens])
    attempts = _started(runs, tries, happens)
    retrying = retrying_jobs(config.seed, config.quirks, fleet)
    if "repairs" in config.quirks:
        # A run that failed for want of its input is repaired like any other; one that failed at a Run
        # Job task is not.
        mendable = ~retrying[runs.job] & ~np.isin(
            fleet.kind[runs.job], (Kind.CONTINUOUS, Kind.NOTEBOOK)
        )
        mendable &= attempts.wait_us == 0
        attempts = with_repairs(
            config, fleet, graphs, runs.job, seconds[happens], attempts, mendable
        )
        runs, attempts = with_fired_again(config, fleet, links, runs, attempts)
    runs, attempts = with_retries(config, fleet, retrying, runs, attempts)
    runs, attempts = with_children(config.seed, fleet, runs, ordered([attempts]))
    typical = typical_seconds(fleet)
    causes = simulated_causes(
        config.seed, fleet, graphs, runs, events, laws.elasticity, by_pipeline
    )
    return history_of(
        config,
        fleet=fleet,
        schedules=schedules,
        hardware=hardware,
        graphs=graphs,
        pipelines=simulated_pipelines(config, fleet, graphs, by_pipeline),
        versions=simulated_versions(
            config,
            fleet,
            links.schedules(config, schedules, typical),
            links.lasting(typical),
            laws.spread,
        ),
        runs=runs,
        attempts=attempts,
        events=events,
        causes=causes,
        input_bytes=read_bytes(config, fleet, laws, runs, events, causes),
        upstream=upstream,
        outlook=outlook_of(
            config, fleet, laws, due, events, upstream, travelled, retrying, happens
        ),
    )


def _started(runs: Runs, tries: Tries, happens: Bools) -> Attempts:
    """First attempts of the runs; one that never started is an attempt of no length."""
    attempts = first_attempts(
        np.arange(runs.size),
        runs.start_us,
        take_rows(tries, happens),
    )
    never = runs.never_started
    return replace(
        attempts,
        end_us=np.where(never, attempts.start_us, attempts.end_us),
        setup_us=np.where(never, 0, attempts.setup_us),
        status=np.where(never, Status.SKIPPED, attempts.status),
        code=np.where(never, np.where(runs.queue_full, QUEUE_FULL, SKIPPED), attempts.code),
        wait_us=np.where(never, 0, attempts.wait_us),
    )


def history_of(
    config: SimulatorConfig,
    *,
    fleet: Fleet,
    schedules: Schedules | None,
    hardware: Hardware,
    graphs: Graphs,
    pipelines: Pipelines,
    versions: Versions,
    runs: Runs,
    attempts: Attempts,
    events: Events,
    causes: Causes,
    input_bytes: Ints,
    upstream: Ints,
    outlook: Outlook,
) -> History:
    """These runs and attempts with their tasks, ids, clusters, statements and uses of tables; `input_bytes` of a
    run is 0 where nobody knows what it reads, `upstream` of a job -1 where it needs no other's output."""
    job = runs.job[attempts.run]
    tasks, retry_of = with_task_retries(config, graphs, task_runs(graphs, job, attempts))
    tasks, slow_task = with_slow_tasks(
        graphs, attempts, tasks, retry_of, causes.slow_task, causes.slow_factor
    )
    may_share = "shared_ids" in config.quirks
    return History(
        seed=config.seed,
        quirks=config.quirks,
        start_us=config.start_us,
        now_us=config.now_us,
        horizon_us=config.horizon_us,
        workspaces=config.workspaces,
        fleet=fleet,
        schedules=schedules,
        hardware=hardware,
        graphs=graphs,
        versions=versions,
        runs=runs,
        version=versions.in_force(runs.job, runs.start_us),
        attempts=attempts,
        tasks=tasks,
        task_retry_of=retry_of,
        source_task_run=source_task_runs(graphs, runs, attempts, tasks),
        pipelines=pipelines,
        updates=updates_of(config, pipelines, tasks),
        ids=run_ids(fleet, runs, attempts.run[tasks.attempt], may_share),
        clusters=simulated_clusters(config, fleet, hardware, runs, attempts, causes),
        events=events,
        causes=causes,
        read_bytes=input_bytes,
        slow_task=slow_task,
        statements=simulated_statements(fleet, graphs, job, attempts, tasks, input_bytes),
        upstream=upstream,
        outlook=outlook,
        uses=simulated_uses(fleet, upstream, job, attempts),
    )
