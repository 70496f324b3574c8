"""The instants at which the clocks of a zone show given times, many at a time, and deadlines by clock.

On a day when clocks change, a wall-clock time may come twice or not at all. Zones are passed as
`ZoneInfo`: given a name, pandas would use another zone database than the rest of Python.
"""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["deadlines", "first_instants"]


def first_instants(wall: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """The UTC instants at which clocks in `zone` first show `wall`; NaT for those they never show."""
    naive = pd.DatetimeIndex(wall.astype("datetime64[us]"))
    daylight, standard = (
        naive.tz_localize(
            ZoneInfo(zone), ambiguous=np.full(len(naive), is_daylight), nonexistent="NaT"
        )
        .tz_convert(None)
        .to_numpy(dtype="datetime64[us]")
        for is_daylight in (True, False)
    )
    return np.asarray(np.minimum(daylight, standard))


def deadlines(rows: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Minute of the day of each row's deadline, -1 without one, and its zone.

    Columns: sla_time_of_day (HH:MM) and sla_timezone.
    """
    clock = rows["sla_time_of_day"].fillna("").astype(str)
    minute = [int(text[:2]) * 60 + int(text[3:5]) if text else -1 for text in clock]
    return np.array(minute, dtype=np.int64), rows["sla_timezone"].fillna("UTC").to_numpy(object)
