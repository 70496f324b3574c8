"""Gold against the simulator's truth: every count, status, repair, SLA verdict and cent."""

import pandas as pd
import pytest

from tests.e2e.account import Account
from tests.e2e.truth import EVERY, figures, stored, told, total_cost

_ALWAYS = {
    "all_purpose",
    "cancel_spellings",
    "columns_added",
    "continuous",
    "corrections",
    "deletions",
    "delivered_twice",
    "edits",
    "failures",
    "free_usage",
    "hostile_names",
    "late_rows",
    "missing_prices",
    "never_started",
    "notebook_workflows",
    "one_off_submits",
    "pipelines",
    "repairs",
    "run_jobs",
    "serverless_modes",
    "shared_ids",
    "short_nodes_missing",
    "slicing_switch",
    "slowdowns",
    "spot_replacement",
    "task_retries",
    "usage_without_run",
    "zero_durations",
}
"""Quirks that this account is large enough to hold; the benchmark has them all."""


@pytest.fixture(scope="module")
def compared(account: Account) -> pd.DataFrame:
    return figures(account.home, account.export)


def test_every_figure_is_the_truth_under_every_quirk(compared: pd.DataFrame) -> None:
    assert compared[compared["wrong"] > 0].to_dict("records") == []


def test_enough_was_compared_to_mean_something(compared: pd.DataFrame) -> None:
    of_all = compared[compared["quirk"] == EVERY].set_index(["entity", "figure"])["compared"]
    assert of_all["run", "known once"] > 500
    assert of_all["run", "SLA verdict"] > 500
    assert of_all["run", "list cost"] > 500
    assert of_all["record", "kept once"] > 1000
    assert of_all["job", "SLA"] > 20
    assert set(compared["quirk"]) >= _ALWAYS


def test_nothing_is_known_that_did_not_happen(account: Account) -> None:
    runs = ["workspace_id", "run_id"]
    true = told(account.export, "runs")[runs]
    ours = stored(account.home, "silver.runs")[runs]
    assert ours.merge(true, on=runs).shape == ours.shape


def test_daily_counts_are_the_truth(account: Account) -> None:
    runs = ["workspace_id", "run_id"]
    seen = stored(account.home, "silver.runs")[[*runs, "series_key"]]
    true = told(account.export, "runs").drop(columns="series_key").merge(seen, on=runs)
    daily = stored(account.home, "gold.job_daily")
    for ours, theirs in (
        ("succeeded", "SUCCEEDED"),
        ("failed", "FAILED"),
        ("timed_out", "TIMED_OUT"),
        ("cancelled", "CANCELLED"),
        ("skipped", "SKIPPED"),
        ("in_flight", "IN_FLIGHT"),
    ):
        happened = true[true["final_status"] == theirs].groupby("series_key").size()
        counted = daily.groupby("series_key")[ours].sum()
        pd.testing.assert_series_equal(
            counted[counted > 0], happened, check_names=False, check_dtype=False
        )
    verdicts = true["sla_met"].astype("boolean")
    compliance = stored(account.home, "gold.sla_daily")
    assert compliance["met"].sum() == verdicts.sum() > 0
    assert compliance["missed"].sum() == (~verdicts).sum() > 0


def test_gold_cost_is_bronze_usage_times_price_to_the_last_digit(account: Account) -> None:
    total = total_cost(account.home)
    assert total > 0
    assert sum(stored(account.home, "gold.cost_daily")["list_cost"]) == total
    assert sum(stored(account.home, "gold.team_cost_daily")["list_cost"]) == total


def test_rows_received_are_rows_kept_quarantined_or_repeated(account: Account) -> None:
    steps = stored(account.home, "gold.night_steps")
    ingested = steps[steps["step"] == "ingest"]
    assert len(ingested) >= 12
    received = ingested["rows_read"].sum()
    assert received > 1000
    became = ["inserted", "updated", "rejected", "duplicates", "expired"]
    assert ingested[became].sum().sum() == received
