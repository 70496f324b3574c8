"""Lengths of time in microseconds, in which this package counts instants since 1970 UTC."""

from typing import Final

__all__ = ["DAY_US", "HOUR_US", "MINUTE_US", "WEEK_US"]

MINUTE_US: Final = 60_000_000
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
WEEK_US: Final = 7 * DAY_US
