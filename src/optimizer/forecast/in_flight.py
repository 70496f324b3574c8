"""The remaining time of a run in progress: its duration, given how long it has lasted already.

    P(T <= x | T > t) = q    at    P(T > x) = (1 - q) P(T > t)

read off the curve of `optimizer.quantile` in logits, so that a run far beyond its usual duration
still has a forecast: the tail there is log-logistic, and the remaining time grows with the elapsed.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.forecast.distribution import Distribution
from optimizer.kernel import kernel
from optimizer.quantile import LOGIT_LEVELS, curve_log_survival, curve_quantile, seconds_of

__all__ = ["quantiles_given_elapsed", "remaining_seconds"]


@kernel
def _fill(
    log_quantiles: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    log_elapsed: NDArray[np.float64],
    log_above: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for i in range(out.shape[0]):
        alive = curve_log_survival(log_quantiles[i], logit_levels, log_elapsed[i])
        for k in range(log_above.shape[0]):
            over = log_above[k] + alive
            # logit(1 - exp(over)) = log(1 - exp(over)) - over
            at = np.log(-np.expm1(over)) - over
            out[i, k] = max(curve_quantile(log_quantiles[i], logit_levels, at), log_elapsed[i])


def quantiles_given_elapsed(
    duration: Distribution, levels: ArrayLike, elapsed_seconds: ArrayLike
) -> NDArray[np.float64]:
    """Whole durations (n, m) at `levels` (m,) of runs that have lasted `elapsed_seconds` already.

    NaN rows where a curve or the elapsed time is NaN; never less than the elapsed time. Raises
    ValueError unless every level is inside (0, 1).
    """
    q = np.atleast_1d(np.asarray(levels, dtype=np.float64))
    if not np.all((q > 0.0) & (q < 1.0)):
        raise ValueError(f"quantile levels must be in (0, 1), got {q.tolist()}")
    n = len(duration)
    elapsed = np.broadcast_to(np.asarray(elapsed_seconds, dtype=np.float64), (n,))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_elapsed = np.log(np.maximum(elapsed, 0.0))
    out = np.empty((n, q.size))
    curves = np.ascontiguousarray(duration.log_quantiles)
    _fill(curves, LOGIT_LEVELS, log_elapsed, np.log1p(-q), out)
    return np.where(np.isnan(out), np.nan, seconds_of(out))


def remaining_seconds(
    duration: Distribution, levels: ArrayLike, elapsed_seconds: ArrayLike
) -> NDArray[np.float64]:
    """Seconds still to go (n, m) at `levels` (m,), given the elapsed seconds: see above."""
    whole = quantiles_given_elapsed(duration, levels, elapsed_seconds)
    elapsed = np.asarray(elapsed_seconds, dtype=np.float64)
    return np.asarray(np.maximum(whole - np.broadcast_to(elapsed, whole.shape[:1])[:, None], 0.0))
