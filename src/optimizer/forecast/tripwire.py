"""Tripwires: after how long a run in progress is worth a message, known before it starts.

With a limit L and a bound b, the first time t at which

    P(T > L | T > t) = S(L) / S(t) >= b        so that    S(t) = S(L) / b

and without a limit the 99.9 % quantile of T. The probability never falls with t, so whoever is told at t
need not look before or after. Only the duration is asked about: that a run may fail is told when it has.

Decided here: no earlier than the median, since a wire that every second run trips is none; and the first
whole minute after t, which is as fine as people set limits, and which runs that always take just t do
not trip.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.forecast.distribution import Distribution
from optimizer.kernel import kernel
from optimizer.quantile import (
    LOGIT_LEVELS,
    curve_log_survival,
    curve_quantile,
    probability_over,
    seconds_of,
)

__all__ = ["USUAL_LEVEL", "p_told_in_vain", "tripwire_seconds"]

USUAL_LEVEL: Final = 0.999
_LOG_HALF: Final = float(np.log(0.5))
_LOG_UNUSUAL: Final = float(np.log1p(-USUAL_LEVEL))
_MINUTE: Final = 60.0
_BEYOND_A_TIE: Final = 1.0 + 1e-9
"""A curve spreads equal durations by less, and so does rounding."""


@kernel
def _fill(
    log_quantiles: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    log_limit: NDArray[np.float64],
    log_bound: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for i in range(out.shape[0]):
        over = _LOG_UNUSUAL
        if not np.isnan(log_limit[i]):
            over = curve_log_survival(log_quantiles[i], logit_levels, log_limit[i]) - log_bound[i]
        over = min(over, _LOG_HALF)
        # logit(1 - exp(over)) = log(1 - exp(over)) - over
        at = np.log(-np.expm1(over)) - over
        out[i] = curve_quantile(log_quantiles[i], logit_levels, at)


def tripwire_seconds(
    duration: Distribution, limit_seconds: ArrayLike, bound: ArrayLike
) -> NDArray[np.float64]:
    """Seconds (n,), whole minutes, that a run may take before somebody is told.

    `limit_seconds` is positive, NaN where there is none; `bound` is inside (0, 1). Each is a number or one
    a row (n,). NaN where the curve is. Raises ValueError for other shapes or values.
    """
    limit = _rows(limit_seconds, len(duration), "limit_seconds")
    bounds = _rows(bound, len(duration), "bound")
    if np.any((limit <= 0.0) | np.isinf(limit)):
        raise ValueError("limit_seconds must be positive and finite, or NaN for none")
    if not np.all((bounds > 0.0) & (bounds < 1.0)):
        raise ValueError("bound must be in (0, 1)")
    out = np.empty(len(duration))
    curves = np.ascontiguousarray(duration.log_quantiles)
    _fill(curves, LOGIT_LEVELS, np.log(limit), np.log(bounds), out)
    exact = np.where(np.isnan(out), np.nan, seconds_of(out))
    return np.asarray(_MINUTE * (np.floor(exact * _BEYOND_A_TIE / _MINUTE) + 1.0))


def p_told_in_vain(
    duration: Distribution, tripwire: ArrayLike, limit_seconds: ArrayLike
) -> NDArray[np.float64]:
    """P(a run trips the wire at `tripwire` seconds, and ends within its limit all the same), (n,); without
    a limit, NaN, P(it trips it). Raises ValueError for other shapes."""
    wire = _rows(tripwire, len(duration), "tripwire")
    limit = _rows(limit_seconds, len(duration), "limit_seconds")
    tripped = probability_over(duration.log_quantiles, wire)
    over = np.where(np.isnan(limit), 0.0, probability_over(duration.log_quantiles, limit))
    return np.asarray(np.maximum(tripped - over, 0.0))


def _rows(numbers: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    values = np.asarray(numbers, dtype=np.float64)
    if values.shape not in ((), (n,)):
        raise ValueError(f"{name} must be a number or shape ({n},), got {values.shape}")
    return np.broadcast_to(values, (n,))
