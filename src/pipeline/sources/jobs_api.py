"""How jobs are set up, asked of the Jobs API of one workspace, every job each night.

A listing names a hundred jobs a page with their tasks and clusters; of a job with more than a hundred
of these the others are asked for by themselves. The list does not tell what has changed, so all of it is
read, and bronze keeps what differs. A job that cannot be read is a row that says why; a listing
that fails leaves what bronze has, and a notice.

Each column is picked from the settings by name. Whatever else they hold, such as parameters, environment
variables and addresses, is dropped here and reaches no row.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import UserError
from pipeline.sources.protocol import Batch, Delivery, Presence
from pipeline.tables.declaration import SourceTable
from pipeline.tables.source import JOB_SETTINGS
from pipeline.tables.types import arrow_schema
from pipeline.workspace.connection import Refused, Workspace, objects

Progress = Callable[[int], None]
"""Told how many jobs have been read."""

_LIST, _GET = "/api/2.2/jobs/list", "/api/2.2/jobs/get"
_JOBS_A_PAGE = 100
_JOBS_A_PART = 1_000
"""A message of the engine's holds 128 MB, and the largest jobs take some 50 KB."""
_PAGED = ("tasks", "job_clusters", "environments")
"""What of a job comes in pages where it is long."""
_SNAPSHOT = "snapshot"
_SCHEMA = pa.schema([field.with_nullable(True) for field in arrow_schema(JOB_SETTINGS)])
_NOT_AS_PROMISED = "its settings are not of the form that the API promises"


class JobsApi:
    """The Jobs API behind the protocol of `pipeline.sources.protocol`, for the table job_settings."""

    name = "jobs_api"

    def __init__(
        self,
        spark: SparkSession,
        connect: Callable[[], Workspace] = Workspace.connect,
        progress: Progress = lambda _jobs: None,
    ) -> None:
        self._spark = spark
        self._connect = connect
        self._progress = progress
        self._problem = ""

    def inspect(self, table: SourceTable) -> Presence:
        try:
            workspace = self._connect()
            workspace.ask(_LIST, limit=1)
            where = f"Jobs API of workspace {workspace.id}"
        except (UserError, Refused) as fault:
            return Presence(table, found=False, problem=str(fault))
        return Presence(table, found=True, where=where)

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:  # noqa: ARG002 (of the protocol)
        try:
            workspace = self._connect()
            parts, jobs = self._parts(job_rows(workspace))
        except (UserError, Refused) as fault:
            self._problem = str(fault)
            return None
        if not jobs:
            self._problem = "it lists no job: whoever asks may see none"
            return None
        return Delivery((Batch(parts, jobs),), _SNAPSHOT)

    def notices(self) -> tuple[str, ...]:
        if not self._problem:
            return ()
        return (
            f"{JOB_SETTINGS.system_name} was not read ({self._problem}), so {JOB_SETTINGS.switches_off}"
            " are as they were last told, or not known",
        )

    def _parts(self, rows: Iterable[dict[str, Any]]) -> tuple[tuple[DataFrame, ...], int]:
        """The rows as frames of so many jobs each, and how many they are."""
        parts, jobs = [], 0
        remaining = iter(rows)
        while part := list(islice(remaining, _JOBS_A_PART)):
            parts.append(self._spark.createDataFrame(pa.Table.from_pylist(part, _SCHEMA)))
            jobs += len(part)
            self._progress(jobs)
        return tuple(parts), jobs


def job_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """A row of job_settings for each job that whoever asks may see; Refused where the list cannot be
    read."""
    for listed in workspace.listed(_LIST, "jobs", limit=_JOBS_A_PAGE, expand_tasks="true"):
        key = {"workspace_id": workspace.id, "job_id": _text(listed.get("job_id"))}
        try:
            yield key | _row(_settings_of(workspace, listed))
        except Refused as fault:
            yield key | {"error": str(fault)}
        except (AttributeError, KeyError, TypeError):
            yield key | {"error": _NOT_AS_PROMISED}


def _settings_of(workspace: Workspace, listed: dict[str, Any]) -> dict[str, Any]:
    """The settings of a listed job, with all its tasks and clusters."""
    if not listed.get("has_more"):
        return dict(listed["settings"]) if "settings" in listed else {}
    settings: dict[str, Any] = {}
    for page in workspace.pages(_GET, job_id=listed["job_id"]):
        more = page.get("settings") or {}
        arrays = {field: objects(settings, field) + objects(more, field) for field in _PAGED}
        settings = more | settings | arrays
    return settings


