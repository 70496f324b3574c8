"""Each job's runs walked once, in order of time: the compiled form of `optimizer.forecast.curves`.

Runs of a job are numbered from 0 in order of start. The forecast of a run is kept until the run has
ended, and only then learned from. What is known at the last origin is stored as the job's state.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import track
from optimizer.forecast.walk.arrays import (
    ATTEMPT,
    BOUND,
    ENDED,
    ENTERED,
    FAILURE,
    NEWEST_US,
    SIZE,
    SUCCESSES,
    VALUE,
    Buffers,
    Forecasts,
    JobRuns,
    Lessons,
    RunFacts,
    WalkSettings,
    Window,
    arrays_for,
    buffers_for,
)
from optimizer.forecast.walk.experts import (
    DAY_HOURS,
    WEEK_HOURS,
    age_decay,
    rank_decay,
    weigh,
)
from optimizer.forecast.walk.failures import count_attempt, failure_rate
from optimizer.forecast.walk.job_state import JobStates, store_state
from optimizer.forecast.walk.mixture import add_lesson, cost_and_gradient, expert_shares, pool
from optimizer.forecast.walk.predict import curve_of_window
from optimizer.forecast.walk.window import add_to_window, fill_window
from optimizer.kernel import kernel
from optimizer.microseconds import HOUR_US, MINUTE_US
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["walk"]


def walk(
    offsets: NDArray[np.int64],
    runs: JobRuns,
    last_origin_us: int,
    latest_runs: int,
    settings: WalkSettings,
    forecasts: Forecasts,
) -> JobStates:
    """Forecast the last `latest_runs` of each job, which alone teach, and return the state of each job
    (J,) at the last origin.

    `forecasts` has R + J rows; of the last J only the number of runs and the failure rate are filled.
    """
    counts = np.diff(offsets)
    longest = int(counts.max(initial=0))
    facts, window, lessons = arrays_for(longest, settings.window_runs)
    states = JobStates.allocate(counts, settings.window_runs)
    _walk_jobs(
        offsets, runs, last_origin_us, latest_runs, settings, forecasts, facts, window, lessons,
        buffers_for(longest, settings.window_runs), LEVELS, LOGIT_LEVELS,
        rank_decay(settings.window_runs), age_decay(), states,
    )  # fmt: skip
    return states


@kernel
def _walk_jobs(
    offsets: NDArray[np.int64],
    runs: JobRuns,
    last_origin_us: int,
    latest_runs: int,
    settings: WalkSettings,
    forecasts: Forecasts,
    facts: RunFacts,
    window: Window,
    lessons: Lessons,
    buffers: Buffers,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    states: JobStates,
) -> None:
    for job in range(offsets.shape[0] - 1):
        first, stop = offsets[job], offsets[job + 1]
        own = JobRuns(
            runs.start_us[first:stop], runs.end_us[first:stop], runs.by_end[first:stop],
            runs.log_seconds[first:stop], runs.role[first:stop], runs.origin_us[first:stop],
        )  # fmt: skip
        _begin(own, facts, lessons)
        _walk_job(
            own, first, job, runs.start_us.shape[0] + job, last_origin_us, latest_runs, settings,
            forecasts, facts, window, lessons, buffers, levels, logit_levels, by_rank, by_age, states,
        )  # fmt: skip


@kernel
def _begin(own: JobRuns, facts: RunFacts, lessons: Lessons) -> None:
    """Forget the job before, and note when this one's runs start."""
    lessons.counters[:] = 0
    lessons.attempts[:] = 0.0
    lessons.cost_tally[:] = 0.0
    lessons.gradient_sums[:] = 0.0
    lessons.moved_logits[:] = 0.0
    ended = 0
    count = own.start_us.shape[0]
    for i in range(count):
        while ended < count and own.end_us[own.by_end[ended]] < own.start_us[i]:
            ended += 1
        facts.burst[i] = ended
        hours = own.start_us[i] / HOUR_US
        facts.hours[i] = hours
        facts.day_hours[i], facts.week_hours[i] = hours % DAY_HOURS, hours % WEEK_HOURS
        facts.entry[i] = -1
        is_twin = i > 0 and own.start_us[i] == own.start_us[i - 1]
        facts.twin[i] = facts.twin[i - 1] + 1 if is_twin else 0
        lessons.lessons_at[i] = 0
    lessons.lessons_at[count] = 0


