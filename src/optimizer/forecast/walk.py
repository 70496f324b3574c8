"""One job's runs walked once, in order of time: the compiled form of `optimizer.forecast.curves`.

Runs of a job are numbered from 0 in order of start. What a run was told at its origin is kept
until it has ended, and taught from only then. After the last of them one more run is told, which has
not been seen.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import read_moved, track
from optimizer.forecast.experts import (
    DAY_HOURS,
    WEEK_HOURS,
    age_decay,
    rank_decay,
    weigh,
)
from optimizer.forecast.failures import count_attempt, failure_rate
from optimizer.forecast.memory import (
    ATTEMPT,
    BOUND,
    ENDED,
    ENTERED,
    FAILURE,
    NEWEST_US,
    SIZE,
    SUCCESSES,
    VALUE,
    Knobs,
    Known,
    Learned,
    Runs,
    Told,
    Window,
    memory_of,
)
from optimizer.forecast.mixture import cost_and_gradient, learn, pool, shares
from optimizer.forecast.sample import curve_of_sample, squares_with_bursts
from optimizer.forecast.window import describe, enter
from optimizer.kernel import kernel
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["walk"]

HOUR_US: Final = 3_600_000_000.0
MINUTE_US: Final = 60_000_000.0


def walk(
    offsets: NDArray[np.int64],
    runs: Runs,
    asked_us: NDArray[np.int64],
    last_origin_us: int,
    knobs: Knobs,
    known: Known,
) -> None:
    """Answer every run (R,), then one run of each job that starts at asked_us (J,): R + J rows."""
    told, room, learned = memory_of(int(np.diff(offsets).max(initial=0)), knobs.window_runs)
    _walk_jobs(
        offsets, runs, asked_us, last_origin_us, knobs, known, told, room, learned,
        LEVELS, LOGIT_LEVELS, rank_decay(knobs.window_runs), age_decay(),
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
    for job in range(offsets.shape[0] - 1):
        first, stop = offsets[job], offsets[job + 1]
        own = Runs(
            runs.start_us[first:stop], runs.end_us[first:stop], runs.by_end[first:stop],
            runs.log_seconds[first:stop], runs.role[first:stop], runs.origin_us[first:stop],
        )  # fmt: skip
        _begin(own, told, learned)
        _walk_job(
            own, first, runs.start_us.shape[0] + job, asked_us[job], last_origin_us, knobs, known,
            told, room, learned, levels, logit_levels, by_rank, by_age,
        )  # fmt: skip


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
def _walk_job(
    own: Runs,
    first: int,
    asked_row: int,
    asked_us: int,
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
    # A tuple that is handed on costs more than many a function called with it: they get arrays.
    start_us, end_us, by_end, value, role, origin_us = own
    counter, attempts, tally, summed, moved, taught = learned
    held, x, weights, total, pooled = room.held, room.x, room.weights, room.total, room.pooled
    count = start_us.shape[0]
    told_curves = known.log_quantiles[first : first + count]
    for i in range(count + 1):
        last = i == count
        origin = last_origin_us if last else origin_us[i]
        while counter[ENDED] < count and end_us[by_end[counter[ENDED]]] < origin:
            j = by_end[counter[ENDED]]
            counter[ENDED] += 1
            _teach(
                j, start_us, value, role, told.entered, told.cost, told.gradient, told_curves,
                counter, attempts, tally, summed, moved, taught, levels, knobs,
            )  # fmt: skip
            if role[j] & (VALUE | BOUND):
                enter(j, value, role, held, room.members, told.order, counter, x.shape[0])
        out = asked_row if last else first + i
        known.runs[out] = counter[SUCCESSES]
        known.failure_rate[out] = failure_rate(
            attempts, knobs.prior_failure_rate, knobs.prior_failure_runs
        )
        at_us = asked_us if last else start_us[i]
        entered, size = counter[ENTERED], counter[SIZE]
        latest = room.members[entered - 1] if entered > 0 else -1
        gap_log = np.log1p(max(at_us - start_us[latest], 0) / MINUTE_US) if entered > 0 else np.nan
        if not last:
            told.entered[i], told.latest[i], told.gap_log[i] = entered, latest, gap_log
        if entered == 0:
            continue
        describe(
            held[:size], entered, value, role, told.burst, told.order, told.latest,
            x, room.bound, room.burst, room.rank, room.tied_rank, room.latest_rank,
        )  # fmt: skip
        weigh(
            held[:size], room.rank, room.latest_rank, told.hours, told.day_hours, told.week_hours,
            told.gap_log, at_us / HOUR_US, gap_log, room.tied_rank[latest], by_rank, by_age,
            weights, total,
        )  # fmt: skip
        shares(tally, summed, knobs.learning_rate, room.share)
        pool(room.share, weights[:size], total, pooled)
        if not last and (role[i] & VALUE) != 0:
            told.cost[i] = cost_and_gradient(
                value[i], x[:size], pooled, weights[:size], total, told.gradient[i]
            )
        worth = 1.0 / squares_with_bursts(
            pooled[:size], room.burst[:size], knobs.burst_correlation, room.scratch
        )
        known.effective_runs[out] = worth
        curve_of_sample(
            x[:size], room.bound[:size], pooled[:size], worth, knobs.prior_scale, knobs.prior_runs,
            knobs.min_scale, levels, logit_levels, room.raw,
        )  # fmt: skip
        read_moved(room.raw, logit_levels, moved, known.log_quantiles[out])


@kernel
def _teach(
    j: int,
    start_us: NDArray[np.int64],
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    entered: NDArray[np.int64],
    cost: NDArray[np.float64],
    gradient: NDArray[np.float64],
    curve: NDArray[np.float64],
    counter: NDArray[np.int64],
    attempts: NDArray[np.float64],
    tally: NDArray[np.float64],
    summed: NDArray[np.float64],
    moved: NDArray[np.float64],
    taught: NDArray[np.int64],
    levels: NDArray[np.float64],
    knobs: Knobs,
) -> None:
    """Learn from run j, which has ended, by what it had been told."""
    if role[j] & ATTEMPT:
        counter[NEWEST_US] = count_attempt(
            attempts, counter[NEWEST_US], (role[j] & FAILURE) != 0, start_us[j],
            knobs.failure_half_life_days,
        )  # fmt: skip
    if role[j] & VALUE and entered[j] > 0:
        taught[entered[j]] += 1
        learn(tally, summed, cost[j], gradient[j], 1.0 / taught[entered[j]], knobs.memory)
        track(moved, levels, curve[j], value[j], knobs.calibration_rate)
