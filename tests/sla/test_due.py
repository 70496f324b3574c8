"""When a deadline is due: one rule, whether the engine or numpy works it out, held against every
occurrence of the clock time that the zone database tells."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.sla.due import next_due, with_due

_ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # Until 2011 clocks went back over midnight, into the day before.
    "America/Havana",  # Clocks change at midnight.
    "America/Asuncion",
    "Asia/Beirut",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Australia/Lord_Howe",  # By half an hour.
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Pacific/Apia",  # 2011-12-30 did not happen.
    "Asia/Pyongyang",
    "UTC",
)
_MICRO = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Case = tuple[datetime, str, str]
"""Start, HH:MM, zone."""


def _occurrences(day: date, clock: str, zone: ZoneInfo) -> list[datetime]:
    """The instants at which clocks show `clock` on `day`; where they skip it, as if they had not."""
    wall = datetime.combine(day, time.fromisoformat(clock), zone)
    instants = [wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = [at for at in instants if at.astimezone(zone).time() == wall.time()]
    return shown or instants[:1]


def _expected(case: _Case) -> datetime:
    start, clock, name = case
    zone = ZoneInfo(name)
    today = start.astimezone(zone).date()
    around = (today + timedelta(days) for days in range(-2, 4))
    return min(at for day in around for at in _occurrences(day, clock, zone) if at > start)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICRO


def _by_columns(spark: SparkSession, cases: list[_Case]) -> list[int]:
    rows = [(n, start, clock, zone) for n, (start, clock, zone) in enumerate(cases)]
    frame = spark.createDataFrame(rows, "n int, at timestamp, clock string, zone string")
    rows = with_due(frame, start="at", time_of_day="clock", zone="zone", due="due")
    return [row[0] for row in rows.orderBy("n").select(F.unix_micros("due")).collect()]


def _by_arrays(cases: list[_Case]) -> list[int]:
    minutes = [int(clock[:2]) * 60 + int(clock[3:]) for _, clock, _ in cases]
    starts = np.array([_micros(start) for start, _, _ in cases], dtype=np.int64)
    zones = np.array([zone for _, _, zone in cases], dtype=object)
    return next_due(starts, np.array(minutes, dtype=np.int64), zones).tolist()


def _changes(zone: ZoneInfo) -> list[datetime]:
    """The days from 2010 to 2026 on which clocks in `zone` change, by noon UTC before."""
    noons = [datetime(2010, 1, 1, 12, tzinfo=UTC) + timedelta(days) for days in range(6200)]
    offsets = [noon.astimezone(zone).utcoffset() for noon in noons]
    return [
        noon for noon, one, other in zip(noons, offsets, offsets[1:], strict=False) if one != other
    ]


def _cases() -> list[_Case]:
    """Starts from two days before a change until two days after, most of them close to it."""
    random = Random(16)
    cases = []
    for name in _ZONES:
        zone = ZoneInfo(name)
        for noon in _changes(zone) or [datetime(2026, 3, 29, 12, tzinfo=UTC)]:
            for _ in range(8):
                minutes = random.choice([random.randrange(-2880, 2880), random.randrange(0, 1440)])
                start = noon + timedelta(minutes=minutes, seconds=random.choice([0, 0, 59]))
                shown = start.astimezone(zone) + timedelta(minutes=random.randrange(-90, 90))
                clock = random.choice(
                    [shown, start.astimezone(zone), noon + timedelta(hours=minutes)]
                )
                cases.append((start, f"{clock:%H:%M}", name))
    return cases


def test_columns_and_arrays_follow_one_rule_around_every_change_of_clocks(
    spark: SparkSession,
) -> None:
    cases = _cases()
    expected = [_micros(_expected(case)) for case in cases]
    assert len(cases) > 1500
    for computed in (_by_arrays(cases), _by_columns(spark, cases)):
        wrong = [
            case for case, due, right in zip(cases, computed, expected, strict=True) if due != right
        ]
        assert wrong == []


def _utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "clock", "zone", "due"),
    [
        # 02:50 is shown twice in Berlin; from the first on, 02:30 is next shown 40 minutes later.
        (_utc(2026, 10, 25, 0, 50), "02:30", "Europe/Berlin", _utc(2026, 10, 25, 1, 30)),
        (_utc(2026, 10, 25, 1, 30), "02:30", "Europe/Berlin", _utc(2026, 10, 26, 1, 30)),
        # 02:30 is skipped on 2026-03-29: due at 03:30, as well after a start at 03:10.
        (_utc(2026, 3, 29, 1, 10), "02:30", "Europe/Berlin", _utc(2026, 3, 29, 1, 30)),
        (_utc(2026, 3, 29, 1, 30), "02:30", "Europe/Berlin", _utc(2026, 3, 30, 0, 30)),
        # Lord Howe skips 02:00 to 02:30 and later shows 01:30 to 02:00 twice.
        (_utc(2026, 10, 3, 15, 20), "02:15", "Australia/Lord_Howe", _utc(2026, 10, 3, 15, 45)),
        (_utc(2026, 4, 4, 14, 50), "01:40", "Australia/Lord_Howe", _utc(2026, 4, 4, 15, 10)),
        # Havana skips the first hour of 2026-03-08.
        (_utc(2026, 3, 8, 4, 30), "00:30", "America/Havana", _utc(2026, 3, 8, 5, 30)),
        # Cairo's last Thursday of October shows its last hour twice.
        (_utc(2026, 10, 29, 20, 40), "23:30", "Africa/Cairo", _utc(2026, 10, 29, 21, 30)),
        # Samoa went from Thursday to Saturday.
        (_utc(2011, 12, 30, 7, 0), "06:30", "Pacific/Apia", _utc(2011, 12, 30, 16, 30)),
    ],
)
def test_worked_deadlines(
    spark: SparkSession, start: datetime, clock: str, zone: str, due: datetime
) -> None:
    case = (start, clock, zone)
    assert _expected(case) == due
    assert _by_arrays([case]) == _by_columns(spark, [case]) == [_micros(due)]


def test_without_a_time_of_day_nothing_is_due(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [(_utc(2026, 1, 1, 0), None, None)], "at timestamp, clock string, zone string"
    )
    rows = with_due(frame, start="at", time_of_day="clock", zone="zone", due="due")
    assert rows.columns == ["at", "clock", "zone", "due"]
    assert rows.collect()[0]["due"] is None
