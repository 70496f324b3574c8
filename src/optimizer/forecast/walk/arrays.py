"""The arrays that the compiled walk along a job's runs reads and writes (`optimizer.forecast.walk.walk`).

Kernels take tuples of arrays, which are allocated once and used for one job after the other: they are
as long as the runs of the longest job, or as the window.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.forecast.walk.months import EFFECT_COUNT, GROUPS
from optimizer.panel import CANCELLED, FAILED, SUCCEEDED, TIMEOUT, UNKNOWN
from optimizer.quantile import LEVELS

__all__ = [
    "ATTEMPT",
    "BOUND",
    "ENDED",
    "ENTERED",
    "FAILURE",
    "NEWEST_US",
    "REGIME",
    "REGIME_FROM",
    "SIZE",
    "SUCCESSES",
    "VALUE",
    "Buffers",
    "Forecasts",
    "JobRuns",
    "Lessons",
    "RunFacts",
    "WalkSettings",
    "Window",
    "arrays_for",
    "buffers_for",
    "roles",
]  # fmt: skip

# Bits of a run's role: what can be learned from it.
VALUE: Final = 1
BOUND: Final = 2
ATTEMPT: Final = 4
FAILURE: Final = 8

# Positions in the counters of a job.
ENDED: Final = 0
ENTERED: Final = 1
SIZE: Final = 2
SUCCESSES: Final = 3
NEWEST_US: Final = 4
REGIME: Final = 5
REGIME_FROM: Final = 6
COUNTERS: Final = 7


class JobRuns(NamedTuple):
    """The runs of some jobs (R,), job after job: what the walk is given."""

    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]
    by_end: NDArray[np.int64]
    """Numbers of each job's runs in order of end."""
    log_seconds: NDArray[np.float64]
    role: NDArray[np.int8]
    origin_us: NDArray[np.int64]
    turn: NDArray[np.int8]
    """Of the month (`optimizer.months`)."""


class WalkSettings(NamedTuple):
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
    def of(cls, config: ForecastConfig) -> "WalkSettings":
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


class Forecasts(NamedTuple):
    """n forecasts, which the walk fills in."""

    log_quantiles: NDArray[np.float64]
    runs: NDArray[np.int64]
    effective_runs: NDArray[np.float64]
    failure_rate: NDArray[np.float64]


class RunFacts(NamedTuple):
    """Of each run of one job, by its number: when it starts, and what was known at its origin."""

    hours: NDArray[np.float64]
    day_hours: NDArray[np.float64]
    week_hours: NDArray[np.float64]
    burst: NDArray[np.int64]
    """Runs of the job that had ended before it started."""
    entered: NDArray[np.int64]
    """Runs that had entered the window by its origin; 0 where nothing is learned from it."""
    latest: NDArray[np.int64]
    """The last of them, -1 for none."""
    gap_log: NDArray[np.float64]
    cost: NDArray[np.float64]
    """CRPS of its forecast."""
    gradient: NDArray[np.float64]
    """Its derivative by the share of each expert."""
    score: NDArray[np.float64]
    """Its normal score (`optimizer.forecast.walk.changes`)."""
    scored_in: NDArray[np.int64]
    """The regime in which it was given."""
    trust_gradient: NDArray[np.float64]
    """Derivative of the cost by the share kept for the runs since the last change."""
    effect_likelihood: NDArray[np.float64]
    """Of a run at a turn of the month: log likelihood of each effect (`months`)."""
    entry: NDArray[np.int64]
    """As the how-manieth run it entered the window, -1 outside it."""
    twin: NDArray[np.int64]
    """Runs before it that start at the same time."""


class Window(NamedTuple):
    """Ended runs (`optimizer.forecast.walk.window`), and what the experts ask about them."""

    by_entry: NDArray[np.int64]
    """Numbers in order of entry."""
    lots: NDArray[np.int64]
    """Their lots."""
    by_duration: NDArray[np.int64]
    """Numbers in ascending order of duration, which is the order of what follows."""
    log_seconds: NDArray[np.float64]
    is_bound: NDArray[np.bool_]
    burst: NDArray[np.int64]
    rank: NDArray[np.int64]
    after_rank: NDArray[np.float64]
    hours: NDArray[np.float64]
    day_hours: NDArray[np.float64]
    week_hours: NDArray[np.float64]
    gap_log: NDArray[np.float64]
    turn: NDArray[np.int8]
    rank_of_run: NDArray[np.int64]
    """By number: the rank of its entry."""
    duration_rank_of_run: NDArray[np.float64]
    """By number: its rank among the durations, the lowest where they are equal."""


class Buffers(NamedTuple):
    """Scratch arrays for one forecast."""

    weights: NDArray[np.float64]
    weight_sums: NDArray[np.float64]
    pooled: NDArray[np.float64]
    slope: NDArray[np.float64]
    kept_log_seconds: NDArray[np.float64]
    """Of the sample that a curve is made of, as are the next three."""
    kept_is_bound: NDArray[np.bool_]
    kept_burst: NDArray[np.int64]
    kept_weights: NDArray[np.float64]
    effect: NDArray[np.float64]
    effect_mass: NDArray[np.float64]
    spread_log_seconds: NDArray[np.float64]
    """The same sample moved by each effect, as are the next two."""
    spread_is_bound: NDArray[np.bool_]
    spread_weights: NDArray[np.float64]
    usual_curve: NDArray[np.float64]
    """Without an effect of the day."""
    raw_curve: NDArray[np.float64]
    unread: NDArray[np.float64]
    """Room for a curve that nobody asks for."""
    burst_weight: NDArray[np.float64]
    """By number of a burst; zero between forecasts."""


