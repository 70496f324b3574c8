"""How much each expert counts for a job, learned from the errors of their mixture.

The forecast is the linear pool F = sum_k a_k F_k. Its cost at a run of log duration x is

    CRPS(F, x) = integral (F(y) - [x <= y])^2 dy

which is convex in a, so exponentiated gradient descent comes close to the best fixed pool, not only
to the best single expert (Kivinen and Warmuth, 1997; for CRPS: Thorey, Mallet and Baudin, 2017):

    a_k  proportional to  exp( -rate n / (n + 30) G_k / C )
    G_k = sum of dCRPS/da_k     C = mean CRPS of the pool     n = runs in both, older ones decayed

Decided here: every job starts from equal shares; a young job moves away from them slowly, since the
gradients of few runs are mostly chance; dividing by C makes the rate free of units. Runs that were
forecast from the same window (which started before another one ended) teach together: the m-th of them
counts 1 / m.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.walk import unrolled_sums
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.kernel import kernel

__all__ = ["add_lesson", "cost_and_gradient", "expert_shares", "pool"]

CAUTION_RUNS: Final = 30.0


@kernel
def pool(
    shares: NDArray[np.float64],
    weights: NDArray[np.float64],
    weight_sums: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the pooled weights (h,), which add up to 1; the first h of row k of `weights` (8, at least
    h) add up to weight_sums[k]."""
    out[:] = 0.0
    for k in range(EXPERT_COUNT):
        factor = shares[k] / weight_sums[k]
        for q in range(out.shape[0]):
            out[q] += factor * weights[k, q]


@kernel
def cost_and_gradient(
    x: float,
    value: NDArray[np.float64],
    pooled: NDArray[np.float64],
    weights: NDArray[np.float64],
    weight_sums: NDArray[np.float64],
    gradient: NDArray[np.float64],
    slope: NDArray[np.float64],
) -> float:
    """CRPS at x of values (h,) in ascending order with the weights `pooled` (h,).

    Its derivative by the share of each expert is written to `gradient` (k,), that by each weight to
    `slope` (h,).
    """
    size = value.shape[0]
    below = 0.0
    cost = max(value[0] - x, 0.0)
    for q in range(size):
        below += pooled[q]
        right = value[q + 1] if q < size - 1 else max(x, value[q])
        split = min(max(x, value[q]), right)
        # Left of x nothing has been reached yet, right of it everything.
        left_width, right_width = split - value[q], right - split
        cost += below * below * left_width + (below - 1.0) * (below - 1.0) * right_width
        # At first by F between a value and the next.
        slope[q] = 2.0 * (below * left_width + (below - 1.0) * right_width)
    for q in range(size - 2, -1, -1):  # A weight raises F from its value on.
        slope[q] += slope[q + 1]
    for k in range(EXPERT_COUNT):
        gradient[k] = unrolled_sums.dot(slope, weights[k], size) / weight_sums[k]
    return float(cost)


@kernel
def add_lesson(
    cost_tally: NDArray[np.float64],
    gradient_sums: NDArray[np.float64],
    cost: float,
    gradient: NDArray[np.float64],
    weight: float,
    memory: float,
) -> None:
    """Add a run with a `weight` in (0, 1] to the decayed tally (runs, costs) and gradients (k,)."""
    decay = 1.0 - (1.0 - memory) * weight
    cost_tally[0] = decay * cost_tally[0] + weight
    cost_tally[1] = decay * cost_tally[1] + weight * cost
    for k in range(EXPERT_COUNT):
        gradient_sums[k] = decay * gradient_sums[k] + weight * gradient[k]


@kernel
def expert_shares(
    cost_tally: NDArray[np.float64],
    gradient_sums: NDArray[np.float64],
    rate: float,
    out: NDArray[np.float64],
) -> None:
    """Write the shares (k,), which add up to 1, into `out`."""
    scale = 0.0
    if cost_tally[1] > 0.0:
        scale = (
            rate * cost_tally[0] / (cost_tally[0] + CAUTION_RUNS) * cost_tally[0] / cost_tally[1]
        )
    least = gradient_sums.min()
    total = 0.0
    for k in range(EXPERT_COUNT):
        out[k] = np.exp(-scale * (gradient_sums[k] - least))
        total += out[k]
    for k in range(EXPERT_COUNT):
        out[k] /= total
