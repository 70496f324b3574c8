"""Laws of a miss and its parts, and of what is left of a run in progress."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from optimizer.forecast import Distribution, miss_deadline, miss_limit
from optimizer.forecast.in_flight import quantiles_given_elapsed, remaining_seconds
from optimizer.quantile import LEVELS, LOGIT_LEVELS
from optimizer.schedule import summed_quantiles

PARTS = ("upstream", "start", "duration", "failure")
seconds = st.floats(0.1, 1e6)
shares = st.floats(0.0, 1.0)
curves = st.builds(
    lambda middle, spread: Distribution.from_seconds([middle * np.exp(spread * LOGIT_LEVELS)]),
    seconds,
    st.floats(1e-4, 1.5),
)
delays = st.one_of(
    st.just(0.0), st.builds(lambda most: (most * LEVELS)[None, :], st.floats(0.0, 1e5))
)
asked = st.fixed_dictionaries(
    {
        "upstream_delay_seconds": delays,
        "start_delay_seconds": delays,
        "failure_rate": shares,
        "retries": shares,
        "retry_wait_seconds": st.floats(0.0, 1e4),
        "elapsed_seconds": st.one_of(st.just(0.0), seconds),
    }
)


@given(curves, seconds, asked)
def test_parts_are_never_negative_and_add_up(curve, slack, given_) -> None:
    miss = miss_deadline(curve, slack, **given_)
    parts = [getattr(miss, name)[0] for name in PARTS]
    assert min(parts) >= -1e-12
    assert sum(parts) == pytest.approx(miss.p_miss[0], abs=1e-9)
    assert 0.0 <= miss.p_miss[0] <= 1.0


@given(curves, seconds, seconds, asked)
def test_more_time_is_never_worse(curve, one, two, given_) -> None:
    early, late = min(one, two), max(one, two)
    p_early = miss_deadline(curve, early, **given_).p_miss[0]
    assert miss_deadline(curve, late, **given_).p_miss[0] <= p_early + 1e-9
    parameters = {name: given_[name] for name in ("failure_rate", "retries", "elapsed_seconds")}
    p_short = miss_limit(curve, early, **parameters).p_miss[0]
    assert miss_limit(curve, late, **parameters).p_miss[0] <= p_short + 1e-12


@given(curves, seconds, shares, shares, st.one_of(st.just(0.0), seconds))
def test_parts_of_a_limit(curve, limit, failing, again, elapsed) -> None:
    parameters = {"failure_rate": failing, "retries": again, "elapsed_seconds": elapsed}
    miss = miss_limit(curve, limit, **parameters)
    parts = [getattr(miss, name)[0] for name in PARTS]
    assert parts[:2] == [0.0, 0.0]
    assert min(parts) >= -1e-12
    assert sum(parts) == pytest.approx(miss.p_miss[0], abs=1e-9)
    never = miss_limit(curve, limit, failure_rate=failing, retries=0.0, elapsed_seconds=elapsed)
    assert never.p_miss[0] >= miss.p_miss[0] - 1e-12


@given(curves, seconds, asked)
def test_without_delay_or_failure_only_the_duration_is_left(curve, slack, given_) -> None:
    plain = miss_deadline(curve, slack)
    assert plain.p_miss[0] == pytest.approx(curve.p_over_limit(slack)[0], abs=1e-12)
    assert plain.duration[0] == plain.p_miss[0]
    assert miss_deadline(curve, slack, **given_ | {"elapsed_seconds": 0.0}).p_miss[0] >= (
        plain.p_miss[0] - 1e-9
    )


@given(curves, st.one_of(st.just(0.0), seconds), st.floats(0.01, 0.99))
def test_what_is_left_is_the_inverse_of_the_conditional_probability(curve, elapsed, q) -> None:
    whole = quantiles_given_elapsed(curve, q, elapsed)[0, 0]
    assert whole >= elapsed * (1 - 1e-12)
    assert curve.p_over_limit(whole * (1 + 1e-9), elapsed)[0] <= 1.0 - q + 1e-6
    if whole * (1 - 1e-9) > elapsed:
        assert curve.p_over_limit(whole * (1 - 1e-9), elapsed)[0] >= 1.0 - q - 1e-6
    left = remaining_seconds(curve, [0.1, 0.5, 0.9], elapsed)[0]
    assert left[0] >= 0.0
    assert np.all(np.diff(left) >= 0.0)


@given(curves, st.floats(0.01, 0.99))
def test_a_run_that_just_began_is_any_run(curve, q) -> None:
    assert remaining_seconds(curve, q, 0.0)[0, 0] == pytest.approx(curve.quantile(q)[0], rel=1e-9)


def test_what_is_not_known_stays_unknown() -> None:
    curve = Distribution.from_seconds([np.full(LEVELS.size, np.nan), 60.0 * np.exp(LOGIT_LEVELS)])
    miss = miss_deadline(curve, [100.0, np.nan])
    for name in ("p_miss", *PARTS):
        assert np.isnan(getattr(miss, name)).all()
    assert np.isnan(miss_limit(curve, [100.0, np.nan]).p_miss).all()
    assert np.isnan(remaining_seconds(curve, 0.5, [1.0, np.nan])).all()
    with pytest.raises(ValueError, match="quantile levels"):
        remaining_seconds(curve, 1.0, 0.0)
    with pytest.raises(ValueError, match="failure_rate"):
        miss_limit(curve, 1.0, failure_rate=-0.1)


spreads = st.builds(
    lambda least, most, bend: (least + most * LEVELS**bend)[None, :],
    st.floats(-1e4, 1e4),
    st.floats(0.0, 1e5),
    st.floats(0.2, 5.0),
)


@given(spreads, spreads, st.floats(-1e4, 1e4))
def test_a_sum_does_not_depend_on_the_order_and_moves_with_its_parts(one, other, by) -> None:
    total = summed_quantiles(one, other)
    size = 1.0 + np.abs(one).max() + np.abs(other).max() + abs(by)
    assert np.all(np.diff(total) >= -1e-9 * size)
    assert summed_quantiles(other, one) == pytest.approx(total, abs=1e-9 * size)
    assert summed_quantiles(one + by, other) == pytest.approx(total + by, abs=1e-9 * size)
    assert summed_quantiles(one, np.full_like(one, by)) == pytest.approx(one + by, abs=1e-9 * size)
    assert np.all(total >= one[:, :1] + other[:, :1] - 1e-9 * size)
    assert np.all(total <= one[:, -1:] + other[:, -1:] + 1e-9 * size)


def test_a_sum_of_normals_is_normal() -> None:
    unit = norm.ppf(LEVELS)[None, :]
    total = summed_quantiles(3.0 * unit, 5.0 + 4.0 * unit)[0]
    inner = (LEVELS >= 0.02) & (LEVELS <= 0.98)
    assert total[inner] == pytest.approx(5.0 + 5.0 * unit[0][inner], abs=0.15)
    with pytest.raises(ValueError, match="shape"):
        summed_quantiles(unit, unit[0])


@given(curves, seconds, spreads, spreads)
def test_the_later_the_upstream_the_more_misses(curve, slack, one, by) -> None:
    """And what a later one adds to the miss is never blamed on the job's own start or length."""
    later = one + np.abs(by)
    sooner = miss_deadline(curve, slack, upstream_delay_seconds=one)
    missed = miss_deadline(curve, slack, upstream_delay_seconds=np.maximum(one, later))
    assert missed.p_miss[0] >= sooner.p_miss[0] - 1e-9
    assert missed.upstream[0] >= sooner.upstream[0] - 1e-9
    assert missed.start[0] == pytest.approx(0.0, abs=1e-9)
