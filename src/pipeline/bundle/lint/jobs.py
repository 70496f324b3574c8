"""Whether jobs hold together: tasks that wait for each other, environments, entry points, schedules."""

from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import distribution
from typing import Any
from zoneinfo import ZoneInfo

from optimizer.schedule.cron import Quartz
from pipeline.bundle.environment import DISTRIBUTION
from pipeline.bundle.lint.documents import Documents, Resource, items, mapping
from pipeline.bundle.lint.fault import Fault

_NIGHT = "nightly"


def job_faults(documents: Documents) -> Iterator[Fault]:
    for job in documents.resources("jobs"):
        yield from _task_faults(job)
        yield from _order_faults(job)
        yield from _schedule_faults(job)
        yield from _night_faults(job)


def task_place(number: int) -> str:
    return f".tasks[{number}]"


def _task_faults(job: Resource) -> Iterator[Fault]:
    listed = items(job.value.get("environments"))
    environments = [environment.get("environment_key") for environment in listed]
    tasks = items(job.value.get("tasks"))
    if not tasks:
        yield job.fault(".tasks", "a job needs a task")
    for number, task in enumerate(tasks):
        place = task_place(number)
        kinds = [name for name in task if str(name).endswith("_task")]
        if len(kinds) != 1:
            named = ", ".join(kinds) or "none"
            yield job.fault(place, f"a task is of one kind, and this one of {len(kinds)} ({named})")
        environment = task.get("environment_key")
        if environment is not None and environment not in environments:
            yield job.fault(
                f"{place}.environment_key", f"the job has no environment {environment!r}"
            )
        if "python_wheel_task" in task:
            clusters = {"job_cluster_key", "new_cluster", "existing_cluster_id"} & task.keys()
            if environment is None and not clusters:
                yield job.fault(place, "a wheel on serverless needs an environment_key")
            yield from _entry_point_faults(job, place, mapping(task["python_wheel_task"]))


def _entry_point_faults(job: Resource, place: str, wheel: Mapping[str, Any]) -> Iterator[Fault]:
    if wheel.get("package_name") != DISTRIBUTION:
        return  # Of another's wheel nothing is known here.
    scripts = distribution(DISTRIBUTION).entry_points.select(group="console_scripts")
    names = sorted(point.name for point in scripts)
    if (name := wheel.get("entry_point")) not in names:
        yield job.fault(
            f"{place}.python_wheel_task.entry_point",
            f"{DISTRIBUTION} has no entry point {name!r}; it has {', '.join(names) or 'none'}",
        )


def _order_faults(job: Resource) -> Iterator[Fault]:
    tasks = items(job.value.get("tasks"))
    keys = Counter(str(task.get("task_key")) for task in tasks)
    for key, count in keys.items():
        if count > 1:
            yield job.fault(".tasks", f"{count} tasks have the task_key {key!r}")
    waits_for: dict[str, set[str]] = {}
    for number, task in enumerate(tasks):
        needed = {str(before.get("task_key")) for before in items(task.get("depends_on"))}
        for missing in sorted(needed - keys.keys()):
            yield job.fault(f"{task_place(number)}.depends_on", f"the job has no task {missing!r}")
        waits_for.setdefault(str(task.get("task_key")), set()).update(needed & keys.keys())
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        yield job.fault(".tasks", f"tasks wait for each other: {circle}")


def _schedule_faults(job: Resource) -> Iterator[Fault]:
    schedule = job.value.get("schedule")
    if schedule is None:
        return
    cron, zone = (mapping(schedule).get(name) for name in ("quartz_cron_expression", "timezone_id"))
    if not isinstance(cron, str) or "${" not in cron:
        try:
            Quartz.read(str(cron))
        except ValueError as error:
            yield job.fault(".schedule.quartz_cron_expression", str(error))
    if not isinstance(zone, str) or "${" not in zone:
        try:
            ZoneInfo(str(zone))
        except (ValueError, OSError, KeyError):
            yield job.fault(".schedule.timezone_id", f"there is no time zone {zone!r}")


def _night_faults(job: Resource) -> Iterator[Fault]:
    """Tables have one writer: of a night there is one run at a time."""
    words = [
        mapping(task.get("python_wheel_task")).get("parameters")
        for task in items(job.value.get("tasks"))
    ]
    is_night = any(isinstance(listed, list) and listed[:1] == [_NIGHT] for listed in words)
    if is_night and job.value.get("max_concurrent_runs") != 1:
        yield job.fault(
            ".max_concurrent_runs", "must be 1: two nights at once would write the same tables"
        )
