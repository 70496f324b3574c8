"""How rare a run is, given that the baseline it is compared with was itself estimated.

For n earlier normal values with median m and MAD-scale s, the next value x has

    z = (x - m) / s      z / c(n)  ~  Student t with v(n) degrees of freedom, approximately
    v(n) = 0.37 n + 0.75          c(n) = 1 + 0.85 / n + 4 / n^2

Both functions were fitted here to the simulated distribution of z (a million normal samples for
each of eleven sizes from 5 to 100): from n = 8 on, the tail quantiles at 0.16, 0.05, 0.01 and 0.001
are met within 3 percent. The degrees of freedom grow at about 0.37 per run because that is the
efficiency of the MAD (Rousseeuw and Croux, 1993). Treating z as normal instead would raise four
false alarms for each promised one at n = 20.

Decided here: the p-value is one-sided, because the question asked of a job is whether it was slow;
a run that was strangely fast has a strongly negative z and a p-value near one.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from optimizer.kernel import kernel

__all__ = ["degrees_of_freedom", "normal_score", "slow_p_value", "widening"]


@kernel
def degrees_of_freedom(runs: float) -> float:
    """v(n) above."""
    return 0.37 * runs + 0.75


@kernel
def widening(runs: float) -> float:
    """c(n) above."""
    return 1.0 + 0.85 / runs + 4.0 / (runs * runs)


@kernel
def normal_score(robust_z: float, runs: float) -> float:
    """The standard normal value as rare as `robust_z` over a baseline of `runs` runs.

    Wallace's transformation of Student's t (Annals of Mathematical Statistics 30, 1959), which
    needs no special function and errs by less than 0.03 within five standard deviations.
    """
    df = degrees_of_freedom(runs)
    t = robust_z / widening(runs)
    size = math.sqrt(df * math.log1p(t * t / df)) * (8.0 * df + 1.0) / (8.0 * df + 3.0)
    return size if t >= 0.0 else -size


def slow_p_value(robust_z: ArrayLike, runs: ArrayLike) -> NDArray[np.float64]:
    """Probability of a run at least this slow if nothing has changed; NaN where z is NaN.

    `robust_z` and `runs` (baseline sizes) broadcast against each other.
    """
    z = np.asarray(robust_z, dtype=np.float64)
    n = np.maximum(np.asarray(runs, dtype=np.float64), 1.0)
    df = 0.37 * n + 0.75
    p = stats.t.sf(z / (1.0 + 0.85 / n + 4.0 / n**2), df)
    return np.asarray(p, dtype=np.float64)
