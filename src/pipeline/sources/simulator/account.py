"""Simulate an account: decide what happened, from the settings alone, and have it written."""

import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from pipeline.sources.simulator.clock import DAY_US, HOUR_US, Bools, us_of
from pipeline.sources.simulator.clusters import simulated_clusters
from pipeline.sources.simulator.config import SimulatorConfig
from pipeline.sources.simulator.delivery import Summary, write_account
from pipeline.sources.simulator.durations import duration_laws, work_seconds
from pipeline.sources.simulator.fleet import Fleet, simulated_fleet
from pipeline.sources.simulator.frame import chosen
from pipeline.sources.simulator.hardware import Hardware, simulated_hardware
from pipeline.sources.simulator.history import History
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
from pipeline.sources.simulator.pipelines import (
    Pipelines,
    jobs_on_pipelines,
    simulated_pipelines,
    updates_of,
    with_pipeline_jobs,
)
from pipeline.sources.simulator.runs import Runs, placed, run_ids
from pipeline.sources.simulator.starts import Schedules, due_runs, simulated_schedules
from pipeline.sources.simulator.task_runs import task_runs
from pipeline.sources.simulator.tasks import Graphs, simulated_graphs
from pipeline.sources.simulator.versions import Versions, simulated_versions
from pipeline.sources.simulator.writer import Progress, prepared


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
    start_us = now_us - config.days * DAY_US
    by_pipeline = with_pipeline_jobs(config.seed, fleet)
    fleet = replace(fleet, compute=jobs_on_pipelines(fleet, graphs, by_pipeline))
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
        start_us=start_us,
        now_us=now_us,
        workspaces=config.workspaces,
        fleet=fleet,
        schedules=schedules,
        hardware=simulated_hardware(config, fleet),
        graphs=graphs,
        pipelines=simulated_pipelines(
            config.seed, fleet, graphs, by_pipeline, config.workspaces, start_us
        ),
        versions=versions,
        runs=runs,
        attempts=attempts,
    )


def _started(runs: Runs, tries: Tries, kept: Bools) -> Attempts:
    """First attempts of the runs; one that never started is an attempt of no length."""
    made = first_attempts(
        np.arange(runs.size),
        runs.start_us,
        chosen(tries, kept),
    )
    never = runs.never_started
    return replace(
        made,
        end_us=np.where(never, made.start_us, made.end_us),
        setup_us=np.where(never, 0, made.setup_us),
        status=np.where(never, Status.SKIPPED, made.status),
        code=np.where(never, np.where(runs.queue_full, QUEUE_FULL, SKIPPED), made.code),
    )


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
    pipelines: Pipelines,
    versions: Versions,
    runs: Runs,
    attempts: Attempts,
) -> History:
    """What is known by now of these runs and attempts, with their tasks, ids and clusters."""
    attempts = known_by(attempts, now_us, now_us // HOUR_US * HOUR_US)
    traced = np.zeros(runs.size, dtype=bool)
    traced[attempts.run] = True
    position = np.cumsum(traced) - 1
    runs = runs.kept(traced)
    attempts = replace(attempts, run=position[attempts.run])
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
        pipelines=pipelines,
        updates=updates_of(seed, pipelines, tasks, start_us, now_us),
        ids=run_ids(fleet, runs, attempts.run[tasks.attempt]),
        clusters=simulated_clusters(seed, fleet, hardware, job, attempts, start_us, workspaces),
    )
