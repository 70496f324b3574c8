"""Our numbers against those of scipy, numpy, statsmodels and scikit-learn on the same values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import brier_score_loss, mean_pinball_loss
from statsmodels.duration.survfunc import SurvfuncRight

from optimizer.baselines import slow_p_value
from optimizer.baselines.tail import normal_score
from optimizer.forecast import backtest, quality
from optimizer.forecast.score import crps_from_quantiles, level_weights, pinball
from optimizer.quantile import LEVELS, plotting_positions, weighted_quantile
from optimizer.robust import MAD_TO_SD, mad_sd, median
from optimizer.schedule.delays import order_statistics
from tests.strategies.runs import lognormal_runs

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)
rounded = st.lists(st.integers(0, 12).map(float), min_size=1, max_size=40)


@given(numbers)
def test_median_is_numpys(values: list[float]) -> None:
    assert median(values) == pytest.approx(np.median(values), rel=1e-12, abs=1e-12)


@given(numbers)
def test_mad_is_scipys(values: list[float]) -> None:
    theirs = stats.median_abs_deviation(values, scale="normal")
    # scipy divides by Phi^-1(3/4) to 16 digits, we multiply by its inverse.
    assert mad_sd(values) == pytest.approx(theirs, rel=1e-12, abs=1e-9)


def test_mad_constant_is_exact() -> None:
    assert pytest.approx(1.0 / stats.norm.ppf(0.75), rel=1e-15) == MAD_TO_SD


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(0, 9)), min_size=1, max_size=40),
    st.floats(0.0, 1.0),
)
def test_weighted_quantile_is_numpys_inverted_cdf(pairs, q: float) -> None:
    values, weights = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    if not weights.any():
        assert np.isnan(weighted_quantile(values, weights, q))
        return
    theirs = np.quantile(values, q, method="inverted_cdf", weights=weights)
    ours = weighted_quantile(values, weights, q)
    if ours != theirs:
        # q may meet a step of the cumulative weight exactly; then only rounding decides the side.
        total = weights.sum()
        step = weights[values <= min(ours, theirs)].sum() / total
        assert q == pytest.approx(step, rel=1e-12)


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=40))
def test_plotting_positions_are_mid_steps_of_kaplan_meier(runs) -> None:
    """At an uncensored time that occurs once, our position is the middle of statsmodels' step."""
    runs = sorted(runs, key=lambda run: (run[0], run[1]))
    time = np.array([t for t, _ in runs], dtype=float)
    censored = np.array([c for _, c in runs])
    out = np.empty(time.size)
    count = plotting_positions(np.ones(time.size), censored, 0.0, out)
    assert count == (~censored).sum()
    if count == 0:
        return
    theirs = SurvfuncRight(time, (~censored).astype(int))
    survival = dict(zip(theirs.surv_times, theirs.surv_prob, strict=True))
    event_times = time[~censored]
    before = 1.0
    for t in np.unique(event_times):
        at_time = np.flatnonzero(event_times == t)
        after = survival[t]
        # The steps at a tie add up to statsmodels' one step, and ours lie inside it.
        assert np.all(out[at_time] > 1.0 - before - 1e-12)
        assert np.all(out[at_time] < 1.0 - after + 1e-12)
        if at_time.size == 1:
            assert out[at_time[0]] == pytest.approx(1.0 - 0.5 * (before + after), abs=1e-12)
        before = after


@given(st.integers(1, 50))
def test_positions_of_equal_runs_are_weibulls(n: int) -> None:
    out = np.empty(n)
    plotting_positions(np.ones(n), np.zeros(n, dtype=bool), 1.0, out)
    np.testing.assert_allclose(out, np.arange(1, n + 1) / (n + 1), rtol=1e-12)


@given(st.lists(st.integers(0, 86_399), min_size=5, max_size=28))
def test_order_statistics_are_numpys_weibull(values: list[int]) -> None:
    ours = order_statistics(np.sort(np.array(values, dtype=float)), np.array([len(values)]))
    theirs = np.quantile(values, LEVELS, method="weibull")
    np.testing.assert_allclose(ours[0], theirs, rtol=1e-12, atol=1e-9)


