"""scikit-learn's boosted trees as a peer: the 99.9 % quantile of a run's duration, from its features.

A model of all jobs for the median and one for that quantile (HistGradientBoostingRegressor), trained as
`pipeline.evaluation.weekly` says; features and target are those of `optimizer.evaluation.features`. The score is
how far a run is on the way from its median to its quantile, in logs: flagged above 1.
"""

from typing import Final

import numpy as np

from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judged
from optimizer.evaluation.features import run_features
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.panel import RunPanel
from pipeline.evaluation.weekly import trained_weekly

SETTINGS: Final = {
    "loss": "quantile", "max_iter": 60, "max_leaf_nodes": 15, "min_samples_leaf": 40,
    "early_stopping": False, "random_state": 1,
}  # fmt: skip
NARROWEST: Final = 0.01


def beyond_quantile(panel: RunPanel) -> Judged:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    features, center = run_features(panel, panel.start_us)
    x = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS)) - center
    slow = np.full(panel.row.size, np.nan)
    with threadpool_limits(1):
        for latest, rows in trained_weekly(panel, panel.start_us, np.isfinite(center)):
            median, most = (
                HistGradientBoostingRegressor(quantile=level, **SETTINGS)
                .fit(features[latest], x[latest])
                .predict(features[rows])
                for level in (0.5, 1.0 - ALPHA)
            )
            slow[rows] = (x[rows] - median) / np.maximum(most - median, NARROWEST)
    return Judged(slow)


BEYOND_QUANTILE: Final = Detector("boosted 99.9 % quantile over all jobs", beyond_quantile, 1.0)
