"""The jobs: a night with one task a stage of the graph, messages and the dashboard after them, the watch and deliveries
between nights, the weekly maintenance, the reports, and the self-test."""

from collections.abc import Collection, Mapping
from typing import Any

from pipeline.bundle.dashboards import refresh_tasks
from pipeline.bundle.environment import DISTRIBUTION, ENVIRONMENT_KEY, environments
from pipeline.bundle.securables import REPORTS
from pipeline.graph.graph import Graph

TRACK = "track"
"""The task after the stages: it logs the night to MLflow and registers its models."""
HOME = "${workspace.file_path}/resources/homes/${bundle.target}"
"""Where the settings of a target are once they are deployed."""

REPORTED_TO = "reports"

_NIGHTLY_AT = "0 0 3 * * ?"
_WATCHED_AT = "0 0/5 * * * ?"
_MAINTAINED_AT = "0 0 12 ? * SUN"
_WEEKLY_AT = "0 0 12 ? * TUE"
_MONTHLY_AT = "0 0 12 3 * ?"
"""Two nights after the last day, whose costs come a day late."""
_WATCH_MINUTES = 15
_DELIVERED_AT = "0 0/10 * * * ?"
_DELIVERING_MINUTES = 10
"""After a night, so that one answer of a channel that it is too busy does not cost a day."""
_TASK_HOURS = 3
_NIGHT_HOURS = 8
_LATE_HOURS = 2
_RETRIES = 2
_RETRY_MINUTES = 2
_WAIT = "--wait"
"""A try after one that was killed begins before that one's lease ends; and stages that need nothing of each
other write one after the other."""


