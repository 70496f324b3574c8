"""The panel: what it keeps, in which order, and what it leaves out and counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.panel import FAILED, LEFT_OUT, NEVER_US, SUCCEEDED, RunPanel
from optimizer.result import Status, require_one_row_per_job
from tests.strategies.runs import EPOCH, histories, one_job


@given(histories(bad=True))
def test_every_row_is_kept_in_order_or_counted(runs: pd.DataFrame) -> None:
    panel = RunPanel.from_frame(runs)
    assert panel.offsets[-1] == panel.row.size == runs["start_time"].notna().sum()
    assert len(set(panel.row)) == panel.row.size
    usable = (
        runs["start_time"].notna()
        & np.isfinite(runs["duration_seconds"])
        & (runs["duration_seconds"] >= 0)
        & runs["status"].isin(["SUCCEEDED", "UNKNOWN", "TIMEOUT", "CANCELLED", "FAILED"])
    )
    counted = (~usable).groupby(runs["job_id"]).sum()
    assert panel.left_out.tolist() == counted.reindex(panel.job_ids).tolist()
    for j, job_id in enumerate(panel.job_ids):
        own = slice(panel.offsets[j], panel.offsets[j + 1])
        assert set(runs["job_id"].iloc[panel.row[own]]) <= {job_id}
        assert np.all(np.diff(panel.start_us[own]) >= 0)
        ends = panel.end_us[panel.by_end[own]]
        assert np.all(ends[1:] >= ends[:-1])
        assert sorted(panel.by_end[own]) == list(range(own.start, own.stop))


@given(histories(bad=True), st.integers(1, 20), st.none() | st.integers(0, 40))
def test_the_latest_runs_are_a_panel_of_those_runs(
    runs: pd.DataFrame, most: int, since: int | None
) -> None:
    whole = RunPanel.from_frame(runs)
    starts = np.sort(whole.start_us)
    since_us = NEVER_US if since is None or since >= starts.size else int(starts[since])
    latest = whole.latest(most, since_us)
    from_end = np.repeat(whole.offsets[1:], np.diff(whole.offsets)) - np.arange(whole.row.size)
    expected = (from_end <= most) | (whole.start_us >= since_us)
    again = RunPanel.from_frame(runs.iloc[np.sort(whole.row[expected])])
    number_of_job = {job_id: j for j, job_id in enumerate(again.job_ids)}
    for j, job_id in enumerate(latest.job_ids):
        mine = slice(latest.offsets[j], latest.offsets[j + 1])
        assert since_us < NEVER_US or mine.stop - mine.start <= most
        if job_id not in number_of_job:
            assert mine.stop == mine.start
            continue
        first = again.offsets[number_of_job[job_id]]
        same = slice(first, again.offsets[number_of_job[job_id] + 1])
        assert latest.start_us[mine].tolist() == again.start_us[same].tolist()
        assert latest.end_us[mine].tolist() == again.end_us[same].tolist()
        assert latest.outcome[mine].tolist() == again.outcome[same].tolist()
        by_end = latest.by_end[mine] - mine.start
        assert by_end.tolist() == (again.by_end[same] - first).tolist()


def test_equal_starts_are_ordered_by_run_id() -> None:
    runs = one_job([3.0, 1.0, 2.0], gap_hours=0.0).assign(run_id=["b", "c", "a"])
    assert RunPanel.from_frame(runs).duration_seconds.tolist() == [2.0, 3.0, 1.0]


def test_statuses_and_ends() -> None:
    runs = one_job([60.0, 60.0, 60.0, float("nan")])
    runs["status"] = ["SUCCEEDED", "FAILED", "SKIPPED", "SUCCEEDED"]
    panel = RunPanel.from_frame(runs)
    assert panel.outcome.tolist() == [SUCCEEDED, FAILED, LEFT_OUT, LEFT_OUT]
    start_us = int(EPOCH.timestamp() * 1e6)
    assert panel.end_us[0] == start_us + 60_000_000
    assert panel.end_us[2:].tolist() == [NEVER_US, NEVER_US]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_times_mean_the_same_in_any_unit_and_zone(unit: str, zone: str) -> None:
    runs = one_job([60.0, 61.0])
    converted = runs.assign(start_time=runs["start_time"].dt.as_unit(unit).dt.tz_convert(zone))
    assert (
        RunPanel.from_frame(converted).start_us.tolist()
        == RunPanel.from_frame(runs).start_us.tolist()
    )


def test_another_column_may_be_studied() -> None:
    runs = one_job([60.0, 61.0]).assign(list_cost=[1.5, -2.0])
    panel = RunPanel.from_frame(runs, value="list_cost")
    assert panel.value[0] == 1.5
    assert np.isnan(panel.value[1])
    with pytest.raises(ValueError, match="lack the column"):
        RunPanel.from_frame(runs, value="dbu")


@pytest.mark.parametrize("given_seconds", [["60", "61"], [60, 61], [60.0, 61.0]])
def test_durations_may_come_as_numbers_of_any_kind(given_seconds: list[object]) -> None:
    runs = one_job([1.0, 2.0]).assign(duration_seconds=given_seconds)
    assert RunPanel.from_frame(runs).duration_seconds.tolist() == [60.0, 61.0]


def test_a_lost_job_is_a_defect() -> None:
    frame = pd.DataFrame({"job_id": ["a"], "status": [Status.OK.value]})
    assert require_one_row_per_job(frame, ["a"]) is frame
    with pytest.raises(RuntimeError, match="2 jobs were given and 1 rows"):
        require_one_row_per_job(frame, ["a", "b"])
