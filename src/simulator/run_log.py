"""An account made from a real log of runs, with the jobs, starts, durations and outcomes of the log.

The log is one Parquet file with a row per run: job_id, run_id, start_time, duration_seconds and
status (SUCCEEDED, FAILED, CANCELLED, TIMEOUT or UNKNOWN), and where known queue_seconds and cores.
Times move by whole weeks, so that hours and weekdays stay what they were. Jobs take the legacy
single-task form, the only one whose queueing the platform's tables report; cores become workers of
m5d instances, at most eight of them (the hours of a supercomputer would drown the rest). An UNKNOWN
outcome becomes SUCCEEDED, as a platform that ran it to its end would report it.
"""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import UserError
from simulator.account import history_of
from simulator.clock import (
    DAY_US,
    HOUR_US,
    NEVER_US,
    SECOND_US,
    Floats,
    Ints,
    from_seconds,
    us_of,
)
from simulator.compute.hardware import (
    NODE_CORES,
    NODE_MEMORY_MB,
    NODE_NAMES,
    Hardware,
    hardware_from,
)
from simulator.compute.pipelines import no_pipelines
from simulator.config import SimulatorConfig, generator
from simulator.delivery.delivery import Summary, deliver
from simulator.delivery.writer import Progress, prepared
from simulator.fleet.fleet import Compute, Fleet, Kind, job_numbers, spread_workspaces
from simulator.fleet.task_graphs import graphs_of
from simulator.fleet.versions import plain_versions
from simulator.history import History
from simulator.quirks import OF_A_LOG
from simulator.runs.causes import no_causes
from simulator.runs.events import no_events
from simulator.runs.outcomes import (
    CANCELLED,
    FIRST_FAILURE,
    SUCCESS,
    TIMEOUT,
    Attempts,
    Status,
    setup_seconds,
)
from simulator.runs.outlook import no_outlook
from simulator.runs.runs import Runs

REQUIRED_COLUMNS = ("job_id", "run_id", "start_time", "duration_seconds", "status")
_OUTCOMES = {
    "SUCCEEDED": (Status.SUCCEEDED, SUCCESS),
    "FAILED": (Status.FAILED, FIRST_FAILURE),
    "CANCELLED": (Status.CANCELLED, CANCELLED),
    "TIMEOUT": (Status.TIMED_OUT, TIMEOUT),
    "UNKNOWN": (Status.SUCCEEDED, SUCCESS),
}
_WEEK_US = 7 * DAY_US
_MOST_WORKERS = 8
_WORKSPACES = 2
_SHORTEST_US = 1000  # a run of no length would read as one that never started
_LIMIT_QUANTILE = 0.97


