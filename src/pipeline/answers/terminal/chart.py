"""The picture of a job as characters: runs as points on the band of what was usual, flags, changes of level, the
forecast as a band, the limit as a line.

Durations are drawn on a logarithmic scale, time from left to right; where several things meet in one
cell, the worst is shown.
"""

import math
from datetime import datetime
from typing import Final

from rich.text import Text

from pipeline.answers.jobs.picture import Picture
from pipeline.sla.durations import duration

_ROWS: Final = 14
_LABEL: Final = 9
_LEAST_COLUMNS: Final = 20
_SIGNS: Final = {
    "flagged": ("◆", "bold magenta"),
    "failed": ("✕", "red"),
    "missed": ("●", "red"),
    "ok": ("•", "cyan"),
    "limit": ("╌", "yellow"),
    "middle": ("─", "green"),
    "band": ("░", "green"),
    "change": ("┆", "magenta"),
    "usual": ("▒", "dim"),
}
"""What is drawn over what, the first over the others."""


def chart(picture: Picture, width: int) -> Text:
    """The picture in `width` columns; a sentence where there is nothing to draw."""
    durations = picture.all_seconds()
    if not durations:
        return Text("No run of this job has ended, and none is forecast: nothing to draw.")
    columns = max(width - _LABEL - 1, _LEAST_COLUMNS)
    low, high = math.log(min(durations)), math.log(max(durations))
    margin = max((high - low) * 0.05, 0.05)
    canvas = _Canvas(picture, columns, low - margin, high + margin)
    canvas.draw()
    return _painted(picture, canvas.cells, columns, low - margin, high + margin)


class _Canvas:
    """Cells of the picture by line and column: each has the first of `_SIGNS` that falls into it."""

    def __init__(self, picture: Picture, columns: int, low: float, high: float) -> None:
        self.cells: dict[tuple[int, int], str] = {}
        self._picture, self._columns, self._low, self._high = picture, columns, low, high
        self._order = list(_SIGNS)

    def draw(self) -> None:
        """Put everything that the picture shows where it belongs."""
        picture = self._picture
        if picture.allowed_seconds is not None:
            line = self._row(picture.allowed_seconds)
            for at in range(self._columns):
                self._put(line, at, "limit")
        for coming in picture.upcoming:
            self._span(coming.low_seconds, coming.high_seconds, coming.starts_at, "band")
            self._span(coming.middle_seconds, coming.middle_seconds, coming.starts_at, "middle")
        for usual in picture.usual:
            self._span(usual.low_seconds, usual.high_seconds, usual.started_at, "usual")
        for change in picture.changes:
            for line in range(_ROWS):
                self._put(line, self._column(change.from_at), "change")
        for run in picture.runs:
            what = "flagged" if run.flag else run.verdict
            self._span(run.seconds, run.seconds, run.started_at, what)

    def _row(self, seconds: float) -> int:
        share = (math.log(max(seconds, 1e-9)) - self._low) / (self._high - self._low)
        return _ROWS - 1 - min(max(int(share * _ROWS), 0), _ROWS - 1)

    def _column(self, at: datetime) -> int:
        share = (at - self._picture.begin) / (self._picture.end - self._picture.begin)
        return min(max(int(share * self._columns), 0), self._columns - 1)

    def _span(self, low_seconds: float, high_seconds: float, at: datetime, what: str) -> None:
        for line in range(self._row(high_seconds), self._row(low_seconds) + 1):
            self._put(line, self._column(at), what)

    def _put(self, line: int, at: int, what: str) -> None:
        drawn_there = self.cells.get((line, at))
        if drawn_there is None or self._order.index(what) < self._order.index(drawn_there):
            self.cells[line, at] = what


def _painted(
    picture: Picture, cells: dict[tuple[int, int], str], columns: int, low: float, high: float
) -> Text:
    now = int((picture.now - picture.begin) / (picture.end - picture.begin) * columns)
    text = Text()
    for line in range(_ROWS):
        middle = low + (high - low) * (_ROWS - line - 0.5) / _ROWS
        label = duration(math.exp(middle)) if line % 3 == 1 else ""
        text.append(f"{label:>{_LABEL - 2}} │", "dim")
        for at in range(columns):
            what = cells.get((line, at))
            if what is None:
                text.append("┊" if at == now else " ", "dim")
            else:
                text.append(*_SIGNS[what])
        text.append("\n")
    text.append(" " * (_LABEL - 1) + "└" + "─" * columns + "\n", "dim")
    first, last = f"{picture.begin:%d %b}", f"{picture.end:%d %b}"
    middle_label = f"{picture.now:%d %b}"
    left = max(now - len(first) - len(middle_label) // 2, 1)
    right = max(columns - len(first) - left - len(middle_label) - len(last), 1)
    text.append(" " * _LABEL + first + " " * left + middle_label + " " * right + last + "\n", "dim")
    _legend(picture, columns, text)
    return text


def _legend(picture: Picture, columns: int, text: Text) -> None:
    """Append what each sign that is drawn stands for, in lines of `columns`."""
    text.append(" " * _LABEL)
    has_limit = picture.allowed_seconds is not None
    legend = {"ok": "in time" if has_limit else "succeeded"}
    if has_limit:
        legend["missed"] = "too late"
    legend["failed"] = "failed"
    if picture.flagged:
        legend["flagged"] = "flagged"
    if picture.usual:
        legend["usual"] = "usual, 1 to 99 %"
    if picture.changes:
        legend["change"] = picture.changes[-1].words
    if picture.upcoming:
        legend |= {"middle": "forecast", "band": "5 to 95 %"}
    if picture.allowed_seconds is not None:
        legend["limit"] = f"SLA leaves {duration(picture.allowed_seconds)}"
    used = 0
    for what, words in legend.items():
        entry = f" {words}   "
        if used and used + len(entry) > columns:
            text.append("\n" + " " * _LABEL)
            used = 0
        text.append(*_SIGNS[what])
        text.append(entry)
        used += len(entry) + 1
