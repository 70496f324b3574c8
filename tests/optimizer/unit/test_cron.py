"""When a Quartz expression fires: Quartz's own examples, daylight saving, and a definition by brute force."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.schedule.clocks import first_instants
from optimizer.schedule.cron import Quartz, occurrences

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def _fires(text: str, since: str, until: str, zone: str = "UTC", most: int = 1000) -> list[str]:
    window = (pd.Timestamp(since, tz="UTC"), pd.Timestamp(until, tz="UTC"))
    (times,) = occurrences([(Quartz.read(text), zone)], *window, most=most)
    return [str(at)[:16] for at in times.astype("datetime64[us]")]


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        # Expressions of Quartz's CronTrigger tutorial; days worked by hand from a calendar of 2026.
        ("0 0 12 * * ?", ["2026-11-01T12:00", "2026-11-02T12:00"]),
        ("0 15 10 ? * *", ["2026-11-01T10:15", "2026-11-02T10:15"]),
        ("0 15 10 * * ? 2027", ["2027-01-01T10:15", "2027-01-02T10:15"]),
        ("0 0/5 14,18 * * ?", ["2026-11-01T14:00", "2026-11-01T14:05"]),
        ("0 10,44 14 ? 3 WED", ["2027-03-03T14:10", "2027-03-03T14:44"]),
        ("0 15 10 ? * MON-FRI", ["2026-11-02T10:15", "2026-11-03T10:15"]),
        ("0 15 10 15 * ?", ["2026-11-15T10:15", "2026-12-15T10:15"]),
        ("0 15 10 L * ?", ["2026-11-30T10:15", "2026-12-31T10:15"]),
        ("0 15 10 L-2 * ?", ["2026-11-28T10:15", "2026-12-29T10:15"]),
        # 6 is Friday: the last of a month, the third of a month.
        ("0 15 10 ? * 6L", ["2026-11-27T10:15", "2026-12-25T10:15"]),
        ("0 15 10 ? * 6#3", ["2026-11-20T10:15", "2026-12-18T10:15"]),
        ("0 0 12 1/5 * ?", ["2026-11-01T12:00", "2026-11-06T12:00"]),
        ("0 11 11 11 11 ?", ["2026-11-11T11:11", "2027-11-11T11:11"]),
        # 2026-11-15 is a Sunday, 2026-08-01 a Saturday: W stays inside the month.
        ("0 0 9 15W * ?", ["2026-11-16T09:00", "2026-12-15T09:00"]),
        ("0 0 9 1W * ?", ["2026-11-02T09:00", "2026-12-01T09:00"]),
        # The last working day; 2027-01-31 is a Sunday.
        ("0 0 9 LW 1 ?", ["2027-01-29T09:00"]),
        ("0 0 9 ? * L", ["2026-11-07T09:00", "2026-11-14T09:00"]),
        ("0 0 9 ? * FRI-SUN", ["2026-11-01T09:00", "2026-11-06T09:00"]),
        ("0 0 9 ? * 2/3", ["2026-11-02T09:00", "2026-11-05T09:00"]),
        ("30 59 23 ? nov sun", ["2026-11-01T23:59", "2026-11-08T23:59"]),
        ("0 0 22-1 * * ?", ["2026-11-01T00:00", "2026-11-01T01:00"]),
        ("0 0 9 29 2 ?", []),
    ],
)
def test_expressions_of_the_tutorial(text: str, fires: list[str]) -> None:
    assert _fires(text, "2026-11-01", "2027-12-01", most=2) == fires


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("* * * * *", "5 fields"),
        ("", "0 fields"),
        ("0 0 25 * * ?", "cannot be read"),
        ("0 0 1 1 * MON", "both a day of the month and a day of the week"),
        ("0 0 1 ? * 8", "no day of the week"),
        ("0 0 1 ? * MON#6", "cannot be read"),
        ("0 0 1 R * ?", "sign that Quartz does not know"),
        ("0 0 1 \x1b[31m * ?", "sign that Quartz does not know"),
        ("0 0 1 L-40 * ?", "before its last"),
        ("0 0 1 1,LW * ?", "cannot be read"),
    ],
)
def test_what_quartz_refuses_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Quartz.read(text)
    assert "\n" not in str(caught.value)


def test_a_time_that_the_clocks_jump_over_is_left_out() -> None:
    """New York, 2026-03-08: 02:00 becomes 03:00."""
    assert _fires("0 15 2 * * ?", "2026-03-07", "2026-03-10", "America/New_York") == [
        "2026-03-07T07:15",
        "2026-03-09T06:15",
    ]
    # Every half hour: nothing between 01:30 (06:30 UTC) and 03:00 (07:00 UTC), and no gap either.
    half_hours = _fires(
        "0 0/30 * * * ?", "2026-03-08T06:00", "2026-03-08T08:00", "America/New_York"
    )
    assert half_hours == [f"2026-03-08T0{time}" for time in ("6:00", "6:30", "7:00", "7:30")]


def test_a_time_that_comes_twice_fires_once() -> None:
    """New York, 2026-11-01: 02:00 becomes 01:00 again; the documentation tells of a quiet hour."""
    assert _fires("0 5 1 * * ?", "2026-11-01", "2026-11-02", "America/New_York") == [
        "2026-11-01T05:05"
    ]
    quarter = _fires("0 0/15 * * * ?", "2026-11-01T05:30", "2026-11-01T07:30", "America/New_York")
    assert quarter == [f"2026-11-01T0{time}" for time in ("5:30", "5:45", "7:00", "7:15")]


def test_the_same_hour_of_the_day_all_year() -> None:
    summer = _fires("0 0 6 * * ?", "2026-07-01", "2026-07-02", "Europe/Berlin")
    winter = _fires("0 0 6 * * ?", "2026-12-01", "2026-12-02", "Europe/Berlin")
    assert (summer, winter) == (["2026-07-01T04:00"], ["2026-12-01T05:00"])


@given(
    zone=st.sampled_from(
        [
            "Europe/Berlin",
            "Europe/Dublin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kolkata",
        ]
    ),
    minutes=st.sets(st.sampled_from(range(0, 60, 5)), min_size=1, max_size=3),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=5),
    weekdays=st.sets(st.integers(1, 7), max_size=4),
    day=st.integers(0, 364),
)
def test_by_definition(
    zone: str, minutes: set[int], hours: set[int], weekdays: set[int], day: int
) -> None:
    """It fires at a minute when the clock on the wall says so, and says so for the first time."""
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    listed = ",".join(map(str, sorted(weekdays))) or "?"
    text = f"0 {','.join(map(str, minutes))} {','.join(map(str, hours))} ? * {listed}"
    expected = []
    for ahead in range(0, 3 * 24 * 60, 5):
        at = since + timedelta(minutes=ahead)
        wall = at.astimezone(ZoneInfo(zone))
        named = not weekdays or (wall.isoweekday() % 7) + 1 in weekdays
        if wall.minute in minutes and wall.hour in hours and named and wall.fold == 0:
            expected.append(int(at.timestamp()) * 1_000_000)
    begin = pd.Timestamp(since)
    schedules = [(Quartz.read("0 0 0 1 1 ?"), "UTC"), (Quartz.read(text), zone)]
    fired = occurrences(schedules, begin, begin + pd.Timedelta(days=3), most=10_000)[1]
    assert fired.tolist() == expected


@pytest.mark.parametrize("zone", ["Europe/Dublin", "Africa/Casablanca", "Asia/Tehran", "UTC"])
def test_first_instants_are_those_of_the_zone_database(zone: str) -> None:
    wall = np.arange("2026-01-01", "2027-01-01", 1800, dtype="datetime64[s]")
    expected = []
    for at in wall.tolist():
        instant = at.replace(tzinfo=ZoneInfo(zone), fold=0)
        utc = instant.astimezone(UTC)
        if utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == at:
            expected.append(utc.replace(tzinfo=None))
    instants = first_instants(wall, zone)
    assert instants[~np.isnat(instants)].tolist() == expected


def test_the_nearest_or_the_newest_are_kept_however_often_it_fires() -> None:
    every_second = _fires("* * * * * ?", "2026-11-01", "2026-12-01", most=3)
    assert every_second == ["2026-11-01T00:00"] * 3
    often = [(Quartz.read("0/30 * * * * ?"), "Europe/Berlin")]
    window = (pd.Timestamp("2026-10-01", tz="UTC"), pd.Timestamp("2026-11-01", tz="UTC"))
    (newest,) = occurrences(often, *window, most=2, newest=True)
    assert newest.astype("datetime64[us]").astype(str).tolist() == [
        "2026-10-31T23:59:00.000000",
        "2026-10-31T23:59:30.000000",
    ]
