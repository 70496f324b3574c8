"""The chain of a job on a terminal: sentences, then the jobs before and after it, a line each."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from pipeline.answers.chains.chain import Chain, Link
from pipeline.answers.reader import Record
from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
from pipeline.answers.values import shown, text
from pipeline.sla.durations import duration

_INDENT = "  "
_DEEPEST = 20
"""Steps of indentation at the most."""


def chain_lines(about: Chain, width: int | None, *, most: int) -> Iterator[Text]:
    """The lines of `show chain` for a terminal of `width` columns, None for a pipe; `most` jobs each way."""
    room = width or PIPE_WIDTH
    first, *others = about.sentences()
    yield from paragraph(first, room, style="bold")
    for sentence in others:
        yield from paragraph(sentence, room)
    yield from _side("Before it", about, about.before, most)
    yield from _side("After it", about, about.after, most)
    if any(link.is_critical for link in (*about.before, *about.after)):
        yield Text()
        yield Text("* on the critical path", style="dim")


def _side(heading: str, about: Chain, links: Sequence[Link], most: int) -> Iterator[Text]:
    if not links:
        return
    yield Text()
    more = f", {most} of {len(links)}; all: --limit {len(links)}" if len(links) > most else ""
    yield Text(f"{heading}{more}", style="bold underline")
    for link in links[:most]:
        mark = "* " if link.is_critical else "- "
        steps = _INDENT * min(link.depth - 1, _DEEPEST)
        again = "; see above" if link.is_repeated else ""
        yield Text(
            f"{steps}{mark}{about.called(link.series_key)}: {_bound(link.dependencies)}{again}"
        )


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
        f"then {duration(first['wait_seconds'])} of wait",
        f"{first['runs']} {'run' if first['runs'] == 1 else 'runs'}",
    ]
    if first["next_due_at"] is not None:
        parts.append(f"due {shown('at', first['next_due_at'])} UTC")
    return ", ".join(parts)
