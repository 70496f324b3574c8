"""The window of the day in which a job's runs differ most from the others: office hours, or the nightly rush.

Of all windows [a, b) of hours, around midnight too, on working days or on all days, the one that divides the
runs best: with sums s and counts n of what is left of the runs when the level is taken out,

    s_in^2 / n_in + s_out^2 / n_out        is largest

as a regression tree would cut (Breiman et al., Classification and Regression Trees, 1984).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.baselines.calendar import SLOTS
from optimizer.kernel import kernel

__all__ = ["KINDS_OF_HOUR", "find_window", "kind_of_hour"]

KINDS_OF_HOUR: Final = 48
"""The hours of working days, then those of weekends."""
_FEWEST: Final = 3.0


@kernel
def kind_of_hour(slot: int) -> int:
    """The hour of a slot, plus 24 on weekends."""
    return int(slot % 24 + (24 if slot >= 120 else 0))


@kernel
def find_window(
    sums: NDArray[np.float64], counts: NDArray[np.float64], is_inside: NDArray[np.bool_]
) -> bool:
    """Fill `is_inside` (168,) from `sums` and `counts` (48,); whether it has changed."""
    total, runs = 0.0, 0.0
    for hour in range(KINDS_OF_HOUR):
        total += sums[hour]
        runs += counts[hour]
    best, best_first, best_hours, best_all_days = -1.0, 0, 0, False
    for all_days in (False, True):
        for first in range(24):
            inside, inside_runs = 0.0, 0.0
            for hours in range(1, 24):
                hour = (first + hours - 1) % 24
                inside += sums[hour]
                inside_runs += counts[hour]
                if all_days:
                    inside += sums[24 + hour]
                    inside_runs += counts[24 + hour]
                outside_runs = runs - inside_runs
                if inside_runs < _FEWEST or outside_runs < _FEWEST:
                    continue
                gain = inside**2 / inside_runs + (total - inside) ** 2 / outside_runs
                if gain > best:
                    best, best_first, best_hours, best_all_days = gain, first, hours, all_days
    changed = False
    for slot in range(SLOTS):
        is_now = (slot % 24 - best_first) % 24 < best_hours and (best_all_days or slot < 120)
        if is_now != is_inside[slot]:
            is_inside[slot] = is_now
            changed = True
    return changed
