"""One walk says what fitting, backtesting and scoring say apart, however the jobs are cut up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from pandas.testing import assert_frame_equal

from optimizer.config import ForecastConfig
from optimizer.forecast import (
    Forecaster,
    backtest,
    curves,
    fit,
    quality,
    seven_day_rule,
    states_with_quality,
)
from optimizer.forecast.nightly import HISTORY_RUNS, JUDGED_RUNS, TOLD_RUNS
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.forecast.walk.job_state import Remembered
from optimizer.forecast.walk.window import SPAN_DAYS
from optimizer.panel import NEVER_US, RunPanel
from tests.strategies.runs import histories, lognormal_runs

LEVELS = (0.1, 0.5, 0.9)
AFTER = pd.Timestamp("2027-01-01", tz="UTC")
SCORES = ["crps_log1p", "coverage_0.1", "coverage_0.5", "coverage_0.9", "brier"]


@given(histories())
def test_states_and_scores_are_those_of_fit_and_backtest(runs: pd.DataFrame) -> None:
    both = states_with_quality(runs, LEVELS, as_of=AFTER, limits=600.0)
    fitted = fit(runs, as_of=AFTER, origin="nightly")
    at_as_of = ["quantile_seconds", "effective_runs"]
    assert_frame_equal(
        both[list(fitted.states.columns)].drop(columns=at_as_of),
        fitted.states.drop(columns=at_as_of),
    )
    whenever = fitted.predict(both.assign(start_time=pd.NaT))
    curves_told = Forecaster.from_states(both).predict(both)
    np.testing.assert_allclose(
        curves_told.log_quantiles, whenever.log_quantiles, rtol=1e-12, atol=1e-12
    )
    told = backtest(runs, LEVELS, limits=600.0, origin="nightly")
    scores = quality(told, runs, limits=600.0)
    assert both["runs_scored"].tolist() == scores["runs_scored"].tolist()
    np.testing.assert_allclose(both[SCORES], scores[SCORES])
    # The rule answers earlier in a job's life, and is judged on the runs that both answer.
    by_rule = seven_day_rule(runs, LEVELS, origin="nightly")
    rule = quality(by_rule.where(told["status"] == "ok"), runs)
    np.testing.assert_allclose(both["crps_log1p_rule"], rule["crps_log1p"])


@pytest.mark.parametrize("most", [0, 1, 20, 59, 60, 61])
def test_only_the_latest_runs_are_told_and_teach(most: int) -> None:
    """Those before fill the window."""
    runs = lognormal_runs(2, 60, seed=5)
    panel = RunPanel.from_frame(runs)

    def walked(most: int) -> tuple[curves.Curves, curves.Curves, Remembered]:
        whenever = np.full(2, np.nan)
        return curves.curves_of_jobs(
            panel, panel.start_us, NEVER_US, whenever, ForecastConfig(), most=most
        )

    told, ends, kept = walked(most)
    every, _, all_kept = walked(60)
    number = np.tile(np.arange(60), 2)
    answered = (number >= 60 - most) & (number >= ForecastConfig().min_runs)
    assert (~np.isnan(told.log_quantiles[:, 0])).tolist() == answered.tolist()
    assert (told.code == curves.TOO_FEW_RUNS).tolist() == (~answered).tolist()
    np.testing.assert_array_equal(kept.log_seconds, all_kept.log_seconds)
    assert np.isfinite(ends.log_quantiles).all()
    if most == 0:  # Nothing has been learned.
        np.testing.assert_allclose(kept.shares, 1.0 / EXPERT_COUNT)
        assert not kept.moved_logits.any()
    elif most < 59:
        assert kept.moved_logits.any()
        assert not np.array_equal(kept.shares, all_kept.shares)
    else:  # Of the first run nothing was known.
        np.testing.assert_array_equal(kept.shares, all_kept.shares)
        np.testing.assert_array_equal(told.log_quantiles, every.log_quantiles)


def test_a_night_looks_at_four_weeks_of_a_job_that_runs_often() -> None:
    """Its window is that of a walk over those weeks; what lies before is not looked at."""
    runs = lognormal_runs(1, 1_200, seed=6, gap_hours=1.0)
    as_of = runs["start_time"].max() + pd.Timedelta(hours=1)
    since = as_of - pd.Timedelta(days=SPAN_DAYS)
    recent = runs[runs["start_time"] >= since]
    assert HISTORY_RUNS < len(recent) < len(runs)
    night = {"as_of": as_of, "limits": 600.0}
    ours = states_with_quality(runs, LEVELS, **night)
    assert_frame_equal(ours, states_with_quality(recent, LEVELS, **night))
    kept = fit(recent, as_of=as_of, origin="nightly").states["memory"].iloc[0]
    for name in ("started_us", "log_seconds", "rank"):
        assert ours["memory"].iloc[0][name] == kept[name]
    assert ours["memory"].iloc[0]["shares"] != kept["shares"]
    assert ours["runs_scored"].tolist() == [JUDGED_RUNS]
    assert TOLD_RUNS > JUDGED_RUNS


def test_what_lies_before_the_history_changes_nothing() -> None:
    runs = lognormal_runs(2, HISTORY_RUNS + 50, seed=4)
    latest = runs.groupby("job_id").tail(HISTORY_RUNS)
    both, again = (
        states_with_quality(r, LEVELS, as_of=AFTER, limits=600.0) for r in (runs, latest)
    )
    assert_frame_equal(both, again)
    assert both["runs_scored"].tolist() == [JUDGED_RUNS, JUDGED_RUNS]


@pytest.mark.parametrize("runs_a_block", [1, 35])
def test_blocks_of_jobs_do_not_show(monkeypatch: pytest.MonkeyPatch, runs_a_block: int) -> None:
    runs = lognormal_runs(7, 20, seed=2)
    asked = {"as_of": AFTER, "limits": 600.0}
    states, both = fit(runs).states, states_with_quality(runs, LEVELS, **asked)
    told = backtest(runs, LEVELS, limits=600.0)
    monkeypatch.setattr(curves, "BLOCK_RUNS", runs_a_block)
    assert_frame_equal(fit(runs).states, states)
    assert_frame_equal(states_with_quality(runs, LEVELS, **asked), both)
    assert_frame_equal(backtest(runs, LEVELS, limits=600.0), told)