def from_log(
    path: Path,
    folder: Path,
    *,
    end: datetime,
    seed: int,
    limit_jobs: int | None = None,
    days: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Write an account whose runs are the log's: of its busiest jobs, of its last days."""
    began = time.perf_counter()
    config = SimulatorConfig(
        end=end, seed=seed, workspaces=_WORKSPACES, reserve_days=0, quirks=OF_A_LOG
    )
    log = read_log(path)
    if log.empty:
        raise UserError(f"simulator: {path} has no runs to simulate.")
    log, config = _recent(log, config, days)
    log = _busiest(log, limit_jobs)
    with prepared(folder) as part:
        if progress:
            progress("log", 0.1)
        history = _history(config, log)
        settings = {
            "log": path.name,
            "end": config.end.isoformat(),
            "seed": seed,
            "limit_jobs": limit_jobs,
            "days": days,
        }
        share, all_days = config.correction_share, range(history.deliveries)
        return deliver(history, part, all_days, share, settings, began, progress)


def read_log(path: Path) -> pd.DataFrame:
    """The log's columns as they are used here; a UserError that says what is wrong with it."""
    if not path.is_file():
        raise UserError(f"simulator: there is no log file {path}.")
    try:
        rows = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise UserError(f"simulator: {path} is not a Parquet file.") from error
    missing = [name for name in REQUIRED_COLUMNS if name not in rows.column_names]
    if missing:
        raise UserError(f"simulator: {path} lacks the columns {', '.join(missing)}.")
    if not pa.types.is_timestamp(rows.schema.field("start_time").type):
        raise UserError(f"simulator: {path}: start_time must be a timestamp.")
    status = rows.column("status").to_pandas()
    unknown = sorted(set(status.dropna().unique()) - set(_OUTCOMES))
    if unknown or status.isna().any():
        raise UserError(
            f"simulator: {path}: status must be one of {', '.join(_OUTCOMES)},"
            f" got {unknown[0] if unknown else 'an empty value'}."
        )

    def number(name: str) -> Any:
        if name not in rows.column_names:
            return np.full(rows.num_rows, np.nan)
        return pd.to_numeric(rows.column(name).to_pandas()).astype("float64").to_numpy()

    start = rows.column("start_time").cast(pa.timestamp("us", tz="UTC"), safe=False)
    seconds = number("duration_seconds")
    if start.null_count or not (np.isfinite(seconds) & (seconds >= 0)).all():
        raise UserError(
            f"simulator: {path}: every run needs a start_time and a duration_seconds >= 0."
        )
    return pd.DataFrame(
        {
            "job": rows.column("job_id").cast(pa.string()).to_pandas(),
            "start_us": start.cast(pa.int64()).to_numpy(),
            "span_us": np.maximum(np.rint(seconds * SECOND_US).astype(np.int64), _SHORTEST_US),
            "queue_seconds": np.nan_to_num(number("queue_seconds")).clip(min=0),
            "cores": number("cores"),
            "status": status,
        }
    )


def _recent(
    log: pd.DataFrame, config: SimulatorConfig, days: int | None
) -> tuple[pd.DataFrame, SimulatorConfig]:
    """The log moved by whole weeks to before the end, cut to its last days; and when it ends.

    The account is looked at when the hour of the last run has closed: silence between that and the
    end asked for would read as an outage.
    """
    if days is not None and days < 1:
        raise UserError(f"simulator: days must be at least 1, got {days}.")
    end_us = us_of(config.end)
    last_us = int((log["start_us"] + log["span_us"]).max())
    shift_us = (end_us - last_us) // _WEEK_US * _WEEK_US
    now_us = min(-(-(last_us + shift_us) // HOUR_US) * HOUR_US, end_us)
    moved = log.assign(start_us=log["start_us"] + shift_us)
    if days is not None:
        moved = moved[moved["start_us"] >= now_us - days * DAY_US]
    return moved, replace(config, end=config.end - timedelta(microseconds=end_us - now_us))


def _busiest(log: pd.DataFrame, limit_jobs: int | None) -> pd.DataFrame:
    """The jobs with the most runs, sorted by job and start."""
    if limit_jobs is not None:
        if limit_jobs < 1:
            raise UserError(f"simulator: limit_jobs must be at least 1, got {limit_jobs}.")
        counts = log["job"].value_counts().reset_index()
        counts = counts.sort_values(["count", "job"], ascending=[False, True])
        log = log[log["job"].isin(counts["job"].head(limit_jobs))]
    return log.sort_values(["job", "start_us", "span_us"], kind="stable").reset_index(drop=True)


def _history(config: SimulatorConfig, log: pd.DataFrame) -> History:
    end_us = us_of(config.end)
    job, names = pd.factorize(log["job"])
    job = job.astype(np.int64)
    start_us = log["start_us"].to_numpy()
    span_us = log["span_us"].to_numpy()
    status = np.array([_OUTCOMES[word][0] for word in _OUTCOMES], dtype=np.int64)
    code = np.array([_OUTCOMES[word][1] for word in _OUTCOMES], dtype=np.int64)
    word = pd.Index(list(_OUTCOMES)).get_indexer(pd.Index(log["status"]))
    fleet = _fleet(config, job, len(names), start_us, span_us, end_us)
    seconds = pd.Series(span_us / SECOND_US)
    succeeded = seconds[status[word] == Status.SUCCEEDED]
    typical = succeeded.groupby(job[succeeded.index]).quantile(_LIMIT_QUANTILE)
    limits = typical.reindex(range(len(names))).fillna(0).to_numpy() * 1.1
    setup = setup_seconds(generator(config.seed, "setups"), fleet.compute[job])
    count = len(job)
    whole_days = -(-(end_us - int(start_us.min())) // DAY_US)
    return history_of(
        replace(config, days=max(whole_days, 1)),
        fleet=fleet,
        schedules=None,
        hardware=_hardware(config, log, job, len(names)),
        graphs=graphs_of(generator(config.seed, "graphs"), np.ones(len(names), dtype=np.int64)),
        pipelines=no_pipelines(),
        versions=plain_versions(config.seed, list(names), fleet.created_us, limits),
        runs=Runs(
            job=job,
            due_us=start_us - from_seconds(log["queue_seconds"].to_numpy()),
            start_us=start_us,
            queue_us=from_seconds(log["queue_seconds"].to_numpy()),
            never_started=np.zeros(count, dtype=bool),
            queue_full=np.zeros(count, dtype=bool),
            parent=np.full(count, -1, dtype=np.int64),
            retry_of=np.full(count, -1, dtype=np.int64),
            cause=np.full(count, -1, dtype=np.int64),
            slowed=np.ones(count),
            fired_by=np.full(count, -1, dtype=np.int64),
        ),
        attempts=Attempts(
            run=np.arange(count),
            number=np.zeros(count, dtype=np.int64),
            start_us=start_us,
            end_us=start_us + span_us,
            # The log's duration is the whole attempt: its set-up is a part of it.
            setup_us=np.minimum(from_seconds(setup), span_us // 4),
            status=status[word],
            code=code[word],
            progress_from=np.zeros(count),
            progress_to=np.ones(count),
            wait_us=np.zeros(count, dtype=np.int64),
        ),
        events=no_events(),
        causes=no_causes(count, len(names)),
        input_bytes=np.zeros(count, dtype=np.int64),
        upstream=np.full(len(names), -1, dtype=np.int64),
        outlook=no_outlook(),
    )


def _fleet(
    config: SimulatorConfig, job: Ints, jobs: int, start_us: Ints, span_us: Ints, end_us: int
) -> Fleet:
    rng = generator(config.seed, "fleet")
    first_us = np.full(jobs, end_us, dtype=np.int64)
    np.minimum.at(first_us, job, start_us)
    workspace = spread_workspaces(rng, jobs, _WORKSPACES)
    median: Floats = np.asarray(pd.Series(span_us / SECOND_US).groupby(job).median(), dtype=float)
    return Fleet(
        workspace=workspace,
        job_number=job_numbers(workspace, may_share=True),
        kind=np.full(jobs, Kind.MANUAL, dtype=np.int64),
        compute=np.where(
            rng.random(jobs) < config.serverless_share, Compute.SERVERLESS, Compute.JOB_CLUSTER
        ).astype(np.int64),
        single_task=np.ones(jobs, dtype=bool),
        created_us=first_us - (rng.uniform(0.01, 3, jobs) * DAY_US).astype(np.int64),
        deleted_us=np.full(jobs, NEVER_US, dtype=np.int64),
        median_seconds=median,
        failure_share=np.zeros(jobs),
        timeout_seconds=np.zeros(jobs, dtype=np.int64),
    )


def _hardware(config: SimulatorConfig, log: pd.DataFrame, job: Ints, jobs: int) -> Hardware:
    """The smallest m5d that holds the job's median cores in at most eight workers, one at least."""
    rng = generator(config.seed, "hardware")
    cores = pd.Series(log["cores"].to_numpy()).groupby(job).median().reindex(range(jobs))
    needed_cores = cores.fillna(4.0).to_numpy()
    node = np.full(jobs, NODE_NAMES.index("m5d.4xlarge"), dtype=np.int64)
    for name in ("m5d.2xlarge", "m5d.xlarge"):
        index = NODE_NAMES.index(name)
        node[needed_cores <= NODE_CORES[index] * 2] = index
    workers = np.ceil(needed_cores / NODE_CORES[node]).clip(1, _MOST_WORKERS).astype(np.int64)
    memory_mb = NODE_MEMORY_MB[node] * workers * rng.uniform(0.1, 0.8, jobs)
    return hardware_from(
        driver_type=node,
        worker_type=node,
        workers=workers,
        autoscale=np.zeros(jobs, dtype=bool),
        photon=np.zeros(jobs, dtype=bool),
        runtime=np.zeros(jobs, dtype=np.int64),
        busy_share=rng.uniform(0.1, 0.9, jobs),
        memory_demand_mb=memory_mb,
        spot=np.zeros(jobs, dtype=bool),
        resized_us=np.full(jobs, NEVER_US, dtype=np.int64),
        workers_after=workers,
    )
