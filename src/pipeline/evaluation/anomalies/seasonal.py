"""Seasons of each job as peers: STL of statsmodels, and the bands of statsforecast's AutoETS.

    STL        Seasonal-trend decomposition by loess (Cleveland and others, 1990), robust, of the last 300 runs that
               had ended by Monday. A run is compared with the last trend and the season of its place in the order
               of runs, in robust standard deviations (1.4826 MAD) of the remainders: flagged above 3.
    AutoETS    The mean and sd of `pipeline.evaluation.smoothing`, with a season of a week for daily jobs and of a
               day for hourly ones: flagged beyond the 99.9 % band.

Both in log seconds and fitted again each Monday, not at every run; AutoETS brings its state up to each run in between.

Decided here: the season of STL is a day where a job runs twice a day or more, else a week where it runs twice a week
or more; a job with neither, or without three seasons behind it, is not judged.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from optimizer.config import BaselineConfig
from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judged
from optimizer.evaluation.refits import refits
from optimizer.evaluation.simple import training
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.microseconds import DAY_US, WEEK_US
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS
from pipeline.evaluation.smoothing import DAY_OF_HOURS, WEEK_OF_DAYS, smoothed

HISTORY_RUNS: Final = 300
SEASONS: Final = 3
SMALLEST_SD: Final = 0.01
MAD_TO_SD: Final = 1.4826


def remainder(panel: RunPanel) -> Judged:
    z = np.full(panel.row.size, np.nan)
    trains = training(panel)
    log_seconds = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS))
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
            z[rows] = _in_sds(log_seconds[latest], period, log_seconds[rows], step)
    return Judged(z, -z)


def _period(start_us: NDArray[np.int64]) -> int:
    """Runs of a season; 0 where there is none."""
    if start_us.size < 2:
        return 0
    gap_us = max(float(np.median(np.diff(start_us))), 1.0)
    for season_us in (DAY_US, WEEK_US):
        if (runs := round(season_us / gap_us)) >= 2:
            return runs
    return 0


def _in_sds(
    learned: NDArray[np.float64],
    period: int,
    x: NDArray[np.float64],
    step: NDArray[np.int64],
) -> NDArray[np.float64]:
    """How far x (n,) is from what the decomposition lets expect `step` (n,) runs after its last."""
    from statsmodels.tsa.seasonal import STL

    parts = STL(learned, period=period, robust=True).fit()
    expected = parts.trend[-1] + parts.seasonal[-period:][step % period]
    sd = MAD_TO_SD * np.median(np.abs(parts.resid - np.median(parts.resid)))
    return np.asarray((x - expected) / max(float(sd), SMALLEST_SD))


_forecast = smoothed({WEEK_OF_DAYS, DAY_OF_HOURS})


def bands(panel: RunPanel) -> Judged:
    quantiles = _forecast(panel, panel.start_us)
    middle = LEVELS.tolist().index(0.5)
    sd = (quantiles[:, -1] - quantiles[:, middle]) / ndtri(LEVELS[-1])
    x = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS))
    z = (x - quantiles[:, middle]) / np.maximum(sd, SMALLEST_SD)
    return Judged(z, -z)


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
