"""The window: the ended runs of a job that forecasts are made of, in ascending order of duration.

A full window keeps its latest quarter and, of the other runs, a random sample of the last four weeks:
each run draws a lot when it enters, and of the older runs the one with the highest lot leaves (the
bottom-k sample of Cohen and Kaplan, PODC 2007). So a job that runs every ten minutes is represented by
all hours and weekdays, and one that runs daily by its latest runs, which reach further back than that.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.walk.arrays import (
    BOUND,
    ENTERED,
    SIZE,
    SUCCESSES,
    VALUE,
    RunFacts,
    Window,
)
from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US

__all__ = ["SPAN_DAYS", "add_to_window", "fill_window"]

SPAN_DAYS: Final = 28
SPAN_US: Final = SPAN_DAYS * DAY_US
LATEST: Final = 4
"""One run of so many is among the latest."""


@kernel
def _lot(start_us: int, twin: int) -> np.int64:
    """A number in [0, 2 ** 63) that looks random (the finalizer of SplitMix64: Steele, Lea and
    Flood, OOPSLA 2014).

    It depends on the run alone (`twin` tells runs apart that start together), so that the same runs
    stay from night to night, whichever history was read.
    """
    z = np.uint64(start_us) + np.uint64(twin) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(1))


@kernel
def add_to_window(
    j: int,
    start_us: NDArray[np.int64],
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    by_duration: NDArray[np.int64],
    by_entry: NDArray[np.int64],
    lots: NDArray[np.int64],
    twin: NDArray[np.int64],
    entry: NDArray[np.int64],
    counters: NDArray[np.int64],
) -> None:
    """Put run j into the window, from which one leaves if it is full.

    `by_duration` has the window's runs in ascending order of duration; `by_entry` and `lots` are in
    order of entry.
    """
    size = counters[SIZE]
    if size == by_entry.shape[0]:
        leaving = 0
        if start_us[j] - start_us[by_entry[0]] <= SPAN_US:
            for q in range(1, size - size // LATEST + 1):
                if lots[q] > lots[leaving]:
                    leaving = q
        removed = by_entry[leaving]
        size -= 1
        for q in range(leaving, size):
            by_entry[q], lots[q] = by_entry[q + 1], lots[q + 1]
        q = 0
        while by_duration[q] != removed:
            q += 1
        for later in range(q, size):
            by_duration[later] = by_duration[later + 1]
        entry[removed] = -1
        counters[SUCCESSES] -= role[removed] & VALUE
    is_value = (role[j] & VALUE) != 0
    q = size
    while q > 0:
        neighbour = by_duration[q - 1]
        # Values stand before equal bounds.
        follows = value[neighbour] > value[j] or (
            value[neighbour] == value[j] and is_value and (role[neighbour] & BOUND) != 0
        )
        if not follows:
            break
        by_duration[q] = neighbour
        q -= 1
    by_duration[q] = j
    by_entry[size] = j
    lots[size] = _lot(start_us[j], twin[j])
    entry[j] = counters[ENTERED]
    counters[ENTERED] += 1
    counters[SIZE] = size + 1
    counters[SUCCESSES] += role[j] & VALUE


@kernel
def fill_window(
    by_duration: NDArray[np.int64],
    window: Window,
    facts: RunFacts,
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    turn: NDArray[np.int8],
) -> None:
    """Write what the experts ask about the window's runs, in the order of `by_duration` (h,)."""
    size = by_duration.shape[0]
    rank_of_run, duration_rank_of_run = window.rank_of_run, window.duration_rank_of_run
    for q in range(size):
        rank_of_run[window.by_entry[q]] = size - 1 - q
    lowest = 0
    for q in range(size):
        j = by_duration[q]
        window.log_seconds[q] = value[j]
        window.is_bound[q] = (role[j] & BOUND) != 0
        window.burst[q] = facts.burst[j]
        window.turn[q] = turn[j]
        window.rank[q] = rank_of_run[j]
        window.hours[q] = facts.hours[j]
        window.day_hours[q], window.week_hours[q] = facts.day_hours[j], facts.week_hours[j]
        window.gap_log[q] = facts.gap_log[j]
        if q > 0 and window.log_seconds[q] != window.log_seconds[q - 1]:
            lowest = q
        duration_rank_of_run[j] = lowest
    for q in range(size):
        predecessor = facts.latest[by_duration[q]]
        # The run before it may have left the window.
        is_in_window = predecessor >= 0 and facts.entry[predecessor] >= 0
        window.after_rank[q] = duration_rank_of_run[predecessor] if is_in_window else np.nan
