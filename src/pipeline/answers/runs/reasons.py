"""Why a run was slow and what was changed before it, in a sentence each."""

from collections.abc import Sequence
from typing import Any, Final

from pipeline.answers.reader import Record
from pipeline.answers.values import printable, shown, text
from pipeline.sla.durations import duration
from pipeline.tables.gold.causes import NONE_KNOWN

__all__ = ["bytes_words", "causes_sentence", "changes_sentence", "of_run"]

_LEAST_SHARE: Final = 0.05
"""Of the excess: what explains less is left to the table."""
_LONGEST: Final = 40
"""Characters of a value before or after a change."""
_ASPECTS: Final = {
    "name": "its name",
    "run_as": "whom it runs as",
    "schedule": "its schedule",
    "timeout": "its timeout",
    "task_added": "task {task} was added",
    "task_removed": "task {task} was removed",
    "task_dependencies": "what task {task} waits for",
    "task_timeout": "the timeout of task {task}",
    "task_definition": "task {task} was edited",
    "cluster_size": "the size of its cluster",
    "node_type": "the node type of its cluster",
    "runtime": "the runtime of its cluster",
    "upstream_shift": "how long the job that fires it takes",
}


def of_run(rows: Sequence[Record], run_id: str) -> list[Record]:
    return [row for row in rows if row["run_id"] == run_id]


def causes_sentence(parts: Sequence[Record]) -> str:
    """What the excess of one run is put down to, given its rows of gold.run_causes; nothing without."""
    if not parts:
        return ""
    first = parts[0]
    run = f"Run {text(first['run_id'])} of {shown('at', first['started_at'])} UTC"
    if first["excess_seconds"] is None:
        return f"{run} stands out, but too few runs before it tell what is usual."
    excess = float(first["excess_seconds"])
    longer = "longer" if excess >= 0 else "shorter"
    phrases = [
        f"{duration(abs(float(part['seconds'])))} {_part_words(part)}"
        for part in parts
        if part["share"] is not None and part["share"] >= _LEAST_SHARE
    ]
    return (
        f"{run} took {duration(abs(excess))} {longer} than its usual"
        f" {duration(float(first['run_usual_seconds']))}: {', '.join(phrases)}."
    )


def _part_words(part: Record) -> str:
    fewer = float(part["seconds"]) < 0
    match part["part"]:
        case "queue":
            return "less in the queue" if fewer else "in the queue"
        case "setup":
            return "less of set-up" if fewer else "of set-up"
        case "retries":
            return "of retries"
        case "upstream":
            return f"by run {text(part['upstream_run_id'])}, which fires it"
        case "input":
            read, usual = part["input_bytes"], part["usual_input_bytes"]
            return (
                f"by {'less' if fewer else 'more'} input"
                f" ({bytes_words(read)} instead of {bytes_words(usual)})"
            )
        case "cluster":
            return f"by another cluster ({text(part['cluster'])} instead of {text(part['usual_cluster'])})"
        case "task":
            return f"in task {text(part['task_key'])}"
        case _:
            return "unexplained"


def changes_sentence(changes: Sequence[Record]) -> str:
    """What was changed before one run, given its rows of gold.job_changes; nothing without."""
    if not changes:
        return ""
    best = changes[0]
    if best["aspect"] == NONE_KNOWN:
        return "No change is known before it."
    others = len(changes) - 1
    more = "" if not others else f", and {others} other{'s' if others > 1 else ''}"
    between = best["runs_between"]
    fit = "just before" if not between else f"{between} run{'s' if between > 1 else ''} off"
    return f"Changed at {shown('at', best['changed_at'])} UTC, {fit}: {_change_words(best)}{more}."


def _change_words(change: Record) -> str:
    words = _ASPECTS[change["aspect"]].format(task=text(change["task_key"]))
    if change["before"] is None and change["after"] is None:
        return words
    return f"{words}, from {_value(change['before'])} to {_value(change['after'])}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    words = printable(str(value))
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def bytes_words(count: Any) -> str:
    """A number of bytes as `3.2 GB`."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:,.3g} {unit}" if amount < 1000 else f"{amount:,.0f} {unit}"
