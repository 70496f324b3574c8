"""When a Quartz cron expression fires: its wall-clock times in a zone, and those as UTC.

An expression is six or seven fields: second, minute, hour, day of month, month, day of week, and
perhaps year. croniter reads it and lists the days that it names; this module translates the dialect (days of
the week count from 1 = SUN; `L`, `LW` and `L-3` of a month become days of that month) and
lays times of day over the days.

Daylight saving as Quartz documents it: a wall-clock time that a day does not have is left out, and
one that a day has twice fires once, the first time. Source: Quartz 2.3, CronExpression and CronTrigger.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from croniter import croniter
from croniter.croniter import CroniterBadDateError, CroniterError
from numpy.typing import NDArray

from optimizer.schedule.clocks import first_instants

__all__ = ["Quartz", "occurrences"]

_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS: Final = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
# croniter also takes letters that draw a time at random.
_FIELD: Final = re.compile(rf"(?:[0-9*?/,#LW-]|{'|'.join(_DAYS)}|{_MONTHS})+")
# Of the end of a month: the last day, some days before it, the working day nearest to that.
_MONTH_END: Final = re.compile(r"L(?:-([0-9]{1,2}))?(W)?")
_ANY: Final = ("*", "?")


@dataclass(frozen=True, slots=True, eq=False)
class Quartz:
    """A readable expression, its fields in upper case. Build with `read`."""

    text: str
    day_of_month: str
    month: str
    day_of_week: str
    year: str
    seconds_of_day: NDArray[np.int64]
    """(n,) the times of day it fires at, ascending."""

    @classmethod
    def read(cls, text: str) -> "Quartz":
        """Read `text`; a ValueError says in one sentence what is wrong with it."""
        fields = text.upper().split()
        if len(fields) not in (6, 7):
            raise ValueError(f"cron {text!r} has {len(fields)} fields; Quartz has 6 or 7")
        if not all(_FIELD.fullmatch(field) for field in fields):
            raise ValueError(f"cron {text!r} has a sign that Quartz does not know")
        second, minute, hour, day, month, weekday = fields[:6]
        year = fields[6] if len(fields) == 7 else "*"
        if day not in _ANY and weekday not in _ANY:
            raise ValueError(f"cron {text!r} names both a day of the month and a day of the week")
        try:
            clock = _expanded(f"{second} {minute} {hour} * * *")
            _expanded(f"0 0 0 {_plain_day(day, 2024, 1)} {_open(month)} * {_open(year)}")
            named = _weekdays(weekday)
            _expanded(f"0 0 0 * * {named}")
        except (CroniterError, ValueError, KeyError) as error:
            raise ValueError(f"cron {text!r} cannot be read: {error}") from error
        minutes, hours, seconds = clock[0], clock[1], clock[5]
        seconds_of_day = [
            3600 * at_hour + 60 * at_minute + at_second
            for at_hour, at_minute, at_second in product(
                _all(hours, 24), _all(minutes, 60), _all(seconds, 60)
            )
        ]
        return cls(text, day, _open(month), named, _open(year), np.unique(np.array(seconds_of_day)))

    def wall_times(
        self, first: date, last: date, *, most: int, newest: bool
    ) -> NDArray[np.datetime64]:
        """Wall-clock times on the days `first` to `last`: at least the oldest, or newest, `most`."""
        named = _days(self.day_of_month, self.month, self.day_of_week, self.year, first, last)
        # The first and the last day may be cut by the caller.
        enough = most // self.seconds_of_day.size + 2
        days = np.array(named[-enough:] if newest else named[:enough], dtype="datetime64[D]")
        wall = days[:, None].astype("datetime64[s]") + self.seconds_of_day
        return np.asarray(wall.reshape(-1))


def occurrences(
    schedules: Sequence[tuple[Quartz, str]],
    since: pd.Timestamp,
    until: pd.Timestamp,
    *,
    most: int,
    newest: bool = False,
) -> list[NDArray[np.int64]]:
    """When each schedule (expression, zone) fires in [since, until): microseconds UTC, ascending.

    At most `most` of each: the oldest in the window, or the newest where `newest` is true. `since` and `until` are
    aware. Raises ZoneInfoNotFoundError for a zone that the zone database does not have.
    """
    firings = [np.empty(0, dtype=np.int64)] * len(schedules)
    # Nanoseconds, whatever their unit.
    bounds = [int(at.value) // 1000 for at in (since, until)]
    for zone in dict.fromkeys(zone for _, zone in schedules):
        in_zone = [index for index, (_, other) in enumerate(schedules) if other == zone]
        first, last = (at.tz_convert(ZoneInfo(zone)).date() for at in (since, until))
        walls = [
            schedules[index][0].wall_times(first, last, most=most, newest=newest)
            for index in in_zone
        ]
        # One conversion for all: its fixed cost is that of thousands of times.
        at = first_instants(np.concatenate(walls), zone)
        ends = np.cumsum([wall.size for wall in walls])
        for index, times in zip(in_zone, np.split(at, ends[:-1]), strict=True):
            micros = np.sort(times[~np.isnat(times)].astype(np.int64))
            micros = micros[(micros >= bounds[0]) & (micros < bounds[1])]
            firings[index] = micros[-most:] if newest else micros[:most]
    return firings


@lru_cache(maxsize=4096)
def _days(
    day_of_month: str, month: str, day_of_week: str, year: str, first: date, last: date
) -> tuple[date, ...]:
    """Days that the last four fields name, from `first` to `last`; many jobs share them."""
    if not _MONTH_END.fullmatch(day_of_month):
        return _listed(f"0 0 0 {day_of_month} {month} {day_of_week} {year}", first, last)
    days: list[date] = []
    begin = first
    while begin <= last:
        end = min(begin.replace(day=monthrange(begin.year, begin.month)[1]), last)
        day = _plain_day(day_of_month, begin.year, begin.month)
        days += _listed(f"0 0 0 {day} {month} {day_of_week} {year}", begin, end)
        begin = end + timedelta(days=1)
    return tuple(days)


def _listed(expression: str, first: date, last: date) -> tuple[date, ...]:
    start = pd.Timestamp(first) - timedelta(seconds=1)
    walk = croniter(expression, start, second_at_beginning=True, max_years_between_matches=1)
    days: list[date] = []
    try:
        while (day := walk.get_next(datetime).date()) <= last:
            days.append(day)
    except CroniterBadDateError:
        pass  # None within a year: nothing more in a window that is shorter.
    return tuple(days)


def _plain_day(day_of_month: str, year: int, month: int) -> str:
    """`L`, `L-3`, `LW`, `L-3W` as the day they are in that month; others as they stand."""
    end = _MONTH_END.fullmatch(day_of_month)
    if end is None:
        return _open(day_of_month)
    length = monthrange(year, month)[1]
    before, is_working = int(end[1] or 0), bool(end[2])
    if before > 30:
        raise ValueError(f"no month has a day {before} days before its last")
    day = max(length - before, 1)
    if is_working:
        weekday = date(year, month, day).weekday()
        # The nearest working day of the same month: Friday for a Saturday, Monday for a Sunday.
        if weekday == 5:
            day += -1 if day > 1 else 2
        elif weekday == 6:
            day += 1 if day < length else -2
    return str(day)


def _weekdays(field: str) -> str:
    """Days of the week as croniter counts them, from 0 = SUN."""
    if field in _ANY:
        return "*"
    return ",".join(_weekday(part) for part in field.split(","))


def _weekday(part: str) -> str:
    if part == "L":
        return "6"
    if part.endswith("L"):
        return f"L{_number(part[:-1])}"
    if "#" in part:
        day, _, nth = part.partition("#")
        return f"{_number(day)}#{nth}"
    span, _, step = part.partition("/")
    if span in ("*", ""):
        low, high = 0, 6
    elif "-" in span:
        low, high = (_number(day) for day in span.split("-", 1))
    else:
        low = _number(span)
        high = 6 if step else low
    # A span may run over the end of the week: FRI-MON.
    length = (high - low) % 7 + 1
    return ",".join(str((low + ahead) % 7) for ahead in range(0, length, int(step or 1)))


def _number(day: str) -> int:
    if day in _DAYS:
        return _DAYS.index(day)
    if day not in ("1", "2", "3", "4", "5", "6", "7"):
        raise ValueError(f"{day!r} is no day of the week; they are 1 to 7, or SUN to SAT")
    return int(day) - 1


def _open(field: str) -> str:
    """croniter's spelling of a field that begins at its first value."""
    return "*" if field in _ANY else f"*{field}" if field.startswith("/") else field


@lru_cache(maxsize=4096)
def _expanded(expression: str) -> tuple[list[Any], ...]:
    """Values of minute, hour, day, month, weekday, second and year; ["*"] for all."""
    parts = [_open(part) for part in expression.split()]
    return tuple(croniter.expand(" ".join(parts), second_at_beginning=True)[0])


def _all(values: list[Any], size: int) -> list[int]:
    return list(range(size)) if values == ["*"] else [int(value) for value in values]
