"""One job's runs walked once, in order of time: the compiled form of `optimizer.forecast.curves`.

Runs of a job are numbered from 0 in order of start; the window is a list of such numbers in ascending
order of duration, a value before a bound of the same size. What a run was told at its origin is kept
until it has ended, and taught from only then.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import read_moved, track
from optimizer.forecast.experts import (
    DAY_HOURS,
    EXPERT_COUNT,
    WEEK_HOURS,
    age_decay,
    rank_decay,
    weigh,
)
from optimizer.forecast.failures import count_attempt, failure_rate
from optimizer.forecast.mixture import cost_and_gradient, learn, pool, shares
from optimizer.forecast.sample import curve_of_sample, squares_with_bursts
from optimizer.kernel import kernel
from optimizer.panel import CANCELLED, FAILED, SUCCEEDED, TIMEOUT, UNKNOWN
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["Knobs", "Known", "Runs", "roles", "walk"]

HOUR_US: Final = 3_600_000_000.0
MINUTE_US: Final = 60_000_000.0

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
    curve: NDArray[np.float64]
    order: NDArray[np.int64]
    """When it entered the window, -1 before."""


class Window(NamedTuple):
    """The latest ended runs, and room for what is computed of them."""

    members: NDArray[np.int64]
    """Numbers in order of entry."""
    held: NDArray[np.int64]
    """Numbers in ascending order of duration."""
    x: NDArray[np.float64]
    bound: NDArray[np.bool_]
    burst: NDArray[np.int64]
    rank: NDArray[np.int64]
    tied_rank: NDArray[np.float64]
    latest_rank: NDArray[np.float64]
    weights: NDArray[np.float64]
    total: NDArray[np.float64]
    share: NDArray[np.float64]
    pooled: NDArray[np.float64]
    raw: NDArray[np.float64]
    scratch: NDArray[np.float64]


class Learned(NamedTuple):
    """What a job's ended runs have taught."""

    counter: NDArray[np.int64]
    attempts: NDArray[np.float64]
    tally: NDArray[np.float64]
    summed: NDArray[np.float64]
    moved: NDArray[np.float64]
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


def walk(
    offsets: NDArray[np.int64],
    runs: Runs,
    asked_us: NDArray[np.int64],
    last_origin_us: int,
    knobs: Knobs,
    known: Known,
) -> None:
    """Answer every run (R,), or with asked_us (J,) one run of each job at the last origin."""
    longest = int(np.diff(offsets).max(initial=0))
    window = knobs.window_runs
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
        curve=np.empty((longest, LEVELS.size)),
        order=np.empty(longest, dtype=np.int64),
    )
    room = Window(
        members=np.empty(longest, dtype=np.int64),
        held=np.empty(window + 1, dtype=np.int64),
        x=np.empty(window),
        bound=np.empty(window, dtype=np.bool_),
        burst=np.empty(window, dtype=np.int64),
        rank=np.empty(longest, dtype=np.int64),
        tied_rank=np.empty(longest),
        latest_rank=np.empty(longest),
        weights=np.empty((window, EXPERT_COUNT)),
        total=np.empty(EXPERT_COUNT),
        share=np.empty(EXPERT_COUNT),
        pooled=np.empty(window),
        raw=np.empty(LEVELS.size),
        scratch=np.zeros(longest + 1),
    )
    learned = Learned(
        counter=np.empty(COUNTERS, dtype=np.int64),
        attempts=np.empty(2),
        tally=np.empty(2),
        summed=np.empty(EXPERT_COUNT),
        moved=np.empty(LEVELS.size),
        taught=np.empty(longest + 1, dtype=np.int64),
    )
    _walk_jobs(
        offsets, runs, asked_us, last_origin_us, knobs, known, told, room, learned,
        LEVELS, LOGIT_LEVELS, rank_decay(window), age_decay(),
    )  # fmt: skip


