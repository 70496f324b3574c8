"""What forecasts are worth, and what their functions refuse."""

import numpy as np
import pandas as pd
import pytest

from optimizer.config import ForecastConfig
from optimizer.forecast import (
    Distribution,
    Forecaster,
    backtest,
    fit,
    p_miss_deadline,
    quality,
    summary,
)
from optimizer.quantile import LEVELS
from tests.strategies.runs import lognormal_runs, one_job

WANTED = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95)


@pytest.fixture(scope="module")
def stationary() -> tuple[pd.DataFrame, pd.DataFrame]:
    runs = lognormal_runs(200, 100, seed=21, sd_log=0.4)
    return runs, backtest(runs, WANTED, limits=500.0)


def test_coverage_is_the_level(stationary) -> None:
    """19,000 runs: the standard error of a coverage is at most 0.4 points."""
    runs, forecasts = stationary
    fleet = summary(quality(forecasts, runs, limits=500.0))
    for level in WANTED:
        assert fleet[f"coverage_{level:g}"] == pytest.approx(level, abs=0.015)
    assert fleet["jobs_assessed"] == 1.0


def test_coverage_holds_from_the_third_run_on(stationary) -> None:
    """Young jobs are answered widely enough: 3 to 8 runs behind the forecast."""
    runs, forecasts = stationary
    young = np.tile(np.arange(100), 200)
    young = (young >= 3) & (young < 9)
    inside = runs["duration_seconds"] <= forecasts[0.95]
    assert inside[young].mean() == pytest.approx(0.95, abs=0.03)
    inside = runs["duration_seconds"] <= forecasts[0.05]
    assert inside[young].mean() == pytest.approx(0.05, abs=0.03)


def test_breach_probabilities_err_by_half_an_effective_run(stationary) -> None:
    """The run to come is at risk too: with n effective runs a rare breach gains up to 1 / 2(n + 1).

    On stationary jobs the pool is worth more than 40 of its 50 to 99 runs.
    """
    runs, forecasts = stationary
    assert fit(runs).states["effective_runs"].mean() > 40.0
    late = np.tile(np.arange(100), 200) >= 50
    true = 0.1008  # P(T > 500) for a median of 300 and an sd of the log of 0.4
    assert (runs["duration_seconds"] > 500.0)[late].mean() == pytest.approx(true, abs=0.01)
    assert true < forecasts["p_breach"][late].mean() < true + 0.5 / 41.0 + 0.005
    common = backtest(runs, (), limits=300.0)["p_breach"]
    assert common[late].mean() == pytest.approx(0.5, abs=0.01)


def test_weekends_are_learned() -> None:
    """Twice as fast on Saturdays and Sundays: after ten weeks both medians are within 10 percent."""
    runs = lognormal_runs(20, 98, sd_log=0.1, seed=4)
    weekend = runs["start_time"].dt.dayofweek >= 5
    runs["duration_seconds"] *= np.where(weekend, 0.5, 1.0)
    forecasts = backtest(runs, (0.5,))[0.5]
    late = np.tile(np.arange(98), 20) >= 70
    assert forecasts[late & weekend].median() == pytest.approx(150.0, rel=0.1)
    assert forecasts[late & ~weekend].median() == pytest.approx(300.0, rel=0.1)


def test_a_shift_is_followed_within_ten_runs() -> None:
    runs = lognormal_runs(20, 90, sd_log=0.1, seed=6)
    number = np.tile(np.arange(90), 20)
    runs["duration_seconds"] *= np.where(number >= 60, 3.0, 1.0)
    forecasts = backtest(runs, (0.5,))[0.5]
    assert forecasts[number == 60].median() == pytest.approx(300.0, rel=0.1)
    assert forecasts[number == 70].median() == pytest.approx(900.0, rel=0.1)


def test_drift_does_not_spoil_coverage_for_long() -> None:
    """Doubling within 300 runs: every model of the past lags, and the levels move until it covers."""
    runs = lognormal_runs(30, 300, sd_log=0.2, seed=9)
    number = np.tile(np.arange(300), 30)
    runs["duration_seconds"] *= 2.0 ** (number / 300.0)
    late = number >= 150

    def short(rate: float) -> float:
        forecasts = backtest(runs, (0.9,), config=ForecastConfig(calibration_rate=rate))
        return 0.9 - float((runs["duration_seconds"] <= forecasts[0.9])[late].mean())

    assert short(0.05) < 0.02
    assert short(0.05) < 0.5 * short(0.0)


def test_in_flight_probability_grows_with_elapsed_time() -> None:
    runs = lognormal_runs(1, 60, seed=1)
    elapsed_seconds = (0.0, 250.0, 350.0, 400.0)
    p = [
        backtest(runs, (), limits=400.0, elapsed_seconds=elapsed)["p_breach"].iloc[-1]
        for elapsed in elapsed_seconds
    ]
    assert p == sorted(p)
    assert p[0] < 0.2
    assert p[-1] == 1.0


