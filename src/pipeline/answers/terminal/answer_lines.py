"""One answer on a terminal: its title, its rows, and of how many they are."""

from collections.abc import Iterator

from rich.text import Text

from pipeline.answers.selection import Rows
from pipeline.answers.terminal.layout import listing
from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
from pipeline.answers.terminal.views import View


def answer_lines(
    title: str,
    rows: Rows,
    width: int | None,
    view: View,
    *,
    none: str = "none",
    everything: str = "",
) -> Iterator[Text]:
    """The lines of one answer; `none` says what no rows mean, `everything` which command shows those left
    out."""
    if not rows.shown:
        yield from paragraph(f"{title}: {none}", width or PIPE_WIDTH)
        return
    yield from paragraph(title, width or PIPE_WIDTH, style="bold underline")
    yield from listing([view(row) for row in rows.shown], width)
    if rows.is_cut:
        more = f"; all: {everything}" if everything else ""
        yield Text(f"{len(rows.shown):,} of {rows.total:,}{more}", style="dim")
