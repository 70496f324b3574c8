"""Predictive distributions of many runs, one curve a row: quantiles and probabilities of overrun.

    quantile(q)                             exp of the curve at logit(q)
    p_over_limit(limit, elapsed)            P(T > limit | T > elapsed) = S(limit) / S(elapsed)

The curve (definition in `optimizer.quantile`) is stored as seconds at fixed levels, so a table row
holds all of it. Decided here: a row that could not be forecast keeps its place with NaN and a
status; quantiles beyond the largest double are that double.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.kernel import kernel
from optimizer.quantile import (
    LEVELS,
    LOGIT_LEVELS,
    curve_quantile,
    logit,
    probability_over,
    seconds_of,
)

__all__ = ["Distribution", "quantiles_of_curves"]


@kernel
def _fill_quantiles(
    log_quantiles: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    at: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for i in range(out.shape[0]):
        for k in range(at.shape[0]):
            out[i, k] = curve_quantile(log_quantiles[i], logit_levels, at[k])


def quantiles_of_curves(
    log_quantiles: NDArray[np.float64], levels: ArrayLike
) -> NDArray[np.float64]:
    """Seconds at `levels` (m,) of curves (n, 35): shape (n, m), NaN rows where a curve is NaN.

    Raises ValueError for a level outside (0, 1).
    """
    at = np.atleast_1d(logit(levels))
    out = np.empty((log_quantiles.shape[0], at.size))
    _fill_quantiles(np.ascontiguousarray(log_quantiles), LOGIT_LEVELS, at, out)
    return seconds_of(out)


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Durations of n runs to come."""

    log_quantiles: NDArray[np.float64]
    """(n, 35) log seconds at `LEVELS`; NaN rows are not forecast."""
    status: NDArray[np.object_]
    """(n,) status words."""

    @classmethod
    def from_seconds(
        cls, quantile_seconds: ArrayLike, status: ArrayLike | None = None
    ) -> "Distribution":
        """From seconds (n, 35) at `LEVELS`; raises ValueError unless rows do not decrease."""
        seconds = np.atleast_2d(np.asarray(quantile_seconds, dtype=np.float64))
        if seconds.shape[1] != LEVELS.size:
            raise ValueError(f"expected {LEVELS.size} quantiles a row, got {seconds.shape[1]}")
        with np.errstate(invalid="ignore"):
            if np.any(np.diff(seconds, axis=1) < 0.0) or np.any(seconds <= 0.0):
                raise ValueError("quantile_seconds must be positive and must not decrease")
        answered = np.isfinite(seconds).all(axis=1)
        words = np.where(answered, "ok", "not_assessed") if status is None else np.asarray(status)
        return cls(np.log(seconds), words.astype(object))

    def __len__(self) -> int:
        return int(self.log_quantiles.shape[0])

    @property
    def quantile_seconds(self) -> NDArray[np.float64]:
        """(n, 35) seconds at `LEVELS`."""
        return seconds_of(self.log_quantiles)

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Seconds that a run stays below with probability q: (n,) for a number, (n, m) for (m,)."""
        out = quantiles_of_curves(self.log_quantiles, q)
        return out[:, 0] if np.ndim(q) == 0 else out

    def p_over_limit(
        self, limit_seconds: ArrayLike, elapsed_seconds: ArrayLike = 0.0
    ) -> NDArray[np.float64]:
        """P(duration > limit), (n,), given that the run has lasted `elapsed_seconds` already."""
        return probability_over(self.log_quantiles, limit_seconds, elapsed_seconds)
