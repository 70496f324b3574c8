"""How many workers each job cluster needs, served from what one night knew about it.

MLflow loads this file as the model (models from code); the artifact `states` is the Parquet file of
the rows given to `optimizer.rightsizing.recommend_many`, one per job. The caution is the caller's:
the same night answers "what if one percent of misses were allowed?".
"""

from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from optimizer.config import SizingConfig
from optimizer.rightsizing import recommend_many

DEFAULT = SizingConfig()
WORDS = ("job_id", "status", "action", "reason", "saving_basis")
NUMBERS = (
    "workers",
    "recommended_workers",
    "saving_lower",
    "saving_mid",
    "saving_upper",
    "p_miss_now",
    "p_miss_recommended",
    "stretch_mid",
    "stretch_upper",
)

SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "job_id")]),
    outputs=Schema(
        [
            *(ColSpec(DataType.string, name) for name in WORDS),
            *(ColSpec(DataType.double, name) for name in NUMBERS),
        ]
    ),
    params=ParamSchema(
        [
            ParamSpec("max_p_miss", DataType.double, DEFAULT.max_p_miss),
            ParamSpec("min_saving_share", DataType.double, DEFAULT.min_saving_share),
        ]
    ),
)


def _states(file: str) -> pd.DataFrame:
    """The artifact, read in this thread: Arrow's own threads may abort a process that ends (apache/arrow#34314)."""
    return pq.ParquetFile(file).read(use_threads=False).to_pandas(use_threads=False)


class ClusterSizing(mlflow.pyfunc.PythonModel):
    """Recommendations for rows of job_id."""

    def load_context(self, context: Any) -> None:
        """Read what was measured once."""
        states = _states(context.artifacts["states"])
        if states["job_id"].duplicated().any():
            raise ValueError("states hold a job more than once; keep one cluster per job_id")
        self.states = states

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row per input row, in its order; a job without a cluster is not_assessed."""
        asked = params or {}
        config = SizingConfig(
            max_p_miss=float(asked.get("max_p_miss", DEFAULT.max_p_miss)),
            min_saving_share=float(asked.get("min_saving_share", DEFAULT.min_saving_share)),
        )
        wanted = self.states[self.states["job_id"].isin(model_input["job_id"])]
        answers = recommend_many(wanted, config=config).set_index("job_id")
        out = answers.reindex(model_input["job_id"]).reset_index()
        unknown = out["status"].isna()
        out.loc[unknown, "status"] = "not_assessed"
        out.loc[unknown, "action"] = "keep"
        out.loc[unknown, "saving_basis"] = "dbu"
        out.loc[unknown, "reason"] = "No cluster of this job was measured."
        numbers = out[list(NUMBERS)].astype(np.float64)
        return pd.concat([out[list(WORDS)], numbers], axis=1).set_index(model_input.index)


mlflow.models.set_model(ClusterSizing())
