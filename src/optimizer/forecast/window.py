"""The latest ended runs of a job in ascending order of duration, a value before an equal bound."""

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.memory import BOUND, ENTERED, SIZE, SUCCESSES, VALUE
from optimizer.kernel import kernel

__all__ = ["describe", "enter"]


@kernel
def enter(
    j: int,
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    held: NDArray[np.int64],
    members: NDArray[np.int64],
    order: NDArray[np.int64],
    counter: NDArray[np.int64],
    most: int,
) -> None:
    """Put run j into the window; the first to have entered a full one leaves."""
    size = counter[SIZE]
    if size == most:
        gone = members[counter[ENTERED] - size]
        q = 0
        while held[q] != gone:
            q += 1
        size -= 1
        for later in range(q, size):
            held[later] = held[later + 1]
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
    members[counter[ENTERED]] = j
    order[j] = counter[ENTERED]
    counter[ENTERED] += 1
    counter[SIZE] = size + 1
    counter[SUCCESSES] += role[j] & VALUE


@kernel
def describe(
    held: NDArray[np.int64],
    entered: int,
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    burst: NDArray[np.int64],
    order: NDArray[np.int64],
    latest: NDArray[np.int64],
    x: NDArray[np.float64],
    bound: NDArray[np.bool_],
    burst_of: NDArray[np.int64],
    rank: NDArray[np.int64],
    tied_rank: NDArray[np.float64],
    latest_rank: NDArray[np.float64],
) -> None:
    """Write what the experts ask about the runs `held`: the last three by run, the others by place."""
    size = held.shape[0]
    tied = 0
    for q in range(size):
        j = held[q]
        x[q] = value[j]
        bound[q] = (role[j] & BOUND) != 0
        burst_of[q] = burst[j]
        rank[j] = entered - 1 - order[j]
        if q > 0 and x[q] != x[q - 1]:
            tied = q
        tied_rank[j] = tied
    for q in range(size):
        j = held[q]
        before = latest[j]
        # What preceded the oldest of the window may have left it.
        inside = before >= 0 and entered - order[before] <= size
        latest_rank[j] = tied_rank[before] if inside else np.nan
