"""The distribution of a job's runs from its ended runs: every job is walked once, in order of time.

For each run, at its origin:

1. runs that have ended since the last origin enter the window of the latest `window_runs`, and teach
   the shares of the experts (`forecast.mixture`) and the movement of the levels (`calibration`) by
   what had been forecast for them at their own origins;
2. each expert weighs the window (`forecast.experts`), and the weights are pooled by the shares;
3. the pooled sample is made into a curve (`forecast.sample`), read at the moved levels.

Decided here: the time a run is forecast for is its own start, which a schedule tells, whatever the
origin; durations below a millisecond count as one, so that zero has a logarithm; timeouts and
cancellations are values that were exceeded and teach no shares; failed runs say nothing about the
duration of a success and only feed the failure rate (`forecast.failures`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.calibration import read_moved, track
from optimizer.config import ForecastConfig
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
from optimizer.panel import CANCELLED, FAILED, SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = ["SHORTEST_SECONDS", "TOO_FEW_RUNS", "Curves", "curves_at_end", "curves_of_runs"]

SHORTEST_SECONDS: Final = 1e-3
HOUR_US: Final = 3_600_000_000.0
MINUTE_US: Final = 60_000_000.0

# Positions in `optimizer.result.STATUS_BY_CODE`.
OK: Final = 0
TOO_FEW_RUNS: Final = 1

# Bits of what a run is good for.
VALUE: Final = 1
BOUND: Final = 2
ATTEMPT: Final = 4
FAILURE: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """What was known at each of n origins."""

    log_quantiles: NDArray[np.float64]
    """(n, 35) NaN where too few runs."""
    code: NDArray[np.int8]
    """(n,) status codes."""
    runs: NDArray[np.int64]
    """(n,) successes used."""
    effective_runs: NDArray[np.float64]
    """(n,) what all used runs are worth."""
    failure_rate: NDArray[np.float64]
    """(n,) probability that an attempt fails."""

    @classmethod
    def empty(cls, n: int) -> "Curves":
        return cls(
            log_quantiles=np.full((n, LEVELS.size), np.nan),
            code=np.full(n, TOO_FEW_RUNS, dtype=np.int8),
            runs=np.zeros(n, dtype=np.int64),
            effective_runs=np.zeros(n),
            failure_rate=np.full(n, np.nan),
        )


def curves_of_runs(
    panel: RunPanel, origin_us: NDArray[np.int64], config: ForecastConfig
) -> Curves:
    """The distribution of every run at its origin (R,), which ascend within a job.

    Each uses only runs whose end is strictly before its origin.
    """
    curves = Curves.empty(panel.row.size)
    _walk(panel, origin_us, np.empty(0, dtype=np.int64), curves, config)
    return curves


def curves_at_end(
    panel: RunPanel,
    origin_us: NDArray[np.int64],
    last_origin_us: int,
    asked_us: NDArray[np.int64],
    config: ForecastConfig,
) -> Curves:
    """The distribution of a run of each job that starts at asked_us (J,), known at one last origin.

    What the job's own runs have taught is what they would have at their origins (R,).
    """
    curves = Curves.empty(panel.job_ids.size)
    known = np.where(origin_us <= last_origin_us, origin_us, last_origin_us)
    _walk(panel, known, asked_us, curves, config, last_origin_us)
    return curves


def _walk(
    panel: RunPanel,
    origin_us: NDArray[np.int64],
    asked_us: NDArray[np.int64],
    curves: Curves,
    config: ForecastConfig,
    last_origin_us: int = 0,
) -> None:
    role = np.zeros(6, dtype=np.int8)
    role[[SUCCEEDED, UNKNOWN]] = VALUE
    role[[TIMEOUT, CANCELLED]] = BOUND
    role[[SUCCEEDED, TIMEOUT, FAILED]] |= ATTEMPT
    role[[TIMEOUT, FAILED]] |= FAILURE
    _fill(
        panel.offsets, panel.start_us, panel.end_us, panel.by_end,
        np.log(np.maximum(panel.duration_seconds, SHORTEST_SECONDS)), role[panel.outcome],
        origin_us, asked_us, last_origin_us,
        LEVELS, LOGIT_LEVELS, rank_decay(config.window_runs), age_decay(),
        config.min_runs, config.learning_rate, 0.5 ** (1.0 / config.learning_half_life_runs),
        config.calibration_rate, config.burst_correlation,
        config.prior_scale_log, config.prior_runs, config.min_scale_log,
        config.failure_half_life_days, config.prior_failure_rate, config.prior_failure_runs,
        curves.log_quantiles, curves.code, curves.runs, curves.effective_runs,
        curves.failure_rate,
    )  # fmt: skip


@kernel
def _enter(
    held: NDArray[np.int64],
    size: int,
    j: int,
    value: NDArray[np.float64],
    role: NDArray[np.int8],
) -> None:
    """Put run j into the first `size` of the window: ascending, values before equal bounds."""
    q = size
    while q > 0:
        other = held[q - 1]
        before = value[other] < value[j] or (
            value[other] == value[j] and not (role[other] & BOUND and role[j] & VALUE)
        )
        if before:
            break
        held[q] = other
        q -= 1
    held[q] = j


@kernel
def _leave(held: NDArray[np.int64], size: int, j: int) -> None:
    """Take run j, which is there, out of the first `size` of the window."""
    q = 0
    while held[q] != j:
        q += 1
    while q < size - 1:
        held[q] = held[q + 1]
        q += 1


@kernel
def _count_ended(
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    first: int,
    out: NDArray[np.int64],
) -> None:
    """Write, for each run of a job, how many of its runs had ended before it started."""
    ended = 0
    size = out.shape[0]
    for i in range(size):
        while ended < size and end_us[by_end[first + ended]] < start_us[first + i]:
            ended += 1
        out[i] = ended


@kernel
def _fill(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    value: NDArray[np.float64],
    role: NDArray[np.int8],
    origin_us: NDArray[np.int64],
    asked_us: NDArray[np.int64],
    last_origin_us: int,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    by_rank: NDArray[np.float64],
    by_age: NDArray[np.float64],
    min_runs: int,
    learning_rate: float,
    memory: float,
    calibration_rate: float,
    burst_correlation: float,
    prior_scale: float,
    prior_runs: float,
    min_scale: float,
    failure_half_life_days: float,
    prior_failure_rate: float,
    prior_failure_runs: float,
    log_quantiles: NDArray[np.float64],
    code: NDArray[np.int8],
    runs: NDArray[np.int64],
    effective: NDArray[np.float64],
    failing: NDArray[np.float64],
) -> None:
    """Answer every run, or with `asked_us` one run of each job after all its others."""
    window = by_rank.shape[0]
    # A job's own arrays are views of these, as long as the longest job.
    longest = 0
    for job in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[job + 1] - offsets[job])
    hours, day_hours, week_hours = np.empty(longest), np.empty(longest), np.empty(longest)
    number = np.empty(longest, dtype=np.int64)  # order of entry, -1 before
    told_by = np.empty(longest, dtype=np.int64)  # latest ended run at the origin, -1 for none
    gap_log = np.empty(longest)
    knowledge = np.empty(longest, dtype=np.int64)  # entries at the origin
    taught = np.empty(longest + 1, dtype=np.int64)  # runs that taught, by knowledge
    burst = np.empty(longest, dtype=np.int64)
    scratch = np.zeros(longest + 1)
    cost = np.empty(longest)
    gradient = np.empty((longest, EXPERT_COUNT))
    members = np.empty(longest, dtype=np.int64)
    told = np.empty((longest, levels.shape[0]))
    held = np.empty(window + 1, dtype=np.int64)
    rank = np.empty(longest, dtype=np.int64)
    tied_rank = np.empty(longest)
    value_rank = np.empty(longest)
    weights = np.empty((window, EXPERT_COUNT))
    pooled = np.empty(window)
    x = np.empty(window)
    burst_of = np.empty(window, dtype=np.int64)
    bound = np.empty(window, dtype=np.bool_)
    raw = np.empty(levels.shape[0])
    share, total = np.empty(EXPERT_COUNT), np.empty(EXPERT_COUNT)
    one_each = asked_us.shape[0] > 0
    for job in range(offsets.shape[0] - 1):
        first = offsets[job]
        count = offsets[job + 1] - first
        own_value, own_role = value[first : first + count], role[first : first + count]
        for i in range(count):
            hours[i] = start_us[first + i] / HOUR_US
            day_hours[i], week_hours[i] = hours[i] % DAY_HOURS, hours[i] % WEEK_HOURS
            number[i] = -1
            taught[i] = 0
        taught[count] = 0
        _count_ended(start_us, end_us, by_end, first, burst[:count])
        size = 0
        entered = 0
        successes = 0
        next_end = 0
        attempts = np.zeros(2)
        newest_us = 0
        tally = np.zeros(2)
        summed = np.zeros(EXPERT_COUNT)
        moved = np.zeros(levels.shape[0])
        for i in range(count + 1 if one_each else count):
            last = i == count
            origin = last_origin_us if last else origin_us[first + i]
            while next_end < count and end_us[by_end[first + next_end]] < origin:
                j = by_end[first + next_end] - first
                next_end += 1
                if own_role[j] & ATTEMPT:
                    newest_us = count_attempt(
                        attempts, newest_us, (own_role[j] & FAILURE) != 0,
                        start_us[first + j], failure_half_life_days,
                    )  # fmt: skip
                if not own_role[j] & (VALUE | BOUND):
                    continue
                if own_role[j] & VALUE:
                    successes += 1
                    if knowledge[j] > 0:
                        taught[knowledge[j]] += 1
                        counts = 1.0 / taught[knowledge[j]]
                        learn(tally, summed, cost[j], gradient[j], counts, memory)
                        track(moved, levels, told[j], own_value[j], calibration_rate)
                if size == window:
                    gone = members[entered - window]
                    _leave(held, size, gone)
                    size -= 1
                    if own_role[gone] & VALUE:
                        successes -= 1
                _enter(held, size, j, own_value, own_role)
                size += 1
                members[entered] = j
                number[j] = entered
                entered += 1
            out = job if one_each else first + i
            wanted = last or not one_each
            if not last:
                knowledge[i] = entered
            if wanted:
                failing[out] = failure_rate(attempts, prior_failure_rate, prior_failure_runs)
                runs[out] = successes
            if entered == 0:
                if not last:
                    told_by[i] = -1
                    gap_log[i] = np.nan
                continue
            latest = members[entered - 1]
            at_us = asked_us[job] if last else start_us[first + i]
            since = max(at_us - start_us[first + latest], 0) / MINUTE_US
            at_gap_log = np.log1p(since)
            if not last:
                told_by[i] = latest
                gap_log[i] = at_gap_log
            teaches = not last and own_role[i] & VALUE
            if not wanted and not teaches:
                continue

            same = 0.0
            for q in range(size):
                j = held[q]
                if q > 0 and own_value[j] != own_value[held[q - 1]]:
                    same = float(q)
                tied_rank[j] = same
                rank[j] = entered - 1 - number[j]
                x[q] = own_value[j]
                burst_of[q] = burst[j]
                bound[q] = (own_role[j] & BOUND) != 0
            for q in range(size):
                before = told_by[held[q]]
                # What preceded the oldest of the window may have left it.
                inside = before >= 0 and entered - number[before] <= window
                value_rank[held[q]] = tied_rank[before] if inside else np.nan
            weigh(
                held[:size], rank, value_rank, hours, day_hours, week_hours, gap_log,
                at_us / HOUR_US, at_gap_log, tied_rank[latest], by_rank, by_age,
                weights[:size], total,
            )  # fmt: skip
            shares(tally, summed, learning_rate, share)
            pool(share, weights[:size], total, pooled)
            if teaches:
                cost[i] = cost_and_gradient(
                    own_value[i], x[:size], pooled, weights[:size], total, gradient[i]
                )
            worth = 1.0 / squares_with_bursts(
                pooled[:size], burst_of[:size], burst_correlation, scratch
            )
            curve_of_sample(
                x[:size], bound[:size], pooled[:size], worth, prior_scale, prior_runs, min_scale,
                levels, logit_levels, raw,
            )  # fmt: skip
            read = log_quantiles[out] if wanted else told[i]
            read_moved(raw, logit_levels, moved, read)
            if teaches:
                told[i] = read
            if wanted:
                effective[out] = worth
                if successes < min_runs:
                    log_quantiles[out] = np.nan
                else:
                    code[out] = OK
