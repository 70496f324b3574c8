"""Histories of a job with one run that is asked about: rows of Silver, each history a workspace."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pipeline.tables import gold, silver
from pipeline.tables.declaration import Table
from tests.strategies.tables import Row, at

Rows = dict[Table, list[Row]]
RUNS_BEFORE = 10
ASKED = "asked"


@dataclass(frozen=True)
class Run:
    """One run: seconds of each thing, and what it ran on. Tasks run one after the other."""

    queue: float = 10.0
    setup: float = 100.0
    tasks: Mapping[str, float] = field(default_factory=lambda: {"load": 300.0, "join": 200.0})
    read: int | None = 1_000
    workers: int = 4
    node_type: str = "m5d.large"
    runtime: str = "16.4.x"
    fired_after: float | None = None
    """Seconds from the start of the run that fires it."""
    failed_try: float = 0.0
    """Seconds until the first task was tried again."""
    repaired_after: float = 0.0
    """Seconds from the end of its first attempt to that of a repair."""

    @property
    def first_seconds(self) -> float:
        return self.setup + self.failed_try + sum(self.tasks.values())


def history(
    workspace: str,
    last: Run,
    before: Run | Sequence[Run] = Run(),
    *,
    runs_before: int = RUNS_BEFORE,
    center: float | None = None,
    **flags: bool,
) -> Rows:
    """A run a day, the last of which is asked about; `flags` are those of gold.run_baseline, and
    `is_late`."""
    earlier = [before] * runs_before if isinstance(before, Run) else list(before)
    rows: Rows = defaultdict(list)
    for day, run in enumerate([*earlier, last]):
        name = ASKED if day == len(earlier) else f"r{day}"
        _add(rows, workspace, name, day, run)
    started = at(len(earlier), 6)
    key = {"workspace_id": workspace, "run_id": ASKED}
    series = {"series_key": f"{workspace}/7", "started_at": started}
    if flags.pop("is_late", False):
        sla = {"sla_status": "MISSED", "run_date": started.date(), "job_id": "7"}
        rows[silver.RUN_SLA].append(key | series | sla)
    if flags:
        rows[gold.RUN_BASELINE].append(key | series | {"center_seconds": center} | flags)
    return rows


def together(many: Sequence[Rows]) -> Rows:
    out: Rows = defaultdict(list)
    for one in many:
        for table, rows in one.items():
            out[table] += rows
    return out


def _add(rows: Rows, workspace: str, name: str, day: int, run: Run) -> None:
    started = at(day, 6)
    key = {"workspace_id": workspace, "run_id": name}
    of_job: Row = key | {"job_id": "7", "run_date": started.date()}
    first_end = started + timedelta(seconds=run.first_seconds)
    attempts = 2 if run.repaired_after else 1
    last_end = first_end + timedelta(seconds=run.repaired_after)
    rows[silver.RUNS].append(
        of_job
        | {
            "series_key": f"{workspace}/7",
            "started_at": started,
            "ended_at": last_end,
            "wall_seconds": (last_end - started).total_seconds(),
            "queue_seconds": run.queue,
            "attempts": attempts,
            "repairs": attempts - 1,
            "status": "SUCCEEDED",
            "source_task_run_id": None if run.fired_after is None else f"{name}/fires",
        }
    )
    rows[silver.ATTEMPTS].append(
        of_job
        | {
            "attempt": 0,
            "started_at": started,
            "ended_at": first_end,
            "duration_seconds": run.first_seconds,
        }
    )
    _add_tasks(rows, of_job, run)
    if run.fired_after is not None:
        up_started = started - timedelta(seconds=run.fired_after)
        up = {"workspace_id": workspace, "run_id": f"{name}/up", "started_at": up_started}
        more = {"series_key": f"{workspace}/8", "status": "SUCCEEDED", "attempts": 1}
        rows[silver.RUNS].append(up | more | {"run_date": up_started.date()})
        fires = {"task_run_id": f"{name}/fires", "started_at": started}
        rows[silver.TASK_RUNS].append(up | fires | {"task_run_date": started.date()})
    if run.read is not None:
        read = {"attempt": 0, "input_bytes": run.read, "run_date": started.date()}
        rows[silver.ATTEMPT_INPUTS].append(key | read)


def _add_tasks(rows: Rows, of_job: Row, run: Run) -> None:
    began, cluster = at((of_job["run_date"] - at(0).date()).days, 6), f"c{of_job['run_id']}"
    rows[silver.RUN_CLUSTERS].append(
        {name: of_job[name] for name in ("workspace_id", "run_id", "job_id")}
        | {"cluster_id": cluster, "used_from": began, "used_date": began.date()}
    )
    rows[silver.CLUSTERS].append(
        {
            "workspace_id": of_job["workspace_id"],
            "cluster_id": cluster,
            "cluster_source": "JOB",
            "workers": run.workers,
            "worker_node_type": run.node_type,
            "dbr_version": run.runtime,
            "cluster_date": began.date(),
        }
    )
    tries: list[tuple[str, float, float, str]] = []
    for number, (task, seconds) in enumerate(run.tasks.items()):
        setup = run.setup if number == 0 else 0.0
        if number == 0 and run.failed_try:
            tries.append((task, setup, run.failed_try, "FAILED"))
            setup = 0.0
        tries.append((task, setup, seconds, "SUCCEEDED"))
    for number, (task, setup, seconds, status) in enumerate(tries):
        row: dict[str, Any] = {
            "workspace_id": of_job["workspace_id"],
            "run_id": of_job["run_id"],
            "job_id": "7",
            "task_run_id": f"{of_job['run_id']}/{number}",
            "task_run_date": began.date(),
            "task_key": task,
            "started_at": began,
            "duration_seconds": setup + seconds,
            "setup_seconds": setup,
            "status": status,
        }
        began += timedelta(seconds=setup + seconds)
        rows[silver.TASK_RUNS].append(row | {"ended_at": began, "seen_until": began})
