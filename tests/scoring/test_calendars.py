"""Holidays, freezes and backfills fall on the dates that clocks of the job itself show."""

from datetime import date

import pandas as pd

from pipeline.scoring.calendars import with_calendar
from pipeline.steps.given import LeftOut

_RUNS = pd.DataFrame(
    {
        "job_id": ["w/1", "w/2", "w/3", "w/4", "w/1"],
        "start_time": pd.to_datetime(
            ["2026-12-24T23:30Z", "2026-12-24T23:30Z", "2026-12-24T23:30Z", "2026-12-26T04:00Z", "2026-06-01T12:00Z"],
            utc=True,
        ),
        "timezone": ["Europe/Berlin", "UTC", "no such zone", "America/New_York", None],
    },
    index=[7, 3, 5, 1, 2],
)  # fmt: skip


def test_a_holiday_begins_at_local_midnight() -> None:
    runs = with_calendar(_RUNS, [date(2026, 12, 25)], [])
    assert runs["is_holiday"].tolist() == [True, False, False, True, False]
    assert not runs["is_left_out"].any()
    assert runs.index.tolist() == _RUNS.index.tolist()


def test_a_freeze_is_of_all_jobs_and_a_backfill_of_those_named() -> None:
    freeze = LeftOut(date(2026, 12, 25), date(2026, 12, 26))
    backfill = LeftOut(date(2026, 6, 1), date(2026, 6, 1), ("w/1", "w/9"))
    runs = with_calendar(_RUNS, [], [freeze, backfill])
    assert runs["is_left_out"].tolist() == [True, False, False, True, True]
    assert not with_calendar(_RUNS, [], [])[["is_holiday", "is_left_out"]].to_numpy().any()
