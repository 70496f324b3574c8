"""Each quirk leaves its mark where it is on and none where it is off; the truth names what it
touched."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import UserError
from simulator import SimulatorConfig, simulate
from simulator.quirks import ALL, EVENTS, NONE, QUIRKS, parse_quirks
from tests.simulator.conftest import END, Account, config

RUN = ["workspace_id", "run_id"]
# What touches no single run, job or record, or is told by truth/events.
UNTOLD = {"latency", "out_of_order", "tag_spellings", "price_changes", "overlapping_prices",
          "promotional_prices", "currencies"} | (set(EVENTS) - {"slowdowns", "downstream_failures",
                                                                "resizes"})  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Account:
    folder = tmp_path_factory.mktemp("plain") / "account"
    simulate(config(quirks=NONE), folder)
    return Account(folder, END)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account over both the added columns and the new slicing, rich in runs."""
    folder = tmp_path_factory.mktemp("old") / "account"
    end = datetime(2026, 1, 25, tzinfo=UTC)
    simulate(SimulatorConfig(end=end, jobs=300, days=60, seed=2), folder)
    return Account(folder, end)


def touched(account: Account, quirk: str, entity: str) -> set[tuple[str, str]]:
    rows = account.truth("quirks")
    rows = rows[(rows["quirk"] == quirk) & (rows["entity"] == entity)]
    return set(zip(rows["workspace_id"], rows["key"], strict=True))


def keys(rows: pd.DataFrame, key: str = "run_id") -> set[tuple[str, str]]:
    return set(zip(rows["workspace_id"], rows[key], strict=True))


def test_every_quirk_that_touches_something_says_what(old: Account) -> None:
    touching = set(old.truth("quirks")["quirk"])
    assert touching == set(QUIRKS) - UNTOLD


def test_without_quirks_the_account_is_plain(plain: Account) -> None:
    runs = plain.table("lakeflow/job_run_timeline")
    assert len(plain.arrow("lakeflow/job_run_timeline")) == len(runs)
    assert set(runs["result_state"]) - {None} == {"SUCCEEDED"}
    assert set(runs["run_type"]) == {"JOB_RUN"}
    assert set(runs["trigger_type"]) <= {"CRON", "ONETIME"}
    ended = runs[runs["result_state"].notna()]
    assert not ended.duplicated(RUN).any()
    seconds = runs.groupby(RUN).apply(
        lambda g: (g["period_end_time"] - g["period_start_time"]).dt.total_seconds().sum(),
        include_groups=False,
    )
    reported = (
        ended.set_index(RUN)["execution_duration_seconds"]
        + ended.set_index(RUN)["setup_duration_seconds"]
    )
    assert ((seconds.reindex(reported.index) - reported).abs() < 2).all(), "durations are reported"
    tasks = plain.table("lakeflow/job_task_run_timeline")
    assert tasks.groupby(["workspace_id", "job_run_id", "task_key"])["run_id"].nunique().max() == 1

    jobs = plain.table("lakeflow/jobs")
    assert jobs["delete_time"].isna().all()
    assert jobs["name"].is_unique or jobs.drop_duplicates(["job_id"])["name"].is_unique
    assert set(plain.truth("jobs")["compute"]) <= {"JOB_CLUSTER", "SERVERLESS"}
    usage = plain.table("billing/usage")
    assert set(usage["record_type"]) == {"ORIGINAL"}
    assert usage["workspace_id"].notna().all()
    assert set(usage["usage_unit"]) == {"DBU"}
    prices = plain.table("billing/list_prices")
    assert prices["sku_name"].is_unique
    assert set(usage["sku_name"]) <= set(prices["sku_name"])
    assert prices["pricing"].map(lambda p: p["promotional"] is None).all()
    assert plain.truth("events").empty
    assert plain.truth("resizes").empty
    assert plain.truth("quirks").empty
    minutes = plain.table("compute/node_timeline")
    assert (minutes["mem_swap_percent"] == 0).all()
    lives = minutes.groupby("cluster_id")["start_time"].agg(["min", "max"])
    assert (lives["max"] - lives["min"] < pd.Timedelta(minutes=9)).any(), "short lives are seen"


def test_slices_follow_the_rule_of_their_time(old: Account) -> None:
    switch = pd.Timestamp("2026-01-19", tz="UTC")
    rows = old.table("lakeflow/job_run_timeline")
    inner = rows[rows["result_state"].isna()]
    before, after = (
        inner[inner["period_end_time"] < switch],
        inner[inner["period_end_time"] > switch],
    )
    assert (after["period_end_time"] == after["period_end_time"].dt.floor("h")).all()
    whole = pd.Timedelta(hours=1)
    assert ((before["period_end_time"] - before["period_start_time"]) == whole).all()
    assert (before["period_end_time"] != before["period_end_time"].dt.floor("h")).mean() > 0.9
    crossing = touched(old, "slicing_switch", "run")
    assert crossing
    span = rows.groupby(RUN).agg(low=("period_start_time", "min"), high=("period_end_time", "max"))
    crosses = span[(span["low"] < switch) & (span["high"] > switch)]
    assert crossing <= set(crosses.index)


