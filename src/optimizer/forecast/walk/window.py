"""The ended runs of a job that forecasts are made of, in ascending order of duration.

A full window keeps the latest quarter of its runs and, of the others, a random sample of the last four
weeks: each run draws a lot when it enters, and of the older ones the highest lot leaves (the bottom-k
sample of Cohen and Kaplan, PODC 2007). So a job that runs every ten minutes is still told by all hours
and weekdays, and one that runs daily by its latest runs, which reach further back than that.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.walk.memory import BOUND, ENTERED, SIZE, SUCCESSES, VALUE, Told, Window
from optimizer.kernel import kernel
from optimizer.weights import DAY_US

__all__ = ["SPAN_DAYS", "describe", "enter"]

SPAN_DAYS: Final = 28
SPAN_US: Final = SPAN_DAYS * DAY_US
LATEST: Final = 4
"""One of so many is among the latest."""


@kernel
def _lot(start_us: int, twin: int) -> np.int64:
    """A number in [0, 2 ** 63) that looks random (the finalizer of SplitMix64: Steele, Lea and
    Flood, OOPSLA 2014).

    Of the run alone, `twin` telling apart those that start together: the same run stays from night to
    night, whatever history it stands in.
    """
    z = np.uint64(start_us) + np.uint64(twin) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(1))


@kernel
def enter(
    j: int,
    start_us: NDArray[np.int64],
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    held: NDArray[np.int64],
    members: NDArray[np.int64],
    lots: NDArray[np.int64],
    twin: NDArray[np.int64],
    order: NDArray[np.int64],
    counter: NDArray[np.int64],
) -> None:
    """Put run j into the window, where one leaves if it is full.

    `held` has the window's runs in ascending order of duration, `members` and `lots` in order of entry.
    """
    size = counter[SIZE]
    if size == members.shape[0]:
        leaving = 0
        if start_us[j] - start_us[members[0]] <= SPAN_US:
            for q in range(1, size - size // LATEST + 1):
                if lots[q] > lots[leaving]:
                    leaving = q
        gone = members[leaving]
        size -= 1
        for q in range(leaving, size):
            members[q], lots[q] = members[q + 1], lots[q + 1]
        q = 0
        while held[q] != gone:
            q += 1
        for later in range(q, size):
            held[later] = held[later + 1]
        order[gone] = -1
        counter[SUCCESSES] -= role[gone] & VALUE
    is_value = (role[j] & VALUE) != 0
    q = size
    while q > 0:
        other = held[q - 1]
        # Values stand before equal bounds.
        follows = value[other] > value[j] or (
            value[other] == value[j] and is_value and (role[other] & BOUND) != 0
        )
        if not follows:
            break
        held[q] = other
        q -= 1
    held[q] = j
    members[size] = j
    lots[size] = _lot(start_us[j], twin[j])
    order[j] = counter[ENTERED]
    counter[ENTERED] += 1
    counter[SIZE] = size + 1
    counter[SUCCESSES] += role[j] & VALUE


@kernel
def describe(
    held: NDArray[np.int64],
    window: Window,
    told: Told,
    value: NDArray[np.float64],
    role: NDArray[np.int8],
) -> None:
    """Write what the experts ask about the runs `held` of the window, in their order."""
    size = held.shape[0]
    by_number, tied = window.place_rank, window.tied
    for q in range(size):
        by_number[window.members[q]] = size - 1 - q
    lowest = 0
    for q in range(size):
        j = held[q]
        window.x[q] = value[j]
        window.bound[q] = (role[j] & BOUND) != 0
        window.burst[q] = told.burst[j]
        window.rank[q] = by_number[j]
        window.hours[q] = told.hours[j]
        window.day_hours[q], window.week_hours[q] = told.day_hours[j], told.week_hours[j]
        window.gap_log[q] = told.gap_log[j]
        if q > 0 and window.x[q] != window.x[q - 1]:
            lowest = q
        tied[j] = lowest
    for q in range(size):
        before = told.latest[held[q]]
        # What preceded a run may have left the window.
        inside = before >= 0 and told.order[before] >= 0
        window.after_rank[q] = tied[before] if inside else np.nan
