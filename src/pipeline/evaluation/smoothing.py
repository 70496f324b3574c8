"""statsforecast's AutoETS as a peer: exponential smoothing of the log durations of each job.

The form and the parameters are chosen again each Monday from the last 300 runs; between two Mondays
they stay and the state is brought up to each origin, which is the best that a weekly refit can do. A
run is forecast as the k-th after the last that had ended. A job that runs about daily has a season of seven
runs, others none.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from optimizer.evaluation.refits import refits
from optimizer.evaluation.simple import training
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.microseconds import DAY_US
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS

HISTORY_RUNS: Final = 300
FEWEST_RUNS: Final = 12
FARTHEST: Final = 500
SEASON: Final = 7
INTERVAL_PERCENT: Final = 80
INTERVAL_SDS: Final = float(ndtri(0.5 + INTERVAL_PERCENT / 200.0))


def auto_ets(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """A method of `optimizer.evaluation`; NaN before a job has 12 ended runs on a Monday."""
    out = np.full((panel.row.size, LEVELS.size), np.nan)
    trains = training(panel)
    log_seconds = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS))
    for first, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        ended = panel.by_end[first:stop]
        ended_us = panel.end_us[ended]
        learnt = ended[trains[ended]]
        value = log_seconds[learnt]
        gap_us = float(np.median(np.diff(panel.start_us[first:stop]))) if stop - first > 1 else 0.0
        for fitted_us, positions in refits(origin_us[first:stop]):
            model = _fitted(value[: np.searchsorted(panel.end_us[learnt], fitted_us)], gap_us)
            if model is None:
                continue
            rows = first + positions
            ended_runs = np.searchsorted(panel.end_us[learnt], origin_us[rows])
            step = positions - np.searchsorted(ended_us, origin_us[rows])
            step = np.clip(step, 0, FARTHEST - 1)
            for count in np.unique(ended_runs):
                same_history = ended_runs == count
                forecast = model.forward(
                    value[max(count - HISTORY_RUNS, 0) : count],
                    h=int(step[same_history].max()) + 1,
                    level=[INTERVAL_PERCENT],
                )
                mean = forecast["mean"][step[same_history]]
                sd = (forecast[f"hi-{INTERVAL_PERCENT}"][step[same_history]] - mean) / INTERVAL_SDS
                out[rows[same_history]] = mean[:, None] + np.abs(sd)[:, None] * ndtri(LEVELS)
    return out


def _fitted(value: NDArray[np.float64], gap_us: float) -> Any:
    """The model of the last runs; None where there are too few, or none could be fitted."""
    from statsforecast.models import AutoETS

    recent = value[-HISTORY_RUNS:]
    if recent.size < FEWEST_RUNS:
        return None
    daily = 0.8 < gap_us / DAY_US < 1.25 and recent.size >= 3 * SEASON
    model = AutoETS(season_length=SEASON if daily else 1)
    try:
        return model.fit(recent)
    except Exception:  # it raises plain exceptions where no form of the model can be fitted
        return None
