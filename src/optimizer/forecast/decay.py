"""The distribution of a job's next run from its ended runs, older ones counting less.

For each origin: take the last `max_runs` runs that had ended before it (successes as values,
timeouts and cancellations as values they exceeded), weigh them by age, give each success its
plotting position, and read the fixed levels off the line through (logit p_k, log x_k). Beyond the
first and last success the line goes on with the log-logistic slope

    s = exp( ((n_eff - 1) log s_job + k log s_0) / (n_eff - 1 + k) )       s_job = IQR / (2 log 3)

so that a job with two runs is almost as wide as the assumed spread s_0, and one with fifty is as
wide as itself. The interquartile range of a logistic distribution of scale s is 2 s log 3.

If the longest run was stopped, it counts as a value (Efron, Fifth Berkeley Symposium, 1967): the
probability left beyond the last success belongs above it.

Decided here: a run is as old as its start, so that weights do not depend on durations; those below a
millisecond count as one, so that zero has a logarithm; failed runs say nothing about the duration
of a success and only feed the failure rate, in which a timeout is a failure, a cancellation is
nothing, and the assumed rate counts as a few runs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.kernel import kernel
from optimizer.panel import CANCELLED, FAILED, SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.quantile import LOGIT_LEVELS, plotting_positions
from optimizer.weights import DAY_US, decay_weights, effective_runs

__all__ = ["SHORTEST_SECONDS", "Curves", "curves_at"]

SHORTEST_SECONDS: Final = 1e-3
LOGISTIC_IQR: Final = 2.0 * float(np.log(3.0))

OK, TOO_FEW_RUNS = 0, 1


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


def curves_at(
    panel: RunPanel,
    origin_offsets: NDArray[np.int64],
    origin_us: NDArray[np.int64],
    config: ForecastConfig,
) -> Curves:
    """Distributions at origins, of which job j has origin_offsets[j] : origin_offsets[j + 1].

    Origins of a job ascend; each uses only runs whose end is strictly before it.
    """
    n = origin_us.size
    curves = Curves(
        log_quantiles=np.full((n, LOGIT_LEVELS.size), np.nan),
        code=np.full(n, TOO_FEW_RUNS, dtype=np.int8),
        runs=np.zeros(n, dtype=np.int64),
        effective_runs=np.zeros(n),
        failure_rate=np.full(n, np.nan),
    )
    log_duration = np.log(np.maximum(panel.duration_seconds, SHORTEST_SECONDS))
    _fill_curves(
        panel.offsets, panel.start_us, panel.end_us, panel.by_end, panel.outcome, log_duration,
        origin_offsets, origin_us, LOGIT_LEVELS,
        config.half_life_days, config.max_runs, config.min_runs,
        config.prior_scale_log, config.prior_runs, config.min_scale_log,
        config.prior_failure_rate, config.prior_failure_runs,
        curves.log_quantiles, curves.code, curves.runs, curves.effective_runs,
        curves.failure_rate,
    )  # fmt: skip
    return curves


@kernel
def _line_at(
    at: float, k: int, x: NDArray[np.float64], p: NDArray[np.float64], count: int, scale: float
) -> float:
    """Log seconds at logit `at`, where k values have a position below it."""
    if k == 0:
        return float(x[0] + scale * (at - np.log(p[0] / (1.0 - p[0]))))
    low = np.log(p[k - 1] / (1.0 - p[k - 1]))
    if k == count:
        return float(x[count - 1] + scale * (at - low))
    high = np.log(p[k] / (1.0 - p[k]))
    if not high > low:
        return float(x[k])
    share = min(max((at - low) / (high - low), 0.0), 1.0)
    return float(x[k - 1] + (x[k] - x[k - 1]) * share)


@kernel
def _fill_curve(
    x: NDArray[np.float64],
    p: NDArray[np.float64],
    count: int,
    scale: float,
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Read the levels off the line through values x at positions p, the first `count` of each."""
    k = 0
    for level in range(logit_levels.shape[0]):
        at = logit_levels[level]
        wanted = 1.0 / (1.0 + np.exp(-at))
        while k < count and p[k] <= wanted:
            k += 1
        out[level] = _line_at(at, k, x, p, count, scale)
        # Interpolation of a rising line may lose the last digit.
        if level > 0 and out[level] < out[level - 1]:
            out[level] = out[level - 1]


@kernel
def _job_scale(x: NDArray[np.float64], p: NDArray[np.float64], count: int, floor: float) -> float:
    """Logistic scale of the middle half of the values."""
    low = 0
    while low + 1 < count and p[low + 1] <= 0.25:
        low += 1
    high = count - 1
    while high - 1 >= 0 and p[high - 1] >= 0.75:
        high -= 1
    return max(float(x[high] - x[low]) / LOGISTIC_IQR, floor)


