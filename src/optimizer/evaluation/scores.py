"""Scores of forecasts: the figures of each run, and their means over the runs that count.

    crps          of log1p(duration), over the stored levels; a timeout is scored below its duration
    coverage(q)   share of runs not above the quantile q; timeouts left out
    Brier         mean (p - [duration > limit])^2; a timeout counts where it is over the limit
    reliability   for probabilities of overrun in each tenth of [0, 1]: their mean, the share of runs
                  that were over, and how many

Definitions and sources are those of `optimizer.forecast.score`. Limits are 1.1, 1.25, 1.5 and 2 times
the median of the last 30 runs that had ended before the start, since logs seldom have a limit; Brier
and reliability take the four together.

Decided here: the interval of a ratio of two mean CRPS comes from drawing jobs with replacement
(Efron, 1979), because runs of one job are not independent of each other.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.score import crps_from_quantiles
from optimizer.panel import SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.quantile import LEVELS, probability_over, seconds_of

__all__ = [
    "COVERED", "LIMITS", "Figures", "Score", "figures", "ratio_intervals", "scorable", "score",
]  # fmt: skip

COVERED: Final = (0.5, 0.8, 0.9, 0.95, 0.99)
LIMITS: Final = (1.1, 1.25, 1.5, 2.0)
BINS: Final = 10
RESAMPLES: Final = 500
COVERED_AT: Final = [LEVELS.tolist().index(level) for level in COVERED]


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """The figures of n forecasts, one by one."""

    crps: NDArray[np.float64]
    """(n,) NaN without a forecast."""
    covered: NDArray[np.bool_]
    """(n, 5) whether the run was not above the quantile at COVERED."""
    p_over: NDArray[np.float64]
    """(n, 4) probability of exceeding each of LIMITS; NaN where unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Sums over scored runs, which add up over parts of a log; a mean of nothing is NaN."""

    runs: int
    crps_sum: float
    covered: NDArray[np.int64]
    """(5,) runs not above the quantile at COVERED."""
    whole: int
    """Runs that were not stopped by a timeout."""
    squared: float
    """Sum of (p - [over])^2 over runs and limits."""
    tenths: NDArray[np.float64]
    """(10, 3) by tenths of p: sum of p, how many were over the limit, how many in all."""

    def __add__(self, other: "Score") -> "Score":
        return Score(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    @property
    def crps(self) -> float:
        return self.crps_sum / self.runs if self.runs else np.nan

    @property
    def coverage(self) -> dict[float, float]:
        return {
            level: float(count / self.whole) if self.whole else np.nan
            for level, count in zip(COVERED, self.covered, strict=True)
        }

    @property
    def brier(self) -> float:
        count = self.tenths[:, 2].sum()
        return float(self.squared / count) if count else np.nan

    @property
    def reliability(self) -> NDArray[np.float64]:
        """(10, 3) mean of p, share over the limit (both NaN for an empty tenth), and how many."""
        count = self.tenths[:, 2]
        divisor = np.where(count > 0.0, count, np.nan)
        return np.column_stack((self.tenths[:, 0] / divisor, self.tenths[:, 1] / divisor, count))


def scorable(panel: RunPanel) -> NDArray[np.bool_]:
    """Which runs (R,) a forecast can be scored on."""
    return np.isin(panel.outcome, (SUCCEEDED, UNKNOWN, TIMEOUT))


def figures(
    panel: RunPanel, log_quantiles: NDArray[np.float64], usual_seconds: NDArray[np.float64]
) -> Figures:
    """The figures of forecasts (R, 35) of the runs of a panel, given the usual duration of each (R,)."""
    x = np.log1p(np.nan_to_num(panel.duration_seconds))
    q = np.log1p(seconds_of(log_quantiles))
    covered = x[:, None] <= q[:, COVERED_AT]
    stopped = panel.outcome == TIMEOUT
    q[stopped] = np.minimum(q[stopped], x[stopped, None])
    p_over = np.empty((x.size, len(LIMITS)))
    for k, factor in enumerate(LIMITS):
        p_over[:, k] = probability_over(log_quantiles, factor * usual_seconds)
    return Figures(crps_from_quantiles(x, q, LEVELS), covered, p_over)


def score(
    panel: RunPanel,
    run_figures: Figures,
    usual_seconds: NDArray[np.float64],
    rows: NDArray[np.bool_],
) -> Score:
    """The score over the runs in `rows` (R,)."""
    whole = rows & (panel.outcome != TIMEOUT)
    over = panel.duration_seconds[:, None] > usual_seconds[:, None] * np.array(LIMITS)
    is_scored = rows[:, None] & np.isfinite(run_figures.p_over) & (whole[:, None] | over)
    p, happened = run_figures.p_over[is_scored], over[is_scored]
    return Score(
        runs=int(rows.sum()),
        crps_sum=float(run_figures.crps[rows].sum()),
        covered=run_figures.covered[whole].sum(axis=0),
        whole=int(whole.sum()),
        squared=float(((p - happened) ** 2).sum()),
        tenths=by_tenths(p, happened),
    )


def by_tenths(p: NDArray[np.float64], happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(10, 3) by tenths of p (n,): sum of p, how many happened, how many in all."""
    tenth = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    return np.column_stack(
        [
            np.bincount(tenth, weights=each, minlength=BINS)
            for each in (p, happened.astype(np.float64), np.ones(p.size))
        ]
    )


def ratio_intervals(
    own: NDArray[np.float64],
    others: NDArray[np.float64],
    *,
    level: float = 0.95,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Intervals (m, 2) of sum(own) / sum(other), own (J,) and others (J, m), jobs drawn again.

    NaN for fewer than two jobs, and where the other is zero on most draws.
    """
    jobs = own.size
    if jobs < 2:
        return np.full((others.shape[1], 2), np.nan)
    rng = np.random.default_rng(seed)
    both = np.column_stack((own, others))
    sums = np.empty((RESAMPLES, both.shape[1]))
    for k in range(RESAMPLES):
        sums[k] = np.bincount(rng.integers(0, jobs, jobs), minlength=jobs) @ both
    ratio = np.where(sums[:, 1:] > 0.0, sums[:, :1] / np.maximum(sums[:, 1:], 1e-300), np.inf)
    tail = 0.5 * (1.0 - level)
    ordered = np.sort(ratio, axis=0)
    ends = ordered[[int(tail * RESAMPLES), RESAMPLES - 1 - int(tail * RESAMPLES)]].T
    return np.where(np.isfinite(ends), ends, np.nan)
