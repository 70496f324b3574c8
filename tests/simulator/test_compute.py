"""Clusters, node-minutes, usage and prices: each inside the bounds of the others."""

from decimal import Decimal

import pandas as pd
import pytest

from tests.simulator.conftest import Account

MINUTE = pd.Timedelta(minutes=1)
HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def usage(account: Account) -> pd.DataFrame:
    rows = account.table("billing/usage")
    metadata = pd.DataFrame(rows["usage_metadata"].tolist())
    return rows.join(metadata)


@pytest.fixture(scope="module")
def life(account: Account) -> pd.DataFrame:
    rows = account.table("compute/clusters")
    return rows.groupby(["workspace_id", "cluster_id"]).agg(
        created=("change_time", "min"), deleted=("delete_time", "max"),
        source=("cluster_source", "first"), workers=("worker_count", "first"),
        most=("max_autoscale_workers", "first"),
    )  # fmt: skip


def test_every_attempt_on_job_compute_has_a_cluster_of_its_own(
    account: Account, life: pd.DataFrame
) -> None:
    tasks = account.table("lakeflow/job_task_run_timeline")
    used = tasks[tasks["compute_ids"].notna()]
    typed = used["compute"].map(lambda c: c[0]["cluster_id"] or c[0]["warehouse_id"])
    assert (used["compute_ids"].str[0] == typed).all()
    on_warehouse = used["compute"].map(lambda c: c[0]["type"]) == "WAREHOUSE"
    assert on_warehouse.any()
    used = used[~on_warehouse]
    pairs = used.assign(cluster_id=used["compute_ids"].str[0])
    pairs = pairs.join(life, on=["workspace_id", "cluster_id"])
    assert pairs["created"].notna().all()
    own = pairs[pairs["source"] == "JOB"]
    assert own.groupby(["workspace_id", "cluster_id"])["job_run_id"].nunique().max() == 1
    assert (pairs["source"] == "UI").any()
    assert tasks["compute_ids"].isna().any(), "serverless"


def test_node_minutes_lie_inside_the_life_of_their_cluster(
    account: Account, life: pd.DataFrame
) -> None:
    minutes = account.table("compute/node_timeline").join(life, on=["workspace_id", "cluster_id"])
    assert (minutes["end_time"] - minutes["start_time"] == MINUTE).all()
    assert (minutes["start_time"] >= minutes["created"]).all()
    until = minutes["deleted"].fillna(pd.Timestamp(account.end))
    assert (minutes["end_time"] <= until).all()


def test_nodes_are_one_driver_and_the_workers_asked_for(
    account: Account, life: pd.DataFrame
) -> None:
    minutes = account.table("compute/node_timeline")
    per_cluster = minutes.groupby(["workspace_id", "cluster_id"])
    drivers = minutes[minutes["driver"]].groupby(["workspace_id", "cluster_id"])["instance_id"]
    assert drivers.nunique().max() == 1
    workers = per_cluster["instance_id"].nunique() - 1
    # A worker that was replaced is an instance too.
    quirks = account.truth("quirks").query("quirk == 'spot_replacement' and entity == 'cluster'")
    replaced = pd.MultiIndex.from_frame(quirks[["workspace_id", "key"]])
    workers = workers[~workers.index.isin(replaced)]
    requested = life.reindex(workers.index)
    fixed = requested["workers"].notna()
    assert (workers[fixed] == requested.loc[fixed, "workers"]).all()
    assert (workers[~fixed] <= requested.loc[~fixed, "most"]).all()


def test_short_lives_leave_no_minutes(account: Account, life: pd.DataFrame) -> None:
    minutes = account.table("compute/node_timeline")
    seen = set(minutes["cluster_id"])
    own = life[(life["source"] == "JOB") & life["deleted"].notna()]
    short = own[own["deleted"] - own["created"] < 9 * MINUTE]
    long = own[own["deleted"] - own["created"] > 15 * MINUTE]
    assert not seen & set(short.index.get_level_values("cluster_id"))
    assert set(long.index.get_level_values("cluster_id")) <= seen


def test_percentages_are_percentages_and_start_low(account: Account) -> None:
    minutes = account.table("compute/node_timeline")
    for name in [name for name in minutes if name.endswith("_percent")]:
        assert minutes[name].between(0, 100).all(), name
    cpu = ["cpu_user_percent", "cpu_system_percent", "cpu_wait_percent"]
    assert (minutes[cpu].sum(axis=1) <= 100.2).all()
    busy = minutes["cpu_user_percent"] + minutes["cpu_system_percent"]
    age = minutes["start_time"] - minutes.groupby("instance_id")["start_time"].transform("min")
    worker = ~minutes["driver"]
    assert busy[worker & (age < MINUTE)].mean() < 0.5 * busy[worker & (age > 5 * MINUTE)].mean()


