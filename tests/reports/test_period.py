"""The days that a report is about: whole weeks and months that are over, without a gap between them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.reports.period import Period, Rhythm, last_full

DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
_DAY = timedelta(days=1)


@given(DAYS, st.sampled_from(Rhythm))
def test_it_is_over_and_the_next_one_is_not(newest: date, rhythm: Rhythm) -> None:
    period = last_full(rhythm, newest)
    assert period.last_day < newest
    following = last_full(rhythm, newest + 31 * _DAY)
    while following.previous.last_day >= newest:
        following = following.previous
    assert following.first_day <= newest <= following.last_day
    assert following.previous == period


@given(DAYS, st.sampled_from(Rhythm))
def test_periods_follow_one_another_without_a_gap(newest: date, rhythm: Rhythm) -> None:
    period = last_full(rhythm, newest)
    assert period.previous.last_day + _DAY == period.first_day
    assert period.previous == last_full(rhythm, period.first_day)
    assert period.name > period.previous.name


@given(DAYS)
def test_a_week_is_from_monday_to_sunday_and_named_as_iso_8601_has_it(newest: date) -> None:
    week = last_full(Rhythm.WEEKLY, newest)
    assert (week.first_day.weekday(), week.last_day.weekday(), week.days) == (0, 6, 7)
    assert week.name == week.last_day.strftime("%G-W%V")


@given(DAYS)
def test_a_month_is_a_month(newest: date) -> None:
    month = last_full(Rhythm.MONTHLY, newest)
    assert month.first_day.day == 1
    assert (month.last_day + _DAY).day == 1
    assert month.name == month.last_day.strftime("%Y-%m")


def test_days_are_said_as_people_say_them() -> None:
    def title(first: date, last: date) -> str:
        return Period(Rhythm.WEEKLY, first, last).title

    assert title(date(2026, 1, 19), date(2026, 1, 25)) == "19 to 25 January 2026"
    assert title(date(2026, 3, 30), date(2026, 4, 5)) == "30 March to 5 April 2026"
    assert title(date(2025, 12, 29), date(2026, 1, 4)) == "29 December 2025 to 4 January 2026"
    assert last_full(Rhythm.MONTHLY, date(2026, 2, 1)).title == "January 2026"
