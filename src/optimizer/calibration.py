"""Levels moved so that the share of runs below a quantile becomes its level, whatever the model.

For each level q the curve is read at logit(q) + m instead of logit(q), and once the run has ended

    m <- m + rate (q - [x <= Q(q)])                 kept within 1/2 of 0

After T runs the covered share differs from q by at most (1 + rate) / (rate T) while m is inside its
bounds, for any sequence of durations: no distribution is assumed (online quantile tracking; Gibbs
and Candes, Adaptive conformal inference under distribution shift, NeurIPS 2021, equation 2).

Decided here: the step is taken in logits, where it means the same in the middle and in the tail, and
is small, so that a calibrated model is hardly disturbed; the bound keeps a job whose runs arrive in
thousands at once from being moved beyond what its runs have shown.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel

__all__ = ["FARTHEST", "read_moved", "track"]

FARTHEST: Final = 0.5
"""Levels move at most this many logits: 50 % becomes 62 %, 95 % becomes 97 % at the most."""


@kernel
def track(
    moved: NDArray[np.float64],
    levels: NDArray[np.float64],
    log_quantiles: NDArray[np.float64],
    log_seconds: float,
    rate: float,
) -> None:
    """Update `moved` (m,) by a run that took `log_seconds` and had been given `log_quantiles`."""
    for k in range(levels.shape[0]):
        below = 1.0 if log_seconds <= log_quantiles[k] else 0.0
        step = moved[k] + rate * (levels[k] - below)
        moved[k] = min(max(step, -FARTHEST), FARTHEST)


@kernel
def read_moved(
    log_quantiles: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    moved: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the curve (m,) read at moved levels into `out` (m,), made non-decreasing."""
    last = logit_levels.shape[0] - 2
    left = 0
    for k in range(logit_levels.shape[0]):
        at = logit_levels[k] + moved[k]
        # The next level is read close to this one: walking is faster than searching.
        while left < last and logit_levels[left + 1] < at:
            left += 1
        while left > 0 and logit_levels[left] > at:
            left -= 1
        way = (at - logit_levels[left]) / (logit_levels[left + 1] - logit_levels[left])
        out[k] = log_quantiles[left] + way * (log_quantiles[left + 1] - log_quantiles[left])
        if k > 0 and out[k] < out[k - 1]:
            out[k] = out[k - 1]
