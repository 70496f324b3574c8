"""Frames as tables a person reads, or as JSON a script reads.

Whatever comes from the sources is printed as text, never as markup: a job may be called
`[red]x[/red]`, or hold a line break or an escape sequence.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

_MONEY = ("cost", "saving_", "by_job_tag", "by_usage_tag")
_SHARES = (
    "p_miss",
    "p_miss_now",
    "p_miss_recommended",
    "compliance",
    "success_rate",
    "previous_success_rate",
)
_LONGEST = 60


def as_json(value: pd.DataFrame | Mapping[str, pd.DataFrame]) -> str:
    """Records as JSON; money as strings, so that no digit is lost, and times in ISO 8601."""
    if isinstance(value, pd.DataFrame):
        return json.dumps(_records(value), indent=2, ensure_ascii=False)
    return json.dumps(
        {name: _records(frame) for name, frame in value.items()}, indent=2, ensure_ascii=False
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(item) for name, item in record.items()}
        for record in frame.to_dict(orient="records")
    ]


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
    """A table with a title; one line that says so when there is nothing in it."""
    if frame.empty:
        return Text.assemble((f"{title}: ", "bold"), none)
    drawn = RichTable(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in frame.columns:
        is_number = pd.api.types.is_numeric_dtype(frame[name]) or _holds(frame[name], Decimal)
        drawn.add_column(str(name).replace("_", " "), justify="right" if is_number else "left")
    for record in frame.itertuples(index=False):
        drawn.add_row(*(Text(shown(str(n), v)) for n, v in zip(frame.columns, record, strict=True)))
    return drawn


def facts(title: str, frame: pd.DataFrame) -> RichTable | Text:
    """One row as name and value, a line each; several rows as a table."""
    if len(frame) != 1:
        return table(title, frame)
    drawn = RichTable(title=title, title_justify="left", title_style="bold", show_header=False)
    for name in frame.columns:
        value = shown(str(name), frame[name].iloc[0])
        if value:
            drawn.add_row(str(name).replace("_", " "), Text(value))
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
        return f"{plain:,.0f}" if plain.is_integer() else f"{plain:,.3g}"
    text = "".join(c if c.isprintable() else " " for c in str(plain))
    return (
        text if len(text) <= _LONGEST or name in ("reason", "url") else f"{text[: _LONGEST - 1]}…"
    )


def duration(seconds: float) -> str:
    """`1h05m`, `4m10s`, `12.5s`."""
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds < 60:
        return f"{sign}{seconds:.3g}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{sign}{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}h{minutes:02d}m"


def _holds(column: pd.Series, kind: type) -> bool:
    return bool(column.map(lambda item: isinstance(item, kind)).any())


def console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=False)
