"""Answers as people read them: a sum of money says what it leaves out."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from pipeline.answers.terminal import brief
from pipeline.answers.terminal.tables import facts, shown, table


def _team(team: str, cost: str, unpriced: str, unit: str | None, **columns: Any) -> dict[str, Any]:
    nothing = Decimal(0)
    known: dict[str, Any] = {
        "team": team,
        "currency_code": "USD",
        "list_cost": Decimal(cost),
        "by_job_tag": Decimal(cost) if team else nothing,
        "by_pipeline_tag": nothing,
        "by_usage_tag": nothing,
        "unpriced_quantity": Decimal(unpriced),
        "unpriced_unit": unit,
        "jobs": 1,
        "last_cost_day": date(2026, 11, 24),
    }
    return known | columns


_TEAMS = pd.DataFrame(
    [
        _team("core", "1.80", "0", None),
        _team("ops", "0", "12", "DBU"),
        _team("ml", "3.5", "0.25", "DBU"),
        _team("", "0", "7", "several units"),
    ]
)


def test_no_sum_without_a_price_looks_free() -> None:
    told = brief.costs(_TEAMS)
    assert told["list_cost"].tolist() == [
        "1.80",
        "12 DBU unpriced",
        "3.50 + 0.25 DBU unpriced",
        "usage in several units unpriced",
    ]
    cells = [shown(str(name), value) for name in told.columns for value in told[name]]
    assert "0.00" not in cells
    # Where all has a price, the costs stay numbers.
    assert brief.costs(_TEAMS.head(1))["list_cost"].tolist() == [Decimal("1.80")]


def test_coverage_says_what_is_not_in_it_and_keeps_currencies_apart() -> None:
    said = brief.coverage(_TEAMS)
    assert "100.0% of the list cost has a team" in said
    assert "12.25 DBU unpriced" in said
    assert "usage in several units unpriced" in said
    only = brief.coverage(_TEAMS[_TEAMS["team"] == "ops"])
    assert only == ("No usage has a price in USD: costs cannot be attributed; 12 DBU unpriced.")
    euros = pd.DataFrame([_team("", "100", "0", None, currency_code="EUR")])
    both = brief.coverage(pd.concat([_TEAMS.head(1), euros], ignore_index=True))
    assert ("100.0%" in both, "0.0% of" in both) == (True, True)
    none = brief.coverage(_TEAMS.head(0))
    assert none.startswith("No day of usage is billed in full (system.billing.usage)")


@pytest.mark.parametrize("prefix", ["", "previous_"])
def test_every_cost_of_a_job_says_what_it_leaves_out(prefix: str) -> None:
    missing = float("nan")
    trend = pd.DataFrame(
        {
            f"{prefix}list_cost": [Decimal(0), Decimal(2), None],
            f"{prefix}unpriced_quantity": [Decimal(4), Decimal(0), missing],
            f"{prefix}unpriced_unit": ["DBU", None, None],
        }
    )
    told = brief.priced(trend)
    assert told.to_dict("list") == {f"{prefix}list_cost": ["4 DBU unpriced", "2.00", ""]}
    assert facts("trends", told.head(1))


def test_a_saving_is_of_the_priced_part_only() -> None:
    row = {
        "series_key": "w/7",
        "name": "load",
        "team": "core",
        "tier": 2,
        "workers": 8,
        "recommended_workers": 4,
        "worker_node_type": "m5",
        "saving_lower": 2.0,
        "saving_mid": 3.0,
        "saving_upper": 4.0,
        "currency_code": "USD",
        "list_cost_30_days": 9.0,
        "unpriced_quantity": 12.0,
        "unpriced_unit": "DBU",
        "p_miss_recommended": 0.01,
    }
    told = brief.sizes(pd.DataFrame([row]), reasons=False).iloc[0]
    assert told["list_cost_30_days"] == "9.00 + 12 DBU unpriced"
    assert told["monthly_saving"].startswith("3.00 USD of the priced part")


def test_sources_fit_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source by its whole name, with how far it is; what it lacks, where it lacks anything."""
    at = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    row = {
        "newest_observed_at": at,
        "reached_at": at,
        "ahead_hours": 0.0,
        "received_at": at,
        "behind_hours": 2100.4,
        "gap_hours": None,
        "gap": "within",
        "columns_absent": [],
    }
    rows = pd.DataFrame(
        [
            {"source_table": "system.lakeflow.pipeline_update_timeline"} | row,
            {"source_table": "system.lakeflow.pipelines"} | row,
        ]
    )
    monkeypatch.setenv("COLUMNS", "80")

    def drawn() -> str:
        page = StringIO()
        Console(file=page, width=80).print(table("sources", brief.sources(rows)))
        return page.getvalue()

    assert "…" not in drawn()
    for value in ("lakeflow.pipeline_update_timeline", "2026-11-25 02:00", "2,100"):
        assert value in drawn()
    assert "absent" not in drawn()
    rows["columns_absent"] = [["pipeline_id"], []]
    assert "pipeline_id" in drawn()
