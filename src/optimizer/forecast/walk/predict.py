"""The distribution of a run that starts at a given time, from the stored state of its job.

A time may be unknown: then no earlier run is near in hour, weekday or gap, and the experts that ask
for these weigh all runs alike.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import read_moved
from optimizer.forecast.sample import curve_of_sample, squares_with_bursts
from optimizer.forecast.walk.arrays import Buffers, WalkSettings, buffers_for
from optimizer.forecast.walk.changes import hear, is_left_out
from optimizer.forecast.walk.experts import DAY_HOURS, WEEK_HOURS, age_decay, rank_decay, weigh
from optimizer.forecast.walk.job_state import JobStates
from optimizer.forecast.walk.mixture import pool
from optimizer.forecast.walk.months import LEAST_USUAL, effect_groups, spread_sample
from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US, HOUR_US, MINUTE_US
from optimizer.months import turn_of_month
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["curve_of_window", "curves_at"]

USUAL: Final = 0.85
"""A turn of the month that adds nothing with this probability is a day like others."""


def curves_at(
    states: JobStates,
    job: NDArray[np.int64],
    start_us: NDArray[np.float64],
    settings: WalkSettings,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log quantiles (n, 35) of runs of `job` (n,) that start at `start_us` (n,; NaN: unknown), and
    how many runs each curve is worth (n,); NaN for a job without a state, and for a job of -1."""
    curves = np.full((job.size, LEVELS.size), np.nan)
    worth = np.full(job.size, np.nan)
    longest = int(states.size.max(initial=0))
    _fill_curves(
        states, job, start_us, _turns(start_us), settings, buffers_for(longest, longest), LEVELS, LOGIT_LEVELS,
        rank_decay(longest), age_decay(), curves, worth,
    )  # fmt: skip
    return curves, worth


def _turns(start_us: NDArray[np.float64]) -> NDArray[np.int8]:
    """Turns of the month (n,); a time that is not known is within one."""
    turn = np.zeros(start_us.size, dtype=np.int8)
    is_timed = ~np.isnan(start_us)
    turn[is_timed] = turn_of_month((start_us[is_timed] // DAY_US).astype(np.int64))
    return turn


@kernel
def curve_of_window(
    log_seconds: NDArray[np.float64],
    is_bound: NDArray[np.bool_],
    burst: NDArray[np.int64],
    rank: NDArray[np.int64],
    since: int,
    pooled: NDArray[np.float64],
    turn: NDArray[np.int8],
    effect_probability: NDArray[np.float64],
    at_turn: int,
    moved_logits: NDArray[np.float64],
    settings: WalkSettings,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    buffers: Buffers,
    out: NDArray[np.float64],
) -> float:
    """Write the curve of a weighted sample, read at moved levels, into `out`; return how many runs
    it is worth.

    The runs before a change are left out where they hardly count. Those that started at a turn of the month
    (h,) count for the probability (3, 41) that it adds nothing, and all are moved by what the turn `at_turn` may
    add.
    """
    only_since = is_left_out(pooled, rank, since)
    sample, bounds, sample_weights, bursts = log_seconds, is_bound, pooled, burst
    if only_since or min(effect_probability[1, 0], effect_probability[2, 0]) < USUAL:
        size, total = 0, 0.0
        for q in range(rank.shape[0]):
            if not only_since or rank[q] < since:
                weight = pooled[q] * max(effect_probability[turn[q], 0], LEAST_USUAL)
                buffers.kept_log_seconds[size] = log_seconds[q]
                buffers.kept_is_bound[size] = is_bound[q]
                buffers.kept_burst[size] = burst[q]
                buffers.kept_weights[size] = weight
                total += weight
                size += 1
        sample, bounds = buffers.kept_log_seconds[:size], buffers.kept_is_bound[:size]
        sample_weights, bursts = buffers.kept_weights[:size], buffers.kept_burst[:size]
        for q in range(size):
            sample_weights[q] /= total
    worth = 1.0 / squares_with_bursts(
        sample_weights, bursts, settings.burst_correlation, buffers.burst_weight
    )
    curve_of_sample(
        sample, bounds, sample_weights, worth, settings.prior_scale, settings.prior_runs,
        settings.min_scale, levels, logit_levels, buffers.usual_curve,
    )  # fmt: skip
    if at_turn == 0:
        read_moved(buffers.usual_curve, logit_levels, moved_logits, out)
        return worth
    groups = effect_groups(effect_probability[at_turn], buffers.effect, buffers.effect_mass)
    if groups == 1 and buffers.effect[0] == 0.0:
        read_moved(buffers.usual_curve, logit_levels, moved_logits, out)
        return worth
    spread = spread_sample(
        sample, bounds, sample_weights, buffers.effect[:groups], buffers.effect_mass[:groups],
        buffers.spread_log_seconds, buffers.spread_is_bound, buffers.spread_weights,
    )  # fmt: skip
    curve_of_sample(
        buffers.spread_log_seconds[:spread], buffers.spread_is_bound[:spread],
        buffers.spread_weights[:spread], worth, settings.prior_scale, settings.prior_runs,
        settings.min_scale, levels, logit_levels, buffers.raw_curve,
    )  # fmt: skip
    read_moved(buffers.raw_curve, logit_levels, moved_logits, out)
    return worth


@kernel
def _fill_curves(
    states: JobStates,
    job: NDArray[np.int64],
    start_us: NDArray[np.float64],
    turn: NDArray[np.int8],
    settings: WalkSettings,
    buffers: Buffers,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    curves: NDArray[np.float64],
    worth: NDArray[np.float64],
) -> None:
    for n in range(job.shape[0]):
        state = job[n]
        if state < 0 or states.size[state] == 0:
            continue
        size = states.size[state]
        runs = slice(states.offsets[state], states.offsets[state] + size)
        log_seconds, rank = states.log_seconds[runs], states.rank[runs]
        started_us = states.started_us[runs]
        hours = started_us / HOUR_US
        latest = int(np.argmin(rank))
        duration_rank = latest
        while duration_rank > 0 and log_seconds[duration_rank - 1] == log_seconds[latest]:
            duration_rank -= 1
        gap_us = start_us[n] - started_us[latest]
        # Unknown stays unknown: a NaN is not below zero.
        gap_log = np.log1p((max(gap_us, 0.0)) / MINUTE_US)
        weigh(
            rank, states.after_rank[runs], hours, hours % DAY_HOURS, hours % WEEK_HOURS,
            states.gap_log[runs], start_us[n] / HOUR_US, gap_log, float(duration_rank), by_rank,
            by_age, buffers.weights, buffers.weight_sums,
        )  # fmt: skip
        since = states.runs_since[state]
        hear(rank, since, states.trust[state], buffers.weights, buffers.weight_sums)
        pooled = buffers.pooled[:size]
        pool(states.shares[state], buffers.weights, buffers.weight_sums, pooled)
        worth[n] = curve_of_window(
            log_seconds, states.is_bound[runs], states.burst[runs], rank, since, pooled,
            states.turn[runs], states.effect_probability[state], turn[n], states.moved_logits[state], settings, levels, logit_levels,
            buffers, curves[n],
        )  # fmt: skip
