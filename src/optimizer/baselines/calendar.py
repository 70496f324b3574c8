"""Where in its job's calendar a run starts: hour, weekday, the ends of a month.

slot  = 24 x weekday + hour of the local clock, Monday first; a holiday counts as a Sunday
month = 1 on the last day of a month, 2 on the first, 0 between
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["LAST_OF_MONTH", "SLOTS", "calendar_of"]

SLOTS: Final = 168
LAST_OF_MONTH: Final = 1
_FIRST_OF_MONTH: Final = 2
_SUNDAY: Final = 6
_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
_EPOCHS_WEEKDAY: Final = 3  # 1970 began on a Thursday.


def calendar_of(
    start_us: NDArray[np.int64],
    timezone: NDArray[np.object_] | None = None,
    is_holiday: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """Slot and month (R,) of starts (R,), microseconds since 1970 UTC.

    `timezone` (R,) are IANA names, of which a missing or unknown one is UTC.
    """
    local_us = start_us if timezone is None else _local(start_us, timezone)
    day = local_us // _DAY_US
    hour = (local_us - day * _DAY_US) // _HOUR_US
    weekday = (day + _EPOCHS_WEEKDAY) % 7
    if is_holiday is not None:
        weekday = np.where(is_holiday, _SUNDAY, weekday)
    month = np.zeros(day.size, dtype=np.int8)
    month[_month(day) != _month(day + 1)] = LAST_OF_MONTH
    month[_month(day) != _month(day - 1)] = _FIRST_OF_MONTH
    return (24 * weekday + hour).astype(np.int16), month


def _month(day: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return day.astype("datetime64[D]").astype("datetime64[M]")


def _local(start_us: NDArray[np.int64], timezone: NDArray[np.object_]) -> NDArray[np.int64]:
    local_us = start_us.copy()
    names = pd.Series(timezone)
    for name, rows in names.groupby(names).groups.items():
        where = rows.to_numpy()
        times = pd.DatetimeIndex(start_us[where].view("datetime64[us]"), tz="UTC")
        try:
            walls = times.tz_convert(str(name)).tz_localize(None)
        except (KeyError, ValueError, OSError):  # Nobody's zone: the source says what it likes.
            continue
        local_us[where] = walls.to_numpy().astype("datetime64[us]").astype(np.int64)
    return local_us