def test_early_files_lack_the_columns_added_later(old: Account) -> None:
    for file in old.files("lakeflow/job_run_timeline"):
        rows = pd.read_parquet(file)
        assert ("termination_type" in rows) == (file.stem >= "2025-12-01"), file
        assert "run_duration_seconds" in rows or file.stem < "2025-12-01"


def test_retries_are_new_runs_and_new_task_runs(old: Account) -> None:
    runs = old.table("lakeflow/job_run_timeline")
    retried = runs[runs["trigger_type"] == "ONETIME_RETRY"]
    assert keys(retried) == touched(old, "run_retries", "run")
    tasks = old.table("lakeflow/job_task_run_timeline")
    again = touched(old, "task_retries", "task_run")
    assert again <= keys(tasks)
    tries = tasks.groupby(["workspace_id", "job_run_id", "task_key"])["run_id"].nunique()
    assert (tries > 1).sum() >= len(again) * 0.9


def test_what_is_delivered_twice_is_the_same_row(unpunctual: Account) -> None:
    rows = unpunctual.arrow("lakeflow/job_run_timeline").to_pandas(maps_as_pydicts="strict")
    key = ["workspace_id", "run_id", "period_start_time", "period_end_time"]
    twice = rows[rows.duplicated(key, keep=False)]
    assert len(twice) > 10
    assert keys(twice) <= touched(unpunctual, "delivered_twice", "run")
    rows_told = twice.astype(str).drop_duplicates()
    assert len(rows_told) == len(twice.drop_duplicates(key))


def test_a_replaced_worker_is_another_instance_of_the_same_cluster(old: Account) -> None:
    minutes = old.table("compute/node_timeline")
    workers = minutes[~minutes["driver"]]
    replaced = {key for _, key in touched(old, "spot_replacement", "cluster")}
    seen = workers.groupby("cluster_id")["instance_id"].nunique()
    at_once = workers.groupby(["cluster_id", "start_time"])["instance_id"].nunique()
    most = at_once.groupby("cluster_id").max()
    more = seen > most
    assert len(replaced) > 20
    assert set(seen.index[more]) <= replaced
    assert more[more.index.isin(replaced)].mean() > 0.9, "the others are in flight"
    assert (seen - most).max() == 1


def test_records_that_are_odd_are_named(unpunctual: Account) -> None:
    usage = unpunctual.table("billing/usage")
    usage = usage.join(pd.DataFrame(usage["usage_metadata"].tolist()))
    nameless = usage[usage["job_id"].notna() & usage["job_run_id"].isna()]
    assert keys(nameless, "record_id") == touched(unpunctual, "usage_without_run", "record")
    corrected = usage[usage["record_type"] != "ORIGINAL"]
    assert keys(corrected, "record_id") == touched(unpunctual, "corrections", "record")
    units = usage[usage["usage_unit"] != "DBU"]
    assert set(units["record_id"]) == {k for _, k in touched(unpunctual, "usage_units", "record")}
    assert units["workspace_id"].isna().all()


def test_jobs_of_sql_tasks_run_on_a_warehouse_that_is_billed_without_them(
    unpunctual: Account,
) -> None:
    tasks = unpunctual.table("lakeflow/job_task_run_timeline")
    tasks = tasks[tasks["compute"].notna()]
    on = tasks[tasks["compute"].map(lambda c: c[0]["type"]) == "WAREHOUSE"]
    sql = touched(unpunctual, "sql_tasks", "run")
    assert sql
    assert keys(on, "job_run_id") <= sql
    usage = unpunctual.table("billing/usage")
    usage = usage.join(pd.DataFrame(usage["usage_metadata"].tolist()))
    assert not keys(usage[usage["job_run_id"].notna()], "job_run_id") & sql
    assert set(on["compute_ids"].str[0]) <= set(usage["warehouse_id"])


@pytest.mark.parametrize(
    ("spelled", "names"),
    [("all", ALL), ("none", NONE), ("repairs, latency", frozenset({"repairs", "latency"}))],
)
def test_quirks_are_spelled(spelled: str, names: frozenset[str]) -> None:
    assert parse_quirks(spelled) == names


def test_an_unknown_quirk_is_refused_with_the_list(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no quirk 'gremlins'; write all, none .*late_rows"):
        parse_quirks("repairs,gremlins")
    with pytest.raises(UserError, match="no quirk 'x'"):
        config(quirks=frozenset({"x"}))
