"""Frames as tables a person reads, or as JSON a script reads.

Whatever comes from the sources is printed as text, never as markup: a job may be called
`[red]x[/red]`, or hold a line break or an escape sequence.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from textwrap import wrap
from typing import Any

import pandas as pd
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from pipeline.sla.durations import duration
from pipeline.tables.gold import PARTS_OF_A_MISS

_MONEY = ("cost", "saving_", "by_job_tag", "by_pipeline_tag", "by_usage_tag")
_SHARES = (
    "p_miss",
    "p_miss_now",
    "p_miss_recommended",
    "compliance",
    "success_rate",
    "previous_success_rate",
    *(part.name for part in PARTS_OF_A_MISS),
    "worst_p_miss",
    "growth_30_days",
    "growth_30_days_lower",
    "growth_30_days_upper",
)
_LONGEST = 60
_GIVEN_UP = (
    "expected_end_at",
    *(part.name for part in PARTS_OF_A_MISS),
    "termination_code",
    "busy_seconds",
    "attempts",
    "tier",
    "left_p95_seconds",
    "decided_at",
    "misses_7_days",
    "currency_code",
    "node_type",
    "list_cost_30_days",
    "workspace",
    "owner",
    "worst_margin_seconds",
    "p95_seconds",
    "usual_seconds",
    "by_usage_tag",
    "by_pipeline_tag",
    "by_job_tag",
    "pending",
    "current",
    "repeated",
    "quarantined",
    "late",
    "met",
    "columns",
    "keys",
    "team",
    "status",
    "next_start",
    "where",
    "received_at",
    "newest_observed_at",
)
"""Columns that a narrow terminal goes without, in this order: better than names cut in pieces."""
_WRAPPED = ("reason", "evidence", "one row", "problem", "switched off", "columns absent", "example")
"""Columns of sentences, which may take several lines."""
_SENTENCE_WIDTH = 20
_UNCUT = ("reason", "evidence", "url", "recognised_by")
_WHOLE = ("job", "team", "run_id", "table", "source_table")
"""Columns of names and keys, which are to be copied."""
_TWO_LINES = ("job", "monthly_saving")
"""Columns that we compose of two lines; nowhere else does a line break of the sources survive."""
_JOB_WIDTH = 40
_WORD_WIDTH = 16
"""The longest word that is not cut where there is room for all others: a time, a time zone's name."""


def as_json(value: pd.DataFrame | Mapping[str, pd.DataFrame]) -> str:
    """Records as JSON; money as strings, so that no digit is lost, and times in ISO 8601."""
    if isinstance(value, pd.DataFrame):
        return _dumped(_records(value))
    return _dumped({name: _records(frame) for name, frame in value.items()})


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=_nested)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(item) for name, item in record.items()}
        for record in frame.to_dict(orient="records")
    ]


def _nested(item: Any) -> Any:
    """What JSON has no form for, inside of a list or a struct as well: spelled as SQL prints it."""
    if isinstance(item, bytes):
        return item.hex()
    plain = _plain(item)
    return str(item) if plain is item else plain


def _plain(item: Any) -> Any:
    if (
        item is None
        or item is pd.NaT
        or item is pd.NA
        or (isinstance(item, float) and pd.isna(item))
    ):
        return None
    if isinstance(item, Decimal):
        return str(item)
    if isinstance(item, datetime | date):
        return item.isoformat()
    if hasattr(item, "tolist"):
        return item.tolist()
    return item


