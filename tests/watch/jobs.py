"""Runs of a local workspace, listed, paged and told one by one as the Jobs API 2.2 does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.workspace.server import ABSENT, WORKSPACE_ID, Answer, Query, Server

LIST, GET, OUTPUT = (f"/api/2.2/jobs/runs/{name}" for name in ("list", "get", "get-output"))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
W = str(WORKSPACE_ID)
Run = dict[str, Any]


def ms(minutes_ago: float) -> int:
    return int((NOW - timedelta(minutes=minutes_ago)).timestamp() * 1000)


def running(run_id: int, job_id: int = 1, minutes_ago: float = 30, **more: Any) -> Run:
    return {
        "run_id": run_id, "job_id": job_id, "run_name": "x", "run_type": "JOB_RUN", "start_time": ms(minutes_ago),
        "end_time": 0, "setup_duration": 0, "execution_duration": 0, "queue_duration": 1500,
        "status": {"state": "RUNNING"}, "state": {"life_cycle_state": "RUNNING"},
    } | more  # fmt: skip


def ended(
    run_id: int, job_id: int = 1, begun: float = 30, minutes_ago: float = 5, code: str = "SUCCESS", **more: Any
) -> Run:  # fmt: skip
    details = {
        "code": code,
        "type": "SUCCESS" if code == "SUCCESS" else "CLIENT_ERROR",
        "message": f"{code}.",
    }
    status = {"state": "TERMINATED", "termination_details": details}
    return running(run_id, job_id, begun, end_time=ms(minutes_ago), status=status, state={}) | more


def failed_task(run_id: int, key: str, minutes_ago: float = 5, **more: Any) -> Run:
    return ended(run_id, 0, 30, minutes_ago, "RUN_EXECUTION_ERROR") | {"task_key": key} | more


@dataclass
class Jobs:
    """The runs that there are, by their id. A list names them newest first, and without their tasks unless
    these are asked for; its history a run tells by itself alone."""

    server: Server
    runs: dict[int, Run] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    """What the task runs say of their end."""

    def __post_init__(self) -> None:
        self.server.says(LIST, self._list)
        self.server.says(GET, self._get)
        self.server.says(OUTPUT, self._output)

    def have(self, *runs: Run) -> None:
        self.runs |= {run["run_id"]: run for run in runs}

    def asked(self, path: str) -> list[Query]:
        return [query for asked, query in self.server.requests if asked == path]

    def first(self, path: str, *answers: Answer, then: Callable[[Query], Answer]) -> None:
        """These answers to a path, and then what it answers else."""
        self.server.says(path, *answers, then)

    def _list(self, query: Query) -> Answer:
        limit = int(query["limit"])
        assert 0 < limit < 25
        assert not ("active_only" in query and "completed_only" in query)
        runs = sorted(
            self.runs.values(), key=lambda run: (-run.get("start_time", 0), run["run_id"])
        )
        chosen = [run for run in runs if _is_listed(run, query)]
        begins = int(query.get("page_token", 0))
        page = [_listed(run, query) for run in chosen[begins : begins + limit]]
        token = {"next_page_token": str(begins + limit)} if begins + limit < len(chosen) else {}
        return Answer({"runs": page, **token} if page else {})

    def _get(self, query: Query) -> Answer:
        run = self.runs.get(int(query["run_id"]))
        return ABSENT if run is None else Answer(run)

    def _output(self, query: Query) -> Answer:
        return Answer(
            {"error": self.errors.get(int(query["run_id"]), ""), "error_trace": "hunter2"}
        )


def _is_listed(run: Run, query: Query) -> bool:
    is_active = not run.get("end_time")
    return (
        ("active_only" not in query or is_active)
        and ("completed_only" not in query or not is_active)
        and run["job_id"] == int(query.get("job_id", run["job_id"]))
        and run.get("start_time", 0) >= int(query.get("start_time_from", 0))
    )


def _listed(run: Run, query: Query) -> Run:
    left_out = {"repair_history"} | (set() if "expand_tasks" in query else {"tasks"})
    return {name: value for name, value in run.items() if name not in left_out}