@kernel
def _walk_job(
    own: JobRuns,
    first: int,
    job: int,
    job_row: int,
    last_origin_us: int,
    latest_runs: int,
    settings: WalkSettings,
    forecasts: Forecasts,
    facts: RunFacts,
    window: Window,
    lessons: Lessons,
    buffers: Buffers,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    states: JobStates,
) -> None:
    # Passing a tuple costs more than many a function that is called with it: they are passed arrays.
    start_us, end_us, by_end, value, role, origin_us = own
    counters, attempts, cost_tally, gradient_sums, moved_logits, shares, lessons_at = lessons
    by_duration, by_entry = window.by_duration, window.by_entry
    weights, weight_sums = buffers.weights, buffers.weight_sums
    count = start_us.shape[0]
    curves = forecasts.log_quantiles[first : first + count]
    filled_at = 0
    for i in range(count + 1):
        is_last = i == count
        origin = last_origin_us if is_last else origin_us[i]
        while counters[ENDED] < count and end_us[by_end[counters[ENDED]]] < origin:
            j = by_end[counters[ENDED]]
            counters[ENDED] += 1
            _learn_from(
                j, start_us, value, role, facts.entered, facts.cost, facts.gradient, curves,
                counters, attempts, cost_tally, gradient_sums, moved_logits, lessons_at, levels,
                settings,
            )  # fmt: skip
            if role[j] & (VALUE | BOUND):
                add_to_window(
                    j, start_us, value, role, by_duration, by_entry, window.lots, facts.twin,
                    facts.entry, counters,
                )  # fmt: skip
        row = job_row if is_last else first + i
        forecasts.runs[row] = counters[SUCCESSES]
        forecasts.failure_rate[row] = failure_rate(
            attempts, settings.prior_failure_rate, settings.prior_failure_runs
        )
        entered, size = counters[ENTERED], counters[SIZE]
        latest = by_entry[size - 1] if size > 0 else -1
        gap_log = np.nan
        if entered > 0 and not is_last:
            gap_log = np.log1p(max(start_us[i] - start_us[latest], 0) / MINUTE_US)
        if not is_last:
            facts.entered[i], facts.latest[i], facts.gap_log[i] = entered, latest, gap_log
        if entered == 0:
            continue
        if i < count - latest_runs:
            facts.entered[i] = 0  # Nothing is learned from it.
            continue
        if filled_at < entered:  # Runs of a burst, or of a day, may have the same window.
            filled_at = entered
            fill_window(by_duration[:size], window, facts, value, role)
        expert_shares(cost_tally, gradient_sums, settings.learning_rate, shares)
        if is_last:
            store_state(states, job, by_duration[:size], start_us, window, shares, moved_logits)
            break
        weigh(
            window.rank[:size], window.after_rank[:size], window.hours[:size],
            window.day_hours[:size], window.week_hours[:size], window.gap_log[:size],
            start_us[i] / HOUR_US, gap_log, window.duration_rank_of_run[latest], by_rank, by_age,
            weights, weight_sums,
        )  # fmt: skip
        log_seconds, pooled = window.log_seconds[:size], buffers.pooled[:size]
        pool(shares, weights, weight_sums, pooled)
        if role[i] & VALUE:
            facts.cost[i] = cost_and_gradient(
                value[i], log_seconds, pooled, weights, weight_sums, facts.gradient[i]
            )
        forecasts.effective_runs[row] = curve_of_window(
            log_seconds, window.is_bound[:size], window.burst[:size], pooled, moved_logits,
            settings, levels, logit_levels, buffers.raw_curve, buffers.burst_weight,
            forecasts.log_quantiles[row],
        )  # fmt: skip


@kernel
def _learn_from(
    j: int,
    start_us: NDArray[np.int64],
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    entered: NDArray[np.int64],
    cost: NDArray[np.float64],
    gradient: NDArray[np.float64],
    curves: NDArray[np.float64],
    counters: NDArray[np.int64],
    attempts: NDArray[np.float64],
    cost_tally: NDArray[np.float64],
    gradient_sums: NDArray[np.float64],
    moved_logits: NDArray[np.float64],
    lessons_at: NDArray[np.int64],
    levels: NDArray[np.float64],
    settings: WalkSettings,
) -> None:
    """Learn from run j, which has ended, by what had been forecast for it."""
    if role[j] & ATTEMPT:
        counters[NEWEST_US] = count_attempt(
            attempts, counters[NEWEST_US], (role[j] & FAILURE) != 0, start_us[j],
            settings.failure_half_life_days,
        )  # fmt: skip
    if role[j] & VALUE and entered[j] > 0:
        lessons_at[entered[j]] += 1
        add_lesson(
            cost_tally, gradient_sums, cost[j], gradient[j], 1.0 / lessons_at[entered[j]],
            settings.memory,
        )  # fmt: skip
        track(moved_logits, levels, curves[j], value[j], settings.calibration_rate)