@kernel
def _walk_jobs(
    offsets: NDArray[np.int64],
    runs: Runs,
    asked_us: NDArray[np.int64],
    last_origin_us: int,
    knobs: Knobs,
    known: Known,
    told: Told,
    room: Window,
    learned: Learned,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
) -> None:
    one_each = asked_us.shape[0] > 0
    counter = learned.counter
    for job in range(offsets.shape[0] - 1):
        first, stop = offsets[job], offsets[job + 1]
        own = Runs(
            runs.start_us[first:stop], runs.end_us[first:stop], runs.by_end[first:stop],
            runs.log_seconds[first:stop], runs.role[first:stop], runs.origin_us[first:stop],
        )  # fmt: skip
        count = stop - first
        _begin(own, told, learned)
        for i in range(count + 1 if one_each else count):
            last = i == count
            _admit(
                own,
                last_origin_us if last else own.origin_us[i],
                told,
                room,
                learned,
                knobs,
                levels,
            )
            out = job if one_each else first + i
            wanted = last or not one_each
            if wanted:
                known.runs[out] = counter[SUCCESSES]
                known.failure_rate[out] = failure_rate(
                    learned.attempts, knobs.prior_failure_rate, knobs.prior_failure_runs
                )
            at_us = asked_us[job] if last else own.start_us[i]
            gap_log = _meet(own, i, at_us, told, room, learned)
            teaches = not last and (own.role[i] & VALUE) != 0
            if counter[ENTERED] == 0 or not (wanted or teaches):
                continue
            _weigh_window(own, at_us, gap_log, told, room, learned, knobs, by_rank, by_age)
            size = counter[SIZE]
            if teaches:
                told.cost[i] = cost_and_gradient(
                    own.log_seconds[i], room.x[:size], room.pooled, room.weights[:size],
                    room.total, told.gradient[i],
                )  # fmt: skip
            worth = 1.0 / squares_with_bursts(
                room.pooled[:size], room.burst[:size], knobs.burst_correlation, room.scratch
            )
            curve_of_sample(
                room.x[:size], room.bound[:size], room.pooled[:size], worth,
                knobs.prior_scale, knobs.prior_runs, knobs.min_scale, levels, logit_levels, room.raw,
            )  # fmt: skip
            curve = known.log_quantiles[out] if wanted else told.curve[i]
            read_moved(room.raw, logit_levels, learned.moved, curve)
            if teaches:
                told.curve[i] = curve
            if wanted:
                known.effective_runs[out] = worth


@kernel
def _begin(own: Runs, told: Told, learned: Learned) -> None:
    """Forget the job before and note when this one's runs start."""
    learned.counter[:] = 0
    learned.attempts[:] = 0.0
    learned.tally[:] = 0.0
    learned.summed[:] = 0.0
    learned.moved[:] = 0.0
    ended = 0
    count = own.start_us.shape[0]
    for i in range(count):
        while ended < count and own.end_us[own.by_end[ended]] < own.start_us[i]:
            ended += 1
        told.burst[i] = ended
        hours = own.start_us[i] / HOUR_US
        told.hours[i] = hours
        told.day_hours[i], told.week_hours[i] = hours % DAY_HOURS, hours % WEEK_HOURS
        told.order[i] = -1
        learned.taught[i] = 0
    learned.taught[count] = 0


