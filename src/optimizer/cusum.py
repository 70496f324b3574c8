"""Sustained changes of level, from how rare each run was: cumulative sums of normal scores.

    slow   S = max(0, S + weight (min(u, cap) - slack))         short   the same of -u

(Page, Biometrika 41, 1954), declared when a sum exceeds the threshold, and dated to the run at which that
sum last left zero. The cap keeps a single incident, however large, from declaring a change.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel

__all__ = ["NO_CHANGE", "accumulate", "normal_score"]

NO_CHANGE: Final = -1
_SLOW: Final = 0
_SMALLEST: Final = 1e-300


@kernel
def accumulate(
    sums: NDArray[np.float64],
    begun: NDArray[np.int64],
    member: int,
    score: float,
    weight: float,
    slack: float,
    threshold: float,
    cap: float,
) -> int:
    """Add the normal score of run `member` to both sums (2,); the side that is over the threshold, slow
    first, or NO_CHANGE. `begun` (2,) are the runs at which the sums left zero."""
    for side in range(2):
        toward = score if side == _SLOW else -score
        if sums[side] == 0.0:
            begun[side] = member
        sums[side] = max(0.0, sums[side] + weight * (min(toward, cap) - slack))
    for side in range(2):
        if sums[side] > threshold:
            return side
    return NO_CHANGE


@kernel
def normal_score(slow: float, short: float) -> float:
    """The standard normal value as rare as a run with these p-values.

    Hastings' approximation (Abramowitz and Stegun, 26.2.23), which errs by less than 0.00045.
    """
    p = min(slow, short)
    if p >= 0.5:
        return 0.0
    t = math.sqrt(-2.0 * math.log(max(p, _SMALLEST)))
    size = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (
        1.0 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3
    )
    return size if slow < short else -size
