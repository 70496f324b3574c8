"""Rules that people use to find slow runs, as scores that are flagged above a number.

    z_of_30_days      (x - m) / s of the runs of 30 days, this one among them          above 3
    median_ratio      x over the median of 7 days                                      above 2
    beyond_p90        x over max + (max - p90) of 30 days                              above 1
    week_over_week    x over the mean of the same weekday a week before                above 1.25

m and s are mean and standard deviation (n - 1) in seconds; quantiles are those of type 7 (Hyndman and Fan, 1996).
A run has its effect on a rule when it has ended.

Decided here: where a window holds no run, the last one stands alone, as in `optimizer.evaluation.simple`; a week
without a run on that weekday gives no answer. With n runs before it, a z among which the run itself is cannot
exceed n / sqrt(n + 1): that rule is blind below ten runs.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from optimizer.evaluation.anomalies.detector import Detector, Judge, Judged
from optimizer.evaluation.simple import MOMENTS, QUANTILES, of_windows, training
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US
from optimizer.panel import RunPanel

__all__ = ["RULES"]

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


def z_of_30_days(panel: RunPanel) -> Judge:
    n, before, sd = of_windows(MOMENTS, panel, panel.start_us, np.zeros(3), days=30.0).T

    def judge(at: Positions, seconds: Floats) -> Judged:
        mean = before[at] + (seconds - before[at]) / (n[at] + 1.0)
        squares = n[at] * sd[at] ** 2 + (seconds - before[at]) * (seconds - mean)
        z = _over(seconds - mean, np.sqrt(squares / n[at]))
        return Judged(z, -z)

    return judge


def median_ratio(panel: RunPanel) -> Judge:
    return _over_all(of_windows(QUANTILES, panel, panel.start_us, np.array([0.5]), days=7.0)[:, 0])


def beyond_p90(panel: RunPanel) -> Judge:
    p90, most = of_windows(QUANTILES, panel, panel.start_us, np.array([0.9, 1.0]), days=30.0).T
    return _over_all(2.0 * most - p90)


def week_over_week(panel: RunPanel) -> Judge:
    mean = np.full(panel.row.size, np.nan)
    _week_before(
        panel.offsets, panel.start_us, panel.end_us, panel.duration_seconds, training(panel), mean
    )
    return _over_all(np.maximum(mean, SHORTEST_SECONDS))


def _over_all(usual: Floats) -> Judge:
    """Seconds over what is usual of each run (R,)."""
    return lambda at, seconds: Judged(_over(seconds, usual[at]))


def _over(above: Floats, below: Floats) -> Floats:
    """NaN where it would be divided by nothing."""
    return np.asarray(above / np.where(below > 0.0, below, np.nan))


@kernel
def _week_before(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    seconds: Floats,
    trains: NDArray[np.bool_],
    mean: Floats,
) -> None:
    """Write the mean of the runs that started on the day (UTC) seven days earlier and had ended."""
    for job in range(offsets.shape[0] - 1):
        first = offsets[job]
        for i in range(offsets[job], offsets[job + 1]):
            day = start_us[i] // DAY_US - 7
            while start_us[first] // DAY_US < day:
                first += 1
            total, count = 0.0, 0
            j = first
            while start_us[j] // DAY_US == day:
                if trains[j] and end_us[j] < start_us[i]:
                    total += seconds[j]
                    count += 1
                j += 1
            if count > 0:
                mean[i] = total / count


RULES = {
    "z_of_30_days": Detector(
        "mean + 3 sd of 30 days, the run among them", z_of_30_days, 3.0, 3.0, lambda z: ndtr(-z)
    ),
    "median_ratio": Detector("twice the median of 7 days", median_ratio, 2.0),
    "beyond_p90": Detector(
        "the longest of 30 days, and as much as it is beyond p90", beyond_p90, 1.0
    ),
    "week_over_week": Detector("a quarter above a week before", week_over_week, 1.25),
}
