"""Where in its job's calendar a run starts: hour, weekday, the ends of a month.

slot  = 24 x weekday + hour of the local clock, Monday first; a holiday counts as a Sunday
month = its turn (`optimizer.months`)
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.months import turn_of_month

__all__ = ["SLOTS", "calendar_of"]

SLOTS: Final = 168
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
    return (24 * weekday + hour).astype(np.int16), turn_of_month(day)


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
