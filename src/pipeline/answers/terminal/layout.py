"""A list of rows on a terminal of any width: as a grid where it fits, else as a record a row.

Nothing that names a row is ever cut, and no column is left out for want of width: a grid that is too wide
for one line puts what is long under its row, and one that is still too wide becomes records. Sentences
stand on lines of their own. In a pipe, which has no width, a row is one line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from rich.cells import cell_len
from rich.text import Text

__all__ = ["KEY", "SENTENCES", "facts", "listing"]

Row = Mapping[str, str]
"""What is shown of a row: a text by heading, the row's name first."""

KEY: Final = "key"
"""The heading of what a row is asked for by."""
SENTENCES: Final = frozenset({"reason", "evidence", "why", "problem", "switched off", "example"})
"""Headings of sentences."""
_BELOW: Final = frozenset({KEY}) | SENTENCES
_GAP: Final = 2
_INDENT: Final = "  "
_TO_BE_COPIED: Final = ("job", "table", "team", "run", KEY)
"""Headings of names, even where they are numbers."""


def listing(rows: Sequence[Row], width: int | None) -> Iterator[Text]:
    """The lines of a list; `width` in columns, None for a pipe."""
    headings = _telling(rows)
    if width is None:
        yield from _Grid(headings, rows).lines()
        return
    whole = _Grid(headings, rows)
    short = _Grid([heading for heading in headings if heading not in _BELOW], rows)
    below = [heading for heading in headings if heading in _BELOW]
    has_sentences = any(heading in SENTENCES for heading in headings)
    if whole.width <= width and not has_sentences:
        yield from whole.lines()
    elif short.width <= width and len(short.headings) > 1:
        heading, *lines = short.lines()
        yield heading
        for row, line in zip(rows, lines, strict=True):
            yield line
            yield from facts([(name, row.get(name, "")) for name in below], width)
    else:
        for row in rows:
            yield from _record(row, width, headings)


def _record(row: Row, width: int | None, headings: Sequence[str]) -> Iterator[Text]:
    """One row: its name on a line, and what is said of it under that."""
    name, *others = headings
    yield Text(row[name], style="bold")
    yield from facts([(heading, row.get(heading, "")) for heading in others], width)


def facts(pairs: Iterable[tuple[str, str]], width: int | None) -> Iterator[Text]:
    """Pairs of heading and text, as many on a line as fit; sentences, and what is copied, by themselves."""
    line = ""
    for heading, text in pairs:
        if not text:
            continue
        if heading in SENTENCES or heading == KEY:
            if line:
                yield Text(_INDENT + line)
                line = ""
            sentence = text if heading == KEY else f"{heading}: {text}"
            yield from _sentence(sentence, width)
            continue
        pair = f"{heading} {text}"
        longer = f"{line} · {pair}" if line else pair
        if line and width is not None and cell_len(_INDENT + longer) > width:
            yield Text(_INDENT + line)
            line = pair
        else:
            line = longer
    if line:
        yield Text(_INDENT + line)


def _sentence(text: str, width: int | None) -> Iterator[Text]:
    if width is None:
        yield Text(_INDENT + text)
        return
    room = max(width - len(_INDENT), 20)
    for line in wrap(text, room, break_long_words=False, break_on_hyphens=False):
        yield Text(_INDENT + line, style="dim")


def _telling(rows: Sequence[Row]) -> list[str]:
    """The headings under which any row says something, and the first in any case."""
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    return [
        heading
        for number, heading in enumerate(headings)
        if number == 0 or any(row.get(heading) for row in rows)
    ]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Rows under headings, each column as wide as its longest text."""

    headings: list[str]
    rows: Sequence[Row]

    @property
    def widths(self) -> list[int]:
        return [
            max(cell_len(heading), *(cell_len(row.get(heading, "")) for row in self.rows))
            if self.rows
            else cell_len(heading)
            for heading in self.headings
        ]

    @property
    def width(self) -> int:
        return sum(self.widths) + _GAP * (len(self.headings) - 1)

    def lines(self) -> Iterator[Text]:
        widths = self.widths
        right = [self._is_number(heading) for heading in self.headings]
        yield Text(_joined(self.headings, widths, right), style="bold")
        for row in self.rows:
            cells = [row.get(heading, "") for heading in self.headings]
            yield Text(_joined(cells, widths, right))

    def _is_number(self, heading: str) -> bool:
        texts = [row.get(heading, "") for row in self.rows]
        return heading not in _TO_BE_COPIED and all(
            text[0].isdigit() or text[0] in "-<>" for text in texts if text
        )


def _joined(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, width, is_right in zip(cells, widths, right, strict=True):
        space = " " * (width - cell_len(cell))
        padded.append(space + cell if is_right else cell + space)
    return (" " * _GAP).join(padded).rstrip()
