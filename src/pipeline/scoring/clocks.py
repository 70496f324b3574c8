"""Wall clocks of a zone and the instants they stand for, many at a time, daylight saving included.

A wall-clock time may come twice or not at all on a day when clocks change. Zones are those of the
zone database; by their name pandas would take them from another one than the rest of Python.
"""

from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["deadlines", "first_instants", "next_due"]

_HOUR = pd.Timedelta(hours=1)


def first_instants(wall: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """The UTC instants at which clocks in `zone` first show `wall`; NaT for those they never show."""
    return np.asarray(np.minimum(*_both(wall, zone, "NaT")))


def next_due(
    at_us: NDArray[np.int64], minute_of_day: NDArray[np.int64], zone: NDArray[np.object_]
) -> NDArray[np.int64]:
    """The first instant after each `at_us` (n,) when clocks in its zone show its minute of the day.

    Of a time that comes twice the second is due where the first has passed; one that does not come
    is due an hour later on the clock, which is as long after the hour before it. Microseconds UTC.
    """
    due = np.zeros(at_us.size, dtype=np.int64)
    for name in dict.fromkeys(zone.tolist()):
        here = zone == name
        local = pd.DatetimeIndex(at_us[here].view("datetime64[us]"), tz="UTC").tz_convert(
            ZoneInfo(name)
        )
        midnight = local.tz_localize(None).normalize().to_numpy(dtype="datetime64[us]")
        today = midnight + minute_of_day[here].astype("timedelta64[m]")
        candidates = np.stack(
            [
                instants.astype(np.int64)
                for wall in (today, today + np.timedelta64(1, "D"))
                for instants in _both(wall, name, _HOUR)
            ]
        )
        never = np.iinfo(np.int64).max
        due[here] = np.where(candidates > at_us[here], candidates, never).min(axis=0)
    return due


def deadlines(rows: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Minute of the day of each row's deadline, -1 without one, and its zone.

    Columns: sla_time_of_day (HH:MM) and sla_timezone.
    """
    clock = rows["sla_time_of_day"].fillna("").astype(str)
    minute = [int(text[:2]) * 60 + int(text[3:5]) if text else -1 for text in clock]
    return np.array(minute, dtype=np.int64), rows["sla_timezone"].fillna("UTC").to_numpy(object)


def _both(
    wall: NDArray[np.datetime64], zone: str, nonexistent: "Literal['NaT'] | pd.Timedelta"
) -> list[NDArray[np.datetime64]]:
    """The two instants of each time that comes twice, in no order; of the others the one, twice."""
    naive = pd.DatetimeIndex(wall.astype("datetime64[us]"))
    return [
        naive.tz_localize(
            ZoneInfo(zone),
            ambiguous=np.full(len(naive), is_daylight),
            nonexistent=nonexistent,
        )
        .tz_convert(None)
        .to_numpy(dtype="datetime64[us]")
        for is_daylight in (True, False)
    ]
