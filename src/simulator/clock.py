"""Time as microseconds since 1970 in UTC, and wall clocks of time zones.

Everything the simulator computes about time is an int64 array of microseconds, rounded to
milliseconds as the source's own times are.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MILLISECOND_US = 1_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
NEVER_US = 2**62

ZONES = ("UTC", "Europe/Berlin", "America/New_York")


def us_of(moment: datetime) -> int:
    """The moment in microseconds."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def from_seconds(seconds: Floats | Ints) -> Ints:
    """Seconds as microseconds, rounded to milliseconds."""
    rounded: Ints = np.rint(np.asarray(seconds) * 1e3).astype(np.int64) * MILLISECOND_US
    return rounded


def seconds_of(us: Ints) -> Floats:
    """Microseconds as seconds."""
    return us / SECOND_US


def floor_to(us: Ints, unit_us: int) -> Ints:
    """The last full unit at or before."""
    return us // unit_us * unit_us


def wall_clock(us: Ints, zone: str) -> Ints:
    """What a clock in the zone shows, as microseconds."""
    if zone == "UTC":
        return us
    local = pd.DatetimeIndex(us.view("M8[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
    return local.to_numpy(dtype="M8[us]").view(np.int64)


def instant(wall_us: Ints, zone: str) -> Ints:
    """The first moment at which a clock in the zone shows `wall_us`.

    A time that the spring change skips is the first one after the gap.
    """
    if zone == "UTC":
        return wall_us
    local = pd.DatetimeIndex(wall_us.view("M8[us]")).tz_localize(
        zone, ambiguous=np.ones(len(wall_us), dtype=bool), nonexistent="shift_forward"
    )
    return local.tz_convert("UTC").tz_localize(None).to_numpy(dtype="M8[us]").view(np.int64)


def next_wall_time(after_us: Ints, minute_of_day: Ints, zone: str) -> Ints:
    """The first moment strictly after `after_us` at which the zone's clock shows the minute."""
    midnight = floor_to(wall_clock(after_us, zone), DAY_US)
    candidates = [
        instant(midnight + day * DAY_US + minute_of_day * MINUTE_US, zone) for day in (0, 1, 2)
    ]
    return np.where(
        candidates[0] > after_us,
        candidates[0],
        np.where(candidates[1] > after_us, candidates[1], candidates[2]),
    )
