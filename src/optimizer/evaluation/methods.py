"""The methods compared: ours, simple methods as people use them, and controls that must lose.

    seven_days     quantiles of the runs that started within seven days
    last_30        quantiles of the last 30 ended runs
    mean_sigma     mean + z sd of the runs of 30 days, in seconds
    ewma           lognormal, exponentially weighted
    last_value     the last run is the next one
    recent_N       quantiles weighted by 2 ** (-rank / N)
    decay_Nd       quantiles weighted by 2 ** (-age / N days)

    all_runs       every earlier run of the job alike: knows nothing about when
    all_jobs       every run of every job that had ended: knows nothing about the job
    random_run     one earlier run of the job
    shuffled       our own forecasts, each given to another run: what forecasts are worth at the wrong run

A line in METHODS adds a method; all are scored on the runs that all of them forecast.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.evaluation.simple import (
    DECAYED,
    DRAWN,
    EWMA,
    NORMAL,
    QUANTILES,
    Method,
    simple,
    training,
)
from optimizer.forecast.curves import SHORTEST_SECONDS, curves_of_runs
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS

__all__ = ["CONTROLS", "METHODS", "OURS", "RULE", "SIMPLE"]

OURS: Final = "ours"
RULE: Final = "seven_days"
SHUFFLE_SEED: Final = 1
GROWTH: Final = 1.05


def ours(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
    return curves_of_runs(panel, origin_us, ForecastConfig()).log_quantiles


def all_jobs(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Quantiles of all runs that had ended, computed again for every twentieth more of them."""
    trains = training(panel)
    by_end = np.argsort(panel.end_us[trains], kind="stable")
    end_us = panel.end_us[trains][by_end]
    log_seconds = np.log(np.maximum(panel.duration_seconds[trains][by_end], SHORTEST_SECONDS))
    ended = np.searchsorted(end_us, origin_us)
    grown = np.unique(np.floor(GROWTH ** np.arange(np.log(end_us.size + 1) / np.log(GROWTH))))
    taken = grown.astype(np.int64)
    quantiles = np.full((taken.size + 1, LEVELS.size), np.nan)
    for k, runs in enumerate(taken):
        quantiles[k + 1] = np.quantile(log_seconds[:runs], LEVELS)
    return quantiles[np.searchsorted(taken, ended, side="right")]


def shuffled(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Our forecasts, each given to a random other of the runs that have one."""
    out = ours(panel, origin_us)
    answered = np.flatnonzero(np.isfinite(out[:, 0]))
    out[answered] = out[np.random.default_rng(SHUFFLE_SEED).permutation(answered)]
    return out


SIMPLE: Final[dict[str, Method]] = {
    RULE: simple(QUANTILES, days=7.0),
    "last_30": simple(QUANTILES, most=30),
    "mean_sigma": simple(NORMAL, days=30.0),
    "ewma": simple(EWMA),
    "last_value": simple(QUANTILES, most=1),
    "recent_2": simple(DECAYED, most=24, half_life_runs=2.0),
    "recent_6": simple(DECAYED, most=72, half_life_runs=6.0),
    "recent_20": simple(DECAYED, most=240, half_life_runs=20.0),
    "decay_1d": simple(DECAYED, days=1.0),
    "decay_5d": simple(DECAYED, days=5.0),
    "decay_30d": simple(DECAYED, days=30.0),
}
CONTROLS: Final[dict[str, Method]] = {
    "all_runs": simple(QUANTILES),
    "all_jobs": all_jobs,
    "random_run": simple(DRAWN),
    "shuffled": shuffled,
}
METHODS: Final[dict[str, Method]] = {OURS: ours, **SIMPLE, **CONTROLS}
