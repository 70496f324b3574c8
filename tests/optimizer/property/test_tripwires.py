"""Laws of tripwires: where P(miss) passes its bound, and what is told in vain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.forecast import Distribution, miss_limit, p_told_in_vain, tripwire_seconds
from optimizer.quantile import LEVELS, LOGIT_LEVELS

middles = st.floats(30.0, 1e5)
spreads = st.floats(1e-4, 1.5)
bounds = st.floats(0.05, 0.95)
shares_of_middle = st.floats(0.5, 20.0)
curves = st.builds(
    lambda middle, spread: Distribution.from_seconds([middle * np.exp(spread * LOGIT_LEVELS)]),
    middles,
    spreads,
)


def median(curve: Distribution) -> float:
    return float(curve.quantile_seconds[0, np.flatnonzero(LEVELS == 0.5)[0]])


@given(curves, shares_of_middle, bounds)
def test_p_miss_passes_its_bound_at_the_wire_and_not_before(curve, share, bound) -> None:
    limit = share * median(curve)
    [wire] = tripwire_seconds(curve, limit, bound)
    assert wire % 60.0 == 0.0
    assert wire > median(curve) * (1.0 - 1e-9)
    assert miss_limit(curve, limit, elapsed_seconds=wire).p_miss[0] >= bound
    before = wire - 60.0
    if before > median(curve):
        assert miss_limit(curve, limit, elapsed_seconds=before).p_miss[0] <= bound + 1e-6
        # The first minute that is enough: it never comes after the minute of the limit itself.
        assert before < limit


@given(curves, shares_of_middle, shares_of_middle, bounds, bounds)
def test_more_time_and_a_higher_bound_never_come_earlier(curve, one, two, low, high) -> None:
    short, long = sorted((one * median(curve), two * median(curve)))
    low, high = sorted((low, high))
    assert tripwire_seconds(curve, short, low)[0] <= tripwire_seconds(curve, long, low)[0]
    assert tripwire_seconds(curve, short, low)[0] <= tripwire_seconds(curve, short, high)[0]


@given(curves)
def test_without_a_limit_one_good_run_in_a_thousand_trips_it_at_most(curve) -> None:
    [wire] = tripwire_seconds(curve, np.nan, 0.5)
    assert wire - 60.0 <= curve.quantile_seconds[0, -1] * (1.0 + 1e-9)
    assert p_told_in_vain(curve, wire, np.nan)[0] <= 0.001 + 1e-9


@given(curves, shares_of_middle, bounds)
def test_told_in_vain_is_counted_as_drawn_runs_are(curve, share, bound) -> None:
    limit = share * median(curve)
    [wire] = tripwire_seconds(curve, limit, bound)
    [in_vain] = p_told_in_vain(curve, wire, limit)
    # Runs at evenly spaced probabilities of the same log-logistic law.
    levels = (np.arange(20_000) + 0.5) / 20_000
    scale = float(curve.log_quantiles[0, -1] - curve.log_quantiles[0, -2]) / float(
        LOGIT_LEVELS[-1] - LOGIT_LEVELS[-2]
    )
    drawn = median(curve) * np.exp(scale * (np.log(levels) - np.log1p(-levels)))
    assert in_vain == pytest.approx(np.mean((drawn > wire) & (drawn <= limit)), abs=2e-4)


def test_runs_that_always_take_as_long_do_not_trip_it() -> None:
    always = Distribution.from_seconds([np.full(LEVELS.size, 3600.0)])
    assert tripwire_seconds(always, np.nan, 0.5)[0] == 3660.0
    assert tripwire_seconds(always, 7200.0, 0.5)[0] == 3660.0


def test_a_job_that_was_not_learned_has_none() -> None:
    unknown = Distribution.from_seconds([np.full(LEVELS.size, np.nan)])
    assert np.isnan(tripwire_seconds(unknown, 60.0, 0.5)[0])


@pytest.mark.parametrize(("limit", "bound"), [(0.0, 0.5), (np.inf, 0.5), (60.0, 0.0), (60.0, 1.0)])
def test_what_is_no_limit_or_no_bound_is_refused(limit: float, bound: float) -> None:
    curve = Distribution.from_seconds([np.exp(LOGIT_LEVELS)])
    with pytest.raises(ValueError, match="must be"):
        tripwire_seconds(curve, limit, bound)
