"""Lineage of a simulated account: events of the jobs that need others, and a few that no job's run has made."""

import pandas as pd
import pytest

from tests.simulator.conftest import Account


@pytest.fixture(scope="module")
def events(account: Account) -> pd.DataFrame:
    rows = account.arrow("access/table_lineage").to_pandas()
    of_run = rows["entity_metadata"].map(
        lambda by: by["job_info"]["job_run_id"] if by["job_info"] else None
    )
    return rows.assign(run_id=of_run)


def test_events_are_of_runs_but_for_some_of_notebooks_and_paths(
    account: Account, events: pd.DataFrame
) -> None:
    of_job = events["run_id"].notna()
    assert (events["entity_type"].eq("JOB") == of_job).all()
    assert (events["entity_run_id"].fillna("") == events["run_id"].fillna("")).all()
    assert 0.9 < of_job.mean() < 1
    names = events[["source_table_full_name", "target_table_full_name"]]
    is_path = events["source_type"].eq("PATH")
    assert (names.isna().all(axis=1) == is_path).all()
    assert is_path.any()
    runs = account.truth("runs")[["workspace_id", "run_id", "started_at"]]
    timed = events[of_job].merge(runs, on=["workspace_id", "run_id"])
    assert (timed["event_time"] > timed["started_at"]).all()


def test_the_truth_of_feeds_is_what_events_tell(account: Account, events: pd.DataFrame) -> None:
    runs = account.truth("runs")[["workspace_id", "run_id", "series_key"]]
    known = events[events["run_id"].notna()].merge(runs, on=["workspace_id", "run_id"])
    reads = known.rename(columns={"source_table_full_name": "table"}).dropna(subset="table")
    writes = known.rename(columns={"target_table_full_name": "table"}).dropna(subset="table")
    first_read = reads.groupby(["table", "series_key", "run_id"], as_index=False)[
        "event_time"
    ].min()
    first_write = writes.groupby(["table", "series_key"], as_index=False)["event_time"].min()
    pairs = first_read.merge(first_write, on="table", suffixes=("", "_written"))
    pairs = pairs[pairs["event_time"] >= pairs["event_time_written"]]
    counts = pairs.groupby(["series_key", "series_key_written", "table"]).size()
    truth = account.truth("feeds")
    told = truth.set_index(["series_key", "upstream_series_key", "table_name"])["runs"]
    assert len(told) >= 3
    assert counts.to_dict() == told.to_dict()
    assert told.index.get_level_values("table_name").str.contains("<b>").any()