def stage_needs(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Each stage of the graph with those it has to wait for, without what these wait for themselves."""
    read: dict[str, set[str]] = {stage: set() for stage in graph.stages}
    for step in graph.steps:
        layers = {str(table.layer) for table in step.reads}
        stage = str(step.stage)
        read[stage] |= layers & read.keys() - {stage}
    waited_for: dict[str, set[str]] = {}
    needs = {}
    for stage in graph.stages:
        # Stages come in order, so those it reads have been seen.
        through_others = {far for near in read[stage] for far in waited_for[near]}
        waited_for[stage] = read[stage] | through_others
        needs[stage] = tuple(name for name in graph.stages if name in read[stage] - through_others)
    return needs


def nightly(graph: Graph) -> dict[str, Any]:
    """The nightly job. Its steps are idempotent, so a task is safe to try again."""
    needs = stage_needs(graph)
    waited_for = {name for names in needs.values() for name in names}
    needs[TRACK] = tuple(stage for stage in graph.stages if stage not in waited_for)
    tasks = [_night_task(stage, stages_before) for stage, stages_before in needs.items()]
    tasks.append(_after_a_night())
    tasks += refresh_tasks(needs[TRACK])
    return _job(
        "nightly",
        "Reads what is new in the system tables and brings every table up to date.",
        tasks,
        {
            "home": HOME,
            # Empty: as of the newest that was seen.
            "as_of": "",
        },
        cron=_NIGHTLY_AT,
        hours=_NIGHT_HOURS,
    )


def watch() -> dict[str, Any]:
    """The job between nights, paused until somebody wants it: it asks every few minutes, and costs accordingly.

    One that is late is left out, and none is tried again, as the next one sees as much; and nobody is mailed of
    each that fails: where a workspace is not seen, an alert says so once.
    """
    job = _command_job(
        "watch",
        "Asks the Jobs API what runs and what has just failed, and decides who is told of it before the next night.",
        _WAIT,
        cron=_WATCHED_AT,
    )
    (task,) = job["tasks"]
    silent = {key: value for key, value in job.items() if not key.endswith("_notifications")}
    del silent["health"]
    most = {"timeout_seconds": _WATCH_MINUTES * 60}
    return {
        **silent,
        "schedule": {**job["schedule"], "pause_status": "PAUSED"},
        "queue": {"enabled": False},
        "tasks": [{**task, "max_retries": 0, **most}],
        **most,
    }


def deliver() -> dict[str, Any]:
    """The job that sends messages between nights, paused: it is for those who decide some between nights, or want
    them tried again sooner than after the next night, and starts compute 144 times a day."""
    job = _command_job(
        "alerts deliver",
        "Sends what waits in the outbox, and tries again what a channel did not take.",
        _WAIT,
        cron=_DELIVERED_AT,
    )
    job["schedule"]["pause_status"] = "PAUSED"
    return job


def maintain() -> dict[str, Any]:
    """The weekly job, at a time of day at which no night runs."""
    return _command_job(
        "maintain",
        "Compacts the tables and removes files that no reader needs any more.",
        _WAIT,
        cron=_MAINTAINED_AT,
    )


def reports(channels: Collection[str]) -> dict[str, Any]:
    """The jobs that write the reports, by name, when the last day of what they tell is billed. Where a channel is
    called `reports`, they are sent to it."""
    crons = {"weekly": _WEEKLY_AT, "monthly": _MONTHLY_AT}
    return {
        f"report_{rhythm}": _command_job(
            f"report {rhythm}",
            "Writes what changed, what it cost and what to do, for the account and for each team.",
            *("--out", REPORTS),
            *(("--send", REPORTED_TO) if REPORTED_TO in channels else ()),
            cron=cron,
        )
        for rhythm, cron in crons.items()
    }


def selftest() -> dict[str, Any]:
    """The job that shows, on request, that this workspace computes what it should."""
    return _command_job(
        "selftest",
        "Runs every stage over a small simulated account in a schema of its own, compares, and drops it.",
    )


def _night_task(stage: str, stages_before: tuple[str, ...]) -> dict[str, Any]:
    return _task(
        stage,
        stages_before,
        [
            *("nightly", "--only", stage, "--engine", "databricks", "--source", "databricks"),
            *("--home", "{{job.parameters.home}}"),
            # One night, whichever task and whichever try.
            *("--night", "{{job.run_id}}"),
            # One word: an empty time is none.
            "--as-of={{job.parameters.as_of}}",
            _WAIT,
        ],
    )


def _after_a_night() -> dict[str, Any]:
    """Messages that are decided go out even where a later stage of the night has failed."""
    words = [
        *("alerts", "deliver", "--for", str(_DELIVERING_MINUTES)),
        *("--engine", "databricks", "--home", "{{job.parameters.home}}"),
    ]
    return _task("deliver", (TRACK,), words) | {"run_if": "ALL_DONE"}


def _command_job(
    command: str, description: str, *more: str, cron: str | None = None
) -> dict[str, Any]:
    """A job of one task, which is called as its command is."""
    words = [*command.split(), "--engine", "databricks", "--home", "{{job.parameters.home}}", *more]
    return _job(
        command,
        description,
        [_task(command.replace(" ", "_"), (), words)],
        {"home": HOME},
        cron=cron,
        hours=_TASK_HOURS,
    )


def _task(key: str, keys_before: tuple[str, ...], words: list[str]) -> dict[str, Any]:
    depends_on = {"depends_on": [{"task_key": before} for before in keys_before]}
    return {
        "task_key": key,
        **(depends_on if keys_before else {}),
        "environment_key": ENVIRONMENT_KEY,
        "python_wheel_task": {
            "package_name": DISTRIBUTION,
            "entry_point": DISTRIBUTION,
            "parameters": words,
        },
        # Serverless would try again by rules of its own.
        "disable_auto_optimization": True,
        "max_retries": _RETRIES,
        "min_retry_interval_millis": _RETRY_MINUTES * 60_000,
        "retry_on_timeout": False,
        "timeout_seconds": _TASK_HOURS * 3600,
    }


def _job(
    command: str,
    description: str,
    tasks: list[dict[str, Any]],
    parameters: Mapping[str, str],
    *,
    cron: str | None,
    hours: int,
) -> dict[str, Any]:
    """What every job has in common: one run at a time, and a word to people where it fails or is late."""
    events = ("on_failure", "on_duration_warning_threshold_exceeded")
    return {
        "name": f"{DISTRIBUTION} {command}",
        "description": description,
        # RightRun finds its own cost as it finds that of every job: by these.
        "tags": {"product": DISTRIBUTION, "team": "${var.team}"},
        # Without a pause status: development and staging pause it, production does not.
        **(
            {"schedule": {"quartz_cron_expression": cron, "timezone_id": "UTC"}}
            if cron is not None
            else {}
        ),
        "parameters": [{"name": name, "default": default} for name, default in parameters.items()],
        "max_concurrent_runs": 1,
        "queue": {"enabled": True},
        "timeout_seconds": hours * 3600,
        "performance_target": "STANDARD",
        "health": {
            "rules": [
                {
                    "metric": "RUN_DURATION_SECONDS",
                    "op": "GREATER_THAN",
                    "value": _LATE_HOURS * 3600,
                }
            ]
        },
        "email_notifications": {event: ["${var.notification_email}"] for event in events},
        "webhook_notifications": dict.fromkeys(events, "${var.destinations}"),
        "environments": environments(),
        "tasks": tasks,
    }
