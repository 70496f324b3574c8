"""The normal among incidents: residuals of which a few are no law's, and what is usual is that of the others.

    residual ~ (1 - s) x two halves of the normal + s x incidents        s ~ Beta(1 + 1, 1 + 65), one in 66

fitted by the EM algorithm. An incident is far out, by more than `FAR` standard deviations as the quartiles tell
them, on either side, and by how much more is exponential: a broad law, of which a tail that falls off without a gap,
or values that repeat, are not (Box and Tiao, Biometrika 55, 1968, with a broad law for the wide normal).

Incidents are few: what is more than about a twentieth of a job's runs is its way, and no incidents are seen there.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel

__all__ = ["NEVER", "POOLED_RUNS", "fit_among_incidents"]

NEVER: Final = -1e300
"""The log-likelihood of what is not believed in."""
POOLED_RUNS: Final = 12.0
"""What the scale of both sides together counts for in that of each."""
_FAR: Final = 4.5
_LEAST_FAR: Final = 0.1
"""In log units: a tenth is no incident, however little a job varies."""
_REACH: Final = 0.7
"""How far beyond that incidents are in the mean, in log units: a factor of two."""
_EXPECTED: Final = 1.0 / 66.0
_EXPECTED_OF_RUNS: Final = 66.0
_FEWEST_ALLOWED: Final = 1.0
_ALLOWED_SHARE: Final = 0.05
_ROUNDS: Final = 5
_LOG_DENSITY_AT_0: Final = -0.5 * math.log(2.0 * math.pi)
_LOG_ODDS: Final = math.log(0.2)
"""Of a job having any at all to its having none."""


@kernel
def fit_among_incidents(
    ordered: NDArray[np.float64], center: float, variance: float, floor: float
) -> tuple[float, float, float]:
    """Log-likelihood and the variances of the right and left half, of sorted residuals (n,) around `center`.

    `variance` is that which the quartiles tell, `floor` the least. The likelihood is `NEVER` where no
    residual is far out, or more are than may be incidents.
    """
    runs = ordered.shape[0]
    far = max(_FAR * math.sqrt(variance), _LEAST_FAR)
    first, last = 0, runs
    while first < runs and ordered[first] < center - far:
        first += 1
    while last > first and ordered[last - 1] > center + far:
        last -= 1
    if first == 0 and last == runs:
        return NEVER, variance, variance
    # What is not far out is usual in every round.
    near_right, near_left, near_right_runs = 0.0, 0.0, 0.0
    for i in range(first, last):
        distance = ordered[i] - center
        if distance >= 0.0:
            near_right += distance * distance
            near_right_runs += 1.0
        else:
            near_left += distance * distance
    near = float(last - first)
    right = left = variance
    share, incidents, log_likelihood = _EXPECTED, 0.0, 0.0
    for _ in range(_ROUNDS):
        top = 2.0 * math.exp(_LOG_DENSITY_AT_0) / (math.sqrt(right) + math.sqrt(left))
        right_sum, left_sum = near_right, near_left
        right_runs, left_runs = near_right_runs, near - near_right_runs
        log_likelihood = near * math.log((1.0 - share) * top)
        log_likelihood -= 0.5 * (near_right / right + near_left / left)
        incidents = 0.0
        for place in range(runs - (last - first)):
            distance = ordered[place if place < first else last + place - first] - center
            square = distance * distance
            half = right if distance >= 0.0 else left
            as_usual = (1.0 - share) * top * math.exp(-0.5 * square / half)
            as_incident = 0.5 * share / _REACH * math.exp((far - abs(distance)) / _REACH)
            log_likelihood += math.log(as_usual + as_incident)
            usual = as_usual / (as_usual + as_incident)
            incidents += 1.0 - usual
            if distance >= 0.0:
                right_sum += usual * square
                right_runs += usual
            else:
                left_sum += usual * square
                left_runs += usual
        log_likelihood += _log_prior(share)
        share = (_EXPECTED_OF_RUNS * _EXPECTED + incidents) / (_EXPECTED_OF_RUNS + runs)
        pooled = POOLED_RUNS * (right_sum + left_sum + variance) / (right_runs + left_runs + 1.0)
        right = max((right_sum + pooled) / (right_runs + POOLED_RUNS), floor)
        left = max((left_sum + pooled) / (left_runs + POOLED_RUNS), floor)
    if incidents > _FEWEST_ALLOWED + _ALLOWED_SHARE * runs:
        return NEVER, variance, variance
    return log_likelihood + _LOG_ODDS, right, left


@kernel
def _log_prior(share: float) -> float:
    """Of a share of incidents, beside that of the expected share."""
    return _EXPECTED_OF_RUNS * (
        _EXPECTED * math.log(share / _EXPECTED)
        + (1.0 - _EXPECTED) * math.log((1.0 - share) / (1.0 - _EXPECTED))
    )
