"""What a baseline does over time: false alarms, incidents, sustained changes."""

import numpy as np
import pandas as pd
import pytest

from optimizer.baselines import latest, replay
from optimizer.config import BaselineConfig
from tests.strategies.runs import lognormal_runs, one_job

JOBS, RUNS = 400, 200


@pytest.fixture(scope="module")
def stationary():
    runs = lognormal_runs(JOBS, RUNS, seed=11)
    return runs, replay(runs)


def test_false_alarms_are_as_promised(stationary) -> None:
    """77,000 scored runs at one per thousand: 77 expected, sd 9; and 770 at one per hundred."""
    _, out = stationary
    scored = out["status"].eq("ok")
    assert scored.sum() > 70_000
    assert out["is_anomaly"][scored].mean() == pytest.approx(0.001, abs=0.0004)
    assert (out["p_value"][scored] <= 0.01).mean() == pytest.approx(0.01, abs=0.002)
    # The other detector has its own budget: about one declared change in a thousand runs.
    assert out["shift"][scored].mean() < 0.0015


def test_a_doubling_is_found_and_a_level_change_is_one_event(stationary) -> None:
    runs, _ = stationary
    number = np.tile(np.arange(RUNS), JOBS)
    slow = runs.assign(
        duration_seconds=runs["duration_seconds"] * np.where(number >= 120, 1.5, 1.0)
    )
    out = replay(slow)
    shift = out["shift"].to_numpy().reshape(JOBS, RUNS)
    runs_until_shift = shift[:, 120:].argmax(axis=1) + 1
    assert shift[:, 120:].any(axis=1).mean() > 0.99
    assert np.median(runs_until_shift) <= 4
    # Once found, the new level is the baseline: changes and alarms go back to their budgets.
    assert shift[:, 150:].mean() < 0.002
    assert out["is_anomaly"].to_numpy().reshape(JOBS, RUNS)[:, 150:].mean() < 0.002
    center = out["center"].to_numpy().reshape(JOBS, RUNS)
    assert np.nanmedian(center[:, -1] / center[:, 119]) == pytest.approx(1.5, rel=0.05)
    begun = slow["start_time"][number == 120].reset_index(drop=True)
    regime = out["regime_start"][number == 150].reset_index(drop=True)
    assert ((regime - begun).abs() / np.timedelta64(1, "D")).median() <= 2


def test_one_incident_is_an_anomaly_and_no_change() -> None:
    usual = [100.0 * 1.1 ** (k % 5 - 2) for k in range(40)]
    out = replay(one_job([*usual, 1e5, *usual]))
    assert out["is_anomaly"].tolist().index(True) == 40
    assert out["is_anomaly"].sum() == 1
    assert not out["shift"].any()
    # It stays in the window and moves nothing: the same center a run later, to the last digit.
    assert out["center"].iloc[41] == out["center"].iloc[39]
    assert out["scale"].iloc[41] == out["scale"].iloc[39]


def test_past_incidents_do_not_poison() -> None:
    """A quarter of the past being incidents does not hide the next one."""
    rng = np.random.default_rng(4)
    seconds = 100.0 * np.exp(0.05 * rng.standard_normal(61))
    seconds[np.arange(2, 60, 4)] *= 50.0
    seconds[60] *= 5.0
    config = BaselineConfig(shift_threshold_sd=100.0)
    assert replay(one_job(list(seconds)), config=config)["is_anomaly"].iloc[60]


def test_the_tested_run_is_not_in_its_own_baseline() -> None:
    usual = [100.0, 101.0, 99.0, 102.0, 98.0, 100.5, 99.5, 101.5, 98.5]
    calm, wild = replay(one_job([*usual, 100.0])), replay(one_job([*usual, 1e6]))
    for column in ("center", "scale"):
        assert calm[column].iloc[-1] == wild[column].iloc[-1]


def test_a_constant_job_is_degenerate_and_still_watched() -> None:
    out = replay(one_job([60.0] * 20 + [120.0]))
    assert out["status"].iloc[-1] == "degenerate"
    assert out["scale"].iloc[-1] == BaselineConfig().min_scale_log
    assert out["is_anomaly"].iloc[-1]


def test_a_fast_run_is_visible_and_no_alarm() -> None:
    usual = [100.0 * 1.1 ** (k % 5 - 2) for k in range(40)]
    last = replay(one_job([*usual, 0.5])).iloc[-1]
    assert last["robust_z"] < -10
    assert last["p_value"] > 0.999
    assert not last["is_anomaly"]


def test_statuses_score_as_the_table_says() -> None:
    runs = one_job([100.0 * 1.1 ** (k % 5 - 2) for k in range(40)] + [1e5] * 4)
    runs.loc[40:, "status"] = ["TIMEOUT", "CANCELLED", "FAILED", "SKIPPED"]
    out = replay(runs)
    assert out["status"].iloc[40:].tolist() == ["ok", *["not_assessed"] * 3]
    assert out["is_anomaly"].iloc[40:].tolist() == [True, False, False, False]


def test_latest_is_the_end_of_the_replay() -> None:
    runs = lognormal_runs(5, 40, seed=6)
    rows, out = latest(runs), replay(runs)
    last = out.groupby(runs["job_id"]).tail(1)
    np.testing.assert_array_equal(rows["last_robust_z"], last["robust_z"])
    np.testing.assert_array_equal(rows["last_p_value"], last["p_value"])
    assert rows["last_run_id"].tolist() == runs.groupby("job_id")["run_id"].last().tolist()
    # Its center is what one more run would meet.
    more = runs.groupby("job_id").tail(1)
    probe = more.assign(start_time=more["start_time"].max() + np.timedelta64(9, "D"), run_id="z")
    both = replay(pd.concat([runs, probe], ignore_index=True)).tail(5)
    np.testing.assert_array_equal(rows["center_seconds"], both["center"])
    np.testing.assert_array_equal(rows["scale_log"], both["scale"])


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0, float("nan")])
def test_alpha_is_a_probability(alpha: float) -> None:
    for method in (replay, latest):
        with pytest.raises(ValueError, match=r"alpha must be in \(0, 1\)"):
            method(one_job([1.0]), alpha=alpha)
