"""Eight ways to say which earlier runs tell most about the next one: each a weighting of the window.

    recent     2 ** (-rank / 2), 2 ** (-rank / 20)     rank 0 is the latest ended run
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

__all__ = ["DAY_HOURS", "EXPERTS", "EXPERT_COUNT", "WEEK_HOURS", "age_decay", "rank_decay", "weigh"]

EXPERTS: Final = (
    "recent_2", "recent_20", "week", "all", "session", "hour", "weekday", "gap",
)  # fmt: skip

EXPERT_COUNT: Final = len(EXPERTS)

HALF_LIVES_RUNS: Final = (2.0, 20.0, 60.0)
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


def rank_decay(window_runs: int) -> NDArray[np.float64]:
    """2 ** (-rank / half-life) by rank and half-life: (window_runs, 3)."""
    rank = np.arange(window_runs)[:, None]
    return np.asarray(2.0 ** (-rank / np.array(HALF_LIVES_RUNS)[None, :]))


def age_decay() -> NDArray[np.float64]:
    """2 ** (-age / half-life) by whole hours, for ten half-lives; nothing after."""
    age = np.arange(10 * int(WEEK_HALF_LIFE_HOURS))
    return np.append(2.0 ** (-age / WEEK_HALF_LIFE_HOURS), 0.0)


@kernel
def _near(distance: float, per_width: float) -> float:
    """Biweight of a distance, in widths; 0 for NaN."""
    u = distance * per_width
    v = 1.0 - u * u
    return v * v if v > 0.0 else 0.0


@kernel
def _around(difference: float, period: float) -> float:
    """Distance on a circle of the given period, of two points on it."""
    d = abs(difference)
    return min(d, period - d)


@kernel
def weigh(
    held: NDArray[np.int64],
    rank: NDArray[np.int64],
    value_rank: NDArray[np.float64],
    hours: NDArray[np.float64],
    day_hours: NDArray[np.float64],
    week_hours: NDArray[np.float64],
    gap_log: NDArray[np.float64],
    at_hours: float,
    at_gap_log: float,
    at_value_rank: float,
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    out: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    """Write the weights (h, 8) of the runs `held` (h,) into `out`, and their sums into `total`.

    By run: `rank`, start in `hours` and on the circles of a day and a week, `gap_log`, and
    `value_rank`, the rank in the window of the duration that preceded the run. Unknown is NaN.
    """
    size = held.shape[0]
    newest = hours[held[0]]
    for q in range(size):
        newest = max(newest, hours[held[q]])
    oldest = by_age.shape[0] - 1
    per_ranks = 1.0 / max(FEWEST_NEAR_RANKS, NEAR_RANKS * size)
    day, week = at_hours % DAY_HOURS, at_hours % WEEK_HOURS
    total[:] = 0.0
    for q in range(size):
        j = held[q]
        r = rank[j]
        slow = by_rank[r, 2]
        out[q, 0] = by_rank[r, 0] + KEPT
        out[q, 1] = by_rank[r, 1] + KEPT
        out[q, 2] = by_age[int(min(newest - hours[j], oldest))] + KEPT
        out[q, 3] = 1.0
        out[q, 4] = slow * _near(value_rank[j] - at_value_rank, per_ranks) + KEPT
        out[q, 5] = slow * _near(_around(day_hours[j] - day, DAY_HOURS), 1.0 / NEAR_HOURS) + KEPT
        out[q, 6] = _near(_around(week_hours[j] - week, WEEK_HOURS), 1.0 / NEAR_WEEK_HOURS) + KEPT
        out[q, 7] = slow * _near(gap_log[j] - at_gap_log, 1.0 / NEAR_GAP_LOG) + KEPT
        for k in range(EXPERT_COUNT):
            total[k] += out[q, k]
