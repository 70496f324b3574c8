"""Kinds of jobs whose law is known: what strange runs can be found of them at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

EPOCH = pd.Timestamp("2025-01-06", tz="UTC")
RUNS = 400
"""Of each job."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """Log durations are what the time of a run says, and noise of a known law."""

    effect: Callable[[Any, NDArray[np.int64]], Any]
    """Of the times of runs (Series.dt) and their numbers in the job."""
    noise: Any
    """A frozen distribution of scipy's, or `Modes`."""


@dataclass(frozen=True)
class Modes:
    """A share of runs takes so much longer."""

    share: float
    distance: float
    sd: float

    def rvs(self, size: int, random_state: np.random.Generator) -> Floats:
        noise = self.sd * random_state.standard_normal(size)
        return noise + self.distance * (random_state.random(size) < self.share)

    def sf(self, x: Floats) -> Floats:
        lower, upper = stats.norm.sf(x / self.sd), stats.norm.sf((x - self.distance) / self.sd)
        return np.asarray((1.0 - self.share) * lower + self.share * upper)


def _none(_time: Any, number: NDArray[np.int64]) -> Any:
    return np.zeros(number.size)


def _in_office_hours(time: Any, _number: NDArray[np.int64]) -> Any:
    return np.log(2.0) * ((time.dayofweek < 5) & (time.hour >= 8) & (time.hour < 18))


KINDS = {
    "log-normal, sd 0.2": Kind(_none, stats.norm(scale=0.2)),
    "heavy tail (t3)": Kind(_none, stats.t(3, scale=0.2)),
    "two modes (a quarter x4)": Kind(_none, Modes(0.25, float(np.log(4.0)), 0.1)),
    "gamma of shape 4": Kind(_none, stats.loggamma(4)),
    "month ends x4": Kind(lambda t, _: np.log(4.0) * t.is_month_end, stats.norm(scale=0.15)),
    "firsts of the month x3": Kind(lambda t, _: np.log(3.0) * t.is_month_start, stats.norm(scale=0.15)),
    "office hours x2": Kind(_in_office_hours, stats.norm(scale=0.15)),
    "weekends x2": Kind(lambda t, _: np.log(2.0) * (t.dayofweek >= 5), stats.norm(scale=0.15)),
    "weekends /2.7": Kind(lambda t, _: -1.0 * (t.dayofweek >= 5), stats.norm(scale=0.1)),
    "Mondays x2.2": Kind(lambda t, _: 0.8 * (t.dayofweek == 0), stats.norm(scale=0.15)),
    "a wave of the day": Kind(
        lambda t, _: 0.5 * np.sin(t.hour / 24.0 * 2.0 * np.pi), stats.norm(scale=0.15)
    ),
    "grows 0.2 % a run": Kind(lambda _, number: 0.002 * number, stats.norm(scale=0.15)),
}  # fmt: skip


def simulated(kind: Kind, gap_hours: float, seed: int, jobs: int) -> tuple[pd.DataFrame, Floats]:
    """Runs of the contract, and the log duration of each without its noise."""
    rng = np.random.default_rng(seed)
    number = np.tile(np.arange(RUNS), jobs)
    begin = np.repeat(24 * rng.integers(0, 365, jobs) + rng.integers(0, 24, jobs), RUNS)
    hours = begin + gap_hours * number + rng.uniform(0.0, 0.2, number.size)
    start = pd.Series(EPOCH + pd.to_timedelta(hours, unit="h"))
    location = np.log(600.0) + np.asarray(kind.effect(start.dt, number), dtype=np.float64)
    noise = kind.noise.rvs(number.size, random_state=rng)
    runs = pd.DataFrame(
        {
            "job_id": np.repeat([f"{job:03d}" for job in range(jobs)], RUNS),
            "run_id": number.astype(str),
            "start_time": start,
            "duration_seconds": np.exp(location + noise),
            "status": "SUCCEEDED",
        }
    )
    return runs, location