class Lessons(NamedTuple):
    """What one job's ended runs have taught."""

    counters: NDArray[np.int64]
    attempts: NDArray[np.float64]
    """Decayed counts of attempts and failures."""
    cost_tally: NDArray[np.float64]
    """Decayed counts of runs and their costs."""
    gradient_sums: NDArray[np.float64]
    trust_sum: NDArray[np.float64]
    """(1,) the same by the share kept for the runs since the last change."""
    change_sums: NDArray[np.float64]
    """(4,) cumulative sums (`changes`); `change_begun` are the entries at which they left zero."""
    change_begun: NDArray[np.int64]
    effect_likelihood: NDArray[np.float64]
    """(3, 41) log likelihood of each effect by the turn of the month (`months`), and its probability."""
    effect_probability: NDArray[np.float64]
    effect_days: NDArray[np.int64]
    """(3, 2) by the turn of the month: the last such day that was learned from, and how many of its runs."""
    moved_logits: NDArray[np.float64]
    shares: NDArray[np.float64]
    lessons_at: NDArray[np.int64]
    """How many runs have been learned from, by how many had entered at their origin."""


def roles(outcome: NDArray[np.int8]) -> NDArray[np.int8]:
    """What can be learned from each run, as bits, by its outcome code."""
    role = np.zeros(6, dtype=np.int8)
    role[[SUCCEEDED, UNKNOWN]] = VALUE
    role[[TIMEOUT, CANCELLED]] = BOUND
    role[[SUCCEEDED, TIMEOUT, FAILED]] |= ATTEMPT
    role[[TIMEOUT, FAILED]] |= FAILURE
    return np.asarray(role[outcome])


def buffers_for(longest: int, window: int) -> Buffers:
    """Buffers for forecasts from up to `window` runs of jobs of up to `longest` runs."""
    return Buffers(
        weights=np.empty((EXPERT_COUNT, window)),
        weight_sums=np.empty(EXPERT_COUNT),
        pooled=np.empty(window),
        slope=np.empty(window),
        kept_log_seconds=np.empty(window),
        kept_is_bound=np.empty(window, dtype=np.bool_),
        kept_burst=np.empty(window, dtype=np.int64),
        kept_weights=np.empty(window),
        effect=np.empty(GROUPS),
        effect_mass=np.empty(GROUPS),
        spread_log_seconds=np.empty(GROUPS * window),
        spread_is_bound=np.empty(GROUPS * window, dtype=np.bool_),
        spread_weights=np.empty(GROUPS * window),
        usual_curve=np.empty(LEVELS.size),
        raw_curve=np.empty(LEVELS.size),
        unread=np.empty(LEVELS.size),
        burst_weight=np.zeros(longest + 1),
    )


def arrays_for(longest: int, window: int) -> tuple[RunFacts, Window, Lessons]:
    """Arrays for walking jobs of up to `longest` runs, `window` of which are used."""
    facts = RunFacts(
        hours=np.empty(longest),
        day_hours=np.empty(longest),
        week_hours=np.empty(longest),
        burst=np.empty(longest, dtype=np.int64),
        entered=np.empty(longest, dtype=np.int64),
        latest=np.empty(longest, dtype=np.int64),
        gap_log=np.empty(longest),
        cost=np.empty(longest),
        gradient=np.empty((longest, EXPERT_COUNT)),
        score=np.empty(longest),
        scored_in=np.empty(longest, dtype=np.int64),
        trust_gradient=np.empty(longest),
        effect_likelihood=np.empty((longest, EFFECT_COUNT)),
        entry=np.empty(longest, dtype=np.int64),
        twin=np.empty(longest, dtype=np.int64),
    )
    ended_runs = Window(
        by_entry=np.empty(window, dtype=np.int64),
        lots=np.empty(window, dtype=np.int64),
        by_duration=np.empty(window, dtype=np.int64),
        log_seconds=np.empty(window),
        is_bound=np.empty(window, dtype=np.bool_),
        burst=np.empty(window, dtype=np.int64),
        rank=np.empty(window, dtype=np.int64),
        after_rank=np.empty(window),
        hours=np.empty(window),
        day_hours=np.empty(window),
        week_hours=np.empty(window),
        gap_log=np.empty(window),
        turn=np.empty(window, dtype=np.int8),
        rank_of_run=np.empty(longest, dtype=np.int64),
        duration_rank_of_run=np.empty(longest),
    )
    lessons = Lessons(
        counters=np.empty(COUNTERS, dtype=np.int64),
        attempts=np.empty(2),
        cost_tally=np.empty(2),
        gradient_sums=np.empty(EXPERT_COUNT),
        trust_sum=np.empty(1),
        change_sums=np.empty(4),
        change_begun=np.empty(4, dtype=np.int64),
        effect_likelihood=np.empty((3, EFFECT_COUNT)),
        effect_probability=np.empty((3, EFFECT_COUNT)),
        effect_days=np.empty((3, 2), dtype=np.int64),
        moved_logits=np.empty(LEVELS.size),
        shares=np.empty(EXPERT_COUNT),
        lessons_at=np.empty(longest + 1, dtype=np.int64),
    )
    return facts, ended_runs, lessons
