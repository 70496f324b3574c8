"""What the picture of one job shows: its runs, the forecast of those to come, and what they may take."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

PAST_DAYS: Final = 28
AHEAD_DAYS: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One job in a window of time around `now`."""

    name: str
    now: datetime
    runs: pd.DataFrame
    """started_at, seconds, verdict (ok, missed or failed): one row a run that ended."""
    upcoming: list[datetime]
    """When the runs to come are due to start."""
    low_seconds: float
    """5 % quantile of the next run's duration; NaN where there is no forecast."""
    middle_seconds: float
    high_seconds: float
    """95 % quantile."""
    allowed_seconds: float
    """What the SLA leaves a run; NaN without one."""

    @property
    def begin(self) -> datetime:
        return self.now - timedelta(days=PAST_DAYS)

    @property
    def end(self) -> datetime:
        return self.now + timedelta(days=AHEAD_DAYS)

    @property
    def has_forecast(self) -> bool:
        return not pd.isna(self.high_seconds)

    @property
    def has_limit(self) -> bool:
        return not pd.isna(self.allowed_seconds)

    def all_seconds(self) -> list[float]:
        """Every duration that is drawn."""
        drawn = [self.allowed_seconds, self.low_seconds, self.high_seconds, *self.runs["seconds"]]
        return [float(value) for value in drawn if not pd.isna(value) and value > 0]
