"""A night on a terminal: what it says first, then lists, what is in doubt, and last what each stage did."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from rich.text import Text

from pipeline.answers import listings
from pipeline.answers.costs.attribution import attribution
from pipeline.answers.nights.headline import headline
from pipeline.answers.quality.doubts import broken_rules, doubts
from pipeline.answers.reader import Reader, records
from pipeline.answers.selection import Rows, Selection
from pipeline.answers.terminal import views
from pipeline.answers.terminal.answer_lines import answer_lines
from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
from pipeline.answers.values import shown

__all__ = ["night_lines", "stage_lines", "stages"]

Command = Callable[[str], str]
Record = dict[str, Any]

_TOP: Final = Selection(limit=10)
_COUNTS: Final = ("rows_read", "rows_written", "quarantined", "repeated", "late", "seconds")


def night_lines(
    reader: Reader,
    steps: Iterable[Record],
    command: Command,
    width: int | None,
    losses: Iterable[str] = (),
) -> Iterator[Text]:
    """The report of the night that took `steps`; `losses` are the sentences on rows that it lost."""
    room = width or PIPE_WIDTH
    for sentence in losses:
        yield from paragraph(sentence, room, style="red")
    first = headline(reader, command)
    for sentence, style in (
        (first.as_of, "bold"),
        (first.state, ""),
        (first.changes, ""),
        (first.first, "bold"),
    ):
        yield from paragraph(sentence, room, style)
    yield Text(f"  {first.command}", style="bold")  # Whole, to be copied.
    if first.state:
        yield from _lists(reader, command, width, room)
    yield from _quality(reader, room)
    yield Text()
    yield from stage_lines(steps, width)


def stage_lines(steps: Iterable[Record], width: int | None) -> Iterator[Text]:
    """What each stage did in the night that took `steps`."""
    stage_rows = stages(steps)
    yield from answer_lines("What the night did", stage_rows, width, views.as_it_is, none="nothing")


def _lists(reader: Reader, command: Command, width: int | None, room: int) -> Iterator[Text]:
    """What the night answered, list by list, and what is in doubt."""
    for one in (listings.FAILING, listings.POSSIBLE_MISSES, listings.SIZES):
        rows = one.rows(reader, _TOP)
        none = "" if rows.shown else one.why_none(reader, _TOP)
        yield Text()
        everything = command(one.command)
        yield from answer_lines(
            one.title, rows, width, views.VIEWS[one], none=none, everything=everything
        )
    yield Text()
    yield from _costs(reader, command, width, room)
    yield Text()
    yield from _not_assessed(reader, command, width)


def _costs(reader: Reader, command: Command, width: int | None, room: int) -> Iterator[Text]:
    rows = listings.TEAM_COSTS.rows(reader, Selection())
    title = f"{listings.TEAM_COSTS.title}, {listings.days_of_costs(reader)}"
    everything = command(listings.TEAM_COSTS.command)
    yield from answer_lines(
        title, rows.first(_TOP.limit), width, views.team_costs, everything=everything
    )
    for sentence in attribution(rows.shown):
        yield from paragraph(sentence, room)


def _not_assessed(reader: Reader, command: Command, width: int | None) -> Iterator[Text]:
    """How many jobs have no answer, by question and reason, the most frequent first."""
    reasons = records(reader, "quality", "not_assessed")
    reasons.sort(key=lambda row: -row["jobs"])
    names = ("jobs", "question", "status", "reason")
    rows = [{name: row[name] for name in names} for row in reasons[: _TOP.limit]]
    title = "Jobs that could not be assessed, and why"
    yield from answer_lines(
        title,
        Rows(names, rows, len(reasons)),
        width,
        views.unassessed,
        everything=command("show quality"),
    )


def _quality(reader: Reader, room: int) -> Iterator[Text]:
    for doubt in doubts(reader):
        yield from paragraph(doubt, room, style="red")
    checked, broken = broken_rules(reader)
    for rule in broken:
        yield from paragraph(f"Broken: {rule}; answers from it are in doubt.", room, style="red")
    if checked and not broken:
        yield Text(f"Data quality: all {checked} declared rules hold of what was kept.")


def stages(steps: Iterable[Record]) -> Rows:
    """One row a stage: tables, rows read and written, seconds of its steps."""
    totals: dict[str, dict[str, float]] = {}
    for step in steps:
        stage = totals.setdefault(step["stage"], {"tables": 0, **dict.fromkeys(_COUNTS, 0)})
        stage["tables"] += 1
        stage["rows_read"] += step["rows_read"]
        stage["rows_written"] += step["inserted"] + step["updated"] + step["deleted"]
        stage["quarantined"] += step["rejected"]
        stage["repeated"] += step["duplicates"]
        stage["late"] += step["late"]
        stage["seconds"] += step["seconds"]
    rows = [
        {"stage": stage}
        | {name: shown(name, count) for name, count in counts.items() if name != "seconds"}
        | {"took": shown("_seconds", counts["seconds"])}
        for stage, counts in totals.items()
    ]
    return Rows(tuple(rows[0]) if rows else (), rows, len(rows))
