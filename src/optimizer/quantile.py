"""Quantiles of weighted, partly censored runs, and the one curve that every distribution here is.

Sample quantile (`weighted_quantile`): with weights w and values in order, the smallest value whose
cumulative weight reaches q times the total (definition 1 of Hyndman and Fan, American Statistician
50, 1996, with weights; numpy's method "inverted_cdf").

Plotting positions (`plotting_positions`): the share of the next run's probability that lies below
each earlier value. For n equal runs it is k / (n + 1), exact for any continuous distribution when
runs are exchangeable. With weights and censored values,

    S_k = prod over uncensored i <= k of (1 - w_i / at_risk_i)          (Kaplan and Meier, 1958)
    p_k = 1 - (S_(k-1) + S_k) / 2 + w_new / (2 (W + w_new))             w_new = sum w^2 / sum w

where the run to come is at risk throughout with the weight of one effective run, so that nothing is
claimed beyond what so few runs can show.

Curve: quantiles of log seconds at fixed `LEVELS`, linear in logit(p) between them and beyond them.
A straight line in these coordinates is a log-logistic distribution, so the tails of what is
published are log-logistic with the slope of the last two levels. Decided here: one curve for
interpolation, tails, probabilities and stored states, so that all four always agree.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.kernel import kernel

__all__ = [
    "LEVELS",
    "LOGIT_LEVELS",
    "TIE_LOG",
    "curve_log_survival",
    "curve_quantile",
    "logit",
    "plotting_positions",
    "probability_over",
    "seconds_of",
    "weighted_quantile",
]

LEVELS: Final[NDArray[np.float64]] = np.array(
    [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03]
    + [round(0.05 * k, 2) for k in range(1, 19)]
    + [0.925, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 0.9975, 0.999]
)
"""(35,) the probabilities at which distributions are stored; finer where deadlines live."""

LOGIT_LEVELS: Final[NDArray[np.float64]] = np.log(LEVELS / (1.0 - LEVELS))

TIE_LOG: Final = 1e-11
"""Equal durations are spread by this much around their value, in log seconds per unit of level."""

AT_LIMIT_LOG: Final = 1e-10
"""A limit counts as this much longer: no part of a spread tie lies beyond its own value."""

FLATTEST: Final = 1e-9
"""Smallest slope of a tail, in log seconds per unit of logit: divisions stay finite."""


def seconds_of(log_seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp, kept positive and finite: what a double cannot hold becomes the nearest it can."""
    return np.asarray(np.exp(np.clip(log_seconds, -700.0, 709.0)))


def logit(levels: ArrayLike) -> NDArray[np.float64]:
    """log(p / (1 - p)); raises ValueError unless every p is inside (0, 1)."""
    p = np.asarray(levels, dtype=np.float64)
    if not np.all((p > 0.0) & (p < 1.0)):
        raise ValueError(f"quantile levels must be in (0, 1), got {p.tolist()}")
    return np.asarray(np.log(p) - np.log1p(-p))


def weighted_quantile(values: ArrayLike, weights: ArrayLike, q: float) -> float:
    """The q-quantile, q in [0, 1], of values (n,) with weights (n,) >= 0; NaN for no weight.

    Raises ValueError for shapes that differ, negative weights or q outside [0, 1].
    """
    x = np.asarray(values, dtype=np.float64)
    w = np.asarray(weights, dtype=np.float64)
    if x.shape != w.shape or x.ndim != 1:
        raise ValueError(f"values and weights must be (n,), got {x.shape} and {w.shape}")
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"q must be in [0, 1], got {q!r}")
    if np.any(w < 0.0):
        raise ValueError("weights must not be negative")
    carried = w > 0.0
    if not carried.any():
        return math.nan
    order = np.argsort(x[carried], kind="stable")
    x, cumulative = x[carried][order], np.cumsum(w[carried][order])
    # Rounding of the running sum must not push q = k / n to the next value.
    target = q * cumulative[-1] * (1.0 - 4.0 * np.finfo(np.float64).eps)
    return float(x[min(np.searchsorted(cumulative, target), x.size - 1)])


