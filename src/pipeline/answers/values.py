"""One value as a person reads it, by the unit in its column's name.

Text of the sources is hostile: it is printed without control characters, on one line.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from pipeline.sla.durations import duration

__all__ = ["money", "number", "printable", "share", "shown", "text"]

_MONEY: Final = ("list_cost", "saving_", "by_job_tag", "by_pipeline_tag", "by_usage_tag", "price_")
_SHARES: Final = ("p_miss", "compliance", "success_rate", "growth_30_days", "worst_p_miss", "share")
_PREFIXES: Final = ("previous_",)


def text(value: object) -> str:
    """A value as plain text; nothing where there is none."""
    return "" if value is None else printable(str(value))


def printable(value: str) -> str:
    """`value` on one line, without anything that a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def shown(name: str, value: Any) -> str:
    """The value of the column `name`: durations in h, m and s, shares in percent, money in cents, times
    to the minute in UTC."""
    if value is None:
        return ""
    bare = name
    for prefix in _PREFIXES:
        bare = bare.removeprefix(prefix)
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case list() | tuple() | dict():
            return ", ".join(map(text, value)) if isinstance(value, list) else text(value)
        case int() | float() | Decimal():
            return _number(bare, float(value), is_whole=isinstance(value, int))
    return text(value)


def _number(name: str, value: float, *, is_whole: bool) -> str:
    if name.endswith("_seconds"):
        return duration(value)
    if name.startswith(_SHARES):
        return share(value)
    if name.startswith(_MONEY):
        return money(value)
    if name.endswith("_pct"):
        return f"{value:.0f} %"
    return f"{value:,.0f}" if is_whole else number(value)


def share(part: float) -> str:
    """A share in percent; never a certainty that it is not."""
    if 0 < part < 0.001:
        return "<0.1 %"
    if 0.999 < part < 1:
        return ">99.9 %"
    return f"{part:.1%}".replace("%", " %")


def money(amount: float) -> str:
    return f"{amount:,.2f}"


def number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 1000 else f"{value:,.3g}"
