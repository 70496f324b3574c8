"""How much an old run still counts: exponential forgetting by age, and the sample it is worth.

    w_i = 2 ** (-age_i / half_life)          n_eff = (sum w)^2 / sum w^2

The first is exponential smoothing written by age instead of by index, so that gaps of weeks count
as weeks. The second is Kish's effective sample size (Kish, Survey Sampling, 1965, section 11.7):
the number of equally weighted runs with the same variance of a mean.

Decided here: age is counted from the newest run that is used, not from the clock. Relative weights
are the same either way, and a job that paused for a month keeps the distribution it had, with the
effective sample it had. Weights never fall below 1e-9, so a very old run orders the tail but
carries no mass.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel

__all__ = ["DAY_US", "decay_weights", "effective_runs"]

DAY_US: Final = 86_400_000_000
SMALLEST_WEIGHT: Final = 1e-9


@kernel
def decay_weights(
    at_us: NDArray[np.int64], newest_us: int, half_life_days: float, out: NDArray[np.float64]
) -> None:
    """Write the weight of each run into `out` (same shape); times and the newest time in us."""
    per_us = 1.0 / (half_life_days * DAY_US)
    for i in range(at_us.shape[0]):
        out[i] = max(2.0 ** ((at_us[i] - newest_us) * per_us), SMALLEST_WEIGHT)


@kernel
def effective_runs(weights: NDArray[np.float64]) -> float:
    """Kish's effective sample size of the weights; 0.0 for none."""
    total = 0.0
    squares = 0.0
    for w in weights:
        total += w
        squares += w * w
    return total * total / squares if squares > 0.0 else 0.0
