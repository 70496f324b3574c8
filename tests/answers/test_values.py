"""Values as a person reads them, and phrases of several: a sum of money says what it leaves out."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len

from pipeline.answers.costs.attribution import attribution, without_a_job
from pipeline.answers.terminal import views
from pipeline.answers.values import shown


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("p50_seconds", 4980.0, "1h23m"),
        ("worst_margin_seconds", -95.0, "-1m35s"),
        ("p_miss", 0.938, "93.8 %"),
        ("p_miss", 0.0004, "<0.1 %"),
        ("p_miss", 0.9996, ">99.9 %"),
        ("p_miss", 0.0, "0.0 %"),
        ("previous_success_rate", 1.0, "100.0 %"),
        ("list_cost", Decimal("1234.5"), "1,234.50"),
        ("cpu_p95_pct", 43.4, "43 %"),
        ("runs", 1200, "1,200"),
        ("last_robust_z", 2.3456, "2.35"),
        ("last_robust_z", float("inf"), ""),
        ("is_failing", True, "yes"),
        ("at", datetime(2026, 11, 25, 2, 0, 59, tzinfo=UTC), "2026-11-25 02:00"),
        ("crosses_on", date(2026, 11, 25), "2026-11-25"),
        ("columns_absent", ["a", "b"], "a, b"),
        ("name", "two\nlines\x1b[31m", "two lines [31m"),
        ("name", "[red]x[/red]", "[red]x[/red]"),
        ("anything", None, ""),
    ],
)
def test_a_value_is_read_by_its_unit(name: str, value: Any, text: str) -> None:
    assert shown(name, value) == text


def _team(team: str, cost: str, unpriced: str, unit: str | None, **columns: Any) -> dict[str, Any]:
    nothing = Decimal(0)
    row: dict[str, Any] = {
        "team": team,
        "currency_code": "USD",
        "list_cost": Decimal(cost),
        "by_job_tag": Decimal(cost) if team else nothing,
        "by_pipeline_tag": nothing,
        "by_usage_tag": nothing,
        "unpriced_quantity": Decimal(unpriced),
        "unpriced_unit": unit,
        "most_jobs_a_day": 1,
        "last_cost_day": date(2026, 11, 24),
    }
    return row | columns


_TEAMS = [
    _team("core", "1.80", "0", None),
    _team("ops", "0", "12", "DBU"),
    _team("ml", "3.5", "0.25", "DBU"),
    _team("", "0", "7", "several units"),
]


def test_no_sum_without_a_price_looks_free() -> None:
    rows = [views.team_costs(team) for team in _TEAMS]
    assert [row["list cost"] for row in rows] == [
        "1.80",
        "12 DBU unpriced",
        "3.50 + 0.25 DBU unpriced",
        "usage in several units unpriced",
    ]
    assert "0.00" not in [cell for row in rows for cell in row.values()]


def test_coverage_says_what_is_not_in_it_and_keeps_currencies_apart() -> None:
    (sentence,) = attribution(_TEAMS)
    assert "of 5.30 USD at list prices 100.0% has a team" in sentence
    assert "12.25 DBU and usage in several units unpriced" in sentence
    only = attribution([_TEAMS[1]])
    assert only == ["No usage has a price in USD: costs cannot be attributed; 12 DBU unpriced."]
    euros, dollars = attribution([_TEAMS[0], _team("", "100", "0", None, currency_code="EUR")])
    assert "of 100.00 EUR at list prices 0.0%" in euros
    assert "of 1.80 USD at list prices 100.0%" in dollars
    (none,) = attribution([])
    assert none.startswith("No day of usage is billed in full (system.billing.usage)")


def test_what_no_job_has_cost_is_said() -> None:
    jobs = [{"currency_code": "USD", "list_cost": Decimal("1.3")}]
    assert without_a_job(_TEAMS, jobs) == [
        "Of 5.30 USD at list prices 4.00 belong to no job: interactive clusters, warehouses, pipelines by"
        " themselves."
    ]


def test_a_saving_is_of_the_priced_part_only() -> None:
    row = {
        "series_key": "w/7",
        "name": "load",
        "team": "core",
        "tier": 2,
        "action": "downsize",
        "status": "ok",
        "reason": "",
        "workers": 8,
        "recommended_workers": 4,
        "worker_node_type": "m5",
        "saving_lower": 2.0,
        "saving_mid": 3.0,
        "saving_upper": 4.0,
        "added_cost_lower": 0.0,
        "added_cost_mid": 0.0,
        "added_cost_upper": 0.0,
        "currency_code": "USD",
        "list_cost_30_days": 9.0,
        "unpriced_quantity": 12.0,
        "unpriced_unit": "DBU",
        "p_miss_recommended": 0.01,
    }
    size = views.sizes(row)
    assert size["cost of 30 days"] == "9.00 + 12 DBU unpriced"
    assert size["saves a month"] == "3.00 (2.00 to 4.00) USD of the priced part"
    assert (size["workers"], size["costs more a month"]) == ("8 → 4", "")
    added = {"added_cost_lower": 1.0, "added_cost_mid": 2.0, "added_cost_upper": 3.0}
    larger = views.sizes(row | {"action": "upsize", "saving_mid": 0.0} | added)
    assert larger["costs more a month"].startswith("2.00 (1.00 to 3.00) USD")


def test_a_long_name_gives_way_and_the_key_stays() -> None:
    who = views.job({"name": "x" * 500, "series_key": "5206439413157315/662557978176617"})
    assert len(who["job"]) == 60
    wide = views.job({"name": "名" * 60, "series_key": "1/2"})["job"]
    assert cell_len(wide) <= 60
    assert who["job"].endswith("…")
    assert who["key"] == "5206439413157315/662557978176617"
    assert views.job({"name": None, "series_key": "1/2"})["job"] == "(unnamed)"
    assert views.job({"name": "1/run", "series_key": "1/run"}) == {"job": "1/run", "key": ""}


def test_a_source_that_is_as_it_should_be_says_only_how_far_it_is() -> None:
    at = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    row = {
        "source_table": "system.lakeflow.pipelines",
        "newest_observed_at": at,
        "reached_at": at,
        "ahead_hours": 0.0,
        "received_at": at,
        "behind_hours": 2100.4,
        "gap_hours": None,
        "gap": "within",
        "columns_absent": [],
    }
    source = views.sources(row)
    assert source["source"] == "lakeflow.pipelines"
    assert source["behind"] == "87.5 d"
    assert {source["ahead"], source["gap"], source["columns absent"]} == {""}
    absent = views.sources(row | {"columns_absent": ["pipeline_id"], "ahead_hours": 3.0})
    assert (absent["columns absent"], absent["ahead"]) == ("pipeline_id", "3.0 h")
