"""What a server did for each request of a client, by its own account: the event log of Apache Spark.

A server keeps one with the settings of `keeping`. A request is what a client asked over Spark Connect,
usually one SQL statement; the queries by which Delta carries it out count as its own.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

DRIVER = "driver"
"""The executor's name under which the server's own process is counted."""
_FILES, _BYTES = "number of files read", "size of files read"
_SQL = re.compile(r'query: "((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def keeping(folder: Path) -> dict[str, str]:
    """The settings of a server that keeps its event log, memory of processes included, in `folder`."""
    folder.mkdir(parents=True)
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder.resolve().as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.logStageExecutorMetrics": "true",
        "spark.executor.processTreeMetrics.enabled": "true",
        "spark.executor.metrics.pollingInterval": "200ms",
    }


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of a table: how many of its files, and of how many bytes."""

    table: str
    files: int
    bytes: int


@dataclass(slots=True)
class Request:
    """What one request of a client took."""

    text: str
    """Its SQL where it has some, else the plan as the client sent it, shortened by the server."""
    began_at: float
    """By the server's clock, in seconds since 1970."""
    is_finished: bool = False
    rows_returned: int = 0
    """Rows that were sent to the client."""
    result_bytes: int = 0
    """What tasks sent to the server's driver: rows for the client, and what Delta counts."""
    task_seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By executor, the time for which tasks ran there."""
    scans: list[Scan] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EventLog:
    """All requests in their order, and the most memory of each process."""

    requests: list[Request]
    peak_bytes: dict[str, dict[str, int]]
    """By executor, or `DRIVER`, and by Spark's name of the metric."""

    def task_seconds(self) -> dict[str, float]:
        """By executor, over all requests."""
        seconds: dict[str, float] = defaultdict(float)
        for request in self.requests:
            for executor, of_request in request.task_seconds.items():
                seconds[executor] += of_request
        return dict(seconds)


def event_log(folder: Path) -> EventLog:
    """The one event log in `folder`, of a server that runs or has ended."""
    [file] = (path for path in folder.iterdir() if not path.name.startswith("."))
    reader = _Reader()
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            # Of a server that runs, the last line may not have been written to its end.
            if line.endswith("\n"):
                reader.take(json.loads(line))
    return reader.event_log()


class _Reader:
    """Takes the events in the order in which they happened."""

    def __init__(self) -> None:
        self._requests: dict[str, Request] = {}
        """By the tag that the server gives to all that it does for a request."""
        self._of_execution: dict[int, Request] = {}
        self._of_stage: dict[int, Request] = {}
        self._scans: dict[int, tuple[Request, str, int]] = {}
        """By the number of the metric of files: whose scan, of which table, and the metric of bytes."""
        self._counts: dict[int, int] = {}
        self._peaks: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def take(self, event: Mapping[str, Any]) -> None:
        take = self._takes.get(event["Event"].rpartition(".")[2])
        if take is not None:
            take(self, event)

    def event_log(self) -> EventLog:
        for files, (request, table, size) in self._scans.items():
            # A plan that was changed before it ran leaves a scan without counts.
            if files in self._counts:
                scan = Scan(table, self._counts[files], self._counts.get(size, 0))
                request.scans.append(scan)
        peaks = {executor: dict(of_metric) for executor, of_metric in self._peaks.items()}
        return EventLog([*self._requests.values()], peaks)

    def _request_began(self, event: Mapping[str, Any]) -> None:
        self._requests[event["jobTag"]] = Request(
            _text(event["statementText"]), event["eventTime"] / 1000
        )

    def _request_ended(self, event: Mapping[str, Any]) -> None:
        request = self._requests[event["jobTag"]]
        request.is_finished = True
        request.rows_returned = event.get("producedRowCount") or 0

    def _execution_began(self, event: Mapping[str, Any]) -> None:
        request = self._tagged(event["jobTags"])
        if request is not None:
            self._of_execution[event["executionId"]] = request
            self._plan(event)

    def _plan(self, event: Mapping[str, Any]) -> None:
        """Note the scans of a plan, and of what became of it while it ran."""
        request = self._of_execution.get(event["executionId"])
        nodes = [] if request is None else [event["sparkPlanInfo"]]
        while nodes and request is not None:
            node = nodes.pop()
            nodes += node["children"]
            numbers = {metric["name"]: metric["accumulatorId"] for metric in node["metrics"]}
            if _FILES in numbers:
                table = node["nodeName"].split(" ")[-1]
                self._scans[numbers[_FILES]] = (request, table, numbers[_BYTES])

    def _counted(self, event: Mapping[str, Any]) -> None:
        self._counts |= dict(event["accumUpdates"])

    def _job_began(self, event: Mapping[str, Any]) -> None:
        request = self._tagged(event["Properties"].get("spark.job.tags", "").split(","))
        if request is not None:
            self._of_stage |= dict.fromkeys(event["Stage IDs"], request)

    def _task_ended(self, event: Mapping[str, Any]) -> None:
        request = self._of_stage.get(event["Stage ID"])
        metrics = event.get("Task Metrics")
        if request is not None and metrics is not None:
            executor = event["Task Info"]["Executor ID"]
            request.task_seconds[executor] += metrics["Executor Run Time"] / 1000
            if event["Task Type"] == "ResultTask":
                request.result_bytes += metrics["Result Size"]

    def _measured(self, event: Mapping[str, Any]) -> None:
        """Memory of a process, by the clock."""
        for update in event["Executor Metrics Updated"]:
            self._memory(event["Executor ID"], update["Executor Metrics"])

    def _stage_measured(self, event: Mapping[str, Any]) -> None:
        """The most memory of a process during a stage."""
        self._memory(event["Executor ID"], event["Executor Metrics"])

    def _memory(self, executor: str, metrics: Mapping[str, int]) -> None:
        peaks = self._peaks[executor]
        for name, value in metrics.items():
            peaks[name] = max(peaks[name], value)

    def _tagged(self, tags: Iterable[str]) -> Request | None:
        return next((self._requests[tag] for tag in tags if tag in self._requests), None)

    _takes: ClassVar[Mapping[str, Callable[["_Reader", Mapping[str, Any]], None]]] = {
        "SparkListenerConnectOperationStarted": _request_began,
        "SparkListenerConnectOperationFinished": _request_ended,
        "SparkListenerSQLExecutionStart": _execution_began,
        "SparkListenerSQLAdaptiveExecutionUpdate": _plan,
        "SparkListenerDriverAccumUpdates": _counted,
        "SparkListenerJobStart": _job_began,
        "SparkListenerTaskEnd": _task_ended,
        "SparkListenerExecutorMetricsUpdate": _measured,
        "SparkListenerStageExecutorMetrics": _stage_measured,
    }


def _text(statement: str) -> str:
    sql = _SQL.search(statement)
    if sql is None:
        return statement
    return _ESCAPED.sub(lambda escaped: "\n" if escaped[1] == "n" else escaped[1], sql[1])
