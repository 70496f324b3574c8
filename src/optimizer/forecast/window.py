"""One job's window of runs made into a curve: positions, scale, and levels read off the line.

Definitions and decisions are in `optimizer.forecast.decay`; this file is their compiled form. A
window is three arrays that move together, in ascending order of duration: log value, whether it is
only a bound, and start.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel
from optimizer.quantile import plotting_positions

__all__ = ["curve_of_window", "enter", "leave"]

LOGISTIC_IQR: Final = 2.0 * float(np.log(3.0))
"""Interquartile range of the logistic distribution of scale 1."""


@kernel
def enter(
    value: NDArray[np.float64],
    censored: NDArray[np.bool_],
    start: NDArray[np.int64],
    held: int,
    x: float,
    is_bound: bool,
    start_us: int,
) -> None:
    """Put a run into the first `held` of the window, a value before a bound of the same size."""
    k = held
    while k > 0 and (value[k - 1] > x or (value[k - 1] == x and censored[k - 1] and not is_bound)):
        value[k], censored[k], start[k] = value[k - 1], censored[k - 1], start[k - 1]
        k -= 1
    value[k], censored[k], start[k] = x, is_bound, start_us


@kernel
def leave(
    value: NDArray[np.float64],
    censored: NDArray[np.bool_],
    start: NDArray[np.int64],
    held: int,
    x: float,
    is_bound: bool,
    start_us: int,
) -> None:
    """Take a run, which is there, out of the first `held` of the window."""
    k = np.searchsorted(value[:held], x)
    while censored[k] != is_bound or start[k] != start_us:
        k += 1
    while k < held - 1:
        value[k], censored[k], start[k] = value[k + 1], censored[k + 1], start[k + 1]
        k += 1


@kernel
def curve_of_window(
    value: NDArray[np.float64],
    censored: NDArray[np.bool_],
    weights: NDArray[np.float64],
    worth: float,
    prior_scale: float,
    prior_runs: float,
    min_scale: float,
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write log seconds at the levels into `out`; the window holds at least one value."""
    held = value.shape[0]
    bound = censored.copy()
    bound[held - 1] = False  # Efron: the longest counts as a value
    position = np.empty(held)
    count = plotting_positions(weights, bound, weights.sum() / worth, position)
    success = value[~bound]
    own = _job_scale(success, position, count, min_scale)
    trust = max(worth - 1.0, 0.0)
    share = trust / (trust + prior_runs) if trust + prior_runs > 0.0 else 1.0
    scale = np.exp(share * np.log(own) + (1.0 - share) * np.log(prior_scale))
    _fill_curve(success, position, count, scale, logit_levels, out)


@kernel
def _line_at(
    at: float, k: int, x: NDArray[np.float64], p: NDArray[np.float64], count: int, scale: float
) -> float:
    """Log seconds at logit `at`, where k values have a position below it."""
    if k == 0:
        return float(x[0] + scale * (at - np.log(p[0] / (1.0 - p[0]))))
    low = np.log(p[k - 1] / (1.0 - p[k - 1]))
    if k == count:
        return float(x[count - 1] + scale * (at - low))
    high = np.log(p[k] / (1.0 - p[k]))
    if not high > low:
        return float(x[k])
    share = min(max((at - low) / (high - low), 0.0), 1.0)
    return float(x[k - 1] + (x[k] - x[k - 1]) * share)


@kernel
def _fill_curve(
    x: NDArray[np.float64],
    p: NDArray[np.float64],
    count: int,
    scale: float,
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Read the levels off the line through values x at positions p, the first `count` of each."""
    k = 0
    for level in range(logit_levels.shape[0]):
        at = logit_levels[level]
        wanted = 1.0 / (1.0 + np.exp(-at))
        while k < count and p[k] <= wanted:
            k += 1
        out[level] = _line_at(at, k, x, p, count, scale)
        # Interpolation of a rising line may lose the last digit.
        if level > 0 and out[level] < out[level - 1]:
            out[level] = out[level - 1]


@kernel
def _job_scale(x: NDArray[np.float64], p: NDArray[np.float64], count: int, floor: float) -> float:
    """Logistic scale of the middle half of the values."""
    low = 0
    while low + 1 < count and p[low + 1] <= 0.25:
        low += 1
    high = count - 1
    while high - 1 >= 0 and p[high - 1] >= 0.75:
        high -= 1
    return max(float(x[high] - x[low]) / LOGISTIC_IQR, floor)
