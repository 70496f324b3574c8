"""One job's runs walked once, in order of time: the compiled form of `optimizer.forecast.curves`.

Runs of a job are numbered from 0 in order of start. What a run was told at its origin is kept
until it has ended, and taught from only then. What is known at the last origin is remembered.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import track
from optimizer.forecast.walk.answer import tell
from optimizer.forecast.walk.experts import (
    DAY_HOURS,
    WEEK_HOURS,
    age_decay,
    rank_decay,
    weigh,
)
from optimizer.forecast.walk.failures import count_attempt, failure_rate
from optimizer.forecast.walk.job_state import Remembered, keep
from optimizer.forecast.walk.memory import (
    ATTEMPT,
    BOUND,
    ENDED,
    ENTERED,
    FAILURE,
    HOUR_US,
    MINUTE_US,
    NEWEST_US,
    SIZE,
    SUCCESSES,
    VALUE,
    Knobs,
    Known,
    Learned,
    Room,
    Runs,
    Told,
    Window,
    memory_of,
    room_for,
)
from optimizer.forecast.walk.mixture import cost_and_gradient, learn, pool, shares
from optimizer.forecast.walk.window import describe, enter
from optimizer.kernel import kernel
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["walk"]


def walk(
    offsets: NDArray[np.int64],
    runs: Runs,
    last_origin_us: int,
    most: int,
    knobs: Knobs,
    known: Known,
) -> Remembered:
    """Answer the last `most` runs of each job, which alone teach, and say what is remembered of each job (J,) at the last origin.

    `known` has R + J rows: of the last J only how many runs there are and the failure rate are told.
    """
    counts = np.diff(offsets)
    longest = int(counts.max(initial=0))
    told, window, learned = memory_of(longest, knobs.window_runs)
    remembered = Remembered.room(counts, knobs.window_runs)
    _walk_jobs(
        offsets, runs, last_origin_us, most, knobs, known, told, window, learned,
        room_for(longest, knobs.window_runs), LEVELS, LOGIT_LEVELS, rank_decay(knobs.window_runs),
        age_decay(), remembered,
    )  # fmt: skip
    return remembered


@kernel
def _walk_jobs(
    offsets: NDArray[np.int64],
    runs: Runs,
    last_origin_us: int,
    most: int,
    knobs: Knobs,
    known: Known,
    told: Told,
    window: Window,
    learned: Learned,
    room: Room,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    remembered: Remembered,
) -> None:
    for job in range(offsets.shape[0] - 1):
        first, stop = offsets[job], offsets[job + 1]
        own = Runs(
            runs.start_us[first:stop], runs.end_us[first:stop], runs.by_end[first:stop],
            runs.log_seconds[first:stop], runs.role[first:stop], runs.origin_us[first:stop],
        )  # fmt: skip
        _begin(own, told, learned)
        _walk_job(
            own, first, job, runs.start_us.shape[0] + job, last_origin_us, most, knobs, known,
            told, window, learned, room, levels, logit_levels, by_rank, by_age, remembered,
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
        is_twin = i > 0 and own.start_us[i] == own.start_us[i - 1]
        told.twin[i] = told.twin[i - 1] + 1 if is_twin else 0
        learned.taught[i] = 0
    learned.taught[count] = 0


@kernel
def _walk_job(
    own: Runs,
    first: int,
    job: int,
    job_row: int,
    last_origin_us: int,
    most: int,
    knobs: Knobs,
    known: Known,
    told: Told,
    window: Window,
    learned: Learned,
    room: Room,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    remembered: Remembered,
) -> None:
    # A tuple that is handed on costs more than many a function called with it: they get arrays.
    start_us, end_us, by_end, value, role, origin_us = own
    counter, attempts, tally, summed, moved, share, taught = learned
    held, members = window.held, window.members
    weights, total = room.weights, room.total
    count = start_us.shape[0]
    told_curves = known.log_quantiles[first : first + count]
    described = 0
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
                enter(
                    j, start_us, value, role, held, members, window.lots, told.twin, told.order,
                    counter,
                )  # fmt: skip
        out = job_row if last else first + i
        known.runs[out] = counter[SUCCESSES]
        known.failure_rate[out] = failure_rate(
            attempts, knobs.prior_failure_rate, knobs.prior_failure_runs
        )
        entered, size = counter[ENTERED], counter[SIZE]
        latest = members[size - 1] if size > 0 else -1
        gap_log = np.nan
        if entered > 0 and not last:
            gap_log = np.log1p(max(start_us[i] - start_us[latest], 0) / MINUTE_US)
        if not last:
            told.entered[i], told.latest[i], told.gap_log[i] = entered, latest, gap_log
        if entered == 0:
            continue
        if i < count - most:
            told.entered[i] = 0  # It teaches nothing.
            continue
        if described < entered:  # Runs of a burst, or of a day, may know the same.
            described = entered
            describe(held[:size], window, told, value, role)
        shares(tally, summed, knobs.learning_rate, share)
        if last:
            keep(remembered, job, held[:size], start_us, window, share, moved)
            break
        weigh(
            window.rank[:size], window.after_rank[:size], window.hours[:size],
            window.day_hours[:size], window.week_hours[:size], window.gap_log[:size],
            start_us[i] / HOUR_US, gap_log, window.tied[latest], by_rank, by_age, weights, total,
        )  # fmt: skip
        x, pooled = window.x[:size], room.pooled[:size]
        pool(share, weights, total, pooled)
        if role[i] & VALUE:
            told.cost[i] = cost_and_gradient(value[i], x, pooled, weights, total, told.gradient[i])
        known.effective_runs[out] = tell(
            x, window.bound[:size], window.burst[:size], pooled, moved, knobs, levels,
            logit_levels, room.raw, room.scratch, known.log_quantiles[out],
        )  # fmt: skip


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
