"""Pipelines: updates inside the task runs that start them, and a bill that names no job."""

from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest

from tests.simulator.conftest import Account

NINE = Decimal("0.000000001")
UPDATE = ["workspace_id", "pipeline_id", "update_id"]


@pytest.fixture(scope="module")
def updates(account: Account) -> pd.DataFrame:
    """One row per update, with the task run that started it."""
    rows = account.table("lakeflow/pipeline_update_timeline").sort_values("period_end_time")
    starter = rows["trigger_details"].map(lambda one: (one or {}).get("job_task") or {})
    rows = rows.assign(
        run_id=starter.map(lambda one: one.get("job_task_run_id")),
        job=starter.map(lambda one: one.get("job_id")),
    )
    return rows.groupby(UPDATE, as_index=False, dropna=False).agg(
        low=("period_start_time", "min"), high=("period_end_time", "max"),
        state=("result_state", "last"), trigger=("trigger_type", "first"),
        run_id=("run_id", "first"), job=("job", "first"),
    )  # fmt: skip


def test_an_update_lies_inside_the_task_run_that_started_it(
    account: Account, updates: pd.DataFrame
) -> None:
    tasks = account.table("lakeflow/job_task_run_timeline").sort_values("period_end_time")
    span = tasks.groupby(["workspace_id", "run_id"]).agg(
        first=("period_start_time", "min"), last=("period_end_time", "max"),
        task_state=("result_state", "last"), job_id=("job_id", "first"),
        compute=("compute_ids", "last"),
    )  # fmt: skip
    started = updates[updates["trigger"] == "JOB_TASK"].join(span, on=["workspace_id", "run_id"])
    assert len(started) > 20
    assert started["first"].notna().all()
    assert (started["low"] >= started["first"]).all()
    assert (started["high"] <= started["last"]).all()
    assert (started["job"] == started["job_id"]).all()
    assert started["compute"].isna().all()
    outcomes = started["task_state"].map({"SUCCEEDED": "COMPLETED", "FAILED": "FAILED"})
    assert (outcomes == started["state"])[outcomes.notna()].all()


def test_some_updates_have_no_job(updates: pd.DataFrame) -> None:
    alone = updates[updates["trigger"] != "JOB_TASK"]
    assert alone["run_id"].isna().all()
    assert {"USER_ACTION", "INFRASTRUCTURE_MAINTENANCE"} <= set(alone["trigger"])


def test_the_bill_of_an_update_belongs_to_the_run_that_started_it(
    account: Account, updates: pd.DataFrame
) -> None:
    usage = account.table("billing/usage")
    usage = usage.join(pd.DataFrame(usage["usage_metadata"].tolist()))
    usage = usage[usage["billing_origin_product"] == "DLT"]
    assert usage["job_id"].isna().all()
    assert usage["job_run_id"].isna().all()
    assert usage[["dlt_pipeline_id", "dlt_update_id"]].notna().all(axis=None)

    price = {
        (row["sku_name"], row["currency_code"]): row["pricing"]["effective_list"]["default"]
        for row in account.table("billing/list_prices").to_dict("records")
    }
    quantity = usage["usage_quantity"].map(lambda q: q.quantize(NINE, ROUND_HALF_UP))
    money = usage["sku_name"].map(lambda sku: price[sku, "USD"].quantize(NINE, ROUND_HALF_UP))
    usage = usage.assign(list_cost=quantity * money)
    read = usage.groupby(["workspace_id", "dlt_update_id"])["list_cost"].sum()

    truth = account.truth("pipeline_costs")
    truth = truth[truth["currency_code"] == "USD"]
    true_costs = truth.groupby(["workspace_id", "update_id"])["list_cost"].sum()
    pd.testing.assert_series_equal(read, true_costs, check_names=False)

    tasks = account.table("lakeflow/job_task_run_timeline")
    run_of = tasks.groupby(["workspace_id", "run_id"])["job_run_id"].first()
    starter = updates.set_index(["workspace_id", "update_id"])["run_id"]
    for row in truth.to_dict("records"):
        task_run = starter.get((row["workspace_id"], row["update_id"]))
        if task_run is None:
            assert row["job_run_id"] is None
        else:
            assert row["job_run_id"] == run_of[row["workspace_id"], task_run]
