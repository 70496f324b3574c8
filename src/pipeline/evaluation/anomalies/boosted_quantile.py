"""scikit-learn's boosted trees as a peer: the 99.9 % quantile of a run's duration, from its features.

A model of all jobs for the median and one for that quantile (HistGradientBoostingRegressor), trained as
`pipeline.evaluation.weekly` says; features and target are those of `optimizer.evaluation.features`. The score is
how far a run is on the way from its median to its quantile, in logs: flagged above 1.
"""

from typing import Final

import numpy as np

from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judge, Judged
from optimizer.evaluation.features import run_features
from optimizer.panel import RunPanel
from pipeline.evaluation.weekly import log_seconds, trained_weekly

SETTINGS: Final = {
    "loss": "quantile", "max_iter": 60, "max_leaf_nodes": 15, "min_samples_leaf": 40,
    "early_stopping": False, "random_state": 1,
}  # fmt: skip
NARROWEST: Final = 0.01


def beyond_quantile(panel: RunPanel) -> Judge:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    features, center = run_features(panel, panel.start_us)
    target = log_seconds(panel.duration_seconds) - center
    median, most = np.full((2, panel.row.size), np.nan)
    with threadpool_limits(1):
        for latest, rows in trained_weekly(panel, panel.start_us, np.isfinite(center)):
            for level, out in ((0.5, median), (1.0 - ALPHA, most)):
                trees = HistGradientBoostingRegressor(quantile=level, **SETTINGS)
                out[rows] = trees.fit(features[latest], target[latest]).predict(features[rows])
    width = np.maximum(most - median, NARROWEST)
    return lambda at, seconds: Judged((log_seconds(seconds) - center[at] - median[at]) / width[at])


BEYOND_QUANTILE: Final = Detector("boosted 99.9 % quantile over all jobs", beyond_quantile, 1.0)
