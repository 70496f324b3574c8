"""The distribution of a run that starts at a given time, from what is remembered of its job.

A time may be unknown: then no run is near in hour, weekday or gap, and those ways of weighing take
all runs alike.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import read_moved
from optimizer.forecast.sample import curve_of_sample, squares_with_bursts
from optimizer.forecast.walk.experts import DAY_HOURS, WEEK_HOURS, age_decay, rank_decay, weigh
from optimizer.forecast.walk.job_state import Remembered
from optimizer.forecast.walk.memory import HOUR_US, MINUTE_US, Knobs, Room, room_for
from optimizer.forecast.walk.mixture import pool
from optimizer.kernel import kernel
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["answers", "tell"]


def answers(
    remembered: Remembered, job: NDArray[np.int64], at_us: NDArray[np.float64], knobs: Knobs
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log quantiles (n, 35) of runs of `job` (n,) that start at `at_us` (n,; NaN: unknown), and how
    many runs each is worth (n,); NaN where nothing is remembered, and for a job of -1."""
    curves = np.full((job.size, LEVELS.size), np.nan)
    worth = np.full(job.size, np.nan)
    longest = int(remembered.size.max(initial=0))
    _answer_each(
        remembered, job, at_us, knobs, room_for(longest, longest), LEVELS, LOGIT_LEVELS,
        rank_decay(longest), age_decay(), curves, worth,
    )  # fmt: skip
    return curves, worth


@kernel
def tell(
    x: NDArray[np.float64],
    bound: NDArray[np.bool_],
    burst: NDArray[np.int64],
    pooled: NDArray[np.float64],
    moved: NDArray[np.float64],
    knobs: Knobs,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    raw: NDArray[np.float64],
    scratch: NDArray[np.float64],
    out: NDArray[np.float64],
) -> float:
    """Write the curve of a weighted sample, its levels moved, and say how many runs it is worth."""
    worth = 1.0 / squares_with_bursts(pooled, burst, knobs.burst_correlation, scratch)
    curve_of_sample(
        x, bound, pooled, worth, knobs.prior_scale, knobs.prior_runs, knobs.min_scale, levels,
        logit_levels, raw,
    )  # fmt: skip
    read_moved(raw, logit_levels, moved, out)
    return worth


@kernel
def _answer_each(
    remembered: Remembered,
    job: NDArray[np.int64],
    at_us: NDArray[np.float64],
    knobs: Knobs,
    room: Room,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    curves: NDArray[np.float64],
    worth: NDArray[np.float64],
) -> None:
    for n in range(job.shape[0]):
        of = job[n]
        if of < 0 or remembered.size[of] == 0:
            continue
        size = remembered.size[of]
        runs = slice(remembered.offsets[of], remembered.offsets[of] + size)
        x, rank = remembered.log_seconds[runs], remembered.rank[runs]
        started_us = remembered.started_us[runs]
        hours = started_us / HOUR_US
        latest = int(np.argmin(rank))
        tied = latest
        while tied > 0 and x[tied - 1] == x[latest]:
            tied -= 1
        gap_us = at_us[n] - started_us[latest]
        # Unknown stays unknown: a NaN is not below zero.
        gap_log = np.log1p((max(gap_us, 0.0)) / MINUTE_US)
        weigh(
            rank, remembered.after_rank[runs], hours, hours % DAY_HOURS, hours % WEEK_HOURS,
            remembered.gap_log[runs], at_us[n] / HOUR_US, gap_log, float(tied), by_rank, by_age,
            room.weights, room.total,
        )  # fmt: skip
        pooled = room.pooled[:size]
        pool(remembered.shares[of], room.weights, room.total, pooled)
        worth[n] = tell(
            x, remembered.is_bound[runs], remembered.burst[runs], pooled,
            remembered.moved_logits[of], knobs, levels, logit_levels, room.raw, room.scratch,
            curves[n],
        )  # fmt: skip