@kernel
def plotting_positions(
    weights: NDArray[np.float64],
    censored: NDArray[np.bool_],
    new_weight: float,
    out: NDArray[np.float64],
) -> int:
    """Write p_k of the uncensored values into `out`, in order; return how many there are.

    `weights` and `censored` belong to values in ascending order, an uncensored value before a
    censored one of the same size. `new_weight` = 0 gives the mid-steps of the plain Kaplan-Meier
    curve.
    """
    total = new_weight
    for w in weights:
        total += w
    passed = 0.0
    lost = False
    survival = 1.0
    count = 0
    for k in range(weights.shape[0]):
        if censored[k]:
            lost = True
        else:
            if lost:
                after = survival * max(0.0, 1.0 - weights[k] / (total - passed))
            else:  # the same, without a division that waits for the one before
                after = max(0.0, 1.0 - (passed + weights[k]) / total)
            out[count] = 1.0 - 0.5 * (survival + after) + 0.5 * new_weight / total
            survival = after
            count += 1
        passed += weights[k]
    return count


@kernel
def curve_quantile(
    log_quantiles: NDArray[np.float64], logit_levels: NDArray[np.float64], at: float
) -> float:
    """Log seconds of the curve at logit(p) = `at`; NaN where the curve is NaN."""
    last = logit_levels.shape[0] - 1
    k = min(max(np.searchsorted(logit_levels, at) - 1, 0), last - 1)
    share = (at - logit_levels[k]) / (logit_levels[k + 1] - logit_levels[k])
    low = log_quantiles[k]
    return float(low + share * (log_quantiles[k + 1] - low))


@kernel
def curve_log_survival(
    log_quantiles: NDArray[np.float64], logit_levels: NDArray[np.float64], log_limit: float
) -> float:
    """log P(T > limit) under the curve; NaN where either is NaN.

    A limit equal to a duration that occurred often counts all of it as not over.
    """
    last = logit_levels.shape[0] - 1
    if np.isnan(log_limit) or np.isnan(log_quantiles[0]):
        return np.nan
    if log_limit == -np.inf:
        return 0.0
    if log_limit == np.inf:
        return -np.inf
    limit = log_limit + AT_LIMIT_LOG
    k = min(max(np.searchsorted(log_quantiles, limit, side="right") - 1, 0), last - 1)
    width = logit_levels[k + 1] - logit_levels[k]
    slope = max((log_quantiles[k + 1] - log_quantiles[k]) / width, FLATTEST)
    at = logit_levels[k] + (limit - log_quantiles[k]) / slope
    # -log(1 + exp(at)), without overflow.
    return -at - math.log1p(math.exp(-at)) if at > 0.0 else -math.log1p(math.exp(at))


@kernel
def _fill_probability_over(
    log_quantiles: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    limit_seconds: NDArray[np.float64],
    elapsed_seconds: NDArray[np.float64],
    row: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    for i in range(out.shape[0]):
        limit = limit_seconds[i]
        elapsed = elapsed_seconds[i]
        curve = log_quantiles[row[i]]
        if np.isnan(limit) or np.isnan(elapsed) or np.isnan(curve[0]):
            out[i] = np.nan
        elif elapsed >= limit or limit <= 0.0:
            out[i] = 1.0
        else:
            over = curve_log_survival(curve, logit_levels, math.log(limit))
            if elapsed > 0.0:
                over -= curve_log_survival(curve, logit_levels, math.log(elapsed))
            out[i] = math.exp(min(over, 0.0))


def probability_over(
    log_quantiles: NDArray[np.float64],
    limit_seconds: ArrayLike,
    elapsed_seconds: ArrayLike = 0.0,
    *,
    row: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """P(T > limit | T > elapsed), shape (n,), for curves (n, 35); limit and elapsed broadcast.

    With `row` (m,), the i-th probability is that of curve row[i] and the result is (m,). It is
    1 where the run has already taken as long as the limit, or the limit is not positive.
    """
    curve_row = np.arange(log_quantiles.shape[0]) if row is None else row
    out = np.empty(curve_row.size)
    _fill_probability_over(
        np.ascontiguousarray(log_quantiles, dtype=np.float64),
        LOGIT_LEVELS,
        np.broadcast_to(np.asarray(limit_seconds, dtype=np.float64), out.shape).copy(),
        np.broadcast_to(np.asarray(elapsed_seconds, dtype=np.float64), out.shape).copy(),
        curve_row.astype(np.int64),
        out,
    )
    return out
