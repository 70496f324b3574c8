"""The settings of a simulated account: one frozen record, each setting with bounds and a sentence.

Randomness follows from the seed and the name of a concern, never from the order in which concerns
draw: a new concern leaves the numbers of the others as they were.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np

from pipeline.errors import UserError
from simulator.clock import DAY_US, us_of
from simulator.quirks import ALL, require_known


def _setting(default: float, minimum: float, maximum: float, sentence: str) -> Any:
    """A number with its bounds (both included) and what it means."""
    bounds = {"minimum": minimum, "maximum": maximum, "sentence": sentence}
    return field(default=default, metadata=bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """A simulated account. `end` is the moment the account is looked at: nothing is known later."""

    end: datetime
    jobs: int = _setting(1000, 1, 100_000, "Recurring jobs and submitted series of runs.")
    days: int = _setting(30, 1, 730, "Days of history before the end.")
    seed: int = _setting(7, 0, 2**32 - 1, "The same seed gives the same rows.")
    workspaces: int = _setting(3, 1, 20, "Workspaces that share the account.")
    failure_share: float = _setting(0.03, 0, 0.5, "Share of attempts that fail, over the fleet.")
    repair_share: float = _setting(0.55, 0, 1, "Share of failed attempts that somebody repairs.")
    serverless_share: float = _setting(0.35, 0, 1, "Share of jobs on serverless compute.")
    all_purpose_share: float = _setting(0.05, 0, 1, "Share of jobs on shared interactive clusters.")
    oversized_share: float = _setting(0.35, 0, 1, "Share of clusters far larger than needed.")
    correction_share: float = _setting(0.005, 0, 0.5, "Share of usage records later corrected.")
    edits_per_job: float = _setting(0.6, 0, 20, "Mean number of edits of a job in the window.")
    reserve_days: int = _setting(30, 0, 730, "Days after the end that can still be appended.")
    quirks: frozenset[str] = ALL
    """The quirks that the account has; `simulator.quirks` has the names."""

    def __post_init__(self) -> None:
        if self.end.tzinfo is None or self.end.utcoffset() != UTC.utcoffset(None):
            raise UserError(f"simulator: end must be a time in UTC, got {self.end.isoformat()}.")
        for setting in fields(self):
            if "minimum" not in setting.metadata:
                continue
            value = getattr(self, setting.name)
            low, high = setting.metadata["minimum"], setting.metadata["maximum"]
            # The negation refuses NaN as well.
            if not low <= value <= high:
                raise UserError(
                    f"simulator: {setting.name} must be between {low} and {high}, got {value}."
                )
        require_known(self.quirks)
        if self.serverless_share + self.all_purpose_share > 1:
            raise UserError("simulator: serverless_share and all_purpose_share exceed 1 together.")

    @property
    def now_us(self) -> int:
        return us_of(self.end)

    @property
    def start_us(self) -> int:
        return self.now_us - self.days * DAY_US

    @property
    def horizon_us(self) -> int:
        """How far the history is decided: what happens does not depend on when it is looked at."""
        return self.now_us + self.reserve_days * DAY_US

    def later(self) -> "SimulatorConfig":
        """The same account, looked at a day later."""
        return replace(
            self,
            end=self.end + timedelta(days=1),
            days=self.days + 1,
            reserve_days=self.reserve_days - 1,
        )


def generator(seed: int, concern: str, *parts: int) -> np.random.Generator:
    """The random numbers of one concern (and of a part of it, such as a day)."""
    return np.random.default_rng([seed, crc32(concern.encode()), *parts])
