"""How late runs start: their delays behind the due times, and quantiles of these by job.

    Q(p) = order statistic number p (n + 1) of n delays, linear between its neighbours

which is Hyndman and Fan's type 6 (numpy's "weibull"), the one whose levels are right for the next
exchangeable value. Decided here: a start belongs to the newest due time at or before it, and a clock
that runs a minute fast is forgiven; of several starts of one due time only the first counts, since
later ones are started by hand; a start a day late or more has no due time; beyond the extremes the
quantile is the extreme.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.microseconds import DAY_US, MINUTE_US
from optimizer.quantile import LEVELS

__all__ = ["delay_quantiles", "order_statistics", "start_delays", "summed_quantiles"]

EARLY_US: Final = MINUTE_US
"""How far a clock may run fast: a start so much before its due time still belongs to it."""
MIN_STARTS: Final = 5
_POINTS: Final = 64


def start_delays(
    start_us: NDArray[np.int64],
    start_job: NDArray[np.int64],
    due_us: NDArray[np.int64],
    due_job: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Seconds that each start (n,) came after its due time (m,); NaN where it has none of its own.

    Times in microseconds, jobs as numbers; both pairs ordered by job and then time.
    """
    delay = np.full(start_us.size, np.nan)
    if start_us.size == 0 or due_us.size == 0:
        return delay
    # Jobs laid one after another on one axis of time.
    low = min(int(start_us.min()), int(due_us.min())) - EARLY_US
    stride = max(int(start_us.max()), int(due_us.max())) - low + DAY_US
    due_at = due_job * stride + (due_us - low)
    at = start_job * stride + (start_us - low)
    due = np.searchsorted(due_at, at + EARLY_US, side="right") - 1
    own = due >= 0
    own[own] = due_job[due[own]] == start_job[own]
    own[1:] &= due[1:] != due[:-1]
    seconds = np.maximum(start_us[own] - due_us[due[own]], 0) / 1e6
    delay[own] = np.where(seconds < DAY_US / 1e6, seconds, np.nan)
    return delay


def delay_quantiles(
    delay: NDArray[np.float64], job: NDArray[np.int64], jobs: int, *, least: int = MIN_STARTS
) -> NDArray[np.float64]:
    """Quantiles (jobs, 35) at LEVELS of the delays (n,) of jobs numbered `job` (n,).

    NaN rows for jobs with fewer than `least` delays that are not NaN.
    """
    has_delay = ~np.isnan(delay)
    order = np.lexsort((delay[has_delay], job[has_delay]))
    ordered, ordered_job = delay[has_delay][order], job[has_delay][order]
    count = np.bincount(ordered_job, minlength=jobs)
    enough = count >= least
    out = np.full((jobs, LEVELS.size), np.nan)
    if enough.any():
        out[enough] = order_statistics(ordered[enough[ordered_job]], count[enough])
    return out


def order_statistics(values: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Q at LEVELS of consecutive groups of ascending values, `count` >= 1 in each: (groups, 35)."""
    last = count[:, None] - 1
    rank = np.clip(LEVELS * (count[:, None] + 1) - 1, 0, last)
    low = np.floor(rank).astype(np.int64)
    begin = (np.cumsum(count) - count)[:, None]
    below = values[begin + low]
    above = values[begin + np.minimum(low + 1, last)]
    return np.asarray(below + (rank - low) * (above - below), dtype=np.float64)


def summed_quantiles(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles (n, 35) at LEVELS of the sum of independent X and Y, given theirs (n, 35).

    Of all sums of 64 equally probable points of each, the order statistics; linear between levels.
    A constant of either is added exactly. Raises ValueError for other shapes.
    """
    if x.shape != y.shape or x.ndim != 2 or x.shape[1] != LEVELS.size:
        raise ValueError(f"quantiles must have shape (n, {LEVELS.size}), got {x.shape}, {y.shape}")
    points = (np.arange(_POINTS) + 0.5) / _POINTS
    out = np.empty(x.shape)
    for row, (one, other) in enumerate(zip(x, y, strict=True)):
        if one[0] == one[-1] or other[0] == other[-1]:
            # Nothing to sum over: the levels of the one that varies stay as they are.
            out[row] = one + other
            continue
        sums = np.interp(points, LEVELS, one)[:, None] + np.interp(points, LEVELS, other)
        out[row] = np.quantile(sums, LEVELS, method="hazen")
    return out
