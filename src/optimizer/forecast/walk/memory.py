"""What is kept of a job while its runs are walked (`optimizer.forecast.walk.walk`): arrays by name.

Kernels take tuples of arrays, made once and used for one job after the other: they are as long as the
longest job, or as the window.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.panel import CANCELLED, FAILED, SUCCEEDED, TIMEOUT, UNKNOWN
from optimizer.quantile import LEVELS

__all__ = [
    "ATTEMPT", "BOUND", "ENDED", "ENTERED", "FAILURE", "HOUR_US", "MINUTE_US", "NEWEST_US", "SIZE",
    "SUCCESSES", "VALUE", "Knobs", "Known", "Learned", "Room", "Runs", "Told", "Window", "memory_of",
    "roles", "room_for",
]  # fmt: skip

# Bits of what a run is good for.
VALUE: Final = 1
BOUND: Final = 2
ATTEMPT: Final = 4
FAILURE: Final = 8

# Of the counters of a job.
ENDED: Final = 0
ENTERED: Final = 1
SIZE: Final = 2
SUCCESSES: Final = 3
NEWEST_US: Final = 4
COUNTERS: Final = 5

HOUR_US: Final = 3_600_000_000.0
MINUTE_US: Final = 60_000_000.0


class Runs(NamedTuple):
    """The runs of some jobs (R,), job after job."""

    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]
    by_end: NDArray[np.int64]
    """Numbers of each job's runs in order of end."""
    log_seconds: NDArray[np.float64]
    role: NDArray[np.int8]
    origin_us: NDArray[np.int64]


class Knobs(NamedTuple):
    """The settings, as `optimizer.config.ForecastConfig` explains them."""

    window_runs: int
    learning_rate: float
    memory: float
    calibration_rate: float
    burst_correlation: float
    prior_scale: float
    prior_runs: float
    min_scale: float
    failure_half_life_days: float
    prior_failure_rate: float
    prior_failure_runs: float

    @classmethod
    def of(cls, config: ForecastConfig) -> "Knobs":
        return cls(
            window_runs=config.window_runs,
            learning_rate=config.learning_rate,
            memory=0.5 ** (1.0 / config.learning_half_life_runs),
            calibration_rate=config.calibration_rate,
            burst_correlation=config.burst_correlation,
            prior_scale=config.prior_scale_log,
            prior_runs=config.prior_runs,
            min_scale=config.min_scale_log,
            failure_half_life_days=config.failure_half_life_days,
            prior_failure_rate=config.prior_failure_rate,
            prior_failure_runs=config.prior_failure_runs,
        )


class Known(NamedTuple):
    """What is to be filled in: n answers."""

    log_quantiles: NDArray[np.float64]
    runs: NDArray[np.int64]
    effective_runs: NDArray[np.float64]
    failure_rate: NDArray[np.float64]


class Told(NamedTuple):
    """By number of a job's run: when it starts, and what was known and told at its origin."""

    hours: NDArray[np.float64]
    day_hours: NDArray[np.float64]
    week_hours: NDArray[np.float64]
    burst: NDArray[np.int64]
    """Runs of the job that had ended before it started."""
    entered: NDArray[np.int64]
    """Runs that had entered the window by its origin."""
    latest: NDArray[np.int64]
    """The last of them, -1 for none."""
    gap_log: NDArray[np.float64]
    cost: NDArray[np.float64]
    gradient: NDArray[np.float64]
    order: NDArray[np.int64]
    """When it entered the window, -1 outside it."""
    twin: NDArray[np.int64]
    """Runs before it that start at the same time."""


class Window(NamedTuple):
    """Ended runs (`optimizer.forecast.walk.window`), and what the experts ask about them."""

    members: NDArray[np.int64]
    """Numbers in order of entry."""
    lots: NDArray[np.int64]
    """Their lots."""
    held: NDArray[np.int64]
    """Numbers in ascending order of duration: what follows is in this order."""
    x: NDArray[np.float64]
    bound: NDArray[np.bool_]
    burst: NDArray[np.int64]
    rank: NDArray[np.int64]
    after_rank: NDArray[np.float64]
    hours: NDArray[np.float64]
    day_hours: NDArray[np.float64]
    week_hours: NDArray[np.float64]
    gap_log: NDArray[np.float64]
    place_rank: NDArray[np.int64]
    """By number: the rank of its entry."""
    tied: NDArray[np.float64]
    """By number: its rank among the durations, the lowest where they are equal."""


class Room(NamedTuple):
    """Room for making one answer."""

    weights: NDArray[np.float64]
    total: NDArray[np.float64]
    pooled: NDArray[np.float64]
    raw: NDArray[np.float64]
    scratch: NDArray[np.float64]
    """By number of a burst, zero between answers."""


class Learned(NamedTuple):
    """What a job's ended runs have taught."""

    counter: NDArray[np.int64]
    attempts: NDArray[np.float64]
    tally: NDArray[np.float64]
    summed: NDArray[np.float64]
    moved: NDArray[np.float64]
    share: NDArray[np.float64]
    taught: NDArray[np.int64]
    """Runs that have taught, by what they knew."""


def roles(outcome: NDArray[np.int8]) -> NDArray[np.int8]:
    """What each run is good for, by its outcome code."""
    role = np.zeros(6, dtype=np.int8)
    role[[SUCCEEDED, UNKNOWN]] = VALUE
    role[[TIMEOUT, CANCELLED]] = BOUND
    role[[SUCCEEDED, TIMEOUT, FAILED]] |= ATTEMPT
    role[[TIMEOUT, FAILED]] |= FAILURE
    return np.asarray(role[outcome])


def room_for(longest: int, window: int) -> Room:
    """Room for answers about jobs of up to `longest` runs."""
    return Room(
        weights=np.empty((EXPERT_COUNT, window)),
        total=np.empty(EXPERT_COUNT),
        pooled=np.empty(window),
        raw=np.empty(LEVELS.size),
        scratch=np.zeros(longest + 1),
    )


def memory_of(longest: int, window: int) -> tuple[Told, Window, Learned]:
    """Memory for jobs of up to `longest` runs."""
    told = Told(
        hours=np.empty(longest),
        day_hours=np.empty(longest),
        week_hours=np.empty(longest),
        burst=np.empty(longest, dtype=np.int64),
        entered=np.empty(longest, dtype=np.int64),
        latest=np.empty(longest, dtype=np.int64),
        gap_log=np.empty(longest),
        cost=np.empty(longest),
        gradient=np.empty((longest, EXPERT_COUNT)),
        order=np.empty(longest, dtype=np.int64),
        twin=np.empty(longest, dtype=np.int64),
    )
    held = Window(
        members=np.empty(window, dtype=np.int64),
        lots=np.empty(window, dtype=np.int64),
        held=np.empty(window, dtype=np.int64),
        x=np.empty(window),
        bound=np.empty(window, dtype=np.bool_),
        burst=np.empty(window, dtype=np.int64),
        rank=np.empty(window, dtype=np.int64),
        after_rank=np.empty(window),
        hours=np.empty(window),
        day_hours=np.empty(window),
        week_hours=np.empty(window),
        gap_log=np.empty(window),
        place_rank=np.empty(longest, dtype=np.int64),
        tied=np.empty(longest),
    )
    learned = Learned(
        counter=np.empty(COUNTERS, dtype=np.int64),
        attempts=np.empty(2),
        tally=np.empty(2),
        summed=np.empty(EXPERT_COUNT),
        moved=np.empty(LEVELS.size),
        share=np.empty(EXPERT_COUNT),
        taught=np.empty(longest + 1, dtype=np.int64),
    )
    return told, held, learned
