"""The SQL of dashboards over the simulated account: what it returns is what is declared, filters filter, and
figures are Gold's."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pipeline.dashboards.dashboard import PAGES, datasets
from pipeline.dashboards.dataset import Dataset, Value
from pipeline.dashboards.page import MOST_CHART_ROWS, MOST_TABLE_ROWS, Chart, Counter
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold as gold_tables
from pipeline.tables.types import arrow_type
from tests.dashboards.planted_alerts import planted_alerts
from tests.e2e.account import JOBS, Account
from tests.strategies.tables import rows_of

DATASETS = datasets()
_EACH = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
_ALL_DAYS = {"date": ("2020-01-01", "2030-01-01")}
_LARGE = 5_000
# What this small account has nothing of: no night came before its first, whose words have met nothing yet, and no
# job fails or was changed; the job that a page opens with is in no chain.
_EMPTY = {
    *("verdict_changes", "table_schema_changes_shown", "failing_jobs", "changes_before"),
    *("miss_reliability", "miss_by_horizon", "said_by_week"),
    *("job_changes_known", "job_flags", "job_levels", "job_node_hours"),
    "job_dependencies_shown",
}


@pytest.fixture(scope="module")
def gold(account: Account, spark: SparkSession) -> SparkSession:
    """A session in which the tables of dashboards have their bare names, with planted alerts."""
    lakehouse = DeltaFolder(account.home, spark)
    tables = {table for dataset in DATASETS.values() for table in dataset.tables}
    frames = {table: lakehouse.read(table) for table in tables if table.layer.schema != "ops"}
    [night] = frames[gold_tables.NIGHT_STEPS].selectExpr("max(as_of) AS at").toArrow().to_pylist()
    keys = frames[gold_tables.JOBS].select("series_key").toArrow()["series_key"].to_pylist()
    frames |= planted_alerts(spark, night["at"], sorted(keys))
    for table, rows_of_table in frames.items():
        rows_of_table.createOrReplaceTempView(table.name)
    return spark


def rows(gold: SparkSession, dataset: Dataset, values: Mapping[str, Value]) -> pa.Table:
    return gold.sql(dataset.bound(values)).toArrow()


@pytest.fixture(scope="module")
def whole(gold: SparkSession) -> dict[str, pa.Table]:
    """All rows of all days, by dataset."""
    return {name: rows(gold, dataset, _ALL_DAYS) for name, dataset in DATASETS.items()}


@_EACH
def test_it_returns_the_columns_that_are_declared_whatever_is_chosen(
    gold: SparkSession, whole: dict[str, pa.Table], dataset: Dataset
) -> None:
    declared = [(column.name, arrow_type(column.format.type)) for column in dataset.columns]
    nobody: dict[str, Value] = {"team": ["of nobody"], "tier": ["1", "2"], "job": "none"}
    tables = [rows(gold, dataset, values) for values in ({}, nobody)]
    for table in (*tables, whole[dataset.name]):
        assert [(field.name, field.type) for field in table.schema] == declared


def test_the_account_has_rows_for_nearly_all(whole: dict[str, pa.Table]) -> None:
    assert {name for name, table in whole.items() if not table.num_rows} <= _EMPTY


@_EACH
def test_rows_are_those_of_the_jobs_that_are_chosen(
    gold: SparkSession, whole: dict[str, pa.Table], dataset: Dataset
) -> None:
    heeded = {one.name for one in dataset.parameters}
    names = {column.name for column in dataset.columns}
    for name in heeded & names & {"team", "owner", "tier"} if "job" not in heeded else ():
        present = sorted(filter(None, set(whole[dataset.name][name].to_pylist())))
        if present:
            part = rows(gold, dataset, _ALL_DAYS | {name: present[:1]})
            assert set(part[name].to_pylist()) == {present[0]}
            assert part.num_rows == whole[dataset.name][name].to_pylist().count(present[0])


@pytest.mark.parametrize("name", ["team", "owner", "tier", "workspace"])
def test_choosing_every_value_is_choosing_none(gold: SparkSession, name: str) -> None:
    every = sorted({row[name] for row in rows(gold, DATASETS["filter_choices"], {}).to_pylist()})
    for dataset in ("reliability_summary", "likely_misses", "failing_jobs"):
        unset, full = (rows(gold, DATASETS[dataset], values) for values in ({}, {name: every}))
        assert unset.equals(full)


def test_figures_have_one_row_and_charts_and_tables_few_enough_for_5000_jobs(
    whole: dict[str, pa.Table],
) -> None:
    growth = _LARGE / JOBS
    for page in PAGES:
        for widget in page.widgets:
            table = whole[widget.dataset.name]
            if isinstance(widget, Counter):
                assert table.num_rows == 1, widget.name
            elif isinstance(widget, Chart):
                by = [one.column for one in widget.fields if not one.aggregate]
                asked = table.group_by(by).aggregate([]) if widget.is_aggregated else table
                # Nothing in a chart tells jobs apart, so it does not grow with them.
                assert asked.num_rows <= MOST_CHART_ROWS / 10, widget.name
            elif page.name != "job":
                assert table.num_rows * growth <= MOST_TABLE_ROWS, widget.name


def test_costs_are_those_of_gold(gold: SparkSession, whole: dict[str, pa.Table]) -> None:
    [summary] = whole["cost_summary"].to_pylist()
    billed = "usage_date <= (SELECT max(last_cost_day) FROM job_trends)"
    [to_day] = (
        gold.sql(f"SELECT sum(list_cost) AS cost FROM cost_daily WHERE {billed}")
        .toArrow()
        .to_pylist()
    )
    assert summary["list_cost"] == float(to_day["cost"])
    for name in ("costs_by_day", "costs_by_team"):
        parts = whole[name]["list_cost"].to_pylist()
        assert sum(parts) == pytest.approx(summary["list_cost"], rel=1e-12)


def test_rates_are_those_of_gold(gold: SparkSession, whole: dict[str, pa.Table]) -> None:
    [summary] = whole["reliability_summary"].to_pylist()
    runs: dict[str, Any] = (
        gold.sql("SELECT sum(succeeded) s, sum(succeeded + failed + timed_out) n FROM job_daily")
        .toArrow()
        .to_pylist()[0]
    )
    slas = gold.sql("SELECT sum(met) m, sum(missed) n FROM sla_daily").toArrow().to_pylist()[0]
    assert summary["success_rate"] == runs["s"] / runs["n"]
    assert summary["sla_compliance"] == slas["m"] / (slas["m"] + slas["n"])
    assert summary["misses"] == slas["n"]


def test_a_job_in_a_chain_has_its_neighbours_each_way(gold: SparkSession) -> None:
    edges = rows_of(gold.sql("SELECT * FROM job_dependencies WHERE is_current"))
    places = {row["series_key"]: row for row in rows_of(gold.table("job_chains"))}
    for key in {edge[name] for edge in edges for name in ("series_key", "upstream_series_key")}:
        shown = rows(gold, DATASETS["job_dependencies_shown"], {"job": key}).to_pylist()
        expected = [
            *(("depends on", e["upstream_series_key"]) for e in edges if e["series_key"] == key),
            *(("reaches", e["series_key"]) for e in edges if e["upstream_series_key"] == key),
        ]
        assert sorted((row["direction"], row["series_key"]) for row in shown) == sorted(expected)
        (place,) = rows(gold, DATASETS["job_chain"], {"job": key}).to_pylist()
        assert place["downstream_jobs"] == places[key]["downstream_jobs"] >= 0
        assert place["critical_path"] == " -> ".join(places[key]["critical_path"])
    assert edges


def test_with_no_day_chosen_it_is_the_30_to_the_last_night(gold: SparkSession) -> None:
    as_of = gold.sql("SELECT CAST(max(as_of) AS DATE) AS day FROM night_steps").toArrow()["day"][0]
    days = rows(gold, DATASETS["reliability_by_day"], {})["run_date"].to_pylist()
    assert max(days) <= as_of.as_py()
    assert (as_of.as_py() - min(days)).days < 30
    one = {"date": (str(max(days)), str(max(days)))}
    assert rows(gold, DATASETS["reliability_by_day"], one)["run_date"].to_pylist() == [max(days)]
