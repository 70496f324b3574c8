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
    upcoming: pd.DataFrame
    """at (when it is due to start), low, middle, high (seconds: 5, 50 and 95 % quantile of its
    duration): one row a run to come that is forecast."""
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
        return len(self.upcoming) > 0

    @property
    def has_limit(self) -> bool:
        return not pd.isna(self.allowed_seconds)

    def all_seconds(self) -> list[float]:
        """Every duration that is drawn."""
        band = self.upcoming[["low", "high"]].to_numpy().ravel()
        drawn = [self.allowed_seconds, *band, *self.runs["seconds"]]
        return [float(value) for value in drawn if not pd.isna(value) and value > 0]
