"""One run part by part, beside what is usual of its job or beside another run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from pipeline.answers.phrases import cost_of
from pipeline.answers.reader import Reader, Record, records
from pipeline.answers.runs.reasons import bytes_words, of_run
from pipeline.answers.values import shown, text
from pipeline.errors import UserError

__all__ = ["Comparison", "Part", "comparison", "run_named"]

_LEAST_USUAL: Final = 3
"""Runs before that it takes to say what is usual."""
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a run: its value, that of what it is compared with, and both as people read them."""

    name: str
    value: Any
    beside: Any
    words: str
    beside_words: str
    is_seconds: bool = False

    @property
    def difference(self) -> float | None:
        if self.value is None or self.beside is None or not self.is_seconds:
            return None
        return float(self.value) - float(self.beside)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run, what it is beside (another run, or `usual_of` runs before it), and what Gold says of it."""

    run: Record
    against: Record | None
    usual_of: int
    parts: tuple[Part, ...]
    causes: list[Record]
    changes: list[Record]

    def for_scripts(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "against": {} if self.against is None else self.against,
            "usual_of_runs": self.usual_of,
            "parts": [
                {
                    "part": part.name,
                    "value": part.value,
                    "beside": part.beside,
                    "difference_seconds": part.difference,
                }
                for part in self.parts
            ],
            "causes": self.causes,
            "changes": self.changes,
        }


def run_named(reader: Reader, run_name: str) -> Record:
    """The run called `RUN` or `WORKSPACE/RUN`; UserError unless exactly one."""
    workspace, _, run_id = run_name.rpartition("/")
    runs = [
        run
        for run in records(reader, "runs", "named", run_id=run_id)
        if workspace in ("", run["workspace_id"])
    ]
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise UserError(
            f"no run has the id {run_name!r}: rightrun show job KEY lists those of a job"
        )
    listed = ", ".join(f"{run['workspace_id']}/{run['run_id']}" for run in runs)
    raise UserError(f"{run_name!r} names runs of several workspaces: say which of {listed}")


def comparison(reader: Reader, run_name: str, against: str | None = None) -> Comparison:
    """The run `run_name`, beside the run `against` or what is usual of its job."""
    measured, earlier = _measured(reader, run_named(reader, run_name))
    beside: Record | None = None
    usual: Sequence[Record] = earlier if len(earlier) >= _LEAST_USUAL else ()
    if against is not None:
        beside, _ = _measured(reader, run_named(reader, against))
        usual = (beside,)
    key = str(measured["series_key"])
    return Comparison(
        run=measured,
        against=beside,
        usual_of=0 if against is not None else len(usual),
        parts=tuple(_parts(measured, usual)),
        causes=of_run(records(reader, "runs", "causes", series_key=key), measured["run_id"]),
        changes=of_run(records(reader, "runs", "changes", series_key=key), measured["run_id"]),
    )


def _measured(reader: Reader, run: Record) -> tuple[Record, list[Record]]:
    """A run and the runs of its job before it, each with its tasks and what they make of its time."""
    started: datetime = run["started_at"]
    of_job = records(
        reader,
        "runs",
        "compared",
        series_key=run["series_key"],
        run_id=run["run_id"],
        started_at=started.isoformat(),
    )
    first = min(one["started_at"] for one in of_job)
    tasks = records(
        reader,
        "runs",
        "tasks",
        series_key=run["series_key"],
        since=first.isoformat(),
        started_at=(started + _MOMENT).isoformat(),
    )
    by_run: dict[str, list[Record]] = {}
    for task in tasks:
        by_run.setdefault(task["run_id"], []).append(task)
    for one in of_job:
        _add_tasks(one, by_run.get(one["run_id"], []))
    itself, *earlier = sorted(of_job, key=lambda one: one["run_id"] != run["run_id"])
    return itself, earlier


def _add_tasks(run: Record, tasks: list[Record]) -> None:
    """Adds the set-up, execution and later attempts of a run, and what each task worked in its last try."""
    first = run["first_attempt_seconds"]
    setup = max((task["setup_seconds"] or 0.0 for task in tasks), default=None)
    run["setup_seconds"] = setup
    run["execution_seconds"] = None if first is None else max(first - (setup or 0.0), 0.0)
    run["later_attempts_seconds"] = None if first is None else max(run["wall_seconds"] - first, 0.0)
    run["tasks"] = {
        task["task_key"]: task["duration_seconds"] - (task["setup_seconds"] or 0.0)
        for task in tasks
        if task["task_key"] is not None and task["status"] != "SKIPPED"
    }
    run["cluster"] = _cluster_words(run)


def _cluster_words(run: Record) -> str | None:
    if run["worker_node_type"] is None:
        return None
    size = run["workers"]
    if run["max_workers"] is not None:
        size = f"{run['min_workers']} to {run['max_workers']}"
    workers = "" if size is None else f"{size} worker{'' if size == 1 else 's'}"
    return ", ".join(filter(None, (run["worker_node_type"], workers, run["dbr_version"])))


def _parts(run: Record, usual: Sequence[Record]) -> Iterator[Part]:
    for name, column in (
        ("queue", "queue_seconds"),
        ("set-up", "setup_seconds"),
        ("execution", "execution_seconds"),
    ):
        yield _seconds(name, run[column], [one[column] for one in usual])
    names = dict.fromkeys([*run["tasks"], *(task for one in usual for task in one["tasks"])])
    for task in names:
        beside = [one["tasks"].get(task) for one in usual]
        yield _seconds(f"task {text(task)}", run["tasks"].get(task), beside)
    column = "later_attempts_seconds"
    yield _seconds("later attempts", run[column], [one[column] for one in usual])
    yield _seconds(
        "first start to last end", run["wall_seconds"], [o["wall_seconds"] for o in usual]
    )
    read = _median([one["input_bytes"] for one in usual])
    yield Part(
        "input", run["input_bytes"], read, bytes_words(run["input_bytes"]), bytes_words(read)
    )
    spilled = _median([one["spilled_bytes"] for one in usual])
    yield Part(
        "spilled",
        run["spilled_bytes"],
        spilled,
        bytes_words(run["spilled_bytes"]),
        bytes_words(spilled),
    )
    clusters = [one["cluster"] for one in usual if one["cluster"] is not None]
    most = max(sorted(set(clusters)), key=clusters.count) if clusters else None
    yield Part("cluster", run["cluster"], most, text(run["cluster"]), text(most))
    attempts = _median([one["attempts"] for one in usual])
    yield Part(
        "attempts", run["attempts"], attempts, shown("n", run["attempts"]), shown("n", attempts)
    )
    yield _cost(run, usual)


def _seconds(name: str, value: Any, beside: list[Any]) -> Part:
    usual = _median(beside)
    return Part(
        name, value, usual, shown("_seconds", value), shown("_seconds", usual), is_seconds=True
    )


def _cost(run: Record, usual: Sequence[Record]) -> Part:
    costs = _median([one["list_cost"] for one in usual])
    own = cost_of(run) if run["list_cost"] is not None else ""
    currency = f" {text(run['currency_code'])}" if own else ""
    return Part("list cost", run["list_cost"], costs, own + currency, shown("list_cost", costs))


def _median(values: list[Any]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return median(known) if known else None
