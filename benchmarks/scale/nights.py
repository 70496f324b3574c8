"""Nights of a simulated account on a server of two executors, and Spark's own SQL beside them."""

import json
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.scale import buckets
from benchmarks.scale.processes import live_heap_mb, processor_seconds, ran
from pipeline.graph.graph import GRAPH
from pipeline.scoring.buckets import ROWS_A_BUCKET
from pipeline.tables.declaration import Layer
from tools.workspace.event_log import DRIVER, EventLog, Request, event_log, keeping
from tools.workspace.server import Workspace, serving

MASTER: Final = "local-cluster[2,1,1024]"
"""Two executors of one core and 1 GB each, as processes of their own."""
DRIVER_MEMORY: Final = "1g"
_RIGHTRUN: Final = str(Path(sys.executable).with_name("rightrun"))


@dataclass(frozen=True, slots=True)
class _Night:
    """What a night took, what its steps reported, and from when to when it ran, in seconds since 1970."""

    figures: dict[str, Any]
    steps: list[dict[str, Any]]
    began_at: float
    ended_at: float


def measured(folder: Path, *, jobs: int, days: int) -> dict[str, Any]:
    """A first night, a night of a day's news, and the reference between them, in the empty `folder`."""
    account, events = folder / "account", folder / "events"
    simulated = [_RIGHTRUN, "simulate", "--jobs", jobs, "--days", days + 1, "--out", account]
    _run(*simulated)
    files = sorted((account / "lakeflow" / "job_run_timeline").glob("*.parquet"))
    last_of_first = files[-2].stem
    with _serving(folder, events) as workspace:
        deliver = (sys.executable, "-m", "tools.workspace.system_tables", workspace.remote, account)
        _run(*deliver, "--until", last_of_first)
        first = _night(workspace, folder)
        tables = json.loads(
            _run(sys.executable, "-m", "benchmarks.scale.reference", workspace.remote)
        )
        _run(*deliver, "--after", last_of_first)
        news = _night(workspace, folder)
        log = event_log(events)
    same_tables = _seconds_for(tables, first.steps)
    reference_seconds = sum(tables.values())
    return {
        "jobs": jobs,
        "days": days,
        "first": _figures(first, log, jobs),
        "a_days_news": _figures(news, log, jobs),
        "memory": _memory(log),
        "reference": {"seconds": round(reference_seconds, 1), "tables": tables},
        "same_tables_seconds": round(same_tables, 1),
        "same_tables_over_reference": round(same_tables / reference_seconds, 2),
    }


def bucket_memory(folder: Path) -> dict[str, Any]:
    """What workers hold of full buckets of jobs of very different history, in the empty `folder`."""
    events = folder / "events"
    with _serving(folder, events) as workspace:
        _run(sys.executable, "-m", "benchmarks.scale.buckets", workspace.remote)
        log = event_log(events)
    return {
        "rows_of_a_bucket": ROWS_A_BUCKET,
        "jobs": buckets.JOBS,
        "runs_of_a_job": buckets.RUNS_OF_A_JOB,
        "runs_of_the_largest": buckets.RUNS_OF_THE_LARGEST,
        **_memory(log),
    }


def _serving(folder: Path, events: Path) -> AbstractContextManager[Workspace]:
    return serving(
        folder / "workspace", master=MASTER, memory=DRIVER_MEMORY, settings=keeping(events)
    )


def _run(*command: object) -> str:
    return subprocess.run(
        [*map(str, command)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _night(workspace: Workspace, folder: Path) -> _Night:
    """`rightrun nightly` in a process of its own, as a task of a Workflow is."""
    server, began_at = workspace.process.pid, time.time()
    on_server = processor_seconds(server)
    report = folder / "steps.json"
    command = [_RIGHTRUN, "nightly", "--engine", "databricks", "--source", "databricks", "--json"]
    client = ran([*command, "--home", str(folder / "home")], workspace.environment, report)
    on_server = processor_seconds(server) - on_server
    figures = {
        "seconds": round(client.seconds, 1),
        "client_processor_seconds": round(client.processor_seconds, 1),
        "server_processor_seconds": round(on_server, 1),
        "client_peak_mb": round(client.peak_mb),
        "driver_live_heap_mb": round(live_heap_mb(server), 1),
    }
    return _Night(figures, json.loads(report.read_text()), began_at, time.time())


def _figures(night: _Night, log: EventLog, jobs: int) -> dict[str, Any]:
    requests = [
        request for request in log.requests if night.began_at <= request.began_at <= night.ended_at
    ]
    processor = (
        night.figures["client_processor_seconds"] + night.figures["server_processor_seconds"]
    )
    return {
        **night.figures,
        "rows_read": sum(step["rows_read"] for step in night.steps),
        "rows_written": sum(
            step["inserted"] + step["updated"] + step["deleted"] for step in night.steps
        ),
        "vcpu_hours_per_1000_jobs": round(processor / 3600 / jobs * 1000, 3),
        "requests": len(requests),
        "share_of_task_time": _shares(EventLog(requests, {}).task_seconds()),
        "rows_returned": sum(request.rows_returned for request in requests),
        "most_rows_returned": max(request.rows_returned for request in requests),
        "largest_result_mb": round(max(_megabytes(request) for request in requests), 2),
    }


def _megabytes(request: Request) -> float:
    return request.result_bytes / 2**20


def _shares(seconds: dict[str, float]) -> dict[str, float]:
    whole = sum(seconds.values())
    return {executor: round(part / whole, 3) for executor, part in sorted(seconds.items())}


def _memory(log: EventLog) -> dict[str, Any]:
    """The most of each process, in the event log's own metrics."""

    def most(metric: str, executor: str) -> int:
        return round(log.peak_bytes[executor].get(metric, 0) / 2**20)

    executors = sorted(set(log.peak_bytes) - {DRIVER})
    return {
        "driver_heap_mb": most("JVMHeapMemory", DRIVER),
        "executor_heap_mb": [most("JVMHeapMemory", name) for name in executors],
        "python_workers_mb": [most("ProcessTreePythonRSSMemory", name) for name in executors],
    }


def _seconds_for(tables: Collection[str], steps: list[dict[str, Any]]) -> float:
    """Of the steps that write these tables, and those that silver and gold make them from.

    The sum of each step's own seconds: where two run side by side, both count.
    """
    needed = [step for step in GRAPH.steps if step.writes.name in tables]
    for step in needed:
        needed += [one for one in GRAPH.steps if one.writes in step.reads and one not in needed]
    names = {step.name for step in needed if step.writes.layer is not Layer.BRONZE}
    return float(sum(step["seconds"] for step in steps if step["step"] in names))