@kernel
def _fill_curves(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    outcome: NDArray[np.int8],
    log_duration: NDArray[np.float64],
    origin_offsets: NDArray[np.int64],
    origin_us: NDArray[np.int64],
    logit_levels: NDArray[np.float64],
    half_life_days: float,
    max_runs: int,
    min_runs: int,
    prior_scale: float,
    prior_runs: float,
    min_scale: float,
    prior_failure_rate: float,
    prior_failure_runs: float,
    log_quantiles: NDArray[np.float64],
    code: NDArray[np.int8],
    runs: NDArray[np.int64],
    effective: NDArray[np.float64],
    failure_rate: NDArray[np.float64],
) -> None:
    """Walk each job once: admit runs in order of end, answer origins in order of time."""
    # The window in ascending order of duration; three columns move together.
    value = np.empty(max_runs + 1)
    censored = np.empty(max_runs + 1, dtype=np.bool_)
    start = np.empty(max_runs + 1, dtype=np.int64)
    weights = np.empty(max_runs + 1)
    position = np.empty(max_runs + 1)
    success = np.empty(max_runs + 1)
    for job in range(offsets.shape[0] - 1):
        last = offsets[job + 1]
        next_end = offsets[job]
        members = np.empty(last - offsets[job], dtype=np.int64)  # admitted runs, in order of end
        admitted = 0
        held = 0
        attempts = 0.0  # decayed counts of outcomes as of the newest start
        failures = 0.0
        counted_us = 0
        stale = True
        previous = -1
        for i in range(origin_offsets[job], origin_offsets[job + 1]):
            while next_end < last and end_us[by_end[next_end]] < origin_us[i]:
                j = by_end[next_end]
                next_end += 1
                stale = True
                if outcome[j] == SUCCEEDED or outcome[j] == FAILED or outcome[j] == TIMEOUT:
                    # Counts are held as of the newest start; an older one is worth less than 1.
                    if attempts == 0.0:
                        counted_us = start_us[j]
                    newer_days = (start_us[j] - counted_us) / DAY_US
                    kept = 2.0 ** (-max(newer_days, 0.0) / half_life_days)
                    counts = 2.0 ** (min(newer_days, 0.0) / half_life_days)
                    attempts = attempts * kept + counts
                    failures = failures * kept + (0.0 if outcome[j] == SUCCEEDED else counts)
                    counted_us = max(counted_us, start_us[j])
                is_value = outcome[j] == SUCCEEDED or outcome[j] == UNKNOWN
                is_bound = outcome[j] == TIMEOUT or outcome[j] == CANCELLED
                if not (is_value or is_bound):
                    continue
                if held == max_runs:
                    gone = members[admitted - max_runs]
                    was_bound = outcome[gone] == TIMEOUT or outcome[gone] == CANCELLED
                    at = np.searchsorted(value[:held], log_duration[gone])
                    while censored[at] != was_bound or start[at] != start_us[gone]:
                        at += 1
                    for k in range(at, held - 1):
                        value[k], censored[k], start[k] = (
                            value[k + 1],
                            censored[k + 1],
                            start[k + 1],
                        )
                    held -= 1
                members[admitted] = j
                admitted += 1
                x = log_duration[j]
                k = held
                # A value stands before a bound of the same size; otherwise by arrival.
                while k > 0 and (
                    value[k - 1] > x or (value[k - 1] == x and censored[k - 1] and is_value)
                ):
                    value[k], censored[k], start[k] = value[k - 1], censored[k - 1], start[k - 1]
                    k -= 1
                value[k], censored[k], start[k] = x, is_bound, start_us[j]
                held += 1
            if not stale and previous >= 0:
                log_quantiles[i] = log_quantiles[previous]
                code[i] = code[previous]
                runs[i] = runs[previous]
                effective[i] = effective[previous]
                failure_rate[i] = failure_rate[previous]
                continue
            stale = False
            previous = i
            belief = prior_failure_rate * prior_failure_runs
            failure_rate[i] = (failures + belief) / (attempts + prior_failure_runs)
            if held == 0:
                continue
            newest = start[:held].max()
            decay_weights(start[:held], newest, half_life_days, weights[:held])
            total = weights[:held].sum()
            worth = effective_runs(weights[:held])
            # Efron: a bound above every value stands for a value, or nothing would hold the tail up.
            bounded = censored[held - 1]
            censored[held - 1] = False
            count = plotting_positions(
                weights[:held], censored[:held], total / worth, position[:held]
            )
            runs[i] = count - 1 if bounded else count
            effective[i] = worth
            filled = 0
            for k in range(held):
                if not censored[k]:
                    success[filled] = value[k]
                    filled += 1
            censored[held - 1] = bounded
            if runs[i] < min_runs:
                continue
            own = _job_scale(success, position, count, min_scale)
            trust = max(worth - 1.0, 0.0)
            share = trust / (trust + prior_runs) if trust + prior_runs > 0.0 else 1.0
            scale = np.exp(share * np.log(own) + (1.0 - share) * np.log(prior_scale))
            _fill_curve(success, position, count, scale, logit_levels, log_quantiles[i])
            code[i] = OK
