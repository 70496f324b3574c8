"""When a model that is costly to fit is fitted again, and which runs each fit forecasts."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.microseconds import DAY_US, WEEK_US

__all__ = ["refits"]

FIRST_MONDAY_US: Final = 4 * DAY_US
"""1970 began on a Thursday."""


def refits(
    origin_us: NDArray[np.int64], *, at_most: int | None = None
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Mondays 00:00 UTC in order, each with the positions of the origins in the week after it.

    With `at_most`, only every second, third, ... Monday, so that there are at most so many.
    """
    if origin_us.size == 0:
        return
    week = (origin_us - FIRST_MONDAY_US) // WEEK_US
    weeks = int(week.max() - week.min()) + 1
    stride = -(-weeks // at_most) if at_most else 1
    week = week.min() + (week - week.min()) // stride * stride
    order = np.argsort(week, kind="stable")
    for positions in np.split(order, np.flatnonzero(np.diff(week[order])) + 1):
        yield int(week[positions[0]] * WEEK_US + FIRST_MONDAY_US), positions
