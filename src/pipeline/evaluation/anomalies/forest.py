"""scikit-learn's IsolationForest as a peer: one forest over the runs of all jobs.

Isolated is what is unlike the runs of all jobs in four features, each relative to what its own job did before:
log duration less the mean of the last ten, less the mean of those near this hour, beyond the longest of the
last fifty, and in standard deviations of the last fifty. Trained as `pipeline.evaluation.weekly` says, with one
run in 1,000 of those taken for strange. Only a run above the mean of its last ten is slow.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judged
from optimizer.evaluation.features import FEATURES, run_features
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.panel import RunPanel
from pipeline.evaluation.weekly import trained_weekly

SMALLEST_SD: Final = 0.01
SEED: Final = 1


def isolated(panel: RunPanel) -> Judged:
    from sklearn.ensemble import IsolationForest

    features, deviation = deviations(panel)
    slow = np.full(panel.row.size, np.nan)
    for latest, rows in trained_weekly(panel, panel.start_us, np.isfinite(deviation)):
        forest = IsolationForest(contamination=ALPHA, random_state=SEED).fit(features[latest])
        strangeness = -forest.decision_function(features[rows])
        slow[rows] = np.where(deviation[rows] > 0.0, strangeness, -1.0)
    return Judged(slow)


def deviations(panel: RunPanel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The features (R, 4) of every run, itself among them, and the first (R,), which is NaN where no run had
    ended before it."""
    before, center = run_features(panel, panel.start_us)
    x = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS)) - center
    mean, sd, highest, same_hour = (
        before[:, FEATURES.index(name)].astype(np.float64)
        for name in ("mean_50", "sd_50", "highest_50", "same_hour")
    )
    z = (x - mean) / np.maximum(sd, SMALLEST_SD)
    features = np.column_stack((x, x - np.nan_to_num(same_hour), x - highest, z))
    return features, x


ISOLATED: Final = Detector("IsolationForest over all jobs", isolated, 0.0)