@given(numbers, st.floats(0.01, 0.99), st.floats(-1e6, 1e6))
def test_pinball_is_sklearns(values: list[float], level: float, forecast: float) -> None:
    ours = pinball(values, forecast, level).mean()
    theirs = mean_pinball_loss(values, np.full(len(values), forecast), alpha=level)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def test_crps_of_many_quantiles_is_the_integral() -> None:
    """Normal forecast: closed form of Gneiting and Raftery (2007), equation 21."""
    levels = (np.arange(2000) + 0.5) / 2000
    quantiles = stats.norm.ppf(levels)
    x = np.array([-2.0, -0.3, 0.0, 1.1])
    closed = x * (2 * stats.norm.cdf(x) - 1) + 2 * stats.norm.pdf(x) - 1 / np.sqrt(np.pi)
    ours = crps_from_quantiles(x, np.tile(quantiles, (x.size, 1)), levels)
    np.testing.assert_allclose(ours, closed, atol=2e-3)
    assert level_weights(levels).sum() == pytest.approx(1.0)


def test_censored_crps_is_the_integral_below() -> None:
    """CRPS of min(T, c) at c: the integral of F(y)^2 up to c, by a fine grid."""
    levels = (np.arange(4000) + 0.5) / 4000
    quantiles = stats.norm.ppf(levels)
    for c in (-1.0, 0.0, 0.7):
        grid = np.linspace(-8, c, 20001)
        integral = np.trapezoid(stats.norm.cdf(grid) ** 2, grid)
        ours = crps_from_quantiles([c], [np.minimum(quantiles, c)], levels)[0]
        assert ours == pytest.approx(integral, abs=1e-3)


def test_brier_is_sklearns() -> None:
    runs = lognormal_runs(1, 80, seed=2)
    forecasts = backtest(runs, (0.5,), limits=330.0)
    row = quality(forecasts, runs, limits=330.0).iloc[0]
    scored = forecasts["status"].eq("ok")
    over = (runs["duration_seconds"] > 330.0)[scored].astype(int)
    assert row["brier"] == pytest.approx(
        brier_score_loss(over, forecasts["p_breach"][scored]), rel=1e-12
    )
    assert row["breaches"] == pytest.approx(over.mean())


def test_p_values_are_those_of_students_t() -> None:
    z = np.array([-2.0, 0.0, 1.0, 3.0, 9.0])
    for n in (8, 20, 100):
        theirs = stats.t.sf(z / (1 + 0.85 / n + 4 / n**2), 0.37 * n + 0.75)
        np.testing.assert_allclose(slow_p_value(z, n), theirs, rtol=1e-12)


@pytest.mark.parametrize("n", [8, 12, 30, 120])
def test_normal_score_is_as_rare_as_the_p_value(n: int) -> None:
    for z in np.linspace(-6, 6, 41):
        exact = stats.norm.isf(slow_p_value(z, n))
        if abs(exact) < 5:
            assert normal_score(z, n) == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize("n", [8, 15, 40, 120])
def test_p_values_are_uniform_on_normal_samples(n: int) -> None:
    """200,000 simulated baselines of each size: the share below p is p, within 12 percent."""
    rng = np.random.default_rng(n)
    x = rng.standard_normal((200_000, n))
    center = np.median(x, axis=1)
    scale = np.median(np.abs(x - center[:, None]), axis=1) * MAD_TO_SD
    p = slow_p_value((rng.standard_normal(x.shape[0]) - center) / scale, n)
    for level in (0.05, 0.01, 0.001):
        noise = 3.0 * np.sqrt(level / x.shape[0])
        assert abs((p <= level).mean() - level) <= 0.12 * level + noise


def test_backtest_counts_like_pandas() -> None:
    """Coverage per job against a group-by written out here."""
    runs = lognormal_runs(3, 50, seed=8)
    forecasts = backtest(runs, (0.5, 0.9))
    rows = quality(forecasts, runs).set_index("job_id")
    frame = pd.DataFrame(
        {
            "job": runs["job_id"],
            "in": runs["duration_seconds"] <= forecasts[0.9],
            "ok": forecasts[0.9].notna(),
        }
    )
    expected = frame[frame["ok"]].groupby("job")["in"].mean()
    np.testing.assert_allclose(rows["coverage_0.9"], expected)
