"""Laws of one p-value a job and of the choice over jobs, and how often both err on drawn nights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optimizer.baselines.counts import events_p_value, rank_p_value, share_p_value
from optimizer.baselines.discovery import (
    combined_p_value,
    discovery_q_value,
    expected_false_flags,
)

p_value = st.floats(1e-12, 1.0)
p_values = st.lists(p_value, min_size=1, max_size=30).map(np.asarray)


def _one(p: np.ndarray, weight: np.ndarray | None = None) -> float:
    weight = np.ones(len(p)) if weight is None else weight
    return float(combined_p_value(p, np.zeros(len(p), dtype=int), weight, 1)[0])


@given(p_values)
def test_named_as_scipys_benjamini_hochberg_names(p: np.ndarray) -> None:
    assert discovery_q_value(p) == pytest.approx(stats.false_discovery_control(p), rel=1e-12)


@given(p_values)
def test_what_was_not_tested_counts_for_nothing(p: np.ndarray) -> None:
    padded = np.insert(p, 0, np.nan)
    assert np.isnan(discovery_q_value(padded)[0])
    assert discovery_q_value(padded)[1:] == pytest.approx(discovery_q_value(p))
    assert _one(padded) == _one(p)
    assert np.isnan(combined_p_value([np.nan], [0], [1.0], 2)).all()


@given(p_values)
def test_order_and_unit_of_weights_do_not_matter(p: np.ndarray) -> None:
    assert _one(p[::-1]) == pytest.approx(_one(p), rel=1e-9)
    assert _one(p, np.full(len(p), 5.0)) == pytest.approx(_one(p), rel=1e-9)


@given(p_values, st.floats(0.1, 10.0))
def test_jobs_of_one_weight_are_chosen_as_without(p: np.ndarray, weight: float) -> None:
    padded = np.append(p, np.nan)
    q = discovery_q_value(padded, np.append(np.full(p.size, weight), 1e6))
    assert q[:-1] == pytest.approx(discovery_q_value(p), rel=1e-12)


@given(p_values, st.data())
def test_a_job_that_weighs_more_is_named_sooner(p: np.ndarray, data: st.DataObject) -> None:
    weights = st.lists(st.floats(0.1, 10.0), min_size=p.size, max_size=p.size).map(np.asarray)
    weight = data.draw(weights)
    q = discovery_q_value(p, weight)
    # As Benjamini and Hochberg name p-values over weights of mean one.
    scaled = p * weight.mean() / weight
    assert q == pytest.approx(np.minimum(discovery_q_value(scaled), 1.0), rel=1e-9)
    flagged = q <= 0.1
    expected = p.size * scaled[flagged].max() if flagged.any() else 0.0
    assert expected_false_flags(p, flagged, weight) == pytest.approx(expected, rel=1e-9)


@given(p_values, p_value)
def test_a_rarer_test_makes_a_rarer_job(p: np.ndarray, other: float) -> None:
    lower = p.copy()
    lower[0] = min(lower[0], other)
    assert _one(lower) <= _one(p) + 1e-12


@given(p_value)
def test_a_single_test_is_what_it_is(p: float) -> None:
    assert _one(np.array([p])) == pytest.approx(p)
    assert _one(np.array([p])) == pytest.approx(stats.combine_pvalues([p], "tippett").pvalue)


@pytest.mark.parametrize("tests", [2, 6, 30])
def test_one_rare_test_counts_as_in_tippetts_rule(tests: int) -> None:
    # Both see one rare thing among many usual ones: as rare, times how many were looked at.
    p = np.full(tests, 0.5)
    p[0] = 1e-6
    assert _one(p) == pytest.approx(stats.combine_pvalues(p, "tippett").pvalue, rel=0.02)
    # A test that says nothing (p = 1) does not undo it, as it would in a sum of Cauchy scores.
    p[1] = 1.0
    assert _one(p) == pytest.approx(tests * 1e-6, rel=0.02)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("tests", [2, 5, 20])
def test_a_combined_value_is_as_rare_as_it_says(tests: int, correlation: float) -> None:
    rng = np.random.default_rng(tests)
    jobs = 200_000
    common = rng.standard_normal((jobs, 1))
    own = rng.standard_normal((jobs, tests))
    z = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    group = np.repeat(np.arange(jobs), tests)
    p = combined_p_value(stats.norm.sf(z).ravel(), group, np.ones(group.size), jobs)
    for level in (0.01, 0.001):
        share = float(np.mean(p <= level))
        assert 0.8 * level - 3 * np.sqrt(level / jobs) < share
        assert share < 1.2 * level + 3 * np.sqrt(level / jobs)


def test_false_discoveries_keep_their_rate_where_jobs_share_causes() -> None:
    rng = np.random.default_rng(1)
    shares, false_flags = [], []
    for _ in range(400):
        z = np.sqrt(0.3) * rng.standard_normal() + np.sqrt(0.7) * rng.standard_normal(500)
        z[:20] += 4.5
        p = stats.norm.sf(z)
        is_flagged = discovery_q_value(p) <= 0.1
        shares.append(is_flagged[20:].sum() / max(is_flagged.sum(), 1))
        false_flags.append(expected_false_flags(p, is_flagged))
    assert np.mean(shares) < 0.1
    assert np.mean(false_flags) < 0.1 * 30
    assert expected_false_flags([0.2, 0.5], [False, False]) == 0.0
    assert expected_false_flags([0.001, 0.5, np.nan], [True, False, False]) == 0.002


def test_false_discoveries_keep_their_rate_whatever_jobs_weigh() -> None:
    rng = np.random.default_rng(2)
    runs = np.repeat([1.0, 4.0, 24.0], [200, 150, 150])
    shares, named, named_alike = [], 0, 0
    for _ in range(400):
        z = np.sqrt(0.3) * rng.standard_normal() + np.sqrt(0.7) * rng.standard_normal(500)
        is_slow = rng.random(500) < 0.003 * runs
        z[is_slow] += 4.0
        p = stats.norm.sf(z)
        is_flagged = discovery_q_value(p, np.sqrt(runs)) <= 0.1
        shares.append((is_flagged & ~is_slow).sum() / max(is_flagged.sum(), 1))
        named += int((is_flagged & is_slow).sum())
        named_alike += int(((discovery_q_value(p) <= 0.1) & is_slow).sum())
    assert np.mean(shares) < 0.1
    # And where weights tell which jobs are slow more often, more of them are named.
    assert named > 1.02 * named_alike


counts = st.integers(0, 30)


@given(counts, counts, counts, counts)
def test_a_share_is_scipys_beta_binomial_tail(k: int, more: int, past: int, past_more: int) -> None:
    n, m = k + more, past + past_more
    ours = share_p_value([k], [n], [past], [m], (0.5, 9.5))[0]
    theirs = stats.betabinom.sf(k - 1, n, 0.5 + past, 9.5 + m - past) if k else 1.0
    assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-12)
    assert 0.0 < ours <= 1.0


def test_a_failure_is_rarer_in_a_job_that_never_fails() -> None:
    p = share_p_value([3, 3, 0], [3, 3, 3], [0, 90, 0], [300, 300, 300], (0.5, 9.5))
    assert p[0] < 1e-4 < p[1]
    assert p[2] == 1.0


def test_restarts_and_time_up_are_ranked_among_the_jobs_own_nights() -> None:
    often, seldom = events_p_value([4, 4], [100, 5], [28, 28], (0.5, 1.0))
    assert seldom < 0.01 < often
    assert events_p_value([0], [5], [28], (0.5, 1.0))[0] == 1.0
    assert rank_p_value([0, 27], [27, 27]) == pytest.approx([1 / 28, 1.0])
