"""Simple forecasts of a run from the earlier runs of its job, which is walked once in order of time.

    QUANTILES   quantiles (type 7 of Hyndman and Fan, 1996) of the runs in a window
    NORMAL      mean + z sd of the runs in a window, in seconds (what schedulers call mean and k sigma)
    EWMA        lognormal, mean and variance of the log exponentially weighted, 0.2 for the newest
    DECAYED     quantiles of the runs weighted by 2 ** (-rank / half-life) or 2 ** (-age / half-life)
    DRAWN       one earlier run, drawn at random
    MOMENTS     not a forecast: how many runs are in a window, their mean and their sd, in seconds

A window holds the latest `most` runs that had ended before the origin and, except for DECAYED, only
those that started within `days` of it; where it is empty, the last run stands alone.

Decided here: the window is kept in order of duration while runs enter and leave, so that a run costs
the length of its window and never that of its history; only runs with a duration of their own
(SUCCEEDED, UNKNOWN) enter.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.forecast.sample import curve_of_sample
from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US
from optimizer.panel import SUCCEEDED, UNKNOWN, RunPanel
from optimizer.quantile import LEVELS, LOGIT_LEVELS

__all__ = [
    "DECAYED", "DRAWN", "EWMA", "MOMENTS", "NORMAL", "QUANTILES", "Method", "of_windows", "simple",
    "training",
]  # fmt: skip

Method = Callable[[RunPanel, NDArray[np.int64]], NDArray[np.float64]]
"""Takes a panel and an origin for each of its runs (R,); returns log seconds at
`optimizer.quantile.LEVELS`, (R, 35), NaN without a forecast. Only runs that had ended before the origin
may be used."""

QUANTILES, NORMAL, EWMA, DECAYED, DRAWN, MOMENTS = range(6)
_IN_LOGS: Final = (EWMA, DECAYED)
EWMA_NEWEST: Final = 0.2
MOST_DECAYED: Final = 512
DRAW_SEED: Final = 1


def simple(
    how: int, *, most: int | None = None, days: float = np.inf, half_life_runs: float = np.inf
) -> Method:
    """The method `how`, of at most `most` runs; `days` is the half-life where `how` is DECAYED."""

    def method(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
        out = of_windows(
            how, panel, origin_us, LEVELS, most=most, days=days, half_life_runs=half_life_runs
        )
        if how in _IN_LOGS:
            np.maximum(out, np.log(SHORTEST_SECONDS), out=out)
        else:
            np.log(np.maximum(out, SHORTEST_SECONDS, out=out), out=out)
        return out

    return method


def of_windows(
    how: int,
    panel: RunPanel,
    origin_us: NDArray[np.int64],
    levels: NDArray[np.float64],
    *,
    most: int | None = None,
    days: float = np.inf,
    half_life_runs: float = np.inf,
) -> NDArray[np.float64]:
    """What `how` makes of the runs that had ended before each origin (R,): its values at `levels` (m,), (R, m).

    In seconds, of EWMA and DECAYED in log seconds; NaN where no run had ended. DECAYED is for the stored levels
    only, MOMENTS writes three values whatever the levels are.
    """
    out = np.full((panel.row.size, levels.size), np.nan)
    seconds = np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS)
    value = np.log(seconds) if how in _IN_LOGS else seconds
    runs = (panel.offsets, panel.end_us, panel.by_end, value, training(panel), origin_us)
    if how == EWMA:
        _smooth(*runs, ndtri(levels), out)
    else:
        longest = int(np.diff(panel.offsets).max(initial=1))
        window = most or (MOST_DECAYED if how == DECAYED else longest)
        random = np.random.default_rng(DRAW_SEED).random(panel.row.size)
        _walk(
            *runs, panel.start_us, how, min(window, longest), days, half_life_runs, random,
            levels, LOGIT_LEVELS, ndtri(levels), out,
        )  # fmt: skip
    return out


def training(panel: RunPanel) -> NDArray[np.bool_]:
    """Which runs (R,) a distribution is learned from."""
    return np.asarray((panel.outcome == SUCCEEDED) | (panel.outcome == UNKNOWN))


@kernel
def _smooth(
    offsets: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    log_seconds: NDArray[np.float64],
    trains: NDArray[np.bool_],
    origin_us: NDArray[np.int64],
    normal_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write log quantiles of the exponentially weighted lognormal."""
    for job in range(offsets.shape[0] - 1):
        next_end = offsets[job]
        count, center, variance = 0, 0.0, 0.0
        for i in range(offsets[job], offsets[job + 1]):
            while next_end < offsets[job + 1] and end_us[by_end[next_end]] < origin_us[i]:
                j = by_end[next_end]
                next_end += 1
                if trains[j]:
                    x = log_seconds[j]
                    error = x - center if count > 0 else 0.0
                    center = x - error + EWMA_NEWEST * error
                    variance = (1.0 - EWMA_NEWEST) * (variance + EWMA_NEWEST * error * error)
                    count += 1
            if count > 0:
                out[i] = center + np.sqrt(variance) * normal_levels


