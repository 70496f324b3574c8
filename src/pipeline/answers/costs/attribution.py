"""How much of the list cost has somebody to charge, and what has no price at all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from pipeline.tables.silver.costs import SEVERAL_UNITS

__all__ = ["UNATTRIBUTED", "attribution", "without_a_job"]

UNATTRIBUTED: Final = "(unattributed)"


def attribution(team_costs: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for each currency in the rows of `costs/teams.sql`, or one where nothing is billed."""
    by_currency: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in team_costs:
        by_currency[str(row["currency_code"])].append(row)
    if not by_currency:
        return ["No day of usage is billed in full (system.billing.usage): nothing can be charged."]
    return [_covered(currency, by_currency[currency]) for currency in sorted(by_currency)]


def without_a_job(
    team_costs: Iterable[Mapping[str, Any]], job_costs: Iterable[Mapping[str, Any]]
) -> list[str]:
    """A sentence for each currency on the list cost that belongs to no job, of the rows of `costs/teams.sql`
    and `costs/jobs.sql`."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    of_jobs: dict[str, Decimal] = defaultdict(Decimal)
    for rows, sums in ((team_costs, totals), (job_costs, of_jobs)):
        for row in rows:
            sums[str(row["currency_code"])] += row["list_cost"] or Decimal(0)
    return [
        f"Of {float(total):,.2f} {currency} at list prices {float(total - of_jobs[currency]):,.2f} belong to no"
        " job: interactive clusters, warehouses, pipelines by themselves."
        for currency, total in sorted(totals.items())
    ]


def _covered(currency: str, rows: list[Mapping[str, Any]]) -> str:
    total = sum((row["list_cost"] for row in rows), Decimal(0))
    missing: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["unpriced_unit"] is not None:
            missing[str(row["unpriced_unit"])] += row["unpriced_quantity"]
    unpriced = " and ".join(
        f"usage in {SEVERAL_UNITS}" if unit == SEVERAL_UNITS else f"{float(amount):,.2f} {unit}"
        for unit, amount in sorted(missing.items())
    ).replace(".00 ", " ")
    if not total:
        return f"No usage has a price in {currency}: costs cannot be attributed" + (
            f"; {unpriced} unpriced." if unpriced else "."
        )
    attributed = sum((row["list_cost"] for row in rows if row["team"]), Decimal(0))
    share = (
        f"Attribution coverage: of {float(total):,.2f} {currency} at list prices"
        f" {float(attributed / total):.1%} has a team."
    )
    return f"{share} Not in it: {unpriced} unpriced." if unpriced else share
