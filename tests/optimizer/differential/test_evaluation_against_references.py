"""What `rightrun evaluate` computes, against libraries, closed forms and plain loops."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from optimizer.evaluation.compare import HORIZONS, compare
from optimizer.evaluation.features import at_stored_levels
from optimizer.evaluation.methods import METHODS, OURS, RULE
from optimizer.evaluation.scores import LIMITS, by_tenths, figures, scorable, score
from optimizer.forecast import backtest, quality, seven_day_rule
from optimizer.forecast.backtest import origins_us
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.microseconds import DAY_US
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS, LOGIT_LEVELS, seconds_of
from tests.strategies.runs import histories, lognormal_runs, one_job

MIDDLE = LEVELS.tolist().index(0.5)


def crps_of(seconds: float, log_quantiles: np.ndarray) -> float:
    panel = RunPanel.from_frame(one_job([seconds]))
    return float(figures(panel, log_quantiles[None, :], np.array([1.0])).crps[0])


def test_crps_is_the_integral_of_squared_error_of_the_distribution() -> None:
    """Gneiting and Raftery (2007), equation 20, on a grid of the step function of the 35 levels.

    Not exact: a level is not always in the middle of the share of (0, 1) that it stands for.
    """
    log_quantiles = np.log(300.0) + 0.4 * stats.norm.ppf(LEVELS)
    edges = np.concatenate(([0.0], 0.5 * (LEVELS[1:] + LEVELS[:-1]), [1.0]))
    steps = np.log1p(np.exp(log_quantiles))
    for seconds in (150.0, 300.0, 900.0):
        grid = np.linspace(3.0, 9.0, 600_001)
        distribution = edges[np.searchsorted(steps, grid, side="right")]
        happened = grid >= np.log1p(seconds)
        integral = np.trapezoid((distribution - happened) ** 2, grid)
        assert crps_of(seconds, log_quantiles) == pytest.approx(integral, rel=0.01)


def test_crps_of_a_lognormal_is_near_its_closed_form() -> None:
    """CRPS of a normal for the log, Gneiting and Raftery (2007), equation 21; log1p is log here."""
    mean, sd = np.log(3e5), 0.3
    z = np.array([-1.5, 0.0, 0.7, 2.0])
    closed = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    ours = [
        crps_of(float(np.exp(mean + sd * each)), mean + sd * stats.norm.ppf(LEVELS)) for each in z
    ]
    np.testing.assert_allclose(ours, closed, rtol=0.02)


def test_brier_and_reliability_are_sklearns() -> None:
    panel = RunPanel.from_frame(lognormal_runs(3, 60, sd_log=0.5, seed=3))
    curves = METHODS[OURS](panel, panel.start_us)
    usual = np.full(panel.row.size, 250.0)
    run_figures = figures(panel, curves, usual)
    rows = scorable(panel) & np.isfinite(run_figures.crps)
    ours = score(panel, run_figures, usual, rows)
    over = (panel.duration_seconds[rows, None] > 250.0 * np.array(LIMITS)).ravel().astype(int)
    p = run_figures.p_over[rows].ravel()
    assert ours.brier == pytest.approx(brier_score_loss(over, p), rel=1e-12)
    share, mean_p = calibration_curve(over, p, n_bins=10)
    nonempty = ours.reliability[:, 2] > 0
    np.testing.assert_allclose(ours.reliability[nonempty, 0], mean_p, rtol=1e-12)
    np.testing.assert_allclose(ours.reliability[nonempty, 1], share, rtol=1e-12)


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=50))
def test_tenths_lose_nothing(pairs: list[tuple[float, bool]]) -> None:
    p = np.array([each for each, _ in pairs])
    happened = np.array([each for _, each in pairs], dtype=bool)
    summed = by_tenths(p, happened).sum(axis=0)
    assert summed == pytest.approx([p.sum(), happened.sum(), p.size])


def test_the_comparison_scores_ours_as_quality_does() -> None:
    """`compare` of our method alone against `backtest` and `quality`, which were there before."""
    runs = lognormal_runs(4, 50, seed=5, gap_hours=7.0)
    runs.loc[runs.index % 9 == 0, "status"] = "TIMEOUT"
    for name, horizon in HORIZONS.items():
        forecasts = backtest(runs, list(LEVELS), origin=horizon.origin, horizon_days=horizon.days)
        rows = quality(forecasts, runs)
        weight = rows["runs_scored"]
        one = compare(RunPanel.from_frame(runs), {OURS: METHODS[OURS]})[name]
        assert one.scores[OURS].runs == weight.sum()
        crps = (rows["crps_log1p"] * weight).sum() / weight.sum()
        assert one.scores[OURS].crps == pytest.approx(crps, rel=1e-9)
        np.testing.assert_allclose(one.runs_by_job, weight)


@pytest.mark.parametrize("gap_hours", [5.0, 100.0, 400.0])
def test_the_rule_is_that_of_the_forecast_package(gap_hours: float) -> None:
    runs = lognormal_runs(3, 60, sd_log=1.0, seed=6, gap_hours=gap_hours)
    panel = RunPanel.from_frame(runs)
    ours = np.full((len(runs), LEVELS.size), np.nan)
    ours[panel.row] = seconds_of(METHODS[RULE](panel, panel.start_us))
    theirs = seven_day_rule(runs, list(LEVELS)).iloc[:, :-1].to_numpy(dtype=float)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("name", ["last_30", "mean_sigma", "ewma", "last_value", "all_runs"])
@given(histories(max_runs=30), st.sampled_from(["start", "nightly"]))
def test_simple_methods_are_what_they_say(name: str, runs: pd.DataFrame, origin: str) -> None:
    """Each against a few lines of numpy over the runs that had ended."""
    panel = RunPanel.from_frame(runs)
    at_us = origins_us(panel.start_us, origin, 1 if origin == "nightly" else 0)
    forecast = METHODS[name](panel, at_us)
    for job in range(panel.job_ids.size):
        first, stop = panel.offsets[job], panel.offsets[job + 1]
        for i in range(first, stop):
            ended = [
                j for j in panel.by_end[first:stop]
                if panel.end_us[j] < at_us[i] and panel.outcome[j] in (1, 5)
            ]  # fmt: skip
            if not ended:
                assert np.isnan(forecast[i]).all()
                continue
            expected = by_hand(name, panel, ended, at_us[i])
            np.testing.assert_allclose(
                forecast[i], np.log(np.maximum(expected, SHORTEST_SECONDS)), rtol=1e-9, atol=1e-9
            )


def by_hand(name: str, panel: RunPanel, ended: list[int], at_us: int) -> np.ndarray:
    x = np.maximum(panel.duration_seconds[ended], SHORTEST_SECONDS)
    z = stats.norm.ppf(LEVELS)
    if name == "ewma":
        frame = pd.Series(np.log(x)).ewm(alpha=0.2, adjust=False)
        return np.exp(frame.mean().iloc[-1] + z * np.sqrt(frame.var(bias=True).iloc[-1]))
    if name == "mean_sigma":
        recent = panel.start_us[ended] >= at_us - 30 * DAY_US
        x = x[recent] if recent.any() else x[-1:]
        return x.mean() + z * x.std()
    window = {"last_30": 30, "last_value": 1, "all_runs": len(ended)}[name]
    return np.quantile(x[-window:], LEVELS)


def test_quantiles_at_stored_levels_pass_through_their_levels_and_stay_straight_in_logit() -> None:
    levels = np.array([0.05, 0.5, 0.95])
    straight = 2.0 + 0.3 * np.log(levels / (1 - levels))
    wide = at_stored_levels(
        straight[None, ::-1].copy(), levels
    )  # given crossed, they are put in order
    np.testing.assert_allclose(wide[0], 2.0 + 0.3 * LOGIT_LEVELS, rtol=1e-12)
