"""The kernels of the forecast against the same thing written plainly, on the same values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optimizer.calibration import FARTHEST, read_moved, track
from optimizer.forecast.sample import curve_of_sample, squares_with_bursts
from optimizer.forecast.walk.experts import EXPERT_COUNT, EXPERTS, age_decay, rank_decay, weigh
from optimizer.forecast.walk.mixture import (
    CAUTION_RUNS,
    add_lesson,
    cost_and_gradient,
    expert_shares,
    pool,
)
from optimizer.quantile import LEVELS, LOGIT_LEVELS

seeds = st.integers(0, 2**32 - 1)


def _pooled_sample(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Ascending values, weights of each expert, their sums, shares, and an observation."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 40))
    value = np.sort(rng.normal(size=size).round(1))  # with ties
    weights = rng.random((EXPERT_COUNT, size)) + 1e-3
    share = rng.dirichlet(np.ones(EXPERT_COUNT))
    return value, weights, weights.sum(axis=1), share, float(rng.normal() * 2.0)


@given(seeds)
def test_cost_of_a_pool_is_its_crps(seed: int) -> None:
    """Energy form, E|X - x| - E|X - X'| / 2 (Gneiting and Raftery, 2007, equation 21)."""
    value, weights, total, share, x = _pooled_sample(seed)
    pooled, gradient = np.empty(value.size), np.empty(EXPERT_COUNT)
    pool(share, weights, total, pooled)
    np.testing.assert_allclose(pooled, (share / total) @ weights, rtol=1e-12)
    cost = cost_and_gradient(x, value, pooled, weights, total, gradient, np.empty(pooled.size))
    apart = np.abs(value[:, None] - value[None, :])
    energy = pooled @ np.abs(value - x) - 0.5 * pooled @ apart @ pooled
    assert cost == pytest.approx(energy, rel=1e-9, abs=1e-12)
    # scipy has the Cramer distance to a point: the square root of half of twice the same integral.
    distance = stats.energy_distance(value, [x], u_weights=pooled)
    assert cost == pytest.approx(0.5 * distance**2, rel=1e-9, abs=1e-12)


@given(seeds)
def test_gradient_is_the_slope_of_the_cost(seed: int) -> None:
    value, weights, total, share, x = _pooled_sample(seed)
    pooled, gradient, unused = np.empty(value.size), np.empty(EXPERT_COUNT), np.empty(EXPERT_COUNT)
    pool(share, weights, total, pooled)
    slope_by_weight = np.empty(value.size)
    cost_and_gradient(x, value, pooled, weights, total, gradient, slope_by_weight)
    for k in range(EXPERT_COUNT):
        costs = []
        toward = (weights[k] - total[k] * pooled) / total[k]
        for step in (1e-6, -1e-6):
            moved = pooled + step * toward
            costs.append(
                cost_and_gradient(x, value, moved, weights, total, unused, np.empty(value.size))
            )
        slope = (costs[0] - costs[1]) / 2e-6
        assert slope == pytest.approx(gradient[k] - gradient @ share, rel=1e-5, abs=1e-7)
        assert slope == pytest.approx(slope_by_weight @ toward, rel=1e-5, abs=1e-7)


@given(st.lists(st.tuples(st.floats(0.01, 5.0), seeds), max_size=20), st.floats(0.0, 3.0))
def test_shares_are_exponentiated_gradients(runs, rate: float) -> None:
    memory = 0.9
    tally, summed, share = np.zeros(2), np.zeros(EXPERT_COUNT), np.empty(EXPERT_COUNT)
    costs, gradients = [], []
    for cost, seed in runs:
        gradient = np.random.default_rng(seed).normal(size=EXPERT_COUNT)
        add_lesson(tally, summed, cost, gradient, 1.0, memory)
        costs.append(cost)
        gradients.append(gradient)
    expert_shares(tally, summed, rate, share)
    expected = np.full(EXPERT_COUNT, 1.0 / EXPERT_COUNT)
    if runs:
        weight = memory ** np.arange(len(runs))[::-1]
        n = weight.sum()
        regret = weight @ np.array(gradients) / (weight @ np.array(costs) / n)
        logs = -rate * n / (n + CAUTION_RUNS) * regret
        expected = np.exp(logs - logs.max())
        expected /= expected.sum()
    np.testing.assert_allclose(share, expected, rtol=1e-9)


