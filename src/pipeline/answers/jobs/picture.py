"""What the picture of one job shows: its runs, the forecast of those to come, and what they may take."""

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

    @property
    def begin(self) -> datetime:
        return self.now - timedelta(days=PAST_DAYS)

    @property
    def end(self) -> datetime:
        return self.now + timedelta(days=AHEAD_DAYS)

    def all_seconds(self) -> list[float]:
        """Every duration that is drawn."""
        quantiles = [s for run in self.upcoming for s in (run.low_seconds, run.high_seconds)]
        durations = [self.allowed_seconds, *quantiles, *(run.seconds for run in self.runs)]
        return [seconds for seconds in durations if seconds is not None and seconds > 0]
