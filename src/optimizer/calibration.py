"""Levels moved so that the share of runs below a quantile becomes its level, whatever the model.

For each level q the curve is read at logit(q) + m instead of logit(q), and once the run has ended

    m <- m + rate (q - [x <= Q(q)])                 kept within 1 of 0

After T runs the covered share differs from q by at most (2 + rate) / (rate T) while m is inside its
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
from optimizer.quantile import curve_quantile

__all__ = ["FARTHEST", "read_moved", "track"]

FARTHEST: Final = 1.0
"""Levels move at most this many logits."""


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
    for k in range(logit_levels.shape[0]):
        out[k] = curve_quantile(log_quantiles, logit_levels, logit_levels[k] + moved[k])
        if k > 0 and out[k] < out[k - 1]:
            out[k] = out[k - 1]
