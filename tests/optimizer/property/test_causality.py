"""Changing any run that had not ended before an origin changes no number at that origin."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from optimizer.baselines import replay
from optimizer.forecast import backtest, fit
from tests.strategies.runs import histories

LEVELS = (0.1, 0.5, 0.95)
DAY = pd.Timedelta(days=1)
NON_EMPTY = histories(max_jobs=1, max_runs=30).filter(lambda runs: len(runs) > 1)


def _ends(runs: pd.DataFrame) -> pd.Series:
    return runs["start_time"] + pd.to_timedelta(runs["duration_seconds"], unit="s")


@st.composite
def rewritten_futures(draw: st.DrawFn, origin_of) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Runs, the same with everything not ended before a run's origin rewritten, and that run."""
    runs = draw(NON_EMPTY)
    row = draw(st.integers(0, len(runs) - 1))
    origin = origin_of(runs["start_time"].iloc[row])
    open_then = (_ends(runs) >= origin).to_numpy()
    changed = runs.copy()
    for k in range(len(runs)):
        if open_then[k]:
            # Longer only: a shorter run would have ended before the origin and be known.
            longer = draw(st.floats(1.0, 50.0))
            changed.loc[k, "duration_seconds"] = runs["duration_seconds"].iloc[k] * longer
            changed.loc[k, "status"] = draw(st.sampled_from(["SUCCEEDED", "FAILED", "TIMEOUT"]))
    if draw(st.booleans()):
        past = [k for k in range(len(runs)) if k == row or not open_then[k]]
        changed = changed.loc[past]
    return runs, changed, row


@given(rewritten_futures(lambda start: start))
def test_backtest_at_the_start(case) -> None:
    runs, changed, row = case
    ask = {"limits": 600.0, "elapsed_seconds": 60.0}
    assert_series_equal(
        backtest(runs, LEVELS, **ask).loc[row], backtest(changed, LEVELS, **ask).loc[row]
    )


@pytest.mark.parametrize("horizon_days", [0, 2])
@given(data=st.data())
def test_backtest_at_night(horizon_days: int, data: st.DataObject) -> None:
    def midnight(start: pd.Timestamp) -> pd.Timestamp:
        before = start - pd.Timedelta(microseconds=1)
        return before.floor("D") - horizon_days * DAY

    runs, changed, row = data.draw(rewritten_futures(midnight))
    ask = {"limits": 600.0, "origin": "nightly", "horizon_days": horizon_days}
    assert_series_equal(
        backtest(runs, LEVELS, **ask).loc[row], backtest(changed, LEVELS, **ask).loc[row]
    )


@given(rewritten_futures(lambda start: start))
def test_replay(case) -> None:
    runs, changed, row = case
    unchanged = ["center", "scale", "window_runs"]
    own = ["duration_seconds", "status"]
    # Everything else may change; the run itself keeps its value for its score to be comparable.
    same = changed.copy()
    same.loc[row, own] = runs.loc[row, own].to_list()
    before = replay(runs).loc[row]
    assert_series_equal(before, replay(same).loc[row])
    scored = replay(changed).loc[row]
    if before["status"] != "not_assessed" and scored["status"] != "not_assessed":
        assert_series_equal(before[unchanged], scored[unchanged])


@given(rewritten_futures(lambda start: start))
def test_fit_as_of(case) -> None:
    runs, changed, row = case
    origin = runs["start_time"].iloc[row]
    assert_frame_equal(fit(runs, as_of=origin).states, fit(changed, as_of=origin).states)


@given(NON_EMPTY, st.data())
def test_fit_as_of_a_start_is_the_backtest_at_that_start(runs, data) -> None:
    row = data.draw(st.integers(0, len(runs) - 1))
    then = fit(runs, as_of=runs["start_time"].iloc[row]).predict(runs.iloc[[row]])
    forecasts = backtest(runs, LEVELS, limits=600.0).iloc[row]
    assert then.status[0] == forecasts["status"]
    pd.testing.assert_series_equal(
        pd.Series(then.quantile(LEVELS)[0]),
        pd.Series(forecasts[list(LEVELS)].to_numpy(dtype=float)),
    )
    assert then.p_over_limit(600.0)[0] == pytest.approx(
        forecasts["p_breach"], nan_ok=True, rel=1e-12
    )
