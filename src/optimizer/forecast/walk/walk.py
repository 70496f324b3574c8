"""Each job's runs walked once, in order of time: the compiled form of `optimizer.forecast.curves`.

Runs of a job are numbered from 0 in order of start. The forecast of a run is kept until the run has
ended, and only then learned from. What is known at the last origin is stored as the job's state.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import track
from optimizer.cusum import NO_CHANGE
from optimizer.forecast.walk.arrays import (
    ATTEMPT,
    BOUND,
    ENDED,
    ENTERED,
    FAILURE,
    NEWEST_US,
    REGIME,
    REGIME_FROM,
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
from optimizer.forecast.walk.changes import (
    declared_at,
    hear,
    runs_since,
    score_of_run,
    trust_gradient,
    trust_of,
    undisturbed,
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
from optimizer.forecast.walk.months import (
    effect_likelihoods,
    learn_effect,
    mean_effect,
    probabilities,
)
from optimizer.forecast.walk.predict import curve_of_window
from optimizer.forecast.walk.window import add_to_window, fill_window
from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US, HOUR_US, MINUTE_US
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["walk"]


def walk(
    offsets: NDArray[np.int64],
    runs: JobRuns,
    last_origin_us: int,
    latest_runs: int,
    settings: WalkSettings,
    log_prior: NDArray[np.float64],
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
        offsets, runs, last_origin_us, latest_runs, settings, log_prior, forecasts, facts, window, lessons,
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
    log_prior: NDArray[np.float64],
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
            runs.turn[first:stop],
        )  # fmt: skip
        _begin(own, facts, lessons, log_prior)
        _walk_job(
            own, first, job, runs.start_us.shape[0] + job, last_origin_us, latest_runs, settings,
            log_prior, forecasts, facts, window, lessons, buffers, levels, logit_levels, by_rank, by_age, states,
        )  # fmt: skip


@kernel
def _begin(own: JobRuns, facts: RunFacts, lessons: Lessons, log_prior: NDArray[np.float64]) -> None:
    """Forget the job before, and note when this one's runs start."""
    lessons.counters[:] = 0
    lessons.attempts[:] = 0.0
    lessons.cost_tally[:] = 0.0
    lessons.gradient_sums[:] = 0.0
    lessons.trust_sum[:] = 0.0
    lessons.change_sums[:] = 0.0
    lessons.change_begun[:] = 0
    lessons.effect_likelihood[:] = 0.0
    lessons.effect_days[:] = -1
    for turn in range(3):
        probabilities(
            log_prior[turn], lessons.effect_likelihood[turn], lessons.effect_probability[turn]
        )
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
        facts.scored_in[i] = -1
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
    log_prior: NDArray[np.float64],
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
    start_us, end_us, by_end, value, role, origin_us, turn = own
    counters = lessons.counters
    by_duration, by_entry = window.by_duration, window.by_entry
    count = start_us.shape[0]
    curves = forecasts.log_quantiles[first : first + count]
    filled_at = 0
    for i in range(count + 1):
        is_last = i == count
        origin = last_origin_us if is_last else origin_us[i]
        while counters[ENDED] < count and end_us[by_end[counters[ENDED]]] < origin:
            j = by_end[counters[ENDED]]
            counters[ENDED] += 1
            _learn_from(j, own, facts, lessons, curves, levels, log_prior, settings)
            if role[j] & (VALUE | BOUND):
                add_to_window(
                    j, start_us, value, role, by_duration, by_entry, window.lots, facts.twin,
                    facts.entry, counters,
                )  # fmt: skip
        row = job_row if is_last else first + i
        forecasts.runs[row] = counters[SUCCESSES]
        forecasts.failure_rate[row] = failure_rate(
            lessons.attempts, settings.prior_failure_rate, settings.prior_failure_runs
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
        is_forecast = is_last or i >= count - latest_runs
        if not is_forecast:
            facts.entered[i] = 0  # Nothing is learned from it, but what its day adds.
            if turn[i] == 0:
                continue
        if filled_at < entered:  # Runs of a burst, or of a day, may have the same window.
            filled_at = entered
            fill_window(by_duration[:size], window, facts, value, role, turn)
        since = runs_since(by_entry[:size], facts.entry, counters[REGIME_FROM])
        trust = trust_of(lessons.cost_tally, lessons.trust_sum[0])
        expert_shares(
            lessons.cost_tally, lessons.gradient_sums, settings.learning_rate, lessons.shares
        )
        if is_last:
            store_state(
                states, job, by_duration[:size], start_us, window, lessons.shares,
                lessons.moved_logits, since, trust, lessons.effect_probability,
            )  # fmt: skip
            break
        weigh(
            window.rank[:size], window.after_rank[:size], window.hours[:size],
            window.day_hours[:size], window.week_hours[:size], window.gap_log[:size],
            start_us[i] / HOUR_US, gap_log, window.duration_rank_of_run[latest], by_rank, by_age,
            buffers.weights, buffers.weight_sums,
        )  # fmt: skip
        worth = _forecast(
            i, own, facts, window, lessons, buffers, since, trust, settings, levels, logit_levels,
            forecasts.log_quantiles[row] if is_forecast else buffers.unread,
        )  # fmt: skip
        if is_forecast:
            forecasts.effective_runs[row] = worth


@kernel
def _forecast(
    i: int,
    own: JobRuns,
    facts: RunFacts,
    window: Window,
    lessons: Lessons,
    buffers: Buffers,
    since: int,
    trust: float,
    settings: WalkSettings,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> float:
    """Write the forecast of run i, for which the window has been weighed, and note what is to be learned
    from it once it has ended; return how many runs it is worth."""
    counters, shares = lessons.counters, lessons.shares
    weights, weight_sums = buffers.weights, buffers.weight_sums
    size, turn = counters[SIZE], own.turn[i]
    log_seconds, rank = window.log_seconds[:size], window.rank[:size]
    pooled, slope = buffers.pooled[:size], buffers.slope[:size]
    is_value = (own.role[i] & VALUE) != 0
    as_usual = own.log_seconds[i]
    if turn > 0:
        as_usual -= mean_effect(lessons.effect_probability[turn])
    if is_value:
        begun = undisturbed(counters[ENTERED], lessons.change_sums, lessons.change_begun)
        disturbed = 0
        if begun < counters[ENTERED]:
            disturbed = runs_since(window.by_entry[:size], facts.entry, begun)
        facts.scored_in[i] = counters[REGIME]
        facts.score[i] = score_of_run(
            as_usual, log_seconds, rank, disturbed, since, shares, weights, weight_sums, slope
        )
    hear(rank, since, trust, weights, weight_sums)
    pool(shares, weights, weight_sums, pooled)
    if is_value:
        facts.cost[i] = cost_and_gradient(
            as_usual, log_seconds, pooled, weights, weight_sums, facts.gradient[i], slope
        )
        facts.trust_gradient[i] = trust_gradient(slope, pooled, rank, since, trust)
    worth = curve_of_window(
        log_seconds, window.is_bound[:size], window.burst[:size], rank, since, pooled,
        window.turn[:size], lessons.effect_probability, turn, lessons.moved_logits, settings,
        levels, logit_levels, buffers, out,
    )  # fmt: skip
    if turn > 0:
        effect_likelihoods(
            own.log_seconds[i], buffers.usual_curve, logit_levels, facts.effect_likelihood[i]
        )
    return float(worth)


@kernel
def _learn_from(
    j: int,
    own: JobRuns,
    facts: RunFacts,
    lessons: Lessons,
    curves: NDArray[np.float64],
    levels: NDArray[np.float64],
    log_prior: NDArray[np.float64],
    settings: WalkSettings,
) -> None:
    """Learn from run j, which has ended, by what had been forecast for it."""
    counters, role = lessons.counters, own.role[j]
    if role & ATTEMPT:
        counters[NEWEST_US] = count_attempt(
            lessons.attempts, counters[NEWEST_US], (role & FAILURE) != 0, own.start_us[j],
            settings.failure_half_life_days,
        )  # fmt: skip
    if not role & VALUE:
        return
    turn = own.turn[j]
    if turn > 0 and facts.scored_in[j] >= 0:
        learn_effect(
            lessons.effect_likelihood[turn], lessons.effect_days[turn],
            own.start_us[j] // DAY_US, facts.effect_likelihood[j],
        )  # fmt: skip
        probabilities(
            log_prior[turn], lessons.effect_likelihood[turn], lessons.effect_probability[turn]
        )
    entered = facts.entered[j]
    if entered == 0:
        return
    lessons.lessons_at[entered] += 1
    weight = 1.0 / lessons.lessons_at[entered]
    add_lesson(
        lessons.cost_tally, lessons.gradient_sums, facts.cost[j], facts.gradient[j], weight,
        settings.memory,
    )  # fmt: skip
    lessons.trust_sum[0] *= 1.0 - (1.0 - settings.memory) * weight
    lessons.trust_sum[0] += weight * facts.trust_gradient[j]
    track(lessons.moved_logits, levels, curves[j], own.log_seconds[j], settings.calibration_rate)
    if facts.scored_in[j] == counters[REGIME]:
        began = declared_at(
            lessons.change_sums, lessons.change_begun, counters[ENTERED], facts.score[j], weight
        )
        if began != NO_CHANGE:
            counters[REGIME] += 1
            counters[REGIME_FROM] = began
