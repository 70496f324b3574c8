"""What makes runs slow leaves traces in the tables, and moves no run."""

import numpy as np
import pandas as pd
import pytest

from tests.simulator.conftest import Account


@pytest.fixture(scope="module")
def causes(account: Account) -> pd.DataFrame:
    return account.truth("causes")


@pytest.fixture(scope="module")
def read_bytes(account: Account) -> pd.DataFrame:
    """What each run of serverless compute or of a warehouse has read, by its series."""
    statements = account.table("query/history")
    info = statements["query_source"].map(lambda source: source["job_info"])
    of_jobs = statements[info.notna()].assign(
        run_id=info.dropna().map(lambda job: job["job_run_id"])
    )
    read = of_jobs.groupby(["workspace_id", "run_id"])["read_bytes"].sum().rename("read")
    runs = account.truth("runs").query("final_status == 'SUCCEEDED' and attempts == 1")
    return runs.merge(read, on=["workspace_id", "run_id"])


def test_every_slow_run_and_every_shift_has_a_cause(account: Account, causes: pd.DataFrame) -> None:
    single, shifts = causes[causes["run_id"].notna()], causes[causes["run_id"].isna()]
    assert {"input", "task", "unexplained"} <= set(single["part"])
    events = account.truth("events")
    begun = events[events["kind"].isin(["LEVEL_SHIFT", "RESIZE"])]
    assert sorted(shifts["from_time"]) == sorted(begun["from_time"])
    assert single["change"].isna().all()
    assert (causes["task_key"].notna() == (causes["part"] == "task")).all()


def test_some_statements_are_of_no_job_and_all_have_a_text_to_drop(account: Account) -> None:
    statements = account.table("query/history")
    is_of_job = statements["query_source"].map(lambda source: source["job_info"] is not None)
    assert 0.9 < is_of_job.mean() < 1.0
    assert statements["statement_text"].str.contains("dapi").any()


def test_a_run_slow_for_its_input_has_read_more(
    causes: pd.DataFrame, read_bytes: pd.DataFrame
) -> None:
    usual = read_bytes.groupby("series_key")["read"].transform("median")
    ratio = read_bytes.assign(ratio=read_bytes["read"] / usual)
    slow = causes[causes["run_id"].notna()].merge(ratio, on=["workspace_id", "run_id"])
    by_part = slow.groupby("part")["ratio"].median()
    assert by_part["input"] > 1.3 > by_part["unexplained"]


def test_a_slow_task_takes_what_its_run_takes_longer(
    account: Account, causes: pd.DataFrame
) -> None:
    tasks = account.table("lakeflow/job_task_run_timeline")
    seconds = (tasks["period_end_time"] - tasks["period_start_time"]).dt.total_seconds()
    by_task = (
        tasks.assign(seconds=seconds)
        .groupby(["workspace_id", "job_id", "job_run_id", "task_key"])["seconds"]
        .sum()
        .reset_index()
        .rename(columns={"job_run_id": "run_id"})
    )
    usual = by_task.groupby(["workspace_id", "job_id", "task_key"])["seconds"].transform("median")
    by_task["ratio"] = by_task["seconds"] / usual
    slow = causes[causes["run_id"].notna() & (causes["part"] == "task") & (causes["factor"] > 2)]
    both = by_task.merge(
        slow[["workspace_id", "run_id", "task_key"]], on=["workspace_id", "run_id"],
        suffixes=("", "_slow"),
    )  # fmt: skip
    is_slow = both["task_key"] == both["task_key_slow"]
    run = ["workspace_id", "run_id"]
    slowest = both[is_slow].set_index(run)["ratio"]
    others = both[~is_slow].groupby(run)["ratio"].median()
    more = (slowest / others).dropna()
    assert len(more) > 3
    assert (more > 1).mean() > 0.8
    assert more.median() > 1.3


def test_another_runtime_comes_with_the_shift(account: Account, causes: pd.DataFrame) -> None:
    clusters = account.table("compute/clusters")
    runs = account.truth("runs")
    for shift in causes[causes["change"] == "runtime"].to_dict("records"):
        of_job = runs[runs["series_key"] == shift["series_key"]]
        names = clusters["cluster_name"].str.extract(r"^job-\d+-run-(?P<run_id>\d+)")["run_id"]
        runtimes = clusters.assign(run_id=names).drop_duplicates(["workspace_id", "run_id"])
        both = of_job.merge(runtimes, on=["workspace_id", "run_id"])
        later = both["due_at"] >= shift["from_time"]
        assert not set(both[later]["dbr_version"]) & set(both[~later]["dbr_version"])


def test_node_minutes_of_a_run_receive_what_it_reads(account: Account) -> None:
    minutes = account.table("compute/node_timeline")
    received = minutes[minutes["network_received_bytes"].notna()]
    assert len(received) > 0.5 * len(minutes)
    assert (received["network_received_bytes"] > 0).all()
    by_cluster = received.groupby("cluster_id")["network_received_bytes"].sum()
    assert np.log(by_cluster).std() > 0.5, "jobs read unlike amounts"
