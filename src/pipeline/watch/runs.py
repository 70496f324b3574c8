"""A run as the Jobs API 2.2 tells it, whichever of its fields come: those that are not what they should be say
nothing, and words that nobody knows are no failure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pipeline.silver.outcome import CLASS_OF_CODE, STATUS_OF_RESULT
from pipeline.workspace.connection import Refused, objects

__all__ = ["LiveRun", "failed_task", "live_run"]

_FAILURES: Final = ("FAILED", "TIMEOUT")
_STATES: Final = {
    "QUEUED": "queued",
    "PENDING": "queued",
    "BLOCKED": "queued",
    "WAITING": "queued",
    "WAITING_FOR_RETRY": "queued",
    "RUNNING": "running",
    "TERMINATING": "terminating",
    "TERMINATED": "ended",
    "SKIPPED": "ended",
    "INTERNAL_ERROR": "ended",
}
_STATUS_OF_CODE: Final = {
    "SUCCESS": "SUCCEEDED",
    "SUCCESS_WITH_FAILURES": "SUCCEEDED",
    "USER_CANCELED": "CANCELLED",
    "CANCELED": "CANCELLED",
    "SKIPPED": "SKIPPED",
    "DISABLED": "SKIPPED",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "SKIPPED",
    "MAX_JOB_QUEUE_SIZE_EXCEEDED": "SKIPPED",
    "TIMED_OUT": "TIMEOUT",
    "RUN_TIMED_OUT": "TIMEOUT",
}
_STATUS_OF_TYPE: Final = {
    "SUCCESS": "SUCCEEDED",
    "INTERNAL_ERROR": "FAILED",
    "CLIENT_ERROR": "FAILED",
    "CLOUD_FAILURE": "FAILED",
}
_OLDEST: Final = datetime(2010, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A row of `ops.live_runs` but for what a forecast adds. Times have a zone."""

    workspace_id: str
    job_id: str
    series_key: str
    run_id: str
    attempt: int
    started_at: datetime
    attempt_started_at: datetime
    ended_at: datetime | None
    state: str
    status: str
    termination_code: str | None
    queue_seconds: float | None
    setup_seconds: float | None
    execution_seconds: float | None
    seen_at: datetime
    failed_task_key: str | None = None
    error_line: str | None = None

    @property
    def is_failed(self) -> bool:
        return self.status in _FAILURES

    @property
    def failure_class(self) -> str | None:
        if not self.is_failed:
            return None
        return CLASS_OF_CODE.get(self.termination_code or "", "other")

    @property
    def seen_until(self) -> datetime:
        return self.ended_at or self.seen_at

    @property
    def elapsed_seconds(self) -> float:
        return max(0.0, (self.seen_until - self.attempt_started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class FailedTask:
    """The task of a run that failed first: its own run, and what is said of its end."""

    key: str | None
    run_id: str
    message: str | None


def live_run(told: dict[str, Any], workspace_id: str, seen_at: datetime) -> LiveRun | None:
    """What one object of the API says of a run of a job; None where it does not say which, or since when."""
    run_id, job_id = _id(told.get("run_id")), _id(told.get("job_id"))
    started_at = _time(told.get("start_time"))
    if run_id is None or job_id is None or started_at is None:
        return None
    ended_at = _time(told.get("end_time"))
    state = _state(told, has_ended=ended_at is not None)
    repairs = [
        time
        for repair in _objects(told, "repair_history")
        if repair.get("type") == "REPAIR" and (time := _time(repair.get("start_time"))) is not None
    ]
    if state == "ended":
        # Without an end of its own it ended some time before it was seen so.
        ended_at = max(started_at, ended_at or seen_at)
        began_at = max((time for time in repairs if time <= ended_at), default=started_at)
        status, code = _outcome(told)
    else:
        ended_at, status, code = None, "IN_FLIGHT", None
        began_at = seen_at if state == "queued" else max(repairs, default=started_at)
    return LiveRun(
        workspace_id=workspace_id,
        job_id=job_id,
        series_key=f"{workspace_id}/{job_id}",
        run_id=run_id,
        attempt=len(repairs),
        started_at=started_at,
        attempt_started_at=began_at,
        ended_at=ended_at,
        state=state,
        status=status,
        termination_code=code,
        queue_seconds=_seconds(told.get("queue_duration")),
        setup_seconds=_seconds(told.get("setup_duration")),
        execution_seconds=_seconds(told.get("execution_duration")),
        seen_at=seen_at,
    )


def failed_task(told: dict[str, Any]) -> FailedTask | None:
    """The task that failed first, each by its last attempt; the run itself where it has no task."""
    tasks: dict[str, dict[str, Any]] = {}
    for task in _objects(told, "tasks"):
        key = _word(task.get("task_key")) or ""
        if key not in tasks or _begun(task) >= _begun(tasks[key]):
            tasks[key] = task
    failed = [task for task in tasks.values() if _outcome(task)[0] in _FAILURES]
    if not failed:
        return None if tasks else _as_failed(told)
    return _as_failed(
        min(failed, key=lambda task: (_time(task.get("end_time")) or _OLDEST, _begun(task)))
    )


def _as_failed(told: dict[str, Any]) -> FailedTask | None:
    run_id = _id(told.get("run_id"))
    if run_id is None:
        return None
    message = _object(_object(told, "status"), "termination_details").get("message")
    message = message or _object(told, "state").get("state_message")
    return FailedTask(
        _word(told.get("task_key")), run_id, message if isinstance(message, str) else None
    )


def _state(told: dict[str, Any], *, has_ended: bool) -> str:
    """Where it stands, in our words; by its end where the API's word is new."""
    word = _word(_object(told, "status").get("state"))
    word = word or _word(_object(told, "state").get("life_cycle_state"))
    return _STATES.get(word or "", "ended" if has_ended else "running")


def _outcome(told: dict[str, Any]) -> tuple[str, str | None]:
    """Status and code of what has ended: by the code, its type, and the words of older workspaces."""
    details = _object(_object(told, "status"), "termination_details")
    state = _object(told, "state")
    code = _word(details.get("code"))
    result = _word(state.get("result_state"))
    life_cycle = _word(state.get("life_cycle_state"))
    status = (
        STATUS_OF_RESULT.get(result or "")
        or _STATUS_OF_CODE.get(code or "")
        or ("FAILED" if code in CLASS_OF_CODE else None)
        or _STATUS_OF_TYPE.get(_word(details.get("type")) or "")
        or STATUS_OF_RESULT.get(life_cycle or "")
        or "UNKNOWN"
    )
    return status, code or result


def _begun(task: dict[str, Any]) -> tuple[int, float]:
    attempt = task.get("attempt_number")
    return (
        attempt if isinstance(attempt, int) else 0,
        (_time(task.get("start_time")) or _OLDEST).timestamp(),
    )


def _object(told: dict[str, Any], field: str) -> dict[str, Any]:
    value = told.get(field)
    return value if isinstance(value, dict) else {}


def _objects(told: dict[str, Any], field: str) -> list[dict[str, Any]]:
    try:
        return objects(told, field)
    except Refused:
        return []


def _id(value: object) -> str | None:
    """A number as the API writes ids, or the same as a text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return text if text.isascii() and text.isdigit() and len(text) <= 20 else None


def _word(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _time(value: object) -> datetime | None:
    """Milliseconds since 1970, as a time that a table takes; 0 stands for none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 4e12:
        return None
    time = datetime.fromtimestamp(value / 1000, UTC)
    return time if time >= _OLDEST else None


def _seconds(value: object) -> float | None:
    """Milliseconds as seconds; what is no duration says nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        return None
    return value / 1000
