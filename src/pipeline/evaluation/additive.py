"""Prophet as a peer: trend and seasons of the log durations of each job, by the clock.

Fitted again each Monday to the last 300 runs that had ended; a run is forecast for its own start. The
distribution is that of Prophet's own 1,000 predictive samples.
"""

import logging
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.evaluation.refits import refits
from optimizer.evaluation.simple import training
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS

HISTORY_RUNS: Final = 300
FEWEST_RUNS: Final = 12
SEED: Final = 1


class Additive:
    """A method of `optimizer.evaluation`; NaN before a job has 12 ended runs on a Monday.

    Fits are cached, since later horizons need the same Mondays.
    """

    def __init__(self) -> None:
        self._fits: dict[tuple[str, int], Any] = {}

    def __call__(self, panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
        out = np.full((panel.row.size, LEVELS.size), np.nan)
        trains = training(panel)
        log_seconds = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS))
        for job, first in enumerate(panel.offsets[:-1]):
            stop = panel.offsets[job + 1]
            ended = panel.by_end[first:stop]
            learnt = ended[trains[ended]]
            for fitted_us, positions in refits(origin_us[first:stop]):
                ended_before = learnt[: np.searchsorted(panel.end_us[learnt], fitted_us)]
                latest_runs = ended_before[-HISTORY_RUNS:]
                if latest_runs.size < FEWEST_RUNS:
                    continue
                key = (str(panel.job_ids[job]), fitted_us)
                if key not in self._fits:
                    self._fits[key] = _fitted(panel.start_us[latest_runs], log_seconds[latest_runs])
                if self._fits[key] is not None:
                    rows = first + positions
                    out[rows] = _log_quantiles(self._fits[key], panel.start_us[rows])
        return out


def _fitted(start_us: NDArray[np.int64], value: NDArray[np.float64]) -> Any:
    """The model of these runs; None where it could not be fitted."""
    # One logs a missing plotting library; the other logs every fit, unless it has a handler.
    logging.getLogger("prophet").setLevel(logging.CRITICAL)
    if not logging.getLogger("cmdstanpy").hasHandlers():
        logging.getLogger("cmdstanpy").addHandler(logging.NullHandler())
    from prophet import Prophet

    model = Prophet()
    try:
        return model.fit(pd.DataFrame({"ds": _clock(start_us), "y": value}))
    except (RuntimeError, ValueError):  # its optimizer stopped without a result
        return None


def _log_quantiles(model: Any, start_us: NDArray[np.int64]) -> NDArray[np.float64]:
    # Prophet draws from numpy's global generator and takes no other: it is seeded here and restored after.
    before = np.random.get_state()  # noqa: NPY002 - Prophet's only generator
    np.random.seed(SEED)  # noqa: NPY002 - Prophet's only generator
    try:
        samples = model.predictive_samples(pd.DataFrame({"ds": _clock(start_us)}))["yhat"]
    finally:
        np.random.set_state(before)  # noqa: NPY002 - Prophet's only generator
    return np.asarray(np.quantile(samples, LEVELS, axis=1).T)


def _clock(start_us: NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(start_us, unit="us"))
