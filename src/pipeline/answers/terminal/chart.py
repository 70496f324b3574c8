"""The picture of a job as characters: runs as points, the forecast as a band, the limit as a line.

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
    "failed": ("✕", "red"),
    "missed": ("●", "red"),
    "ok": ("•", "cyan"),
    "limit": ("╌", "yellow"),
    "middle": ("─", "green"),
    "band": ("░", "green"),
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
    low, high = low - margin, high + margin

    def row(seconds: float) -> int:
        share = (math.log(max(seconds, 1e-9)) - low) / (high - low)
        return _ROWS - 1 - min(max(int(share * _ROWS), 0), _ROWS - 1)

    def column(at: datetime) -> int:
        share = (at - picture.begin) / (picture.end - picture.begin)
        return min(max(int(share * columns), 0), columns - 1)

    cells: dict[tuple[int, int], str] = {}
    order = list(_SIGNS)

    def put(line: int, at: int, what: str) -> None:
        drawn_there = cells.get((line, at))
        if drawn_there is None or order.index(what) < order.index(drawn_there):
            cells[line, at] = what

    if picture.allowed_seconds is not None:
        for at in range(columns):
            put(row(picture.allowed_seconds), at, "limit")
    for coming in picture.upcoming:
        at = column(coming.starts_at)
        for line in range(row(coming.high_seconds), row(coming.low_seconds) + 1):
            put(line, at, "band")
        put(row(coming.middle_seconds), at, "middle")
    for run in picture.runs:
        put(row(run.seconds), column(run.started_at), run.verdict)
    return _painted(picture, cells, columns, low, high)


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
    text.append(" " * _LABEL)
    used = 0
    legend = {"ok": "succeeded", "failed": "failed"}
    if picture.allowed_seconds is not None:
        legend = {"ok": "in time", "missed": "too late", "failed": "failed"}
    if picture.upcoming:
        legend |= {"middle": "forecast", "band": "5 to 95 %"}
    if picture.allowed_seconds is not None:
        legend["limit"] = f"SLA leaves {duration(picture.allowed_seconds)}"
    for what, words in legend.items():
        entry = f" {words}   "
        if used and used + len(entry) > columns:
            text.append("\n" + " " * _LABEL)
            used = 0
        text.append(*_SIGNS[what])
        text.append(entry)
        used += len(entry) + 1
    return text
