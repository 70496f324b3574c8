"""The distribution of a run that starts at a given time, from the stored state of its job.

A time may be unknown: then no earlier run is near in hour, weekday or gap, and the experts that ask
for these weigh all runs alike.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import read_moved
from optimizer.forecast.sample import curve_of_sample, squares_with_bursts
from optimizer.forecast.walk.arrays import Buffers, WalkSettings, buffers_for
from optimizer.forecast.walk.experts import DAY_HOURS, WEEK_HOURS, age_decay, rank_decay, weigh
from optimizer.forecast.walk.job_state import JobStates
from optimizer.forecast.walk.mixture import pool
from optimizer.kernel import kernel
from optimizer.microseconds import HOUR_US, MINUTE_US
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["curve_of_window", "curves_at"]


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
        states, job, start_us, settings, buffers_for(longest, longest), LEVELS, LOGIT_LEVELS,
        rank_decay(longest), age_decay(), curves, worth,
    )  # fmt: skip
    return curves, worth


@kernel
def curve_of_window(
    log_seconds: NDArray[np.float64],
    is_bound: NDArray[np.bool_],
    burst: NDArray[np.int64],
    pooled: NDArray[np.float64],
    moved_logits: NDArray[np.float64],
    settings: WalkSettings,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    raw_curve: NDArray[np.float64],
    burst_weight: NDArray[np.float64],
    out: NDArray[np.float64],
) -> float:
    """Write the curve of a weighted sample, read at moved levels, into `out`; return how many runs
    it is worth."""
    worth = 1.0 / squares_with_bursts(pooled, burst, settings.burst_correlation, burst_weight)
    curve_of_sample(
        log_seconds, is_bound, pooled, worth, settings.prior_scale, settings.prior_runs,
        settings.min_scale, levels, logit_levels, raw_curve,
    )  # fmt: skip
    read_moved(raw_curve, logit_levels, moved_logits, out)
    return worth


@kernel
def _fill_curves(
    states: JobStates,
    job: NDArray[np.int64],
    start_us: NDArray[np.float64],
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
        pooled = buffers.pooled[:size]
        pool(states.shares[state], buffers.weights, buffers.weight_sums, pooled)
        worth[n] = curve_of_window(
            log_seconds, states.is_bound[runs], states.burst[runs], pooled,
            states.moved_logits[state], settings, levels, logit_levels, buffers.raw_curve,
            buffers.burst_weight, curves[n],
        )  # fmt: skip