@kernel
def _admit(
    own: Runs,
    origin_us: int,
    told: Told,
    room: Window,
    learned: Learned,
    knobs: Knobs,
    levels: NDArray[np.float64],
) -> None:
    """Learn from the runs that have ended before the origin, and take them into the window."""
    counter = learned.counter
    count = own.start_us.shape[0]
    while counter[ENDED] < count and own.end_us[own.by_end[counter[ENDED]]] < origin_us:
        j = own.by_end[counter[ENDED]]
        counter[ENDED] += 1
        role = own.role[j]
        if role & ATTEMPT:
            counter[NEWEST_US] = count_attempt(
                learned.attempts, counter[NEWEST_US], (role & FAILURE) != 0, own.start_us[j],
                knobs.failure_half_life_days,
            )  # fmt: skip
        if role & VALUE and told.entered[j] > 0:
            learned.taught[told.entered[j]] += 1
            counts = 1.0 / learned.taught[told.entered[j]]
            learn(
                learned.tally, learned.summed, told.cost[j], told.gradient[j], counts, knobs.memory
            )
            track(learned.moved, levels, told.curve[j], own.log_seconds[j], knobs.calibration_rate)
        if role & (VALUE | BOUND):
            _enter(own, j, told, room, counter)


@kernel
def _enter(own: Runs, j: int, told: Told, room: Window, counter: NDArray[np.int64]) -> None:
    """Put run j into the window; the first to have entered a full one leaves."""
    held, size = room.held, counter[SIZE]
    if size == room.x.shape[0]:
        gone = room.members[counter[ENTERED] - size]
        q = 0
        while held[q] != gone:
            q += 1
        size -= 1
        for later in range(q, size):
            held[later] = held[later + 1]
        counter[SUCCESSES] -= own.role[gone] & VALUE
    q = size
    while q > 0:
        other = held[q - 1]
        # Values stand before equal bounds.
        follows = own.log_seconds[other] > own.log_seconds[j] or (
            own.log_seconds[other] == own.log_seconds[j]
            and (own.role[other] & BOUND) != 0
            and (own.role[j] & VALUE) != 0
        )
        if not follows:
            break
        held[q] = other
        q -= 1
    held[q] = j
    room.members[counter[ENTERED]] = j
    told.order[j] = counter[ENTERED]
    counter[ENTERED] += 1
    counter[SIZE] = size + 1
    counter[SUCCESSES] += own.role[j] & VALUE


@kernel
def _meet(own: Runs, i: int, at_us: int, told: Told, room: Window, learned: Learned) -> float:
    """Note what is known when run i is asked about; return the log of the gap, NaN for none."""
    entered = learned.counter[ENTERED]
    latest, gap_log = -1, np.nan
    if entered > 0:
        latest = room.members[entered - 1]
        gap_log = np.log1p(max(at_us - own.start_us[latest], 0) / MINUTE_US)
    if i < own.start_us.shape[0]:
        told.entered[i], told.latest[i], told.gap_log[i] = entered, latest, gap_log
    return gap_log


@kernel
def _weigh_window(
    own: Runs,
    at_us: int,
    gap_log: float,
    told: Told,
    room: Window,
    learned: Learned,
    knobs: Knobs,
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
) -> None:
    """Pool the experts' weights of the window for a run that starts at `at_us`."""
    size, entered = learned.counter[SIZE], learned.counter[ENTERED]
    tied = 0
    for q in range(size):
        j = room.held[q]
        room.x[q] = own.log_seconds[j]
        room.bound[q] = (own.role[j] & BOUND) != 0
        room.burst[q] = told.burst[j]
        room.rank[j] = entered - 1 - told.order[j]
        if q > 0 and room.x[q] != room.x[q - 1]:
            tied = q
        room.tied_rank[j] = tied
    for q in range(size):
        j = room.held[q]
        before = told.latest[j]
        # What preceded the oldest of the window may have left it.
        inside = before >= 0 and entered - told.order[before] <= size
        room.latest_rank[j] = room.tied_rank[before] if inside else np.nan
    weigh(
        room.held[:size], room.rank, room.latest_rank, told.hours, told.day_hours, told.week_hours,
        told.gap_log, at_us / HOUR_US, gap_log, room.tied_rank[room.members[entered - 1]],
        by_rank, by_age, room.weights, room.total,
    )  # fmt: skip
    shares(learned.tally, learned.summed, knobs.learning_rate, room.share)
    pool(room.share, room.weights[:size], room.total, room.pooled)
