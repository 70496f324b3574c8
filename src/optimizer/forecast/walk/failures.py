"""How often an attempt of a job fails, older attempts counting less.

    rate = (sum w f + k r) / (sum w + k)          w = 2 ** (-age / half-life)

with f = 1 for a failure, the assumed rate r worth k attempts, and age counted from the newest start.
Decided here: a timeout is a failure, a cancellation is nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US

__all__ = ["count_attempt", "failure_rate"]

# Positions in the tally, which is decayed to the newest start.
ATTEMPTS: Final = 0
FAILURES: Final = 1


@kernel
def count_attempt(
    tally: NDArray[np.float64], newest_us: int, failed: bool, start_us: int, half_life_days: float
) -> int:
    """Count an attempt in the decayed tally (2,); return the newest start of both."""
    if tally[ATTEMPTS] == 0.0:
        newest_us = start_us
    newer_days = (start_us - newest_us) / DAY_US
    weight = 2.0 ** (min(newer_days, 0.0) / half_life_days)
    tally *= 2.0 ** (-max(newer_days, 0.0) / half_life_days)
    tally[ATTEMPTS] += weight
    tally[FAILURES] += weight if failed else 0.0
    return max(newest_us, start_us)


@kernel
def failure_rate(tally: NDArray[np.float64], prior_rate: float, prior_attempts: float) -> float:
    """The failure rate, from the tally and the assumed attempts; NaN without either."""
    failures = tally[FAILURES] + prior_rate * prior_attempts
    return float(failures / (tally[ATTEMPTS] + prior_attempts))
