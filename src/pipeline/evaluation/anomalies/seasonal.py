"""Seasons of each job as peers: STL of statsmodels, and the bands of statsforecast's AutoETS.

    STL        Seasonal-trend decomposition by loess (Cleveland and others, 1990), robust, of the last 300 runs that
               had ended by Monday. A run is compared with the last trend and the season of its place in the order
               of runs, in robust standard deviations (1.4826 MAD) of the remainders: flagged above 3.
    AutoETS    The mean and sd of `pipeline.evaluation.smoothing`, with a season of a week for daily jobs and of a
               day for hourly ones: flagged beyond the 99.9 % band.

Both in log seconds. Neither is fitted at every run: STL again each Monday, AutoETS on at most 13 Mondays of a
job's history, and its state is brought up to each run in between.

Decided here: the season of STL is a day where a job runs twice a day or more, else a week where it runs twice a week
or more; a job with neither, or without three seasons behind it, is not judged.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from optimizer.config import BaselineConfig
from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judge, Judged
from optimizer.evaluation.refits import refits
from optimizer.evaluation.simple import training
from optimizer.microseconds import DAY_US, WEEK_US
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS
from pipeline.evaluation.smoothing import DAY_OF_HOURS, WEEK_OF_DAYS, smoothed
from pipeline.evaluation.weekly import log_seconds

HISTORY_RUNS: Final = 300
SEASONS: Final = 3
SMALLEST_SD: Final = 0.01
MAD_TO_SD: Final = 1.4826


def remainder(panel: RunPanel) -> Judge:
    expected, sd = np.full((2, panel.row.size), np.nan)
    trains = training(panel)
    value = log_seconds(panel.duration_seconds)
    for first, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        by_end = panel.by_end[first:stop]
        learned = by_end[trains[by_end]]
        for fitted_us, positions in refits(panel.start_us[first:stop]):
            ended = np.searchsorted(panel.end_us[learned], fitted_us)
            latest = np.sort(learned[max(ended - HISTORY_RUNS, 0) : ended])
            period = _period(panel.start_us[latest])
            if period == 0 or latest.size < SEASONS * period:
                continue
            rows = first + positions
            step = rows - (latest[-1] + 1)
            expected[rows], sd[rows] = _expected(value[latest], period, step)
    return _in_sds(expected, sd)


def _in_sds(expected: NDArray[np.float64], sd: NDArray[np.float64]) -> Judge:
    """How far log seconds are from what is expected of each run (R,)."""

    def judge(at: NDArray[np.int64], seconds: NDArray[np.float64]) -> Judged:
        z = (log_seconds(seconds) - expected[at]) / np.maximum(sd[at], SMALLEST_SD)
        return Judged(z, -z)

    return judge


def _period(start_us: NDArray[np.int64]) -> int:
    """Runs of a season; 0 where there is none."""
    if start_us.size < 2:
        return 0
    gap_us = max(float(np.median(np.diff(start_us))), 1.0)
    for season_us in (DAY_US, WEEK_US):
        if (runs := round(season_us / gap_us)) >= 2:
            return runs
    return 0


def _expected(
    learned: NDArray[np.float64], period: int, step: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """What the decomposition lets expect `step` (n,) runs after its last, and the sd of its remainders."""
    from statsmodels.tsa.seasonal import STL

    parts = STL(learned, period=period, robust=True).fit()
    off = np.abs(parts.resid - np.median(parts.resid))
    return parts.trend[-1] + parts.seasonal[-period:][step % period], float(
        MAD_TO_SD * np.median(off)
    )


_forecast = smoothed({WEEK_OF_DAYS, DAY_OF_HOURS}, most_fits=13)


def bands(panel: RunPanel) -> Judge:
    quantiles = _forecast(panel, panel.start_us)
    mean = quantiles[:, LEVELS.tolist().index(0.5)]
    return _in_sds(mean, (quantiles[:, -1] - mean) / ndtri(LEVELS[-1]))


STL_REMAINDER: Final = Detector(
    "STL remainder, fitted weekly", remainder, 3.0, 3.0, lambda z: ndtr(-z)
)
AUTO_ETS_BANDS: Final = Detector(
    "AutoETS bands with a season",
    bands,
    float(ndtri(1.0 - ALPHA)),
    float(ndtri(1.0 - BaselineConfig().alpha_short)),
    lambda z: ndtr(-z),
)