@given(seeds)
def test_levels_move_as_written(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curve = np.cumsum(rng.exponential(size=LEVELS.size))
    moved, out = np.zeros(LEVELS.size), np.empty(LEVELS.size)
    expected = np.zeros(LEVELS.size)
    for x in rng.normal(curve[17], 10.0, size=30):
        track(moved, LEVELS, curve, x, 0.2)
        expected = np.clip(expected + 0.2 * (LEVELS - (x <= curve)), -FARTHEST, FARTHEST)
    np.testing.assert_allclose(moved, expected, rtol=1e-12)
    read_moved(curve, LOGIT_LEVELS, moved, out)
    at = LOGIT_LEVELS + expected
    k = np.clip(np.searchsorted(LOGIT_LEVELS, at) - 1, 0, LEVELS.size - 2)
    slope = np.diff(curve)[k] / np.diff(LOGIT_LEVELS)[k]
    read = np.maximum.accumulate(curve[k] + slope * (at - LOGIT_LEVELS[k]))
    np.testing.assert_allclose(out, read, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bias", [0.8, 1.0, 1.3])
def test_coverage_becomes_the_level_whatever_the_model(bias: float) -> None:
    """A model whose spread is wrong still covers what it says, at levels that have room to move."""
    rng = np.random.default_rng(3)
    curve = bias * np.log(LEVELS / (1.0 - LEVELS)) * 0.3
    moved, moved_curve = np.zeros(LEVELS.size), np.empty(LEVELS.size)
    inside, runs, rate = np.zeros(LEVELS.size), 4000, 0.02
    free = np.ones(LEVELS.size, dtype=bool)
    for x in rng.logistic(scale=0.3, size=runs):
        read_moved(curve, LOGIT_LEVELS, moved, moved_curve)
        inside += x <= moved_curve
        track(moved, LEVELS, moved_curve, x, rate)
        free &= np.abs(moved) < FARTHEST
    assert free.sum() >= 7
    assert np.abs(inside / runs - LEVELS)[free].max() <= (2.0 * FARTHEST + rate) / (rate * runs)


@given(seeds)
def test_worth_is_kishs_with_bursts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 30))
    weights, burst = rng.random(size), np.sort(rng.integers(0, size, size))
    scratch = np.zeros(size)
    grouped = pd.Series(weights).groupby(burst).sum().to_numpy()
    for correlation in (0.0, 0.3, 1.0):
        ours = squares_with_bursts(weights, burst, correlation, scratch)
        theirs = (1 - correlation) * weights @ weights + correlation * grouped @ grouped
        assert ours == pytest.approx(theirs, rel=1e-12)


@given(seeds)
def test_weights_are_the_formulas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 60))
    hours = np.sort(rng.uniform(0.0, 5000.0, size))
    value_rank, gap = rng.uniform(0, size, size), rng.normal(5.0, 2.0, size)
    value_rank[0] = gap[0] = np.nan
    rank = rng.permutation(size)
    out, total = np.empty((EXPERT_COUNT, size)), np.empty(EXPERT_COUNT)
    at, at_gap, at_rank = float(hours[-1] + 7.0), 5.0, size / 2
    weigh(
        rank, value_rank, hours, hours % 24.0, hours % 168.0, gap, at, at_gap, at_rank,
        rank_decay(size), age_decay(), out, total,
    )  # fmt: skip

    def near(distance: np.ndarray, width: float) -> np.ndarray:
        return np.nan_to_num(np.maximum(1.0 - (distance / width) ** 2, 0.0)) ** 2

    def around(difference: np.ndarray, period: float) -> np.ndarray:
        return np.minimum(difference % period, -difference % period)

    slow = 0.5 ** (rank / 60.0)
    age = np.floor(hours.max() - hours)
    expected = {
        "recent_2": 0.5 ** (rank / 2.0),
        "recent_20": 0.5 ** (rank / 20.0),
        "week": np.where(age < 1200.0, 0.5 ** (age / 120.0), 0.0),
        "all": np.full(size, 1.0 - 1e-3),
        "session": slow * near(value_rank - at_rank, max(5.0, size / 8.0)),
        "hour": slow * near(around(hours - at, 24.0), 4.0),
        "weekday": near(around(hours - at, 168.0), 10.0),
        "gap": slow * near(gap - at_gap, 1.8),
    }
    assert tuple(expected) == EXPERTS
    for k, name in enumerate(EXPERTS):
        np.testing.assert_allclose(out[k], expected[name] + 1e-3, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(total, out.sum(axis=1), rtol=1e-12)


@given(seeds)
def test_equal_runs_make_the_curve_of_their_order_statistics(seed: int) -> None:
    """Between the first and the last run: numpy's "weibull" in logits instead of levels."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 60))
    x, out = np.sort(rng.normal(size=size)), np.empty(LEVELS.size)
    weights = np.full(size, 1.0 / size)
    none = np.zeros(size, dtype=bool)
    curve_of_sample(x, none, weights, float(size), 0.1, 1.0, 0.005, LEVELS, LOGIT_LEVELS, out)
    position = np.arange(1, size + 1) / (size + 1)
    inside = (position[0] <= LEVELS) & (position[-1] >= LEVELS)
    theirs = np.interp(LOGIT_LEVELS, np.log(position / (1.0 - position)), x)
    np.testing.assert_allclose(out[inside], theirs[inside], atol=1e-9)
    assert np.all(out[position[0] > LEVELS] < x[0])
    assert np.all(out[position[-1] < LEVELS] > x[-1])