def table(title: str, frame: pd.DataFrame, *, none: str = "none") -> RichTable | Text:
    """A table with a title, of the columns that say something; one line where there are no rows."""
    if frame.empty:
        return Text.assemble((f"{title}: ", "bold"), none)
    told = {str(name): [shown(str(name), value) for value in frame[name]] for name in frame.columns}
    told = {name: cells for name, cells in told.items() if any(cells)}
    room = console().width
    given_up = []
    for name in _GIVEN_UP:
        if _width(told) <= room:
            break
        if told.pop(name, None) is not None:
            given_up.append(name.replace("_", " "))
    fits = _width(told) <= room
    words = {name: _least(name, cells) for name, cells in told.items()}
    is_tight = not fits and 1 + sum(3 + width for width in words.values()) <= room
    spare = max(room - _width({n: c for n, c in told.items() if n not in _WRAPPED}) - 3, 1)
    drawn = RichTable(title=title, title_justify="left", title_style="bold", header_style="bold")
    if given_up:
        drawn.caption = f"Not shown for want of width: {', '.join(given_up)} (see --json)"
        drawn.caption_justify = "left"
    for name in told:
        is_number = pd.api.types.is_numeric_dtype(frame[name]) or _holds(frame[name], Decimal)
        longest = _longest(told[name])
        whole = min(longest, room // 2) if name in _WHOLE else None
        least = min(longest, _SENTENCE_WIDTH, spare) if name in _WRAPPED else whole
        if is_tight:
            least = words[name]
            whole = least if name in _WHOLE else None
        heading = name.replace("_", " ")
        if fits:  # Left in one line, a heading takes room from the cells of other columns.
            heading = "\n".join(wrap(heading, _needed(name, told[name])))
        drawn.add_column(
            heading,
            justify="right" if is_number else "left",
            no_wrap=whole is not None,
            min_width=least,
            max_width=whole if is_tight else None,
        )
    for row in zip(*told.values(), strict=True):
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def _width(told: Mapping[str, list[str]]) -> int:
    """How wide the table is when only sentences are broken over lines."""
    return 1 + sum(3 + _needed(name, cells) for name, cells in told.items())


def _needed(name: str, cells: list[str]) -> int:
    """How wide a column is in which no word is cut."""
    longest = _longest(cells)
    if name in _WRAPPED:
        longest = min(longest, _SENTENCE_WIDTH)
    return max(longest, *(cell_len(word) for word in name.split("_")))


def _least(name: str, cells: list[str]) -> int:
    """How narrow a column may become: a job to its key, what is copied not at all, the rest to a word."""
    if name in _WHOLE:
        return max(_longest([cell.split("\n")[-1] for cell in cells]), cell_len(name))
    heading = [cell_len(word) for word in name.replace("_", " ").split()]
    return max(
        *heading, *(min(cell_len(word), _WORD_WIDTH) for cell in cells for word in cell.split())
    )


def _longest(cells: list[str]) -> int:
    return max(cell_len(line) for cell in cells for line in cell.split("\n"))


def facts(title: str, frame: pd.DataFrame) -> RichTable | Text:
    """One row as name and value, a line each; several rows as a table."""
    if len(frame) != 1:
        return table(title, frame)
    drawn = RichTable(title=title, title_justify="left", title_style="bold", show_header=False)
    for name in frame.columns:
        value = shown(str(name), frame[name].iloc[0])
        if value:
            # A link that is longer than a line is to be copied too.
            drawn.add_row(str(name).replace("_", " "), Text(value, overflow="fold"))
    return drawn


def shown(name: str, value: Any) -> str:
    """A value as a person reads it: durations in h/m/s, shares in percent, money in cents."""
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(value, datetime):  # pandas' Timestamp is one too.
        return value.strftime("%Y-%m-%d %H:%M")
    if name.endswith("_seconds") and isinstance(plain, int | float):
        return duration(float(plain))
    if name in _SHARES:
        return f"{float(plain):.1%}"
    if (any(word in name for word in _MONEY) and not isinstance(plain, str | bool)) or isinstance(
        value, Decimal
    ):
        return f"{float(plain):,.2f}"
    if isinstance(plain, float):
        return f"{plain:,.0f}" if plain.is_integer() or abs(plain) >= 1000 else f"{plain:,.3g}"
    if name in _TWO_LINES:
        return "\n".join(_printable(part, _JOB_WIDTH) for part in str(plain).split("\n", 1))
    return _printable(plain, len(str(plain)) if name in _UNCUT else _LONGEST)


def _printable(value: object, longest: int) -> str:
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _holds(column: pd.Series, kind: type) -> bool:
    return bool(column.map(lambda item: isinstance(item, kind)).any())


def console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=False)