def test_usage_lies_inside_one_clock_hour_and_lands_within_a_day(usage: pd.DataFrame) -> None:
    start, end = usage["usage_start_time"], usage["usage_end_time"]
    assert (start < end).all()
    assert (end <= start.dt.floor("h") + HOUR).all()
    assert (pd.to_datetime(usage["usage_date"]) == start.dt.tz_localize(None).dt.floor("D")).all()
    original = usage[usage["record_type"] == "ORIGINAL"]
    delay = pd.to_datetime(original["ingestion_date"]) - pd.to_datetime(original["usage_date"])
    assert set(delay.dt.days) == {0, 1}


def test_a_retraction_cancels_its_original_exactly_and_a_restatement_follows(
    usage: pd.DataFrame,
) -> None:
    kinds = {kind: rows.set_index("record_id") for kind, rows in usage.groupby("record_type")}
    original, retraction = kinds["ORIGINAL"], kinds["RETRACTION"]
    assert len(retraction) > 0
    # What should never have been billed is retracted and not restated.
    assert 0.8 < len(kinds["RESTATEMENT"]) / len(retraction) < 1
    paired = original.loc[retraction.index]
    assert (paired["usage_quantity"] + retraction["usage_quantity"] == Decimal(0)).all()
    same = ["workspace_id", "sku_name", "usage_start_time", "usage_end_time", "custom_tags",
            "job_id", "job_run_id", "cluster_id", "billing_origin_product"]  # fmt: skip
    pd.testing.assert_frame_equal(paired[same], retraction[same])
    late = pd.to_datetime(retraction["ingestion_date"]) - pd.to_datetime(paired["ingestion_date"])
    assert (late > pd.Timedelta(0)).all()
    assert (kinds["RESTATEMENT"]["usage_quantity"] > 0).all()


def test_what_is_billed_to_whom(usage: pd.DataFrame) -> None:
    jobs = usage[usage["job_id"].notna()]
    assert set(jobs["billing_origin_product"]) == {"JOBS"}
    assert (jobs["cluster_id"].isna() == jobs["node_type"].isna()).all()
    shared = usage[usage["billing_origin_product"] == "ALL_PURPOSE"]
    assert shared["cluster_id"].notna().all()
    assert shared["job_id"].isna().all()
    platform = usage[usage["billing_origin_product"] == "PREDICTIVE_OPTIMIZATION"]
    assert platform["sku_name"].str.contains("JOBS_SERVERLESS").all()


def test_billed_hours_of_a_cluster_are_its_nodes_times_their_rate(
    account: Account, usage: pd.DataFrame, life: pd.DataFrame
) -> None:
    rate = {"m5d.xlarge": 0.69, "r5d.2xlarge": 1.8}
    fixed = life[(life["source"] == "JOB") & life["workers"].notna()]
    rows = usage[usage["node_type"].isin(list(rate)) & (usage["record_type"] == "ORIGINAL")]
    rows = rows.join(fixed, on=["workspace_id", "cluster_id"], how="inner")
    hours = (rows["usage_end_time"] - rows["usage_start_time"]) / HOUR
    photon = rows["product_features"].map(lambda f: f["is_photon"])
    nodes = rows["workers"].astype(float) + 1
    expected = hours * nodes * rows["node_type"].map(rate) * photon.map({True: 2.0, False: 1.0})
    assert len(rows) > 50
    assert (rows["usage_quantity"].astype(float) / expected - 1).abs().max() < 1e-6


def test_prices_change_inside_the_window_without_gap_and_one_reaches_into_the_next(
    account: Account, usage: pd.DataFrame
) -> None:
    prices = account.table("billing/list_prices")
    assert set(prices["currency_code"]) == {"USD", "EUR"}
    for _, rows in prices.sort_values("price_start_time").groupby(["sku_name", "currency_code"]):
        over = [end - start for end, start in zip(rows["price_end_time"][:-1],
                rows["price_start_time"][1:], strict=True)]  # fmt: skip
        reach = pd.Timedelta(days=2 if rows["sku_name"].iloc[0] == "PREMIUM_JOBS_COMPUTE" else 0)
        assert over == [reach] * (len(rows) - 1)
        assert pd.isna(rows["price_end_time"].iloc[-1])
    changes = prices["price_end_time"].dropna()
    assert changes.between(usage["usage_start_time"].min(), usage["usage_end_time"].max()).all()
    promoted = prices["pricing"].map(lambda p: p["promotional"] is not None)
    cheaper = prices["pricing"].map(lambda p: p["effective_list"]["default"] < p["default"])
    assert promoted.any()
    assert (promoted == cheaper).all()
    unpriced = set(usage["sku_name"]) - set(prices["sku_name"])
    assert any("FREE_USAGE" in sku for sku in unpriced)
    assert any("FREE_USAGE" not in sku for sku in unpriced)
