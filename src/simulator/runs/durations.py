"""How long the work of a run takes.

log(seconds) = log(median of the job) + elasticity * log(input volume of the day) + noise, where
the volume has a weekday effect and day-to-day memory, and the noise is an AR(1) of Student
innovations (4 degrees of freedom) with rare stragglers: heavy tails, as in real logs.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from simulator.clock import DAY_US, Floats, Ints
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Fleet, Kind
from simulator.fleet.schedules import Due
from simulator.runs.events import Events, log_factor

MEMORY_OF_VOLUME = 0.7
VOLUME_SHOCK = 0.12
FREEDOM = 4
"""Degrees of freedom of the innovations, whose variance is 1."""
STRAGGLER_SHARE = 0.008
STRAGGLER_LOG_FACTOR = (0.4, 1.6)
SHORTEST_SECONDS = 3.0
# A run longer than this would be killed by a person.
_LONGEST_SECONDS = {Kind.HOURLY: 4 * 3600, Kind.CONTINUOUS: 5 * 86_400}
_LONGEST_ELSE = 22 * 3600


@dataclass(frozen=True, slots=True)
class DurationLaw:
    """The parameters of each job's durations (spread is a standard deviation of the logarithm)."""

    spread: Floats
    memory: Floats
    elasticity: Floats
    weekend_volume: Floats
    monday_volume: Floats


@dataclass(frozen=True, slots=True)
class Course:
    """What goes on from run to run, as logarithms: of each job (rows) the volume that is usual on each day
    (columns, from `first_day` since 1970) and what the day adds to it, and the noise of each slot, of which
    the job's spread is the unit."""

    first_day: int
    usual_volume: Floats
    volume_shock: Floats
    noise: Floats

    @property
    def volume(self) -> Floats:
        return self.usual_volume + self.volume_shock


def duration_laws(config: SimulatorConfig, fleet: Fleet) -> DurationLaw:
    """Most jobs are tight (a spread of 0.06 to 0.3), a tenth are wild."""
    rng = generator(config.seed, "duration_laws")
    size = fleet.size
    spread = 0.13 * np.exp(0.55 * rng.standard_normal(size))
    return DurationLaw(
        spread=np.where(rng.random(size) < 0.1, spread * 3, spread).clip(0.02, 1.0),
        memory=rng.uniform(0.0, 0.6, size),
        elasticity=np.where(rng.random(size) < 0.3, 0.0, rng.uniform(0.3, 1.0, size)),
        weekend_volume=rng.uniform(0.45, 1.05, size),
        monday_volume=rng.uniform(0.95, 1.5, size),
    )


def work_seconds(
    config: SimulatorConfig, fleet: Fleet, laws: DurationLaw, due: Due, events: Events
) -> tuple[Floats, Floats]:
    """Seconds of work of every run that is due, were it to run through undisturbed; and the factor
    by which it alone is slow (1 for most)."""
    rng = generator(config.seed, "durations")
    course = _course(rng, config, laws, due)
    day = due.due_us // DAY_US - course.first_day
    straggler = rng.random(len(due.job)) < STRAGGLER_SHARE
    straggler &= "slowdowns" in config.quirks
    slower = np.where(straggler, rng.uniform(*STRAGGLER_LOG_FACTOR, len(due.job)), 0.0)
    log_seconds = (
        np.log(fleet.median_seconds[due.job])
        + laws.elasticity[due.job] * course.volume[due.job, day]
        + laws.spread[due.job] * course.noise[due.job, due.slot]
        + slower
        + log_factor(events, due)
    )
    seconds: Floats = np.clip(
        np.exp(log_seconds), SHORTEST_SECONDS, longest_seconds(fleet.kind[due.job])
    )
    return seconds, np.exp(slower)


def longest_seconds(kind: Ints) -> Floats:
    """What runs of each kind take at most."""
    longest = np.full(len(Kind), float(_LONGEST_ELSE))
    for of_kind, cap in _LONGEST_SECONDS.items():
        longest[of_kind] = cap
    return longest[kind]


def course_of(config: SimulatorConfig, laws: DurationLaw, due: Due) -> Course:
    """The one that `work_seconds` follows."""
    return _course(generator(config.seed, "durations"), config, laws, due)


def daily_log_volume(config: SimulatorConfig, laws: DurationLaw) -> tuple[int, Floats]:
    """The first day since 1970, and the logarithm of each job's input volume on it and each day after: the
    one that `work_seconds` follows."""
    rng, first_day = generator(config.seed, "durations"), _first_day(config)
    usual, shock = _log_volume(rng, laws, first_day, _days(config))
    return first_day, usual + shock


def _course(
    rng: np.random.Generator, config: SimulatorConfig, laws: DurationLaw, due: Due
) -> Course:
    first_day = _first_day(config)
    usual, shock = _log_volume(rng, laws, first_day, _days(config))
    slots = int(due.slot.max(initial=0)) + 1
    innovations = rng.standard_t(FREEDOM, size=(len(laws.spread), slots)) / np.sqrt(2)
    return Course(first_day, usual, shock, _autoregressive(innovations, laws.memory))


def _first_day(config: SimulatorConfig) -> int:
    return config.start_us // DAY_US - 1


def _days(config: SimulatorConfig) -> int:
    return config.days + config.reserve_days + 3


def _log_volume(
    rng: np.random.Generator, laws: DurationLaw, first_day: int, days: int
) -> tuple[Floats, Floats]:
    """Logarithms of the input volume that is usual of each job on each day, 0 on an ordinary working day, and
    of what the day adds to it."""
    weekday = (first_day + np.arange(days) + 3) % 7
    factor = np.where(
        weekday >= 5,
        laws.weekend_volume[:, None],
        np.where(weekday == 0, laws.monday_volume[:, None], 1.0),
    )
    shocks = VOLUME_SHOCK * rng.standard_normal((len(laws.spread), days))
    memory = np.full(len(laws.spread), MEMORY_OF_VOLUME)
    return np.log(factor), _autoregressive(shocks, memory)


def rounded_memory(memory: Floats) -> Floats:
    """Few distinct memories, so that one filter call serves many jobs."""
    return np.round(memory, 1)


def _autoregressive(innovations: Floats, memory: Floats) -> Floats:
    """Rows of x[t] = memory * x[t-1] + innovation, scaled to the innovations' variance."""
    out = np.empty_like(innovations)
    rounded = rounded_memory(memory)
    for value in np.unique(rounded):
        rows = rounded == value
        out[rows] = lfilter([np.sqrt(1 - value**2)], [1, -value], innovations[rows], axis=1)
    return out
