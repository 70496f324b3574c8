"""One sweep of one workspace: what runs, and what has ended since the last, within a budget of requests.

What matters most is asked for first. The list of runs in progress may use the budget but for a part that is
kept for critical jobs: where it does not come to its end, these are asked for one by one. Then come critical
runs that are not in it any more, and the errors of critical runs that failed; then the list of runs that
have begun and ended since, and all the others. What is not asked for now is asked for by the next sweep.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pipeline.watch.error_line import error_line
from pipeline.watch.runs import FailedTask, LiveRun, failed_task, live_run
from pipeline.workspace.connection import Refused, Workspace, objects

__all__ = ["Remembered", "Running", "Swept", "sweep"]

_LIST: Final = "/api/2.2/jobs/runs/list"
_GET: Final = "/api/2.2/jobs/runs/get"
_OUTPUT: Final = "/api/2.2/jobs/runs/get-output"
_RUNS_A_PAGE: Final = 24
"""The API's reference says that a page has less than 25."""
_OVERLAP: Final = timedelta(minutes=15)
"""A run is in the lists some time after it has begun or ended."""
_FARTHEST: Final = timedelta(days=1)
"""How far back a sweep looks; what ended earlier, the system tables tell."""
_KEPT_SHARE: Final = 3
"""A third of the budget is kept for critical jobs, where there are so many."""
_MOST_FAULTS: Final = 2
_SHORT: Final = "the budget of requests does not reach for all runs that {}: raise watch_requests"

Told = dict[str, Any]


class Running(NamedTuple):
    """A run that was in progress when it was last seen."""

    series_key: str
    started_at: datetime
    attempt: int = 0
    attempt_started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was known of one workspace before, runs by their id: those in progress; when those ended that are
    known to have; and until when all that ended are known."""

    running: Mapping[str, Running]
    ended: Mapping[str, datetime]
    ended_until: datetime
    critical: Sequence[str] = ()
    """Ids of the jobs that matter most, in the order in which they do."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep was told. `ended_until` is None where the list of what ended did not come to its end."""

    workspace_id: str
    runs: tuple[LiveRun, ...]
    ended_until: datetime | None
    requests: int
    problem: str


def sweep(workspace: Workspace, before: Remembered, now: datetime, most_requests: int) -> Swept:
    """Ask for what is new; a fault ends the sweep with what has come until then. Refused where the workspace
    does not even say which it is."""
    asked = _Sweep(workspace, workspace.id, before, now, most_requests)
    try:
        asked.all_of_it()
    except Refused as fault:
        asked.problem = str(fault)
    return Swept(
        asked.workspace_id,
        tuple(asked.runs.values()),
        asked.ended_until,
        most_requests - asked.left,
        asked.problem,
    )


