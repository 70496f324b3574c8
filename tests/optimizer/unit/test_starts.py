"""Delays behind a schedule, the rhythm of starts, and the gaps between them, by hand."""

import numpy as np
import pytest

from optimizer.quantile import LEVELS
from optimizer.schedule import delay_quantiles, next_gap, recurrence, start_delays

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# 2026-03-02, a Monday: 2,934 weeks and four days after Thursday, 1970-01-01.
MONDAY = 20_514 * DAY


def test_a_start_belongs_to_the_newest_time_it_was_due() -> None:
    due = np.array([0, 10, 20, 0]) * HOUR
    start = np.array([2 * MINUTE, 10 * HOUR - 30_000_000, 10 * HOUR + MINUTE, 19 * HOUR, HOUR])
    delay = start_delays(start, np.array([0, 0, 0, 0, 1]), due, np.array([0, 0, 0, 1]))
    # A little early counts as punctual; a second start of one time, and one hours later, do not.
    np.testing.assert_array_equal(delay, [120.0, 0.0, np.nan, np.nan, 3600.0])


def test_what_is_a_day_late_belongs_to_nothing() -> None:
    delay = start_delays(
        np.array([DAY, 3 * DAY]), np.zeros(2, int), np.array([1]), np.zeros(1, int)
    )
    assert delay[0] == pytest.approx(86_400.0, abs=1e-3)
    assert np.isnan(delay[1])
    nothing = np.empty(0, dtype=np.int64)
    assert start_delays(nothing, nothing, np.array([1]), np.zeros(1, int)).size == 0
    assert np.isnan(start_delays(np.array([1]), np.zeros(1, int), nothing, nothing)).all()


def test_delay_quantiles_are_order_statistics() -> None:
    delay = np.array([5.0, 1.0, np.nan, 3.0, 2.0, 4.0, 9.0])
    quantiles = delay_quantiles(delay, np.array([0, 0, 0, 0, 0, 0, 1]), 3)
    half = int(np.flatnonzero(LEVELS == 0.5)[0])
    assert quantiles[0, half] == 3.0
    assert quantiles[0, [0, -1]].tolist() == [1.0, 5.0]
    assert np.isnan(quantiles[1:]).all()


def _starts(period: int, count: int, *, phase: int = 0, spread: int = 5 * MINUTE) -> np.ndarray:
    jitter = np.random.default_rng(1).integers(0, spread, count)
    return MONDAY + phase + period * np.arange(count) + jitter


@pytest.mark.parametrize("hours", [1, 2, 3, 4, 6, 8, 12, 24, 168])
def test_a_rhythm_is_found_and_goes_on(hours: int) -> None:
    period, count = hours * HOUR, max(28 * 24 // hours, 4)
    start = _starts(period, count, phase=40 * MINUTE)
    until = MONDAY + period * count
    rhythm = recurrence(start, np.zeros(count, dtype=np.int64), 1, until_us=until)
    assert rhythm.period_us[0] == period
    assert rhythm.filled[0] == pytest.approx(1.0, abs=0.3)
    slots = rhythm.slots(0, until, until + 2 * period)
    assert slots.size == 2
    assert abs(slots - (until + 40 * MINUTE) - period * np.arange(2)).max() < 6 * MINUTE


def test_working_days_have_no_weekend() -> None:
    all_days = _starts(DAY, 28, phase=3 * HOUR)
    start = all_days[np.arange(28) % 7 < 5]
    rhythm = recurrence(start, np.zeros(start.size, int), 1, until_us=MONDAY + 28 * DAY)
    assert rhythm.period_us[0] == DAY
    assert rhythm.is_working_days[0]
    ahead = rhythm.slots(0, MONDAY + 28 * DAY, MONDAY + 35 * DAY)
    assert ((ahead // DAY - MONDAY // DAY) % 7).tolist() == [0, 1, 2, 3, 4]


def test_what_has_no_rhythm_has_none() -> None:
    rng = np.random.default_rng(3)
    poisson = MONDAY + np.cumsum(rng.exponential(9 * HOUR, 60)).astype(np.int64)
    twice = np.sort(np.concatenate([_starts(DAY, 28), _starts(DAY, 28, phase=7 * HOUR)]))
    half = _starts(DAY, 28)[rng.random(28) < 0.5]
    few = _starts(DAY, 3)
    stopped = _starts(DAY, 10)
    parts = [poisson, twice, half, few, stopped]
    job = np.repeat(np.arange(5), [part.size for part in parts])
    rhythm = recurrence(np.concatenate(parts), job, 6, until_us=MONDAY + 28 * DAY)
    assert rhythm.period_us.tolist() == [0] * 6
    assert np.isnan(rhythm.filled).all()
    assert rhythm.slots(0, MONDAY, MONDAY + DAY).size == 0


def test_jobs_do_not_see_each_other() -> None:
    one, other = _starts(DAY, 28, phase=HOUR), _starts(6 * HOUR, 112)
    both = np.concatenate([one, other])
    job = np.repeat([0, 1], [one.size, other.size])
    together = recurrence(both, job, 2, until_us=MONDAY + 28 * DAY)
    alone = [
        recurrence(start, np.zeros(start.size, int), 1, until_us=MONDAY + 28 * DAY)
        for start in (one, other)
    ]
    assert (
        together.period_us.tolist() == [rhythm.period_us[0] for rhythm in alone] == [DAY, 6 * HOUR]
    )
    assert together.phase_us.tolist() == [rhythm.phase_us[0] for rhythm in alone]


def test_the_next_gap_is_one_longer_than_what_has_passed() -> None:
    start = np.array([0, 10, 40, 41, 100, 5]) * HOUR
    left, of = next_gap(start, np.array([0, 0, 0, 0, 0, 1]), 2, as_of_us=120 * HOUR)
    # Gaps of 10, 30, 1 and 59 hours; 20 have passed.
    assert left.tolist() == [10 * 3600.0, 39 * 3600.0]
    assert of.tolist() == [0, 0]
