"""Nine ways to say which earlier runs tell most about the next one: each a weighting of the window.

    recent     2 ** (-rank / 2), 2 ** (-rank / 6), 2 ** (-rank / 20)     rank 0 is the latest ended run
    week       2 ** (-age / 5 days)
    all        1
    session    runs that followed a run like the latest one        (analogues: Lorenz, 1969)
    hour       runs that started at about this time of day
    weekday    runs that started at about this time of the week
    gap        runs whose latest ended run had started as long before them

The last four are 2 ** (-rank / 60) or 1 times the biweight kernel (1 - u^2)^2, u the distance as a
share of what is still near (Nadaraya and Watson, 1964, for a distribution instead of a mean).

Decided here: likeness of durations is a distance in ranks, so that it needs no bandwidth in seconds
and means the same for tight and for heavy-tailed jobs; every run keeps a thousandth of its weight,
so that no expert is ever empty; what lies far is cut off by a polynomial and not by an exponential,
which costs a tenth of the time. The gap counts from a start, so that it does not change with the
unit of durations.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel

__all__ = ["EXPERTS", "decay_table", "weigh"]

EXPERTS: Final = (
    "recent_2", "recent_6", "recent_20", "week", "all", "session", "hour", "weekday", "gap",
)  # fmt: skip

HALF_LIVES_RUNS: Final = (2.0, 6.0, 20.0, 60.0)
WEEK_HALF_LIFE_HOURS: Final = 120.0
NEAR_HOURS: Final = 4.0
NEAR_WEEK_HOURS: Final = 10.0
NEAR_GAP_LOG: Final = 1.8
"""Gaps within a factor of six are near."""
NEAR_RANKS: Final = 1.0 / 8.0
"""Share of the window, in ranks, that is near in duration."""
FEWEST_NEAR_RANKS: Final = 5.0
KEPT: Final = 1e-3
DAY_HOURS: Final = 24.0
WEEK_HOURS: Final = 168.0


def decay_table(window_runs: int) -> NDArray[np.float64]:
    """2 ** (-rank / half-life) by rank and half-life: (window_runs, 4)."""
    rank = np.arange(window_runs)[:, None]
    return np.asarray(2.0 ** (-rank / np.array(HALF_LIVES_RUNS)[None, :]))


@kernel
def _near(distance: float, width: float) -> float:
    """Biweight of a distance."""
    u = distance / width
    if u >= 1.0 or u <= -1.0:
        return 0.0
    v = 1.0 - u * u
    return v * v


@kernel
def _around(a: float, b: float, period: float) -> float:
    """Distance on a circle of the given period."""
    d = abs(a - b)
    return min(d, period - d)


@kernel
def weigh(
    held: NDArray[np.int64],
    rank: NDArray[np.int64],
    value_rank: NDArray[np.float64],
    start_hours: NDArray[np.float64],
    gap_log: NDArray[np.float64],
    at_hours: float,
    at_gap_log: float,
    at_value_rank: float,
    decay: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the weights (h, 9), each column adding up to 1, of the runs `held` (h,) into `out`.

    `rank`, `start_hours` and `gap_log` are looked up by run; `value_rank` (h,) is the rank in the
    window of the duration that preceded the run, NaN where unknown.
    """
    size = held.shape[0]
    newest = -np.inf
    for q in range(size):
        newest = max(newest, start_hours[held[q]])
    width = max(FEWEST_NEAR_RANKS, NEAR_RANKS * size)
    day, week = at_hours % DAY_HOURS, at_hours % WEEK_HOURS
    total = np.zeros(out.shape[1])
    for q in range(size):
        j = held[q]
        r = rank[j]
        slow = decay[r, 3]
        hours = start_hours[j]
        out[q, 0] = decay[r, 0] + KEPT
        out[q, 1] = decay[r, 1] + KEPT
        out[q, 2] = decay[r, 2] + KEPT
        out[q, 3] = 2.0 ** ((hours - newest) / WEEK_HALF_LIFE_HOURS) + KEPT
        out[q, 4] = 1.0
        alike = value_rank[q] - at_value_rank
        out[q, 5] = slow * (_near(alike, width) if alike == alike else 0.0) + KEPT
        out[q, 6] = slow * _near(_around(hours % DAY_HOURS, day, DAY_HOURS), NEAR_HOURS) + KEPT
        out[q, 7] = _near(_around(hours % WEEK_HOURS, week, WEEK_HOURS), NEAR_WEEK_HOURS) + KEPT
        gap = gap_log[j] - at_gap_log
        out[q, 8] = slow * (_near(gap, NEAR_GAP_LOG) if gap == gap else 0.0) + KEPT
        for k in range(out.shape[1]):
            total[k] += out[q, k]
    for k in range(out.shape[1]):
        total[k] = 1.0 / total[k]
    for q in range(size):
        for k in range(out.shape[1]):
            out[q, k] *= total[k]
