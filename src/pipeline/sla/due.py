"""When a deadline by the clock is due: one rule, for columns of an engine and for arrays alike.

It is due at the first instant after the start at which clocks in its zone show its time of day. Of a
time that comes twice the second is due where the first has passed; one that a change of the clocks
skips is due as long after the change as it would have been without.

A zone's clocks are a number of microseconds ahead of UTC: `before` a change, `after` it. Before the
change the clock `before` counts, and as far as the change skips; from the change on the clock `after`.
No zone has changed its clocks twice within two days since 2010, the oldest time that bronze takes.
"""

from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

__all__ = ["next_due", "with_due"]

_DAY: Final = 86_400_000_000
_MINUTE: Final = 60_000_000


class _Arithmetic(Protocol):
    """What the rule asks of columns or arrays beside + - % and comparisons."""

    def ahead(self, at: Any) -> Any:
        """How far clocks are ahead of UTC at the instants `at`."""

    def either(self, when: Any, one: Any, other: Any) -> Any: ...


def _first_due(start: Any, clock: Any, by: _Arithmetic) -> Any:
    """The rule; instants and `clock`, the time since midnight, are microseconds."""

    def next_shown(ahead: Any) -> Any:
        return start + _DAY - (start + ahead - clock) % _DAY

    before, after = by.ahead(start - _DAY), by.ahead(start + _DAY)
    skipped = by.either(after > before, after - before, 0 * before)
    early, late = next_shown(before), next_shown(after)
    late = by.either(by.ahead(late) == after, late, late + _DAY)
    is_early = (by.ahead(early - skipped) == before) & (early < late)
    return by.either(is_early, early, late)


def next_due(
    at_us: NDArray[np.int64], minute_of_day: NDArray[np.int64], zone: NDArray[np.object_]
) -> NDArray[np.int64]:
    """The rule for each start `at_us` (n,), minute of the day and zone. Microseconds UTC."""
    due = np.zeros(at_us.size, dtype=np.int64)
    for name in dict.fromkeys(zone.tolist()):
        here = zone == name
        clock = minute_of_day[here].astype(np.int64) * _MINUTE
        due[here] = _first_due(at_us[here], clock, _Arrays(ZoneInfo(name)))
    return due


class _Arrays:
    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def ahead(self, at: Any) -> Any:
        instants = pd.DatetimeIndex(at.view("datetime64[us]"), tz="UTC")
        shown = instants.tz_convert(self._zone).tz_localize(None)
        return shown.to_numpy(dtype="datetime64[us]").astype(np.int64) - at

    def either(self, when: Any, one: Any, other: Any) -> Any:
        return np.where(when, one, other)


def with_due(rows: DataFrame, *, start: str, time_of_day: str, zone: str, due: str) -> DataFrame:
    """`rows` with the column `due`, by the rule for their start, their HH:MM, and their zone or UTC;
    NULL without a time of day."""
    by = _Columns(rows, F.coalesce(F.col(zone), F.lit("UTC")))
    hour, minute = (F.substring(time_of_day, place, 2).cast("bigint") for place in (1, 4))
    clock = by.once((hour * 60 + minute) * _MINUTE)
    instant = _first_due(by.once(F.unix_micros(start)), clock, by)
    return by.rows.withColumn(due, F.timestamp_micros(instant)).select(*rows.columns, due)


class _Columns:
    """Each value asked for is a column of its own: spelled out, it would be worked out many times."""

    def __init__(self, rows: DataFrame, zone: Column) -> None:
        self.rows = rows
        self._zone = zone

    def once(self, value: Column) -> Column:
        name = f"_due_{len(self.rows.columns)}"
        self.rows = self.rows.withColumn(name, value)
        return F.col(name)

    def ahead(self, at: Column) -> Column:
        at = self.once(at)
        shown = F.from_utc_timestamp(F.timestamp_micros(at), self._zone)
        return self.once(F.unix_micros(shown) - at)

    def either(self, when: Column, one: Column, other: Column) -> Column:
        return self.once(F.when(when, one).otherwise(other))
