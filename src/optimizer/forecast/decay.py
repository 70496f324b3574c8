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
from optimizer.forecast.window import curve_of_window, enter, leave
from optimizer.kernel import kernel
from optimizer.panel import CANCELLED, FAILED, SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.quantile import LOGIT_LEVELS
from optimizer.weights import DAY_US, decay_weights, effective_runs

__all__ = ["SHORTEST_SECONDS", "Curves", "curves_at"]

SHORTEST_SECONDS: Final = 1e-3

# Positions in `optimizer.result.STATUS_BY_CODE`.
OK: Final = 0
TOO_FEW_RUNS: Final = 1

# Of the tally of outcomes.
ATTEMPTS: Final = 0
FAILURES: Final = 1


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
    is_bound = (panel.outcome == TIMEOUT) | (panel.outcome == CANCELLED)
    failed = (panel.outcome == TIMEOUT) | (panel.outcome == FAILED)
    _fill_curves(
        panel.offsets, panel.start_us, panel.end_us, panel.by_end, log_duration,
        is_bound | (panel.outcome == SUCCEEDED) | (panel.outcome == UNKNOWN), is_bound,
        failed | (panel.outcome == SUCCEEDED), failed,
        origin_offsets, origin_us, LOGIT_LEVELS,
        config.half_life_days, config.max_runs, config.min_runs,
        config.prior_scale_log, config.prior_runs, config.min_scale_log,
        config.prior_failure_rate, config.prior_failure_runs,
        curves.log_quantiles, curves.code, curves.runs, curves.effective_runs,
        curves.failure_rate,
    )  # fmt: skip
    return curves


@kernel
def _count(
    tally: NDArray[np.float64],
    counted_us: NDArray[np.int64],
    failed: bool,
    start_us: int,
    half_life_days: float,
) -> None:
    """Count an attempt in the decayed tally, which is held as of the newest start."""
    if tally[ATTEMPTS] == 0.0:
        counted_us[0] = start_us
    newer_days = (start_us - counted_us[0]) / DAY_US
    counts = 2.0 ** (min(newer_days, 0.0) / half_life_days)
    tally *= 2.0 ** (-max(newer_days, 0.0) / half_life_days)
    tally[ATTEMPTS] += counts
    tally[FAILURES] += counts if failed else 0.0
    counted_us[0] = max(counted_us[0], start_us)


@kernel
def _fill_curves(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    log_duration: NDArray[np.float64],
    used: NDArray[np.bool_],
    is_bound: NDArray[np.bool_],
    attempt: NDArray[np.bool_],
    failed: NDArray[np.bool_],
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
    for job in range(offsets.shape[0] - 1):
        last = offsets[job + 1]
        next_end = offsets[job]
        members = np.empty(last - offsets[job], dtype=np.int64)  # admitted runs, in order of end
        admitted = 0
        held = 0
        successes = np.zeros(last - offsets[job] + 1, dtype=np.int64)  # among the first k of them
        tally = np.zeros(2)
        counted_us = np.zeros(1, dtype=np.int64)
        stale = True
        previous = -1
        for i in range(origin_offsets[job], origin_offsets[job + 1]):
            while next_end < last and end_us[by_end[next_end]] < origin_us[i]:
                j = by_end[next_end]
                next_end += 1
                stale = True
                if attempt[j]:
                    _count(tally, counted_us, failed[j], start_us[j], half_life_days)
                if not used[j]:
                    continue
                if held == max_runs:
                    gone = members[admitted - max_runs]
                    x = log_duration[gone]
                    leave(value, censored, start, held, x, is_bound[gone], start_us[gone])
                    held -= 1
                members[admitted] = j
                admitted += 1
                enter(value, censored, start, held, log_duration[j], is_bound[j], start_us[j])
                held += 1
                successes[admitted] = successes[admitted - 1] + (0 if is_bound[j] else 1)
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
            failure_rate[i] = (tally[FAILURES] + belief) / (tally[ATTEMPTS] + prior_failure_runs)
            runs[i] = successes[admitted] - successes[admitted - held]
            if held == 0:
                continue
            newest = start[:held].max()
            decay_weights(start[:held], newest, half_life_days, weights[:held])
            effective[i] = effective_runs(weights[:held])
            if runs[i] < min_runs:
                continue
            code[i] = OK
            curve_of_window(
                value[:held], censored[:held], weights[:held], effective[i],
                prior_scale, prior_runs, min_scale, logit_levels, log_quantiles[i],
            )  # fmt: skip
