"""The week or the month that a report is about, in UTC."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

__all__ = ["Period", "Rhythm", "last_full"]

_DAY = timedelta(days=1)


class Rhythm(StrEnum):
    """How often a report comes."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"

    @property
    def span(self) -> str:
        """What one report is about."""
        return "week" if self is Rhythm.WEEKLY else "month"


@dataclass(frozen=True, slots=True)
class Period:
    """A week from Monday to Sunday, or a month; both days belong to it."""

    rhythm: Rhythm
    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def name(self) -> str:
        """As file names have it: `2026-W04`, `2026-01`."""
        if self.rhythm is Rhythm.MONTHLY:
            return f"{self.first_day:%Y-%m}"
        year, week, _ = self.first_day.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def title(self) -> str:
        """As people say it: `19 to 25 January 2026`, `January 2026`."""
        first, last = self.first_day, self.last_day
        if self.rhythm is Rhythm.MONTHLY:
            return f"{first:%B %Y}"
        year = f" {first:%Y}" if first.year != last.year else ""
        month = f" {first:%B}" if first.month != last.month else ""
        return f"{first.day}{month}{year} to {last.day} {last:%B %Y}"

    @property
    def previous(self) -> "Period":
        return _ending(self.rhythm, self.first_day - _DAY)


def last_full(rhythm: Rhythm, newest: date) -> Period:
    """The last one that was over before the day `newest`."""
    if rhythm is Rhythm.WEEKLY:
        return _ending(rhythm, newest - newest.isoweekday() * _DAY)
    return _ending(rhythm, newest.replace(day=1) - _DAY)


def _ending(rhythm: Rhythm, last_day: date) -> Period:
    first = last_day - 6 * _DAY if rhythm is Rhythm.WEEKLY else last_day.replace(day=1)
    return Period(rhythm, first, last_day)
