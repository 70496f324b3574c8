"""statsforecast's AutoETS as a peer: exponential smoothing of the log durations of each job.

The form and the parameters are chosen again each Monday from the last 300 runs; between two Mondays
they stay and the state is brought up to each origin, which is the best that a weekly refit can do. A
run is forecast as the k-th after the last that had ended. A job that runs about daily has a season of seven
runs; other jobs have none, unless a season is asked for.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from optimizer.evaluation.refits import refits
from optimizer.evaluation.simple import Method, training
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.microseconds import DAY_US, HOUR_US
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS

HISTORY_RUNS: Final = 300
FEWEST_RUNS: Final = 12
FARTHEST: Final = 500
SEASONS: Final = 3
"""That must be behind it before a job has one."""
INTERVAL_PERCENT: Final = 80
INTERVAL_SDS: Final = float(ndtri(0.5 + INTERVAL_PERCENT / 200.0))


@dataclass(frozen=True, slots=True)
class Season:
    """So many runs, for a job that runs about once in `gap_us`."""

    runs: int
    gap_us: int

    def length_for(self, gap_us: float, history_runs: int) -> int:
        """1 for a job without this season."""
        has_it = 0.8 < gap_us / self.gap_us < 1.25 and history_runs >= SEASONS * self.runs
        return self.runs if has_it else 1


WEEK_OF_DAYS: Final = Season(7, DAY_US)
DAY_OF_HOURS: Final = Season(24, HOUR_US)


def smoothed(seasons: Set[Season], *, most_fits: int | None = None) -> Method:
    """A method of `optimizer.evaluation`; NaN before a job has 12 ended runs on a Monday.

    With `most_fits` only so many Mondays of a job's history are taken, at even distances.
    """

    def method(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
        out = np.full((panel.row.size, LEVELS.size), np.nan)
        trains = training(panel)
        log_seconds = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS))
        for first, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
            ended = panel.by_end[first:stop]
            ended_us = panel.end_us[ended]
            learnt = ended[trains[ended]]
            value = log_seconds[learnt]
            gap_us = (
                float(np.median(np.diff(panel.start_us[first:stop]))) if stop - first > 1 else 0.0
            )
            for fitted_us, positions in refits(origin_us[first:stop], at_most=most_fits):
                ended_by_then = np.searchsorted(panel.end_us[learnt], fitted_us)
                model = _fitted(value[:ended_by_then], gap_us, seasons)
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
                    sd = (
                        forecast[f"hi-{INTERVAL_PERCENT}"][step[same_history]] - mean
                    ) / INTERVAL_SDS
                    out[rows[same_history]] = mean[:, None] + np.abs(sd)[:, None] * ndtri(LEVELS)
        return out

    return method


auto_ets: Final = smoothed({WEEK_OF_DAYS})


def _fitted(value: NDArray[np.float64], gap_us: float, seasons: Set[Season]) -> Any:
    """The model of the last runs; None where there are too few, or none could be fitted."""
    from statsforecast.models import AutoETS

    recent = value[-HISTORY_RUNS:]
    if recent.size < FEWEST_RUNS:
        return None
    length = max((one.length_for(gap_us, recent.size) for one in seasons), default=1)
    model = AutoETS(season_length=length)
    try:
        return model.fit(recent)
    except Exception:  # it raises plain exceptions where no form of the model can be fitted
        return None
