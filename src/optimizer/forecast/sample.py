"""A weighted, partly censored sample of log durations made into a curve at the fixed levels.

Each success gets its plotting position p_k (`optimizer.quantile.plotting_positions`), and levels are
read off the line through (logit p_k, x_k). Beyond the first and last success, at logit z,

    x = x_end + s n' / (n' + k) (z - z_end) + c (k / (n' + k))^2 (z^3 - z_end^3)

with the job's own logistic scale s = IQR / (2 log 3), n' = n_eff - 1 and k assumed runs. The last
term is what is assumed of a job before it has shown itself: most next runs are like the last ones, and
a few are nothing like them. The cube fits real jobs whose first three to forty runs were alike, by how
often the next run was 1.25, 2, 5 and 20 times as long as the longest of them.

    n_eff = (sum w)^2 / ( (1 - r) sum w^2 + r sum_g W_g^2 )        Kish, Survey Sampling, 1965, 5.4

counts runs that started before one another had ended (a burst g of weight W_g) as correlated by r:
hundreds of runs of one input submitted at once show little more than one of them.

If the longest run was stopped, it counts as a value (Efron, Fifth Berkeley Symposium, 1967): the
probability left beyond the last success belongs above it.

Decided here: equal durations are spread by a 1e-11th around their value in the order of their
positions. A duration is a rounded number; a level in the lower half of an often repeated one lies
just below it and a level in the upper half just above, so that coverage is right on the average of
jobs, which no quantile equal to the repeated number can be.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel
from optimizer.quantile import TIE_LOG, plotting_positions

__all__ = ["curve_of_sample", "squares_with_bursts"]

LOGISTIC_IQR: Final = 2.0 * float(np.log(3.0))
"""Interquartile range of the logistic distribution of scale 1."""


@kernel
def squares_with_bursts(
    weights: NDArray[np.float64],
    burst: NDArray[np.int64],
    correlation: float,
    scratch: NDArray[np.float64],
) -> float:
    """(1 - r) sum w^2 + r sum W_g^2; `burst` (n,) indexes `scratch`, which is zero before and after."""
    alone = 0.0
    for q in range(weights.shape[0]):
        alone += weights[q] * weights[q]
        scratch[burst[q]] += weights[q]
    together = 0.0
    for q in range(weights.shape[0]):
        together += scratch[burst[q]] * scratch[burst[q]]
        scratch[burst[q]] = 0.0
    return (1.0 - correlation) * alone + correlation * together


@kernel
def curve_of_sample(
    value: NDArray[np.float64],
    censored: NDArray[np.bool_],
    weights: NDArray[np.float64],
    worth: float,
    prior_scale: float,
    prior_runs: float,
    min_scale: float,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write log seconds at the levels into `out`, from ascending values worth `worth` runs.

    A value comes before a bound of the same size; there is at least one of either.
    """
    runs = value.shape[0]
    bound = censored.copy()
    bound[runs - 1] = False  # Efron: the longest counts as a value
    position = np.empty(runs)
    count = plotting_positions(weights, bound, weights.sum() / worth, position)
    success = np.empty(count)
    k = 0
    for q in range(runs):
        if not bound[q]:
            success[k] = value[q]
            k += 1
    _spread_ties(success, position, count)
    trust = max(worth - 1.0, 0.0)
    share = trust / (trust + prior_runs) if trust + prior_runs > 0.0 else 1.0
    own = share * _job_scale(success, position, count, min_scale)
    assumed = (1.0 - share) * (1.0 - share) * prior_scale
    k = 0
    bracket = -1  # logits are taken of the few positions that levels fall between
    low = high = np.nan
    for level in range(logit_levels.shape[0]):
        z = logit_levels[level]
        while k < count and position[k] <= levels[level]:
            k += 1
        if k != bracket:
            low = np.log(position[k - 1] / (1.0 - position[k - 1])) if k > 0 else np.nan
            high = np.log(position[k] / (1.0 - position[k])) if k < count else np.nan
            bracket = k
        if k == 0:
            out[level] = success[0] + own * (z - high) + assumed * (z * z * z - high * high * high)
        elif k == count:
            tail = z * z * z - low * low * low
            out[level] = success[count - 1] + own * (z - low) + assumed * tail
        else:
            way = min(max((z - low) / (high - low), 0.0), 1.0) if high > low else 1.0
            out[level] = success[k - 1] + (success[k] - success[k - 1]) * way
        # Interpolation of a rising line may lose the last digit.
        if level > 0 and out[level] < out[level - 1]:
            out[level] = out[level - 1]


@kernel
def _spread_ties(x: NDArray[np.float64], position: NDArray[np.float64], count: int) -> None:
    """Spread equal values around their common value, in the order of their positions."""
    has_ties = False
    for k in range(
        1, count
    ):  # Most jobs have none; without a branch the loop compares many at a time.
        has_ties |= x[k] == x[k - 1]
    if not has_ties:
        return
    first = 0
    while first < count:
        last = first
        while last + 1 < count and x[last + 1] == x[first]:
            last += 1
        if last > first:
            middle = 0.5 * (position[first] + position[last])
            for k in range(first, last + 1):
                # A hundredth up: the middle level itself covers the value.
                x[k] += TIE_LOG * (position[k] - middle + 0.01)
        first = last + 1


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
