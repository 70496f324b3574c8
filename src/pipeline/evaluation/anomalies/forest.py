"""scikit-learn's IsolationForest as a peer: one forest over the runs of all jobs.

Isolated is what is unlike the runs of all jobs in four features, each relative to what its own job did before:
log duration less the mean of the last ten, less the mean of those near this hour, beyond the longest of the
last fifty, and in standard deviations of the last fifty. Trained as `pipeline.evaluation.weekly` says, with one
run in 1,000 of those taken for strange. Only a run above the mean of its last ten is slow.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judge, Judged
from optimizer.evaluation.features import FEATURES, run_features
from optimizer.panel import RunPanel
from pipeline.evaluation.weekly import log_seconds, trained_weekly

SMALLEST_SD: Final = 0.01
SEED: Final = 1


def isolated(panel: RunPanel) -> Judge:
    from sklearn.ensemble import IsolationForest

    center, before = relative_to(panel)
    own = features(before, log_seconds(panel.duration_seconds) - center)
    forests = [
        (rows, IsolationForest(contamination=ALPHA, random_state=SEED).fit(own[latest]))
        for latest, rows in trained_weekly(panel, panel.start_us, np.isfinite(center))
    ]

    def judge(at: NDArray[np.int64], seconds: NDArray[np.float64]) -> Judged:
        x = log_seconds(seconds) - center[at]
        asked = features(before[at], x)
        forest_of = np.full(panel.row.size, -1)
        for number, (rows, _) in enumerate(forests):
            forest_of[rows] = number
        slow = np.full(at.size, np.nan)
        for number, (_, forest) in enumerate(forests):
            those = np.flatnonzero(forest_of[at] == number)
            if those.size:
                strangeness = -forest.decision_function(asked[those])
                slow[those] = np.where(x[those] > 0.0, strangeness, -1.0)
        return Judged(slow)

    return judge


def relative_to(panel: RunPanel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each run: log seconds of the mean of the last ten (R,), NaN without one, and relative to that the mean near
    this hour, the longest, the mean and the sd of the last fifty (R, 4)."""
    known, center = run_features(panel, panel.start_us)
    names = ("same_hour", "highest_50", "mean_50", "sd_50")
    before = known[:, [FEATURES.index(name) for name in names]].astype(np.float64)
    before[:, 0] = np.nan_to_num(before[:, 0])
    before[:, 3] = np.maximum(before[:, 3], SMALLEST_SD)
    return center, before


def features(before: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The features (k, 4) of runs of log seconds x (k,), relative to the mean of the last ten."""
    same_hour, highest, mean, sd = before.T
    return np.column_stack((x, x - same_hour, x - highest, (x - mean) / sd))


ISOLATED: Final = Detector("IsolationForest over all jobs", isolated, 0.0)
