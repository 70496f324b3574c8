"""What the picture of one job shows: its runs beside what was usual, what was flagged and what has changed, the
forecast of those to come, and what they may take."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

PAST_DAYS: Final = 28
AHEAD_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that ended by itself."""

    started_at: datetime
    seconds: float
    verdict: str
    """ok, missed or failed."""
    flag: str = ""
    """Why a night flagged it, in words; empty for the others."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What was said of a run before it began: the 1, 50 and 99 % quantile of its seconds."""

    started_at: datetime
    low_seconds: float
    middle_seconds: float
    high_seconds: float


@dataclass(frozen=True, slots=True)
class Change:
    """A level that has become usual, from when on, and in words beside the one before."""

    from_at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class ComingRun:
    """A run that is forecast: when it is due to start, and the 5, 50 and 95 % quantile of its seconds."""

    starts_at: datetime
    low_seconds: float
    middle_seconds: float
    high_seconds: float


@dataclass(frozen=True, slots=True)
class Picture:
    """One job in a window of time around `now`."""

    name: str
    now: datetime
    runs: tuple[PastRun, ...]
    upcoming: tuple[ComingRun, ...]
    allowed_seconds: float | None
    """What the SLA leaves a run; None without one."""
    usual: tuple[Usual, ...] = ()
    """In order of time."""
    changes: tuple[Change, ...] = ()

    @property
    def flagged(self) -> tuple[PastRun, ...]:
        """The runs that nights flagged, the latest first."""
        return tuple(run for run in reversed(self.runs) if run.flag)

    @property
    def begin(self) -> datetime:
        return self.now - timedelta(days=PAST_DAYS)

    @property
    def end(self) -> datetime:
        return self.now + timedelta(days=AHEAD_DAYS)

    def all_seconds(self) -> list[float]:
        """Every duration that is drawn."""
        quantiles = [s for run in self.upcoming for s in (run.low_seconds, run.high_seconds)]
        quantiles += [s for usual in self.usual for s in (usual.low_seconds, usual.high_seconds)]
        durations = [self.allowed_seconds, *quantiles, *(run.seconds for run in self.runs)]
        return [seconds for seconds in durations if seconds is not None and seconds > 0]
