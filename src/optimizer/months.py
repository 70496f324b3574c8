"""The days at which months turn, when closings and invoices make many a job take longer.

0 within a month        1 on its last day        2 on its first
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIRST_OF_MONTH", "LAST_OF_MONTH", "turn_of_month"]

LAST_OF_MONTH: Final = 1
FIRST_OF_MONTH: Final = 2


def turn_of_month(day: NDArray[np.int64]) -> NDArray[np.int8]:
    """Which of the three each day is, from days since 1970."""
    turn = np.zeros(day.shape, dtype=np.int8)
    turn[_month(day) != _month(day + 1)] = LAST_OF_MONTH
    turn[_month(day) != _month(day - 1)] = FIRST_OF_MONTH
    return turn


def _month(day: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return day.astype("datetime64[D]").astype("datetime64[M]")
