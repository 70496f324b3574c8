"""The history of a job as characters: runs as points, the forecast as a band, the limit as a line.

Durations are drawn on a logarithmic scale, time from left to right; where several things meet in one
cell, the worst is shown.
"""

import math
from datetime import datetime
from typing import Final

from rich.text import Text

from pipeline.answers.history import History
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


def chart(history: History, width: int) -> Text:
    """The picture in `width` columns; a sentence where there is nothing to draw."""
    drawn = history.all_seconds()
    if not drawn:
        return Text("No run of this job has ended, and none is forecast: nothing to draw.")
    columns = max(width - _LABEL - 1, _LEAST_COLUMNS)
    low, high = math.log(min(drawn)), math.log(max(drawn))
    margin = max((high - low) * 0.05, 0.05)
    low, high = low - margin, high + margin

    def row(seconds: float) -> int:
        share = (math.log(max(seconds, 1e-9)) - low) / (high - low)
        return _ROWS - 1 - min(max(int(share * _ROWS), 0), _ROWS - 1)

    def column(at: datetime) -> int:
        share = (at - history.begin) / (history.end - history.begin)
        return min(max(int(share * columns), 0), columns - 1)

    cells: dict[tuple[int, int], str] = {}
    order = list(_SIGNS)

    def put(line: int, at: int, what: str) -> None:
        held = cells.get((line, at))
        if held is None or order.index(what) < order.index(held):
            cells[line, at] = what

    if history.has_limit:
        for at in range(columns):
            put(row(history.allowed_seconds), at, "limit")
    for start, low_seconds, middle_seconds, high_seconds in history.upcoming.itertuples(
        index=False
    ):
        at = column(start.to_pydatetime())
        for line in range(row(high_seconds), row(low_seconds) + 1):
            put(line, at, "band")
        put(row(middle_seconds), at, "middle")
    for start, seconds, verdict in history.runs.itertuples(index=False):
        put(row(seconds), column(start.to_pydatetime()), verdict)
    return _painted(history, cells, columns, low, high)


def _painted(
    history: History, cells: dict[tuple[int, int], str], columns: int, low: float, high: float
) -> Text:
    now = int((history.now - history.begin) / (history.end - history.begin) * columns)
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
    first, last = f"{history.begin:%d %b}", f"{history.end:%d %b}"
    middle_label = f"{history.now:%d %b}"
    left = max(now - len(first) - len(middle_label) // 2, 1)
    right = max(columns - len(first) - left - len(middle_label) - len(last), 1)
    text.append(" " * _LABEL + first + " " * left + middle_label + " " * right + last + "\n", "dim")
    text.append(" " * _LABEL)
    said = {"ok": "in time", "missed": "too late", "failed": "failed"}
    if not history.has_limit:
        said = {"ok": "succeeded", "failed": "failed"}
    if history.has_forecast:
        said |= {"middle": "forecast", "band": "5 to 95 %"}
    if history.has_limit:
        said["limit"] = f"SLA leaves {duration(history.allowed_seconds)}"
    for what, words in said.items():
        text.append(*_SIGNS[what])
        text.append(f" {words}   ")
    return text
