"""One walk gives what fitting, backtesting and scoring give separately, however the jobs are split up."""

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
from optimizer.forecast.nightly import FORECAST_RUNS, HISTORY_DAYS, HISTORY_RUNS, SCORED_RUNS
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.forecast.walk.job_state import JobStates
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
    untimed = fitted.predict(both.assign(start_time=pd.NaT))
    of_states = Forecaster.from_states(both).predict(both)
    np.testing.assert_allclose(
        of_states.log_quantiles, untimed.log_quantiles, rtol=1e-12, atol=1e-12
    )
    forecasts = backtest(runs, LEVELS, limits=600.0, origin="nightly")
    scores = quality(forecasts, runs, limits=600.0)
    assert both["runs_scored"].tolist() == scores["runs_scored"].tolist()
    np.testing.assert_allclose(both[SCORES], scores[SCORES])
    # The rule answers earlier in a job's life, and is scored on the runs that both answer.
    by_rule = seven_day_rule(runs, LEVELS, origin="nightly")
    rule = quality(by_rule.where(forecasts["status"] == "ok"), runs)
    np.testing.assert_allclose(both["crps_log1p_rule"], rule["crps_log1p"])


@pytest.mark.parametrize("latest_runs", [0, 1, 20, 59, 60, 61])
def test_only_the_latest_runs_are_forecast_and_learned_from(latest_runs: int) -> None:
    """Those before fill the window."""
    runs = lognormal_runs(2, 60, seed=5)
    panel = RunPanel.from_frame(runs)

    def walked(latest_runs: int) -> tuple[curves.Curves, curves.Curves, JobStates]:
        no_start_us = np.full(2, np.nan)
        return curves.curves_of_jobs(
            panel, panel.start_us, NEVER_US, no_start_us, ForecastConfig(), latest_runs=latest_runs
        )

    past_runs, next_runs, states = walked(latest_runs)
    all_past_runs, _, all_states = walked(60)
    number = np.tile(np.arange(60), 2)
    answered = (number >= 60 - latest_runs) & (number >= ForecastConfig().min_runs)
    assert (~np.isnan(past_runs.log_quantiles[:, 0])).tolist() == answered.tolist()
    assert (past_runs.code == curves.TOO_FEW_RUNS).tolist() == (~answered).tolist()
    np.testing.assert_array_equal(states.log_seconds, all_states.log_seconds)
    assert np.isfinite(next_runs.log_quantiles).all()
    if latest_runs == 0:  # Nothing has been learned.
        np.testing.assert_allclose(states.shares, 1.0 / EXPERT_COUNT)
        assert not states.moved_logits.any()
    elif latest_runs < 59:
        assert states.moved_logits.any()
        assert not np.array_equal(states.shares, all_states.shares)
    else:  # Before the first run nothing was known.
        np.testing.assert_array_equal(states.shares, all_states.shares)
        np.testing.assert_array_equal(past_runs.log_quantiles, all_past_runs.log_quantiles)


def test_a_night_looks_at_five_weeks_of_a_job_that_runs_often() -> None:
    """Its window is that of a walk over those weeks; what lies before is not looked at."""
    runs = lognormal_runs(1, 1_200, seed=6, gap_hours=1.0)
    as_of = runs["start_time"].max() + pd.Timedelta(hours=1)
    since = as_of - pd.Timedelta(days=HISTORY_DAYS)
    recent = runs[runs["start_time"] >= since]
    assert HISTORY_RUNS < len(recent) < len(runs)
    night = {"as_of": as_of, "limits": 600.0}
    ours = states_with_quality(runs, LEVELS, **night)
    assert_frame_equal(ours, states_with_quality(recent, LEVELS, **night))
    memory = fit(recent, as_of=as_of, origin="nightly").states["memory"].iloc[0]
    for name in ("started_us", "log_seconds", "rank"):
        assert ours["memory"].iloc[0][name] == memory[name]
    assert ours["memory"].iloc[0]["shares"] != memory["shares"]
    assert ours["runs_scored"].tolist() == [SCORED_RUNS]
    assert FORECAST_RUNS > SCORED_RUNS


def test_what_lies_before_the_history_changes_nothing() -> None:
    runs = lognormal_runs(2, HISTORY_RUNS + 50, seed=4)
    latest = runs.groupby("job_id").tail(HISTORY_RUNS)
    both, again = (
        states_with_quality(r, LEVELS, as_of=AFTER, limits=600.0) for r in (runs, latest)
    )
    assert_frame_equal(both, again)
    assert both["runs_scored"].tolist() == [SCORED_RUNS, SCORED_RUNS]


@pytest.mark.parametrize("runs_a_block", [1, 35])
def test_blocks_of_jobs_do_not_show(monkeypatch: pytest.MonkeyPatch, runs_a_block: int) -> None:
    runs = lognormal_runs(7, 20, seed=2)
    night = {"as_of": AFTER, "limits": 600.0}
    states, both = fit(runs).states, states_with_quality(runs, LEVELS, **night)
    forecasts = backtest(runs, LEVELS, limits=600.0)
    monkeypatch.setattr(curves, "BLOCK_RUNS", runs_a_block)
    assert_frame_equal(fit(runs).states, states)
    assert_frame_equal(states_with_quality(runs, LEVELS, **night), both)
    assert_frame_equal(backtest(runs, LEVELS, limits=600.0), forecasts)
