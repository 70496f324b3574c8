"""The chain of a job on a terminal: sentences, then the jobs before and after it, a line each."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from rich.text import Text

from pipeline.answers.chains.chain import Chain, Link
from pipeline.answers.chains.schemas import change_of
from pipeline.answers.reader import Record
from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
from pipeline.answers.values import shown, text
from pipeline.sla.durations import duration

_INDENT: Final = "  "
_DEEPEST: Final = 10
"""Steps of indentation at the most."""
_LEAST_ROOM: Final = 40


def chain_lines(about: Chain, width: int | None, *, most: int) -> Iterator[Text]:
    """The lines of `show chain` for a terminal of `width` columns, None for a pipe; `most` jobs each way, and
    as many changes of tables."""
    room = width or PIPE_WIDTH
    first, *others = about.sentences()
    yield from paragraph(first, room, style="bold")
    for sentence in others:
        yield from paragraph(sentence, room)
    yield from _side("Before it", about, about.before, most, width)
    yield from _side("After it", about, about.after, most, width)
    yield from _schema_changes(about, most, width)
    if any(link.is_critical for link in (*about.before, *about.after)):
        yield Text()
        yield Text("* on the critical path", style="dim")


def _heading(words: str, rows: int, most: int) -> Iterator[Text]:
    yield Text()
    more = f", {most} of {rows}; all: --limit {rows}" if rows > most else ""
    yield Text(f"{words}{more}", style="bold underline")


def _schema_changes(about: Chain, most: int, width: int | None) -> Iterator[Text]:
    changes = about.schemas.changes
    if not changes:
        return
    yield from _heading("Changes of its tables", len(changes), most)
    for change in changes[:most]:
        yield from _hung("- ", change_of(change), width)


def _side(
    heading: str, about: Chain, links: Sequence[Link], most: int, width: int | None
) -> Iterator[Text]:
    if not links:
        return
    yield from _heading(heading, len(links), most)
    for link in links[:most]:
        again = "; see above" if link.is_repeated else ""
        words = f"{about.called(link.series_key)}: {_bound(link.dependencies)}{again}"
        steps = _INDENT * min(link.depth - 1, _DEEPEST)
        yield from _hung(f"{steps}{'*' if link.is_critical else '-'} ", words, width)


def _hung(mark: str, words: str, width: int | None) -> Iterator[Text]:
    """The lines of `words` after `mark`, under which those that follow are set in; one line in a pipe."""
    if width is None:
        yield Text(mark + words)
        return
    room = max(width - len(mark), _LEAST_ROOM)
    lines = wrap(words, room, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines):
        yield Text((mark if number == 0 else " " * len(mark)) + line)


def _bound(dependencies: Sequence[Record]) -> str:
    """What binds two jobs, how long one usually waits for the other, and what the later one promises."""
    first = min(dependencies, key=lambda edge: (edge["kind"] != "fires", edge["wait_seconds"]))
    tables = [edge["table_name"] for edge in dependencies if edge["kind"] == "feeds"]
    by_tables = f"by table {text(tables[0])}" if tables else ""
    if len(tables) > 1:
        by_tables += f" and {len(tables) - 1} more"
    is_fired = first["kind"] == "fires"
    parts = [
        " and ".join(filter(None, ("by a Run Job task" if is_fired else "", by_tables))),
        f"ready {duration(first['ready_seconds'])} after its start",
        _wait(first["wait_seconds"]),
        f"{first['runs']} {'run' if first['runs'] == 1 else 'runs'}",
    ]
    if first["next_due_at"] is not None:
        parts.append(f"due {shown('at', first['next_due_at'])} UTC")
    return ", ".join(parts)


def _wait(seconds: float) -> str:
    if seconds < 0:
        return f"{duration(-seconds)} after the later one has begun"
    return f"then {duration(seconds)} of wait"
