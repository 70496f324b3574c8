"""LightGBM as a peer: boosted quantile trees over the features of a run at its origin.

One model for all jobs and each of nine levels, trained again as `pipeline.evaluation.weekly` says. Features and target are those of
`optimizer.evaluation.features`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.evaluation.features import at_stored_levels, run_features
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS
from pipeline.evaluation.weekly import trained_weekly

TRAINED_LEVELS: Final = np.array([0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
TREES: Final = 60
SETTINGS: Final = {
    "objective": "quantile",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 40,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def lightgbm(panel: RunPanel, origin_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """A method of `optimizer.evaluation`; NaN before enough runs have ended to train on."""
    import lightgbm as gbm

    features, center = run_features(panel, origin_us)
    has_features = np.isfinite(center)
    target = np.log(np.maximum(np.nan_to_num(panel.duration_seconds), SHORTEST_SECONDS)) - center
    out = np.full((panel.row.size, LEVELS.size), np.nan)
    for latest, rows in trained_weekly(panel, origin_us, has_features):
        data = gbm.Dataset(features[latest], target[latest], free_raw_data=False)
        quantiles = np.column_stack(
            [
                gbm.train(SETTINGS | {"alpha": level}, data, TREES).predict(features[rows])
                for level in TRAINED_LEVELS
            ]
        )
        out[rows] = at_stored_levels(quantiles, TRAINED_LEVELS) + center[rows, None]
    return out
