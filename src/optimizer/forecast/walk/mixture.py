"""How much each expert counts for a job, learned from what mixing them has cost.

The forecast is the linear pool F = sum_k a_k F_k. Its cost at a run of log duration x is

    CRPS(F, x) = integral (F(y) - [x <= y])^2 dy

which is convex in a, so exponentiated gradient descent comes close to the best fixed pool, not only
to the best single expert (Kivinen and Warmuth, 1997; for CRPS: Thorey, Mallet and Baudin, 2017):

    a_k  proportional to  exp( -rate n / (n + 30) G_k / C )
    G_k = sum of dCRPS/da_k     C = mean CRPS of the pool     n = runs in both, older ones decayed

Decided here: every job starts from equal shares; a young job moves away from them slowly, since the
gradients of few runs are mostly chance; dividing by C makes the rate free of units. Runs that had the
same knowledge (started before another one ended) teach together: the m-th of them counts 1 / m.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.walk import unrolled_sums
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.kernel import kernel

__all__ = ["cost_and_gradient", "learn", "pool", "shares"]

CAUTION_RUNS: Final = 30.0


@kernel
def pool(
    share: NDArray[np.float64],
    weights: NDArray[np.float64],
    total: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the pooled weights (h,), which add up to 1; the first h of row k of `weights` (8, at least
    h) add up to total[k]."""
    out[:] = 0.0
    for k in range(EXPERT_COUNT):
        factor = share[k] / total[k]
        for q in range(out.shape[0]):
            out[q] += factor * weights[k, q]


@kernel
def cost_and_gradient(
    x: float,
    value: NDArray[np.float64],
    pooled: NDArray[np.float64],
    weights: NDArray[np.float64],
    total: NDArray[np.float64],
    gradient: NDArray[np.float64],
) -> float:
    """CRPS at x of values (h,) in ascending order with the weights `pooled` (h,).

    Its derivative by the share of each expert is written to `gradient` (k,).
    """
    size = value.shape[0]
    below = 0.0
    cost = max(value[0] - x, 0.0)
    slope = np.empty(size)  # of the cost, by F between a value and the next
    for q in range(size):
        below += pooled[q]
        right = value[q + 1] if q < size - 1 else max(x, value[q])
        split = min(max(x, value[q]), right)
        # Left of x nothing has been reached yet, right of it everything.
        left_width, right_width = split - value[q], right - split
        cost += below * below * left_width + (below - 1.0) * (below - 1.0) * right_width
        slope[q] = 2.0 * (below * left_width + (below - 1.0) * right_width)
    for q in range(size - 2, -1, -1):  # A weight raises F from its value on.
        slope[q] += slope[q + 1]
    for k in range(EXPERT_COUNT):
        gradient[k] = unrolled_sums.dot(slope, weights[k], size) / total[k]
    return float(cost)


@kernel
def learn(
    tally: NDArray[np.float64],
    summed: NDArray[np.float64],
    cost: float,
    gradient: NDArray[np.float64],
    counts: float,
    memory: float,
) -> None:
    """Add a run that `counts` (0, 1] to the decayed tally (runs, costs) and gradients (k,)."""
    keep = 1.0 - (1.0 - memory) * counts
    tally[0] = keep * tally[0] + counts
    tally[1] = keep * tally[1] + counts * cost
    for k in range(EXPERT_COUNT):
        summed[k] = keep * summed[k] + counts * gradient[k]


@kernel
def shares(
    tally: NDArray[np.float64], summed: NDArray[np.float64], rate: float, out: NDArray[np.float64]
) -> None:
    """Write the shares (k,), which add up to 1, into `out`."""
    scale = 0.0
    if tally[1] > 0.0:
        scale = rate * tally[0] / (tally[0] + CAUTION_RUNS) * tally[0] / tally[1]
    least = summed.min()
    total = 0.0
    for k in range(EXPERT_COUNT):
        out[k] = np.exp(-scale * (summed[k] - least))
        total += out[k]
    for k in range(EXPERT_COUNT):
        out[k] /= total
