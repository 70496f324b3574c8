"""Our numbers against those of scipy, numpy, statsmodels and scikit-learn on the same values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import brier_score_loss, mean_pinball_loss
from statsmodels.duration.survfunc import SurvfuncRight

from optimizer.baselines.calendar import calendar_of
from optimizer.baselines.incidents import NEVER, fit_among_incidents
from optimizer.baselines.tail import (
    LAW,
    LEFT,
    RIGHT,
    SHAPE,
    SHARE,
    fit_law,
    p_values,
    tails,
)
from optimizer.cusum import normal_score
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


FAMILIES = {
    0: stats.t(2),
    1: stats.t(3),
    2: stats.t(6),
    3: stats.norm(),
    6: stats.loggamma(1),
    7: stats.loggamma(4),
}


def alone(part: int, shape: float) -> np.ndarray:
    """A law of one family."""
    law = np.zeros(LAW)
    law[:, RIGHT] = law[:, LEFT] = 1.0
    law[part, SHARE], law[part, SHAPE] = 1.0, shape
    return law


@pytest.mark.parametrize("part", FAMILIES)
def test_tails_are_scipys(part: int) -> None:
    theirs = FAMILIES[part]
    law = alone(part, {0: 2.0, 1: 3.0, 2: 6.0}.get(part, 60.0))
    residual = np.concatenate(
        (theirs.ppf([1e-5, 1e-3, 0.1, 0.5]), theirs.isf([0.4, 1e-3, 1e-6, 1e-9]))
    )
    slow, short = p_values(residual, np.broadcast_to(law, (residual.size, *LAW)))
    np.testing.assert_allclose(slow, theirs.sf(residual), rtol=1e-5)
    np.testing.assert_allclose(short, theirs.cdf(residual), rtol=1e-4)


def test_the_normal_with_an_estimated_scale_is_students_t() -> None:
    for degrees in (4.0, 10.0, 58.0):
        slow, _ = p_values(np.array([3.0]), alone(3, degrees)[None])
        assert slow[0] == pytest.approx(stats.t.sf(3.0, degrees), rel=1e-9)


def test_normal_score_is_as_rare_as_the_p_value() -> None:
    for z in np.linspace(-6, 6, 41):
        score = normal_score(stats.norm.sf(z), stats.norm.cdf(z))
        assert score == pytest.approx(z, abs=0.00046)


LAWS = {
    "normal": (stats.norm(0.3, 0.2), 0.15),
    "heavy": (stats.t(3, scale=0.2), 0.5),
    "skewed": (stats.loggamma(4, scale=0.5), 0.25),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_fitted_law_has_the_tail_of_what_it_was_fitted_to(name: str) -> None:
    """256 residuals, 60 times over: the thousandth is said to be that, within a factor at the geometric mean."""
    truth, within = LAWS[name]
    rng = np.random.default_rng(5)
    said = []
    law = np.zeros(LAW)
    for _ in range(60):
        fit_law(truth.rvs(256, random_state=rng), 0.01, law)
        said.append(tails(float(truth.isf(0.001)), law)[0])
    assert abs(np.log10(np.exp(np.mean(np.log(said)))) + 3.0) < within


def test_a_few_incidents_leave_the_law_of_the_others() -> None:
    """Eight of 256 far out, on both sides: x2 is said to be as rare as without them, within a factor of ten."""
    rng = np.random.default_rng(8)
    law, ratios = np.zeros(LAW), []
    for _ in range(40):
        residual = 0.12 * rng.standard_normal(256)
        said = []
        for incidents in (0, 8):
            among = residual.copy()
            among[:incidents] += np.resize([1.1, 1.5, -1.2, 2.0], incidents)
            fit_law(among, 0.01, law)
            said.append(tails(0.45, law)[0])
        ratios.append(said[1] / said[0])
    assert 0.1 < np.median(ratios) < 10.0


def test_as_many_as_a_tenth_are_no_incidents() -> None:
    residual = np.sort(0.12 * np.random.default_rng(9).standard_normal(200))
    residual[-20:] += 1.1
    variance = 0.12**2
    assert fit_among_incidents(residual, 0.0, variance, 1e-4)[0] == NEVER
    residual[-20:-4] -= 1.1
    found, right, left = fit_among_incidents(np.sort(residual), 0.0, variance, 1e-4)
    assert found > NEVER
    assert right == pytest.approx(variance, rel=0.4)
    assert left == pytest.approx(variance, rel=0.4)
    # Nor is there any where none is far out.
    assert fit_among_incidents(residual[:180], 0.0, variance, 1e-4)[0] == NEVER


def test_two_modes_are_found() -> None:
    rng = np.random.default_rng(6)
    is_upper = rng.random(256) < 0.25
    law = np.zeros(LAW)
    fit_law(0.1 * rng.standard_normal(256) + np.log(4.0) * is_upper, 0.01, law)
    # Between the modes only the upper is above, and beyond it nothing.
    assert tails(0.7, law)[0] == pytest.approx(is_upper.mean(), abs=0.02)
    assert tails(np.log(4.0) + 0.5, law)[0] < 1e-3


ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "no such zone")


@pytest.mark.parametrize("zone", ZONES)
def test_the_calendar_is_pandas(zone: str) -> None:
    times = pd.date_range("2023-12-28", "2025-03-03", freq="37min", tz="UTC")
    known = zone if zone in ZONES[:4] else "UTC"
    local = times.tz_convert(known)
    start_us = times.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    slot, month = calendar_of(start_us, np.full(times.size, zone, dtype=object))
    np.testing.assert_array_equal(slot, 24 * local.dayofweek + local.hour)
    np.testing.assert_array_equal(month == 1, local.is_month_end)
    np.testing.assert_array_equal(month == 2, local.is_month_start)


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