@kernel
def _walk(
    offsets: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    duration: NDArray[np.float64],
    trains: NDArray[np.bool_],
    origin_us: NDArray[np.int64],
    start_us: NDArray[np.int64],
    how: int,
    most: int,
    days: float,
    half_life_runs: float,
    drawn: NDArray[np.float64],
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    normal_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write quantiles from a window of ended runs, in the units of `duration`."""
    window_us = np.inf if how == DECAYED else days * DAY_US
    for job in range(offsets.shape[0] - 1):
        first, stop = offsets[job], offsets[job + 1]
        ended = np.empty(stop - first, dtype=np.int64)
        entered_as = np.full(stop - first, -1, dtype=np.int64)
        value = np.empty(most + 1)
        run = np.empty(most + 1, dtype=np.int64)
        size, count, next_end, oldest = 0, 0, first, first
        newest_us = start_us[first] if stop > first else 0
        for i in range(first, stop):
            while next_end < stop and end_us[by_end[next_end]] < origin_us[i]:
                j = by_end[next_end]
                next_end += 1
                if not trains[j]:
                    continue
                newest_us = max(newest_us, start_us[j])
                ended[count] = j
                entered_as[j - first] = count
                count += 1
                if start_us[j] >= origin_us[i] - window_us:
                    size = _enter(value, run, size, duration[j], j)
                if count > most:
                    size = _leave(value, run, size, duration, ended[count - 1 - most])
            while oldest < stop and start_us[oldest] < origin_us[i] - window_us:
                if entered_as[oldest - first] >= 0:
                    size = _leave(value, run, size, duration, oldest)
                oldest += 1
            if count == 0:
                continue
            last = ended[count - 1]
            sample = value[:size] if size > 0 else duration[last : last + 1]
            if how == DECAYED:
                _decayed(
                    sample, run[:size], first, start_us, entered_as, count, newest_us,
                    days, half_life_runs, levels, logit_levels, out[i],
                )  # fmt: skip
            else:
                _of_window(how, sample, drawn[i], levels, normal_levels, out[i])


@kernel
def _enter(value: NDArray[np.float64], run: NDArray[np.int64], size: int, x: float, j: int) -> int:
    """Put run j into the ascending window; its new size."""
    at = int(np.searchsorted(value[:size], x, side="right"))
    for k in range(size, at, -1):
        value[k] = value[k - 1]
        run[k] = run[k - 1]
    value[at] = x
    run[at] = j
    return size + 1


@kernel
def _leave(
    value: NDArray[np.float64],
    run: NDArray[np.int64],
    size: int,
    duration: NDArray[np.float64],
    j: int,
) -> int:
    """Take run j out of the ascending window, where it is in; its new size."""
    at = int(np.searchsorted(value[:size], duration[j]))
    while at < size and run[at] != j and value[at] == duration[j]:
        at += 1
    if at == size or run[at] != j:
        return size
    for k in range(at, size - 1):
        value[k] = value[k + 1]
        run[k] = run[k + 1]
    return size - 1


@kernel
def _decayed(
    value: NDArray[np.float64],
    run: NDArray[np.int64],
    first: int,
    start_us: NDArray[np.int64],
    entered_as: NDArray[np.int64],
    count: int,
    newest_us: int,
    days: float,
    half_life_runs: float,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write log quantiles: plotting positions and log-logistic tails of weighted log durations."""
    size = value.shape[0]
    weight = np.empty(size)
    for k in range(size):
        rank = count - 1 - entered_as[run[k] - first]
        age = (newest_us - start_us[run[k]]) / DAY_US
        weight[k] = np.exp2(-rank / half_life_runs - age / days) + 1e-9
    worth = weight.sum() ** 2 / (weight * weight).sum()
    curve_of_sample(
        value, np.zeros(size, dtype=np.bool_), weight, worth,
        0.1, 1.0, 0.005, levels, logit_levels, out,
    )  # fmt: skip


@kernel
def _of_window(
    how: int,
    ordered: NDArray[np.float64],
    drawn: float,
    levels: NDArray[np.float64],
    normal_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write mean + z sd, quantiles of type 7, one value drawn, or moments, of ascending values."""
    if how == MOMENTS:
        out[0], out[1], out[2] = ordered.shape[0], ordered.mean(), ordered.std()
        return
    if how == NORMAL:
        out[:] = ordered.mean() + ordered.std() * normal_levels
        return
    if how == DRAWN:
        out[:] = ordered[int(drawn * ordered.shape[0])]
        return
    last = ordered.shape[0] - 1
    for k in range(levels.shape[0]):
        at = levels[k] * last
        low = int(np.floor(at))
        high = min(low + 1, last)
        out[k] = ordered[low] + (at - low) * (ordered[high] - ordered[low])
