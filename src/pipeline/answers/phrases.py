"""A few columns of a row said in one phrase: what an SLA asks for, what is paid and has no price, what changed."""

from collections.abc import Mapping
from typing import Any

from pipeline.answers.values import money, text
from pipeline.sla.durations import duration
from pipeline.tables.silver.costs import SEVERAL_UNITS

Row = Mapping[str, Any]


def terms(row: Row) -> str:
    """What a row's SLA asks for, in a few words."""
    if row["sla_kind"] == "deadline":
        return f"by {row['sla_time_of_day']} {row['sla_timezone']}"
    limit = row["sla_limit_seconds"]
    return "" if limit is None else f"within {duration(limit)}"


def quantity(amount: float, unit: object) -> str:
    """How much has no price, as `120 DBU unpriced`; no number where units were added up."""
    if unit == SEVERAL_UNITS:
        return f"usage in {SEVERAL_UNITS} unpriced"
    return f"{amount:,.2f}".removesuffix(".00") + f" {text(unit)} unpriced"


def priced(cost: Any, unpriced_quantity: Any, unit: object) -> str:
    """A sum of money and what it leaves out: `1.80 + 120 DBU unpriced`, and never 0.00 for that alone."""
    missing = float(unpriced_quantity or 0)
    amount = "" if cost is None else money(float(cost))
    if not missing:
        return amount
    return " + ".join(filter(None, (amount if float(cost or 0) else "", quantity(missing, unit))))


def cost_of(row: Row, prefix: str = "") -> str:
    """The list cost of a row, and what it leaves out."""
    cost = row[f"{prefix}list_cost"]
    return priced(cost, row[f"{prefix}unpriced_quantity"], row[f"{prefix}unpriced_unit"])


def regime(row: Row) -> str:
    """How a level compares with the one before it, and since when: `1.6x since 12 March`."""
    since = row["from_at"]
    return f"{row['ratio']:.1f}x since {since.day} {since:%B}"


def amount(row: Row, name: str) -> str:
    """A figure of a row's metric in its unit."""
    value = row[name]
    if value is None:
        return ""
    if row["metric"].endswith("_seconds"):
        return duration(value)
    words = f"{value:,.2f}" if value >= 0.1 else f"{value:.2g}"
    return words if row["metric"] == "hourly_list_cost" else f"{words} an hour"
