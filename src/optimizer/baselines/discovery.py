"""Which jobs of a night are named: one p-value a job from all that was tested of it, then a choice over jobs.

    H = 1 / sum(w_i / p_i)                    the weighted harmonic mean of a job's p-values, sum(w_i) = 1
    p = P(Landau(0.874 - sum(w_i log w_i), pi/2) > 1 / H)
    r_i = p_i mean(v) / v_i                   a job's p-value, relaxed or tightened by its own weight
    q_(k) = min over j >= k of (m / j) r_(j)  Benjamini-Hochberg: named where q <= rate

What is tested of one job is dependent: a slow run costs more, and runs of a night share a cause. The
harmonic mean (Wilson, PNAS 116, 2019; Landau's law with the weights' entropy in place of log n is the limit
of its generalised central limit theorem) keeps its size in the tail whatever the dependence to first order,
since the sum is as large as its largest term; Fisher's and Stouffer's sums do not. It is the Cauchy
combination's twin there (Chen, Liu, Tan and Wang, JRSS B 85, 2023), and unlike that one it is not undone
by a second p-value near 1, which counts of nothing (no failure in three runs) have every night.

Jobs depend on each other by common causes, which move their p-values the same way. Under such positive
dependence Benjamini and Hochberg's procedure (JRSS B 57, 1995) holds its rate (Benjamini and Yekutieli,
Annals of Statistics 29, 2001); their own correction for any dependence would divide it by log(m), which
at 1,000 jobs hides seven of eight.

Weights that are chosen without looking at the p-values leave that rate as it is, and gain what they are right
about (Genovese, Roeder and Wasserman, Biometrika 93, 2006): those of a job's tests say in which of them
something is likely to show, those of jobs in which of them it is likely at all.

Decided here: a job with one test has its p-value as it is; p-values below 1e-300 count as that.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = ["combined_p_value", "discovery_q_value", "expected_false_flags"]

Floats = NDArray[np.float64]

_SMALLEST: Final = 1e-300
_LANDAU_LOCATION: Final = 0.874
_LANDAU_SCALE: Final = np.pi / 2


def combined_p_value(
    p_values: ArrayLike,
    group: ArrayLike,
    weight: ArrayLike,
    groups: int,
) -> Floats:
    """One p-value (groups,) of each group's p-values; NaN for a group without any.

    `p_values`, `group` (0 to groups - 1) and `weight` (positive, of any sum) are (n,); NaN is not counted.
    """
    p = np.asarray(p_values, dtype=np.float64)
    is_tested = np.isfinite(p)
    p = np.clip(p[is_tested], _SMALLEST, 1.0)
    of = np.asarray(group, dtype=np.int64)[is_tested]
    w = np.asarray(weight, dtype=np.float64)[is_tested]
    w = w / np.bincount(of, w, groups)[of]
    tests = np.bincount(of, minlength=groups)
    inverse = np.bincount(of, w / p, groups)
    entropy = np.bincount(of, -w * np.log(w), groups)
    several = np.asarray(
        stats.landau.sf(inverse, loc=_LANDAU_LOCATION + entropy, scale=_LANDAU_SCALE)
    )
    with np.errstate(divide="ignore"):
        single = 1.0 / inverse
    return np.where(tests > 1, several, np.where(tests == 1, single, np.nan))


def _relaxed(p_values: ArrayLike, weight: ArrayLike) -> Floats:
    p = np.asarray(p_values, dtype=np.float64)
    v = np.broadcast_to(np.asarray(weight, dtype=np.float64), p.shape)
    is_tested = np.isfinite(p)
    return p * v[is_tested].mean() / v if is_tested.any() else p


def discovery_q_value(p_values: ArrayLike, weight: ArrayLike = 1.0) -> Floats:
    """The least rate of false discovery at which each of (n,) p-values is named; NaN stays, and does not count.

    `weight` (n,) is positive, of any mean, and chosen without looking at the p-values.
    """
    p = _relaxed(p_values, weight)
    out = np.full(p.shape, np.nan)
    is_tested = np.isfinite(p)
    order = np.argsort(p[is_tested], kind="stable")
    tested = p[is_tested][order]
    scaled = tested * tested.size / np.arange(1, tested.size + 1)
    q = np.empty(tested.size)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    out[is_tested] = np.minimum(q, 1.0)
    return out


def expected_false_flags(
    p_values: ArrayLike, is_flagged: ArrayLike, weight: ArrayLike = 1.0
) -> float:
    """How many of (n,) tests would be named by chance alone, had nothing changed anywhere: tests times the
    largest p-value that is named, by `weight` as in `discovery_q_value`."""
    p = _relaxed(p_values, weight)
    named = p[np.asarray(is_flagged, dtype=np.bool_)]
    return float(named.max() * np.isfinite(p).sum()) if named.size else 0.0