def _row(settings: dict[str, Any]) -> dict[str, Any]:
    """The columns of one job that its settings tell."""
    schedule = settings.get("schedule") or {}
    kind, trigger = _trigger(settings)
    run_as = settings.get("run_as") or {}
    policy_id = settings.get("usage_policy_id") or settings.get("budget_policy_id")
    tasks = objects(settings, "tasks")
    own = [
        (None, task.get("task_key"), task["new_cluster"])
        for task in tasks
        if task.get("new_cluster")
    ]
    shared = [
        (cluster.get("job_cluster_key"), None, cluster.get("new_cluster") or {})
        for cluster in objects(settings, "job_clusters")
    ]
    return {
        "name": _text(settings.get("name")),
        "run_as": _text(run_as.get("user_name") or run_as.get("service_principal_name")),
        "tags": [(_text(k), _text(v)) for k, v in (settings.get("tags") or {}).items()],
        "trigger_type": kind,
        "pause_status": _text(trigger.get("pause_status")),
        "quartz_cron_expression": _text(schedule.get("quartz_cron_expression")),
        "timezone_id": _text(schedule.get("timezone_id")),
        "max_concurrent_runs": _whole(settings.get("max_concurrent_runs")),
        "queue_enabled": _flag((settings.get("queue") or {}).get("enabled")),
        "timeout_seconds": _whole(settings.get("timeout_seconds")),
        "health_rules": [
            {
                "metric": _text(r.get("metric")),
                "op": _text(r.get("op")),
                "value": _whole(r.get("value")),
            }
            for r in objects(settings.get("health") or {}, "rules")
        ],
        "performance_target": _text(settings.get("performance_target")),
        "usage_policy_id": _text(policy_id),
        "notifications": _notifications(settings),
        "tasks": [_task(task) for task in tasks],
        "clusters": [_cluster(*cluster) for cluster in (*shared, *own)],
        "environments": [_environment(one) for one in objects(settings, "environments")],
    }


def _trigger(settings: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """What starts the job, in the API's word, and where its pause stands."""
    for kind in ("schedule", "continuous"):
        if settings.get(kind):
            return kind, settings[kind]
    trigger = settings.get("trigger") or {}
    kinds = [kind for kind, value in trigger.items() if isinstance(value, dict)]
    return (kinds[0] if kinds else None), trigger


def _notifications(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """How many are told of which event; who they are is left out."""
    emails = settings.get("email_notifications") or {}
    destinations = settings.get("webhook_notifications") or {}
    events = sorted(event for event in {*emails, *destinations} if event.startswith("on_"))
    counts = [(event, _count(emails, event), _count(destinations, event)) for event in events]
    return [
        {"event": event, "emails": addresses, "destinations": others}
        for event, addresses, others in counts
        if addresses or others
    ]


def _count(notified: dict[str, Any], event: str) -> int:
    return len(notified.get(event) or ())


def _task(task: dict[str, Any]) -> dict[str, Any]:
    kinds = (field.removesuffix("_task") for field in task if field.endswith("_task"))
    failures = [one for one in _notifications(task) if one["event"] == "on_failure"]
    return {
        "task_key": _text(task.get("task_key")),
        "kind": next(kinds, None),
        "job_cluster_key": _text(task.get("job_cluster_key")),
        "existing_cluster_id": _text(task.get("existing_cluster_id")),
        "environment_key": _text(task.get("environment_key")),
        "max_retries": _whole(task.get("max_retries")),
        "min_retry_interval_millis": _whole(task.get("min_retry_interval_millis")),
        "retry_on_timeout": _flag(task.get("retry_on_timeout")),
        "timeout_seconds": _whole(task.get("timeout_seconds")),
        "run_if": _text(task.get("run_if")),
        "failure_recipients": sum(one["emails"] + one["destinations"] for one in failures),
    }


def _cluster(job_cluster_key: object, task_key: object, cluster: dict[str, Any]) -> dict[str, Any]:
    autoscale = cluster.get("autoscale") or {}
    clouds = [cluster.get(f"{cloud}_attributes") or {} for cloud in ("aws", "azure", "gcp")]
    availability = next((one["availability"] for one in clouds if "availability" in one), None)
    on_demand = next((one["first_on_demand"] for one in clouds if "first_on_demand" in one), None)
    return {
        "job_cluster_key": _text(job_cluster_key),
        "task_key": _text(task_key),
        **{name: _text(cluster.get(name)) for name in _CLUSTER_TEXTS},
        "num_workers": _whole(cluster.get("num_workers")),
        "min_workers": _whole(autoscale.get("min_workers")),
        "max_workers": _whole(autoscale.get("max_workers")),
        "availability": _text(availability),
        "first_on_demand": _whole(on_demand),
    }


_CLUSTER_TEXTS = (
    "spark_version",
    "node_type_id",
    "driver_node_type_id",
    "instance_pool_id",
    "driver_instance_pool_id",
    "policy_id",
    "data_security_mode",
    "runtime_engine",
)


def _environment(environment: dict[str, Any]) -> dict[str, Any]:
    """Dependencies are counted only: an address of a package may hold a password."""
    spec = environment.get("spec") or {}
    return {
        "environment_key": _text(environment.get("environment_key")),
        "environment_version": _text(spec.get("environment_version") or spec.get("client")),
        "dependencies": len(spec.get("dependencies") or ()),
    }


def _text(value: object) -> str | None:
    """An id or a word; what is neither says nothing."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if abs(value) < 2**63 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
