"""How a value is written for a reader, by its declared format."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from pipeline.dashboards.formats import Format, Kind

__all__ = ["NOT_KNOWN", "Shown", "change", "shown", "unit_of"]

NOT_KNOWN: Final = "–"
_ISO: Final = {Kind.DAY: "%Y-%m-%d", Kind.TIME: "%Y-%m-%d %H:%M"}
_IN_HEADINGS: Final = ("s", "min", "h")
_SPACE: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Shown:
    """`text` is rounded as declared; `exact` is the number behind it to the last digit, empty for others."""

    text: str
    exact: str = ""


def shown(value: Any, form: Format, currency: str = "") -> Shown:
    """The value with its unit; `currency` follows money, and is left out where a heading says it."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return Shown(NOT_KNOWN)
    match form.kind:
        case Kind.TEXT:
            return Shown(str(value))
        case Kind.DAY | Kind.TIME:
            return Shown(_moment(value, form))
        case Kind.SHARE:
            return Shown(f"{100 * value:,.{form.places}f}{_SPACE}%", repr(value))
        case Kind.MONEY:
            return Shown(f"{value:,.{form.places}f}{_SPACE}{currency}".rstrip(), repr(value))
    least = 10.0**-form.places
    if 0 < abs(value) < least / 2:
        text = f"< {least:.{form.places}f}" if value > 0 else f"> -{least:.{form.places}f}"
    else:
        text = f"{value:,.{form.places}f}"
    space = "" if form.unit == "×" else _SPACE
    is_said = form.unit and (form.unit not in _IN_HEADINGS or currency)
    return Shown(f"{text}{space}{form.unit}" if is_said else text, repr(value))


def _moment(value: date | datetime, form: Format) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    return value.strftime(_ISO[form.kind])


def unit_of(form: Format, currency: str) -> str:
    """What the heading of a column says beside its name."""
    match form.kind:
        case Kind.MONEY:
            return currency
        case Kind.TIME:
            return "UTC"
        case Kind.NUMBER if form.unit in _IN_HEADINGS:
            return form.unit
    return ""


def change(value: Any, before: Any, form: Format) -> str:
    """How a figure has moved, with a word for the direction: in percent, counts by
    themselves, and shares in points; empty where one
    of them is not known."""
    if value is None or before is None:
        return ""
    if form.kind is Kind.SHARE:
        moved, text = value - before, f"{100 * abs(value - before):,.{form.places}f}{_SPACE}points"
        is_same = abs(moved) < 0.5 * 10.0 ** -(form.places + 2)
    elif before == 0 or form.places == 0:
        moved, text = value - before, f"{abs(value - before):,.{form.places}f}"
        is_same = value == before
    else:
        moved, text = value - before, f"{100 * abs(value / before - 1):,.1f}{_SPACE}%"
        is_same = abs(value / before - 1) < 0.0005
    if is_same:
        return "no change"
    return f"▲ {text} more" if moved > 0 else f"▼ {text} less"
