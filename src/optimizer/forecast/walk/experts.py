"""Eight experts, each a weighting of the window: which earlier runs tell most about the next one.

    recent     2 ** (-rank / 2), 2 ** (-rank / 20)     rank 0 is the latest ended run
    week       2 ** (-age / 5 days)
    all        1
    session    runs that followed a run like the latest one        (analogues: Lorenz, 1969)
    hour       runs that started at about this time of day
    weekday    runs that started at about this time of the week
    gap        runs whose latest ended run had started as long before them

The last four are 2 ** (-rank / 60) or 1 times the biweight kernel (1 - u^2)^2, u the distance as a
share of the widest distance that counts as near (Nadaraya and Watson, 1964, for a distribution instead of a mean).

Decided here: likeness of durations is a distance in ranks, so that it needs no bandwidth in seconds
and means the same for tight and for heavy-tailed jobs; every run keeps a thousandth of its weight,
so that no expert is ever empty; the kernel is a polynomial and not an exponential, which takes ten times
as long. The gap counts from a start, so that it does not change with the
unit of durations.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.walk import unrolled_sums
from optimizer.kernel import kernel

__all__ = [
    "ALL", "DAY_HOURS", "EXPERTS", "EXPERT_COUNT", "HOUR", "WEEKDAY", "WEEK_HOURS", "age_decay", "rank_decay",
    "weigh",
]  # fmt: skip

EXPERTS: Final = (
    "recent_2", "recent_20", "week", "all", "session", "hour", "weekday", "gap",
)  # fmt: skip

EXPERT_COUNT: Final = len(EXPERTS)
ALL: Final = EXPERTS.index("all")
HOUR: Final = EXPERTS.index("hour")
WEEKDAY: Final = EXPERTS.index("weekday")

HALF_LIVES_RUNS: Final = (2.0, 20.0, 60.0)
WEEK_HALF_LIFE_HOURS: Final = 120.0
NEAR_HOURS: Final = 4.0
NEAR_WEEK_HOURS: Final = 10.0
NEAR_GAP_LOG: Final = 1.8
"""Gaps within a factor of six are near."""
NEAR_RANKS: Final = 1.0 / 8.0
"""Share of the window, in ranks, that is near in duration."""
FEWEST_NEAR_RANKS: Final = 5.0
FLOOR: Final = 1e-3
"""Weight that every run keeps, however far it is."""
DAY_HOURS: Final = 24.0
WEEK_HOURS: Final = 168.0


def rank_decay(window_runs: int) -> NDArray[np.float64]:
    """2 ** (-rank / half-life) by half-life and rank: (3, window_runs)."""
    rank = np.arange(window_runs)[None, :]
    return np.asarray(2.0 ** (-rank / np.array(HALF_LIVES_RUNS)[:, None]))


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
    return min(period - d, d)


@kernel
def weigh(
    rank: NDArray[np.int64],
    after_rank: NDArray[np.float64],
    hours: NDArray[np.float64],
    day_hours: NDArray[np.float64],
    week_hours: NDArray[np.float64],
    gap_log: NDArray[np.float64],
    at_hours: float,
    at_gap_log: float,
    at_after_rank: float,
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    out: NDArray[np.float64],
    weight_sums: NDArray[np.float64],
) -> None:
    """Write the weights of h runs into `out` (8, at least h), and their sums into `weight_sums` (8,).

    Each run (h,) has a `rank`, its start in `hours` and on the circles of a day and a week, a `gap_log`
    and an `after_rank`, the rank among the durations of the run that preceded it. Unknown is NaN.
    """
    size = rank.shape[0]
    newest = hours[0]
    for q in range(size):
        newest = max(newest, hours[q])
    oldest = by_age.shape[0] - 1.0
    per_ranks = 1.0 / max(FEWEST_NEAR_RANKS, NEAR_RANKS * size)
    day, week = at_hours % DAY_HOURS, at_hours % WEEK_HOURS
    for q in range(size):  # Look-ups first, so that the second loop is arithmetic on neighbours.
        age = newest - hours[q]
        out[0, q] = by_rank[0, rank[q]] + FLOOR
        out[1, q] = by_rank[1, rank[q]] + FLOOR
        out[2, q] = by_age[int(min(oldest, age))] + FLOOR
        out[3, q] = by_rank[2, rank[q]]
    for q in range(size):
        slow = out[3, q]
        out[3, q] = 1.0
        out[4, q] = slow * _near(after_rank[q] - at_after_rank, per_ranks) + FLOOR
        out[5, q] = slow * _near(_around(day_hours[q] - day, DAY_HOURS), 1.0 / NEAR_HOURS) + FLOOR
        out[6, q] = _near(_around(week_hours[q] - week, WEEK_HOURS), 1.0 / NEAR_WEEK_HOURS) + FLOOR
        out[7, q] = slow * _near(gap_log[q] - at_gap_log, 1.0 / NEAR_GAP_LOG) + FLOOR
    for k in range(EXPERT_COUNT):
        weight_sums[k] = unrolled_sums.total(out[k], size)
