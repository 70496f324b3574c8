"""Gold against the simulator's truth: every count, status, repair, SLA verdict and cent."""

from decimal import Decimal

import pandas as pd
import pytest
from deltalake import DeltaTable

from tests.e2e.account import Account

RUN = ["workspace_id", "run_id"]
OURS = {"TIMEOUT": "TIMED_OUT"}


def table(account: Account, name: str) -> pd.DataFrame:
    return DeltaTable(str(account.home / name.replace(".", "/"))).to_pyarrow_table().to_pandas()


def truth(account: Account, name: str) -> pd.DataFrame:
    return pd.read_parquet(account.export / "truth" / f"{name}.parquet")


@pytest.fixture(scope="module")
def runs(account: Account) -> pd.DataFrame:
    both = truth(account, "runs").merge(
        table(account, "silver.runs"), on=RUN, how="outer", suffixes=("_true", ""), indicator=True
    )
    assert len(both) > 500
    return both


def test_no_run_is_lost_or_counted_twice(runs: pd.DataFrame) -> None:
    seen = runs[(runs["_merge"] != "both")]
    # A run that began after the last full hour has no slice yet: it cannot be known.
    unknown = seen[(seen["_merge"] == "left_only") & (seen["final_status"] == "IN_FLIGHT")]
    assert len(seen) == len(unknown)


def test_status_repairs_and_success_are_the_truth(runs: pd.DataFrame) -> None:
    known = runs[runs["_merge"] == "both"]
    assert (known["status"].replace(OURS) == known["final_status"]).all()
    ended = known[known["final_status"] != "IN_FLIGHT"]
    assert (ended["repairs"] == ended["repairs_true"]).all()
    # A notebook workflow's job id is as new as a submitted run's; we follow it by its name.
    jobs = ended[ended["run_type"] != "WORKFLOW_RUN"]
    assert (jobs["series_key"] == jobs["series_key_true"]).all()
    won = ended[ended["final_status"] == "SUCCEEDED"]
    assert (won["first_success_at"] == won["first_success_at_true"]).all()
    assert known["repairs"].sum() > 0


def test_attempts_last_as_long_as_they_did(account: Account) -> None:
    ours = table(account, "silver.attempts")
    both = truth(account, "attempts").merge(ours, on=[*RUN, "attempt"], suffixes=("_true", ""))
    ended = both[both["status"] != "IN_FLIGHT"]
    assert len(ended) > 500
    assert (ended["duration_seconds"] - ended["duration_seconds_true"]).abs().max() < 1e-6


def test_success_rate_is_the_truth(account: Account, runs: pd.DataFrame) -> None:
    daily = table(account, "gold.job_daily")
    known = runs[runs["_merge"] == "both"]
    for ours, theirs in (
        ("succeeded", "SUCCEEDED"),
        ("failed", "FAILED"),
        ("timed_out", "TIMED_OUT"),
        ("cancelled", "CANCELLED"),
        ("skipped", "SKIPPED"),
        ("in_flight", "IN_FLIGHT"),
    ):
        true = known[known["final_status"] == theirs].groupby("series_key").size()
        true = true.astype("int64")
        counted = daily.groupby("series_key")[ours].sum()
        pd.testing.assert_series_equal(
            counted[counted > 0], true, check_names=False, check_dtype=False
        )


def test_sla_compliance_is_the_truth(account: Account, runs: pd.DataFrame) -> None:
    verdicts = table(account, "silver.run_sla")[[*RUN, "sla_status", "sla_kind"]]
    known = runs[(runs["_merge"] == "both")]
    both = known.merge(verdicts, on=RUN, how="left", suffixes=("_true", ""))
    said = both["sla_status"].map({"MET": True, "MISSED": False}).astype("boolean")
    assert (said.fillna(True) == both["sla_met"].astype("boolean").fillna(True)).all()
    assert (said.isna() == both["sla_met"].isna()).all()
    assert said.notna().sum() > 100
    assert (~said.dropna()).sum() > 0
    daily = table(account, "gold.sla_daily")
    assert daily["met"].sum() == (both["sla_met"] == True).sum()  # noqa: E712  # nullable boolean
    assert daily["missed"].sum() == (both["sla_met"] == False).sum()  # noqa: E712


def test_each_run_costs_what_it_did(account: Account) -> None:
    true = truth(account, "costs")
    true = true[(true["currency_code"] == "USD") & true["job_run_id"].notna()]
    per_run = true.groupby(["workspace_id", "job_run_id"])["list_cost"].sum()
    ours = table(account, "silver.run_costs").set_index(RUN)["list_cost"]
    ours.index.names = per_run.index.names
    nonzero = ours[ours != 0]
    pd.testing.assert_series_equal(
        nonzero.sort_index(), per_run[per_run != 0].sort_index(), check_names=False
    )


def test_gold_cost_is_bronze_usage_times_price_to_the_last_digit(account: Account) -> None:
    usage = table(account, "bronze.usage")
    prices = table(account, "silver.prices")
    prices = prices[prices["currency_code"] == "USD"]
    places = Decimal("1e-9")
    total = Decimal(0)
    windows = dict(list(prices.groupby(["sku_name", "cloud", "usage_unit"])))
    for row in usage.itertuples():
        for window in windows.get(
            (row.sku_name, row.cloud, row.usage_unit), pd.DataFrame()
        ).itertuples():
            if window.valid_from <= row.usage_start_time and (
                pd.isna(window.valid_to) or row.usage_start_time < window.valid_to
            ):
                total += row.usage_quantity.quantize(places) * window.effective_price
    assert total > 0
    assert sum(table(account, "gold.cost_daily")["list_cost"]) == total
    assert sum(table(account, "gold.team_cost_daily")["list_cost"]) == total


def test_rows_received_are_rows_kept_quarantined_or_repeated(account: Account) -> None:
    steps = table(account, "gold.night_steps")
    ingested = steps[steps["step"] == "ingest"]
    assert len(ingested) >= 10
    received = ingested["rows_read"].sum()
    assert received > 1000
    assert ingested[["inserted", "updated", "rejected", "duplicates"]].sum().sum() == received
