"""What is compared: functions of runs and origins that return a distribution for every run.

An entrant takes a panel and an origin for each of its runs (R,), and returns log seconds at
`optimizer.quantile.LEVELS`, (R, 35), NaN where it has no answer. It may use only runs that had ended
before the origin. Another method enters by a line in ENTRANTS; all are scored on the runs that all of
them answer.

    seven_days     quantiles (type 7) of the runs that started within seven days, else the last run
    last_30        quantiles (type 7) of the last 30 ended runs
    mean_sigma     mean + z sd of the runs of 30 days, in seconds
    ewma           lognormal, mean and variance of the log exponentially weighted, 0.2 for the newest
    last_value     the last run is the next one
    recent_N       weights 2 ** (-rank / N): plotting positions and log-logistic tails
    decay_Nd       weights 2 ** (-age / N days): likewise
    all_runs       every run of the job alike: a control that learns nothing
    random_run     one earlier run, drawn with a fixed seed: a control that anything must beat
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from optimizer.config import ForecastConfig
from optimizer.forecast.curves import SHORTEST_SECONDS, curves_of_runs
from optimizer.forecast.sample import curve_of_sample
from optimizer.kernel import kernel
from optimizer.panel import SUCCEEDED, UNKNOWN, RunPanel
from optimizer.quantile import LEVELS, LOGIT_LEVELS
from optimizer.weights import DAY_US

Entrant = Callable[[RunPanel, NDArray[np.int64]], NDArray[np.float64]]

OURS: Final = "ours"
RULE: Final = "seven_days"
CONTROLS: Final = ("all_runs", "random_run")

# How the last ended runs of a job become a distribution.
TYPE_7, NORMAL, EWMA, CURVE, RANDOM = range(5)
MOST_RUNS: Final = 512
EWMA_NEWEST: Final = 0.2


def ours(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
    return curves_of_runs(panel, origin_us, ForecastConfig()).log_quantiles


def simple(
    how: int, *, most: int = MOST_RUNS, days: float = np.inf, runs: float = np.inf
) -> Entrant:
    """Of at most `most` last ended runs.

    `days` is a window for TYPE_7 and NORMAL and a half-life for CURVE; `runs` is a half-life.
    """

    def entrant(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
        out = np.full((panel.row.size, LEVELS.size), np.nan)
        trains = (panel.outcome == SUCCEEDED) | (panel.outcome == UNKNOWN)
        seconds = np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS)
        chance = np.random.default_rng(1).random(panel.row.size)
        _fill(
            panel.offsets, panel.start_us, panel.end_us, panel.by_end, seconds, trains, origin_us,
            how, most, days, runs, chance, LEVELS, LOGIT_LEVELS, ndtri(LEVELS), out,
        )  # fmt: skip
        return np.log(np.maximum(out, SHORTEST_SECONDS))

    return entrant


@kernel
def _fill(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    seconds: NDArray[np.float64],
    trains: NDArray[np.bool_],
    origin_us: NDArray[np.int64],
    how: int,
    most: int,
    days: float,
    runs: float,
    chance: NDArray[np.float64],
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    normal_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for job in range(offsets.shape[0] - 1):
        first, stop = offsets[job], offsets[job + 1]
        ended = np.empty(stop - first, dtype=np.int64)
        count = 0
        next_end = first
        center, variance = 0.0, 0.0
        for i in range(first, stop):
            while next_end < stop and end_us[by_end[next_end]] < origin_us[i]:
                j = by_end[next_end]
                next_end += 1
                if not trains[j]:
                    continue
                ended[count] = j
                count += 1
                error = np.log(seconds[j]) - (center if count > 1 else np.log(seconds[j]))
                center = np.log(seconds[j]) - error + EWMA_NEWEST * error
                variance = (1.0 - EWMA_NEWEST) * (variance + EWMA_NEWEST * error * error)
            if count == 0:
                continue
            if how == EWMA:
                out[i] = np.exp(center + np.sqrt(variance) * normal_levels)
                continue
            if how == RANDOM:
                out[i] = seconds[ended[int(chance[i] * count)]]
                continue
            size = min(count, most)
            newest = start_us[ended[:count]].max()
            latest = ended[count - size : count][::-1]
            since = newest if how == CURVE else origin_us[i]
            age = (since - start_us[latest]) / DAY_US
            if how == CURVE:
                _decayed(seconds[latest], age, days, runs, levels, logit_levels, out[i])
                continue
            inside = seconds[latest][age <= days]
            if inside.size == 0:
                inside = seconds[latest][:1]
            if how == NORMAL:
                out[i] = inside.mean() + inside.std() * normal_levels
            else:
                out[i] = _type_7(inside, levels)


@kernel
def _decayed(
    x: NDArray[np.float64],
    age: NDArray[np.float64],
    days: float,
    runs: float,
    levels: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the quantiles of runs, the latest first, weighted by age and rank."""
    order = np.argsort(x)
    weight = 2.0 ** (-order / runs - age[order] / days) + 1e-9
    worth = weight.sum() ** 2 / (weight * weight).sum()
    curve_of_sample(
        np.log(x[order]), np.zeros(x.size, dtype=np.bool_), weight, worth,
        0.1, 1.0, 0.005, levels, logit_levels, out,
    )  # fmt: skip
    for level in range(out.size):
        out[level] = np.exp(min(out[level], 700.0))


@kernel
def _type_7(x: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of Hyndman and Fan's type 7."""
    ordered = np.sort(x)
    at = levels * (x.size - 1)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, x.size - 1)
    return np.asarray(ordered[low] + (at - low) * (ordered[high] - ordered[low]))


ENTRANTS: Final[dict[str, Entrant]] = {
    OURS: ours,
    RULE: simple(TYPE_7, most=1_000_000, days=7.0),
    "last_30": simple(TYPE_7, most=30),
    "mean_sigma": simple(NORMAL, most=1_000_000, days=30.0),
    "ewma": simple(EWMA),
    "last_value": simple(TYPE_7, most=1),
    "recent_2": simple(CURVE, runs=2.0),
    "recent_6": simple(CURVE, runs=6.0),
    "recent_20": simple(CURVE, runs=20.0),
    "decay_1d": simple(CURVE, days=1.0),
    "decay_5d": simple(CURVE, days=5.0),
    "decay_30d": simple(CURVE, days=30.0),
    "all_runs": simple(TYPE_7),
    "random_run": simple(RANDOM),
}
