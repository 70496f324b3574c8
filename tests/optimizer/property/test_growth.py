"""Laws of the line through a job's days, and how often its interval holds the true crossing."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from optimizer.forecast import growth

DAYS = np.arange(60.0)


def _noisy(
    seed: int, slope: float, sd: float, days: int = 60, *, heavy: bool = False
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.standard_t(3, days) / 3**0.5 if heavy else rng.standard_normal(days)
    return np.exp(6.0 + slope * np.arange(days) + sd * noise)


series = st.builds(
    _noisy,
    st.integers(0, 10_000),
    st.floats(-0.02, 0.03),
    st.floats(0.001, 0.3),
    heavy=st.booleans(),
)


@given(series)
def test_slope_is_scipys(value: np.ndarray) -> None:
    line = growth(DAYS, value)
    theirs = stats.theilslopes(np.log(value), DAYS, alpha=0.8)
    assert line is not None
    assert line.slope == pytest.approx(theirs.slope, rel=1e-9, abs=1e-12)
    # Ours is widened for residuals that follow one another, and for few days.
    assert line.slope_low <= theirs.low_slope + 1e-3
    assert line.slope_high >= theirs.high_slope - 1e-3


@given(series, st.floats(0.01, 3.0))
def test_a_crossing_lies_in_its_interval_and_on_the_line(value: np.ndarray, above: float) -> None:
    line = growth(DAYS, value)
    assert line is not None
    assume(line.state == "growing")
    limit = line.at(59.0) + above
    expected, earliest, latest = line.crossing(limit)
    assert line.at(expected) == pytest.approx(limit, abs=1e-9)
    assert earliest <= expected
    assert latest is None or expected <= latest
    later = line.crossing(limit + 0.1)
    assert later[0] > expected
    assert later[1] >= earliest - 1e-9


@given(series, st.floats(0.01, 100.0), st.integers(-1000, 1000))
def test_units_and_the_calendar_do_not_matter(value: np.ndarray, scale: float, shift: int) -> None:
    one, other = growth(DAYS, value), growth(DAYS + shift, value * scale)
    assert one is not None
    assert other is not None
    assert other.state == one.state
    assert other.slope == pytest.approx(one.slope, rel=1e-6, abs=1e-9)
    assert other.at(70.0 + shift) == pytest.approx(one.at(70.0) + np.log(scale), abs=1e-6)


@given(series, st.integers(0, 100))
def test_the_order_of_days_does_not_matter(value: np.ndarray, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(60)
    assert growth(DAYS[order], value[order]) == growth(DAYS, value)


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize(
    ("days", "slope", "sd"), [(60, 0.004, 0.1), (30, 0.012, 0.1), (45, 0.01, 0.2)]
)
def test_the_interval_holds_the_true_day_as_often_as_it_says(
    days: int, slope: float, sd: float, heavy: bool
) -> None:
    at = np.arange(float(days))
    true_day, covered, trials = days + 60.0, 0, 0
    for seed in range(300):
        line = growth(at, _noisy(seed, slope, sd, days, heavy=heavy))
        assert line is not None
        if line.state != "growing":
            continue
        _, earliest, latest = line.crossing(6.0 + slope * true_day)
        trials += 1
        covered += earliest <= true_day and (latest is None or true_day <= latest)
    assert trials > 250
    # 80 % are promised; 300 draws tell to within 5 points.
    assert 0.74 <= covered / trials <= 0.92


def test_steady_jobs_are_seldom_called_growing_and_steps_are_told() -> None:
    called = [growth(DAYS, _noisy(seed, 0.0, 0.1)) for seed in range(500)]
    assert sum(line is not None and line.state == "growing" for line in called) <= 15
    stepped = 0
    for seed in range(100):
        value = _noisy(seed, 0.0, 0.1) * np.where(15 + seed % 30 <= DAYS, 1.5, 1.0)
        line = growth(DAYS, value)
        stepped += line is not None and line.state == "stepped"
    assert stepped >= 85
    steady = growth(DAYS, np.full(60, 7.0))
    assert steady is not None
    assert steady.state == "steady"
    with pytest.raises(ValueError, match="steady"):
        steady.crossing(3.0)


def test_what_cannot_be_a_line_is_none() -> None:
    assert growth(DAYS[:13], np.ones(13)) is None
    assert growth(np.empty(0), np.empty(0)) is None
    bad = np.ones(60)
    bad[10:] = [np.nan, np.inf, -1.0, 0.0, 1.0] * 10
    assert growth(DAYS, np.where(DAYS < 10, np.nan, bad)) is None
    assert growth(np.zeros(60), np.ones(60)) is None
    with pytest.raises(ValueError, match="coverage"):
        growth(DAYS, np.ones(60), coverage=1.0)
    with pytest.raises(ValueError, match="must be"):
        growth(DAYS, np.ones(59))
