"""All about one job on a terminal: sentences, the picture of its runs, and then section by section."""

from collections.abc import Callable, Iterator
from shlex import quote
from typing import Final

from rich.text import Text

from pipeline.answers.jobs.picture import Picture
from pipeline.answers.jobs.profile import Profile
from pipeline.answers.phrases import amount, cost_of, regime
from pipeline.answers.terminal.chart import chart
from pipeline.answers.terminal.layout import facts, listing
from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
from pipeline.answers.terminal.views import as_it_is
from pipeline.answers.values import shown, text

_LEAST_PART = 0.005
_TOLD_OTHERWISE = frozenset({"runs", "next_runs", "causes", "changes"})
"""Sections that are lists, or that a sentence tells."""
_LEFT_OUT = frozenset({"workspace id", "series key"})


def job_lines(
    about: Profile,
    picture: Picture,
    width: int | None,
    command: Callable[[str], str],
    *,
    most_runs: int,
    widest: int,
) -> Iterator[Text]:
    """The lines of `show job` for a terminal of `width` columns, None for a pipe."""
    room = width or PIPE_WIDTH
    first, *sentences = about.sentences()
    yield from paragraph(first, room, style="bold")
    for sentence in sentences:
        yield from paragraph(sentence, room)
    if about.acceptable:
        key = quote(text(about.job["series_key"]))
        yield Text(f"  {command(f'sla accept {key}')}")  # Whole, to be copied.
    yield Text()
    yield from chart(picture, min(room, widest)).split("\n")
    for section, view in _LISTED.items():
        rows = about.sections[section]
        if section in _LATEST_LAST:
            rows = rows[::-1]
        if rows:
            count = f", {most_runs} of {len(rows)}" if len(rows) > most_runs else ""
            yield from _heading(f"{section.replace('_', ' ').capitalize()}{count}")
            yield from listing([view(row) for row in rows[:most_runs]], width)
    for section, rows in about.sections.items():
        if section in _LISTED or section in _TOLD_OTHERWISE or not rows:
            continue
        yield from _heading(section.replace("_", " ").capitalize())
        for row in rows:
            columns = as_it_is(row).items()
            yield from facts([pair for pair in columns if pair[0] not in _LEFT_OUT], room)


def _heading(words: str) -> Iterator[Text]:
    yield Text()
    yield Text(words, style="bold underline")


def _run(row: dict[str, object]) -> dict[str, str]:
    return {
        "run": text(row["run_id"]),
        "started": shown("at", row["started_at"]),
        "status": text(row["status"]),
        "took": shown("_seconds", row["busy_seconds"]),
        "SLA": text(row["sla_status"]),
        "attempts": shown("attempts", row["attempts"]) if row["attempts"] != 1 else "",
        "list cost": cost_of(row) if row["list_cost"] is not None else "",
        "code": text(row["termination_code"]) if row["status"] != "SUCCEEDED" else "",
    }


def _next_run(row: dict[str, object]) -> dict[str, str]:
    return {
        "starts": shown("at", row["expected_start_at"]),
        "ends": shown("at", row["expected_end_at"]),
        "due": shown("at", row["due_at"]),
        "P(miss)": shown("p_miss", row["p_miss"]),
        "by late start": _part(row["p_miss_start"]),
        "by duration": _part(row["p_miss_duration"]),
        "by failure": _part(row["p_miss_failure"]),
        "reason": text(row["reason"]),
    }


def _flag(row: dict[str, object]) -> dict[str, str]:
    return {
        "night to": shown("at", row["night_at"]),
        "is": text(row["direction"]),
        "run": text(row["run_id"]),
        "confidence": text(row["confidence"]),
        "alert": "" if row["is_alertable"] else "below the floor",
        "why": text(row["severity"]),
    }


def _regime(row: dict[str, object]) -> dict[str, str]:
    return {
        "metric": text(row["metric"]).removesuffix("_seconds").replace("_", " "),
        "level": amount(row, "level"),
        "change": regime(row) if row["ratio"] is not None else "",
        "from": shown("at", row["from_at"]),
        "to": shown("at", row["to_at"]),
        "first run": text(row["first_run_id"]),
    }


def _part(p_miss: object) -> str:
    """What of a probability one cause makes, where it makes any to speak of."""
    return shown("p_miss", p_miss) if isinstance(p_miss, float) and p_miss >= _LEAST_PART else ""


_LISTED: Final = {"runs": _run, "next_runs": _next_run, "flags": _flag, "regimes": _regime}
"""The sections of many rows, of which the latest are shown, a line each."""
_LATEST_LAST: Final = ("flags", "regimes")