def test_limits_may_differ_by_run_and_be_missing() -> None:
    runs = lognormal_runs(1, 30)
    limits = pd.Series(np.where(np.arange(30) % 2, 300.0, np.nan), index=runs.index)
    p = backtest(runs, (), limits=limits)["p_breach"]
    assert p[4::2].isna().all()
    assert p[5::2].notna().all()
    with pytest.raises(ValueError, match="limits must have the index of runs"):
        backtest(runs, (), limits=limits.reset_index(drop=True).iloc[::-1])
    with pytest.raises(ValueError, match="one per run"):
        backtest(runs, (), limits=[1.0, 2.0])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"quantiles": (1.0,)}, r"must be in \(0, 1\)"),
        ({"origin": "noon"}, "origin must be"),
        ({"origin": "nightly", "horizon_days": -1}, "horizon_days"),
        ({"horizon_days": 1}, "horizon_days"),
        ({"elapsed_seconds": 5.0}, "give limits"),
    ],
)
def test_backtest_refuses(wrong, message) -> None:
    asked = {"quantiles": (0.5,)} | wrong
    with pytest.raises(ValueError, match=message):
        backtest(one_job([1.0]), **asked)


def test_index_of_any_kind_is_kept() -> None:
    runs = lognormal_runs(1, 12).set_index(pd.Index(["a", "b"] * 6))
    assert backtest(runs, (0.5,)).index.equals(runs.index)


def test_failures_feed_the_failure_rate_only() -> None:
    runs = one_job([100.0] * 40)
    failing = runs.copy()
    failing.loc[::4, ["status", "duration_seconds"]] = ["FAILED", 1e6]
    a, b = fit(runs).states.iloc[0], fit(failing).states.iloc[0]
    assert a["failure_rate"] < 0.02
    assert 0.12 < b["failure_rate"] < 0.35
    at_95 = fit(failing).predict(runs.head(1)).quantile(0.95)[0]
    assert at_95 == pytest.approx(100.0, rel=0.02)


def test_cancelled_runs_are_bounds() -> None:
    """Runs stopped by hand at 300 s say that some runs take longer than any success shows."""
    runs = one_job([100.0, 120.0, 110.0] * 10 + [300.0] * 10, gap_hours=1.0)
    as_success = fit(runs).predict(runs.head(1)).p_over_limit(1000.0)[0]
    runs.loc[30:, "status"] = "CANCELLED"
    as_bound = fit(runs).predict(runs.head(1)).p_over_limit(290.0)[0]
    assert as_success < 0.01
    # All of the last ten were stopped there, so most of the next will get that far.
    assert 0.5 < as_bound < 0.9


def test_a_few_runs_say_how_many_are_needed() -> None:
    row = fit(one_job([1.0, 2.0])).states.iloc[0]
    assert row["status"] == "too_few_runs"
    assert row["reason"] == "2 successful runs have ended; 3 are needed"
    assert row["quantile_seconds"] is None


def test_forecasters_refuse_what_they_cannot_do() -> None:
    fitted = fit(one_job([1.0, 2.0, 3.0]))
    bare = Forecaster.from_states(fitted.states)
    with pytest.raises(ValueError, match="cannot be updated"):
        bare.update(one_job([4.0]))
    with pytest.raises(ValueError, match="more than once"):
        Forecaster.from_states(pd.concat([fitted.states, fitted.states]))
    with pytest.raises(ValueError, match="lack the column"):
        Forecaster.from_states(fitted.states.drop(columns="failure_rate"))
    with pytest.raises(ValueError, match="job_id"):
        bare.predict(pd.DataFrame({"job": ["w/1"]}))
    with pytest.raises(ValueError, match="as_of must be timezone-aware"):
        fit(one_job([1.0]), as_of=pd.Timestamp("2026-04-01"))


def test_distributions_refuse_decreasing_quantiles() -> None:
    with pytest.raises(ValueError, match="must not decrease"):
        Distribution.from_seconds([np.linspace(2, 1, LEVELS.size)])
    with pytest.raises(ValueError, match="expected 35"):
        Distribution.from_seconds([[1.0, 2.0]])
    assert len(Distribution.from_seconds(np.ones((3, LEVELS.size)))) == 3


def test_deadlines_refuse_shapes_and_rates() -> None:
    one = Distribution.from_seconds([np.linspace(1, 2, LEVELS.size)])
    with pytest.raises(ValueError, match="failure_rate"):
        p_miss_deadline(one, 1.0, failure_rate=1.5)
    with pytest.raises(ValueError, match="retries"):
        p_miss_deadline(one, 1.0, retries=2)
    with pytest.raises(ValueError, match="queue_seconds"):
        p_miss_deadline(one, 1.0, queue_seconds=[1.0, 2.0])


def test_quality_says_when_nothing_was_scored() -> None:
    runs = one_job([1.0, 2.0])
    row = quality(backtest(runs, (0.5,)), runs).iloc[0]
    assert (row["status"], row["runs_scored"]) == ("too_few_runs", 0)
    assert np.isnan(summary(quality(backtest(runs, (0.5,)), runs))["crps_log1p"])
    with pytest.raises(ValueError, match="same index"):
        quality(backtest(runs, (0.5,)), runs.iloc[::-1])
    with pytest.raises(ValueError, match="no quantile columns"):
        quality(backtest(runs, ()), runs)
