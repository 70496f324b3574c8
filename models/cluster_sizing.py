"""How many workers each job cluster needs, as one night recommended it.

MLflow loads this file as the model (models from code); the artifact `states` is the Parquet file of
the night's recommendations (`optimizer.rightsizing.recommend_many`, or the Gold table made of it),
one row per job. Whoever asks may be more cautious than the night was, never less: a recommendation
that would miss the limit more often than `max_p_miss`, or that saves less than `min_saving`, is
answered keep.
"""

from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

NUMBERS = (
    "workers",
    "recommended_workers",
    "saving_lower",
    "saving_mid",
    "saving_upper",
    "p_miss_now",
    "p_miss_recommended",
)

SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "job_id")]),
    outputs=Schema(
        [
            ColSpec(DataType.string, "job_id"),
            ColSpec(DataType.string, "status"),
            ColSpec(DataType.string, "action"),
            ColSpec(DataType.string, "reason"),
            *(ColSpec(DataType.double, name) for name in NUMBERS),
        ]
    ),
    params=ParamSchema(
        [
            ParamSpec("max_p_miss", DataType.double, 1.0),
            ParamSpec("min_saving", DataType.double, 0.0),
        ]
    ),
)


class ClusterSizing(mlflow.pyfunc.PythonModel):
    """Recommendations for rows of job_id."""

    def load_context(self, context: Any) -> None:
        """Read the night's recommendations once."""
        states = pd.read_parquet(context.artifacts["states"])
        if states["job_id"].duplicated().any():
            raise ValueError("states hold a job more than once; keep one cluster per job_id")
        self.states = states.set_index("job_id")

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row per input row, in its order; a job without a recommendation is not_assessed."""
        asked = {"max_p_miss": 1.0, "min_saving": 0.0} | (params or {})
        out = self.states.reindex(model_input["job_id"])
        out = out[["status", "action", "reason", *NUMBERS]].reset_index()
        out[list(NUMBERS)] = out[list(NUMBERS)].astype(np.float64)
        unknown = out["status"].isna()
        out.loc[unknown, "status"] = "not_assessed"
        out.loc[unknown, "reason"] = "No cluster of this job was measured."

        down = out["action"].eq("downsize")
        risky = down & out["p_miss_recommended"].gt(asked["max_p_miss"])
        small = down & out["saving_lower"].lt(asked["min_saving"])
        kept = risky | small
        out.loc[small, "reason"] = "The saving may be smaller than you asked for."
        out.loc[risky, "reason"] = "The limit would be missed more often than you allow."
        out.loc[kept, "action"] = "keep"
        out.loc[kept, "recommended_workers"] = out.loc[kept, "workers"]
        out.loc[kept, "p_miss_recommended"] = out.loc[kept, "p_miss_now"]
        out.loc[kept, ["saving_lower", "saving_mid", "saving_upper"]] = 0.0
        return out.set_index(model_input.index)


mlflow.models.set_model(ClusterSizing())
