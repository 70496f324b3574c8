"""The features of each run at its origin from which a regression forecasts it, and the levels read
from its quantiles.

They come from the runs of its job that had ended (the last durations, the mean and the spread of the
last ten and the last fifty, how many there are, how long ago the newest started) and from its own start,
which a schedule gives. Durations are logs relative to the mean of the last ten, and so
is the target, so that one model serves jobs of seconds and of hours.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.evaluation.simple import training
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US, HOUR_US
from optimizer.panel import RunPanel
from optimizer.quantile import LOGIT_LEVELS, logit

__all__ = ["FEATURES", "at_stored_levels", "run_features"]

FEATURES: Final = (
    "last", "second_last", "third_last", "mean_50", "sd_10", "sd_50", "lowest_50", "highest_50",
    "center", "runs", "hours_since", "hour", "weekday", "same_hour",
)  # fmt: skip
FEW: Final = 10
MANY: Final = 50


def run_features(
    panel: RunPanel, origin_us: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Features (R, 14) of every run at its origin, and the center (R,) in log seconds that they are
    relative to; NaN where no run of the job had ended."""
    features = np.full((panel.row.size, len(FEATURES)), np.nan, dtype=np.float32)
    center = np.full(panel.row.size, np.nan)
    log_seconds = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS))
    _fill_features(
        panel.offsets, panel.start_us, panel.end_us, panel.by_end, log_seconds, training(panel),
        origin_us, features, center,
    )  # fmt: skip
    return features, center


def at_stored_levels(
    quantiles: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles (n, m) at ascending levels (m,), read at the stored levels: (n, 35).

    Sorted first, so that quantiles do not cross (Chernozhukov, Fernandez-Val and Galichon,
    Econometrica 78, 2010); then linear in logit(p), beyond the outermost levels as well.
    """
    at = logit(levels)
    left = np.clip(np.searchsorted(at, LOGIT_LEVELS) - 1, 0, at.size - 2)
    way = (LOGIT_LEVELS - at[left]) / (at[left + 1] - at[left])
    ordered = np.sort(quantiles, axis=1)
    return np.asarray(ordered[:, left] * (1.0 - way) + ordered[:, left + 1] * way)


@kernel
def _fill_features(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    log_seconds: NDArray[np.float64],
    trains: NDArray[np.bool_],
    origin_us: NDArray[np.int64],
    features: NDArray[np.float32],
    center: NDArray[np.float64],
) -> None:
    for job in range(offsets.shape[0] - 1):
        first, stop = offsets[job], offsets[job + 1]
        ended = np.empty(stop - first, dtype=np.int64)
        count, next_end, newest_us = 0, first, 0
        for i in range(first, stop):
            while next_end < stop and end_us[by_end[next_end]] < origin_us[i]:
                j = by_end[next_end]
                next_end += 1
                if trains[j]:
                    newest_us = start_us[j] if count == 0 else max(newest_us, start_us[j])
                    ended[count] = j
                    count += 1
            if count == 0:
                continue
            few = log_seconds[ended[max(count - FEW, 0) : count]]
            many = log_seconds[ended[max(count - MANY, 0) : count]]
            center[i] = few.mean()
            for k in range(min(3, count)):
                features[i, k] = log_seconds[ended[count - 1 - k]] - center[i]
            features[i, 3] = many.mean() - center[i]
            features[i, 4] = few.std()
            features[i, 5] = many.std()
            features[i, 6] = many.min() - center[i]
            features[i, 7] = many.max() - center[i]
            features[i, 8] = center[i]
            features[i, 9] = np.log(count)
            features[i, 10] = np.log1p(max(start_us[i] - newest_us, 0) / HOUR_US)
            hour = start_us[i] % DAY_US / HOUR_US
            features[i, 11] = hour
            features[i, 12] = start_us[i] // DAY_US % 7
            features[i, 13] = _at_this_hour(
                ended[max(count - MANY, 0) : count], start_us, log_seconds, hour, center[i]
            )


@kernel
def _at_this_hour(
    ended: NDArray[np.int64],
    start_us: NDArray[np.int64],
    log_seconds: NDArray[np.float64],
    hour: float,
    center: float,
) -> float:
    """Mean log duration, relative to `center`, of runs within two hours of this time of day."""
    total, count = 0.0, 0
    for j in ended:
        apart = abs(start_us[j] % DAY_US / HOUR_US - hour)
        if min(apart, 24.0 - apart) <= 2.0:
            total += log_seconds[j] - center
            count += 1
    return total / count if count > 0 else np.nan