@dataclass(slots=True)
class _Sweep:
    workspace: Workspace
    workspace_id: str
    before: Remembered
    now: datetime
    left: int
    """Requests that may still be made; one that is told to wait counts once."""
    runs: dict[str, LiveRun] = field(default_factory=dict)
    failed: dict[str, FailedTask] = field(default_factory=dict)
    """Tasks whose errors are still to be asked for, by the run."""
    followed: set[str] = field(default_factory=set)
    """Runs that were asked for by themselves: no list says more of them."""
    ended_until: datetime | None = None
    problem: str = ""
    faults: int = 0

    def all_of_it(self) -> None:
        self._in_progress()
        self._follow(self._gone() + self._perhaps_repaired(), critical=True)
        self._explain(critical=True)
        self._ended_since()
        self._follow(self._gone(), critical=False)
        if not self.followed.issuperset(self._gone()):
            self.problem = _SHORT.format("have ended")
        self._explain(critical=False)
        self._follow(self._perhaps_repaired(), critical=False)

    def _in_progress(self) -> None:
        kept = min(len(self.before.critical), self.left // _KEPT_SHARE)
        if self._list(kept, active_only="true"):
            return
        self.problem = _SHORT.format("are in progress")
        seen = {run.job_id for run in self.runs.values()}
        for job_id in self.before.critical:
            if job_id not in seen:
                self._list(0, active_only="true", job_id=job_id)

    def _ended_since(self) -> None:
        since = max(self.before.ended_until, self.now - _FARTHEST) - _OVERLAP
        since_ms = int(since.timestamp() * 1000)
        if self._list(0, completed_only="true", start_time_from=since_ms, expand_tasks="true"):
            self.ended_until = self.now
        else:
            self.problem = _SHORT.format("have ended")

    def _gone(self) -> list[str]:
        """Runs that were in progress before, and are not in what was told now."""
        return [run_id for run_id in self.before.running if run_id not in self.runs]

    def _perhaps_repaired(self) -> list[str]:
        """Runs in progress that were not when they had begun a while ago: a list does not say since when they
        run again."""
        return [
            run.run_id
            for run in self.runs.values()
            if run.ended_at is None
            and run.run_id not in self.before.running
            and (run.run_id in self.before.ended or run.started_at < self.now - _OVERLAP)
        ]

    def _follow(self, run_ids: Iterable[str], *, critical: bool) -> None:
        """Ask for runs by themselves, critical ones alone or all of them."""
        for run_id in run_ids:
            if run_id in self.followed or (critical and not self._is_critical(run_id)):
                continue
            if self.left <= 0:
                break
            self.followed.add(run_id)
            try:
                self._take(self._ask(_GET, run_id=run_id, include_history="true"))
            except Refused as fault:
                if self._is_for_good(fault):
                    self._lost(run_id)

    def _is_for_good(self, fault: Refused) -> bool:
        """Whether asking again tells no more. One run that cannot be asked for holds up no other; several are
        a fault of the workspace, and are raised."""
        if fault.is_absent or fault.is_denied:
            return True
        self.problem = str(fault)
        self.faults += 1
        if self.faults > _MOST_FAULTS:
            raise fault
        return False

    def _lost(self, run_id: str) -> None:
        """A run that can no longer be asked for is not in progress as far as anybody knows."""
        if (run := self.before.running.get(run_id)) is None:
            return
        self.runs[run_id] = LiveRun(
            workspace_id=self.workspace_id, job_id=run.series_key.rpartition("/")[2],
            series_key=run.series_key, run_id=run_id, attempt=0, started_at=run.started_at,
            attempt_started_at=run.started_at, ended_at=self.now, state="ended", status="UNKNOWN",
            termination_code=None, queue_seconds=None, setup_seconds=None, execution_seconds=None,
            seen_at=self.now,
        )  # fmt: skip

    def _explain(self, *, critical: bool) -> None:
        """Ask for the errors of runs that failed: of critical ones alone, or of all, these first."""
        for run_id in sorted(self.failed, key=lambda run_id: not self._is_critical(run_id)):
            if critical and not self._is_critical(run_id):
                return
            if self.left <= 0:
                return
            task = self.failed.pop(run_id)
            line = None
            try:
                line = error_line(self._ask(_OUTPUT, run_id=task.run_id).get("error"))
            except Refused as fault:
                self._is_for_good(fault)
            if line is not None:
                self.runs[run_id] = replace(self.runs[run_id], error_line=line)

    def _list(self, kept: int, **query: str | int) -> bool:
        """Take a list, page by page, while more requests than `kept` are left; whether it came to its end."""
        pages = self.workspace.pages(_LIST, limit=_RUNS_A_PAGE, run_type="JOB_RUN", **query)
        for page in self._within(pages, kept):
            for told in objects(page, "runs"):
                self._take(told, is_listed=True)
            if not page.get("next_page_token"):
                return True
        return False

    def _within(self, pages: Iterator[Told], kept: int) -> Iterator[Told]:
        while self.left > kept:
            self.left -= 1
            yield next(pages)

    def _ask(self, path: str, **query: str | int) -> Told:
        self.left -= 1
        return self.workspace.ask(path, **query)

    def _take(self, told: Told, *, is_listed: bool = False) -> None:
        run = live_run(told, self.workspace_id, self.now)
        if run is None or (is_listed and run.run_id in self.followed):
            return
        if run.ended_at is not None and run.ended_at == self.before.ended.get(run.run_id):
            return
        if (known := self.before.running.get(run.run_id)) is not None:
            run = replace(run, series_key=known.series_key)
            # A list does not tell of repairs.
            if known.attempt > run.attempt and run.state != "queued":
                began_at = known.attempt_started_at or run.started_at
                run = replace(run, attempt=known.attempt, attempt_started_at=began_at)
        if run.is_failed and (task := failed_task(told)) is not None:
            run = replace(run, failed_task_key=task.key, error_line=error_line(task.message))
            self.failed[run.run_id] = task
        self.runs[run.run_id] = run

    def _is_critical(self, run_id: str) -> bool:
        run = self.runs.get(run_id) or self.before.running.get(run_id)
        return run is not None and run.series_key.rpartition("/")[2] in self.before.critical
