"""Slices tile attempts, end rows end them, and tasks stay inside their run."""

import pandas as pd
import pytest

from tests.simulator.conftest import Account

HOUR = pd.Timedelta(hours=1)
RUN = ["workspace_id", "run_id"]


@pytest.fixture(scope="module", params=["job_run_timeline", "job_task_run_timeline"])
def slices(account: Account, request: pytest.FixtureRequest) -> pd.DataFrame:
    rows = account.table(f"lakeflow/{request.param}")
    rows = rows.sort_values([*RUN, "period_start_time", "period_end_time"]).reset_index(drop=True)
    # The attempt of a slice: how many end rows of its run came before it.
    ends = rows["result_state"].notna()
    rows["attempt"] = ends.groupby([rows[key] for key in RUN]).cumsum() - ends
    return rows


def test_a_slice_lies_inside_one_clock_hour(slices: pd.DataFrame) -> None:
    start, end = slices["period_start_time"], slices["period_end_time"]
    assert (start <= end).all()
    assert (end <= start.dt.floor("h") + HOUR).all()


def test_the_slices_of_an_attempt_tile_it_and_meet_at_clock_hours(slices: pd.DataFrame) -> None:
    key = [*RUN, "attempt"]
    earlier = slices.groupby(key)["period_end_time"].shift()
    later = earlier.notna()
    assert later.any()
    assert (slices.loc[later, "period_start_time"] == earlier[later]).all()
    assert (earlier[later] == earlier[later].dt.floor("h")).all()


def test_an_attempt_has_one_end_row_and_it_is_the_last(slices: pd.DataFrame) -> None:
    ended = slices["result_state"].notna()
    assert (ended == slices["termination_code"].notna()).all()
    assert (ended == slices["termination_type"].notna()).all()
    assert (ended == slices["execution_duration_seconds"].notna()).all()
    per_attempt = slices.groupby([*RUN, "attempt"])
    assert per_attempt["result_state"].count().max() == 1
    last = per_attempt.tail(1)
    assert len(last[last["result_state"].notna()]) == ended.sum()


def test_what_is_open_is_shown_up_to_the_last_full_hour(
    account: Account, slices: pd.DataFrame
) -> None:
    closed = pd.Timestamp(account.end).floor("h")
    last = slices.groupby([*RUN, "attempt"]).tail(1)
    open_now = last[last["result_state"].isna()]
    assert len(open_now) > 0
    assert (open_now["period_end_time"] == closed).all()
    assert (slices["period_end_time"] <= pd.Timestamp(account.end)).all()


def test_attempts_of_a_run_do_not_overlap(slices: pd.DataFrame) -> None:
    earlier = slices.groupby(RUN)["period_end_time"].shift()
    assert (slices["period_start_time"] >= earlier)[earlier.notna()].all()


def test_runs_that_never_started_have_no_length(account: Account) -> None:
    rows = account.table("lakeflow/job_run_timeline")
    skipped = rows[rows["result_state"] == "SKIPPED"]
    assert len(skipped) > 0
    assert (skipped["period_start_time"] == skipped["period_end_time"]).all()
    started = rows[rows["result_state"] != "SKIPPED"]
    assert (started["period_start_time"] < started["period_end_time"]).all()


def test_durations_are_literal_zeros_on_multi_task_jobs(account: Account) -> None:
    rows = account.table("lakeflow/job_run_timeline")
    ended = rows[rows["result_state"].notna()]
    single = ended.groupby(["workspace_id", "job_id"])["run_duration_seconds"].transform("max") > 0
    assert 0 < single.mean() < 0.5
    assert (ended.loc[~single, "setup_duration_seconds"] == 0).all()


def test_task_runs_lie_inside_their_run_and_end_with_it(account: Account) -> None:
    key = ["workspace_id", "job_run_id"]
    tasks = account.table("lakeflow/job_task_run_timeline")
    runs = account.table("lakeflow/job_run_timeline").rename(columns={"run_id": "job_run_id"})
    span = runs.groupby(key).agg(
        low=("period_start_time", "min"), high=("period_end_time", "max"), kind=("run_type", "first"),
        state=("result_state", "last"),
    )  # fmt: skip
    # Of the hour still open a task may be told before its run is.
    inside = tasks.join(span, on=key)
    inside = inside[inside["period_end_time"] <= pd.Timestamp(account.end).floor("h")]
    assert inside["low"].notna().all()
    assert (inside["period_start_time"] >= inside["low"]).all()
    assert (inside["period_end_time"] <= inside["high"]).all()
    assert "WORKFLOW_RUN" not in set(inside["kind"])
    reached = tasks.groupby(key)["period_end_time"].max()
    started = span[(span["kind"] != "WORKFLOW_RUN") & (span["state"] != "SKIPPED")]
    reached_at = reached.reindex(started.index)
    closed = pd.Timestamp(account.end).floor("h")
    assert (reached_at == started["high"])[
        (reached_at <= closed) & (started["high"] <= closed)
    ].all()


def test_a_task_waits_for_the_tasks_it_depends_on(account: Account) -> None:
    runs = account.table("lakeflow/job_task_run_timeline")
    graph = account.table("lakeflow/job_tasks").explode("depends_on_keys")
    graph = graph[graph["depends_on_keys"].notna()]
    span = runs.groupby(["workspace_id", "job_id", "job_run_id", "task_key"]).agg(
        low=("period_start_time", "min"), high=("period_end_time", "max"),
        rows=("run_id", "nunique"), state=("result_state", "last"),
    ).reset_index()  # fmt: skip
    # Repaired tasks have several runs; the law is read off those that ran once.
    span = span[(span["rows"] == 1) & (span["state"] == "SUCCEEDED")]
    job = ["workspace_id", "job_id"]
    edge = span.merge(graph[[*job, "task_key", "depends_on_keys"]], on=[*job, "task_key"]).merge(
        span,
        left_on=[*job, "job_run_id", "depends_on_keys"],
        right_on=[*job, "job_run_id", "task_key"],
        suffixes=("", "_before"),
    )
    assert len(edge) > 100
    assert (edge["low"] >= edge["high_before"]).all()


def test_a_repair_runs_only_what_had_not_succeeded(account: Account) -> None:
    tasks = account.table("lakeflow/job_task_run_timeline")
    succeeded = tasks[tasks["result_state"] == "SUCCEEDED"]
    twice = succeeded.groupby(["workspace_id", "job_run_id", "task_key"])["run_id"].nunique()
    assert twice.max() == 1


def test_notebook_runs_lie_inside_a_run_on_the_cluster_they_name(account: Account) -> None:
    rows = account.table("lakeflow/job_run_timeline")
    children = rows[rows["run_type"] == "WORKFLOW_RUN"]
    assert len(children) > 0
    assert children["compute_ids"].notna().all()
    clusters = set(account.table("compute/clusters")["cluster_id"])
    assert {ids[0] for ids in children["compute_ids"]} <= clusters
