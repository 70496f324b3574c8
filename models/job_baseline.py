"""How unlike its job a finished run was, served from the baselines of one night.

MLflow loads this file as the model (models from code); the artifact `states` is the Parquet file of
`optimizer.baselines.latest`. One input row is one finished run.
"""

from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from optimizer.baselines import rarity

SIGNATURE = ModelSignature(
    inputs=Schema(
        [
            ColSpec(DataType.string, "job_id"),
            ColSpec(DataType.double, "duration_seconds", required=False),
        ]
    ),
    outputs=Schema(
        [
            ColSpec(DataType.string, "job_id"),
            ColSpec(DataType.string, "status"),
            ColSpec(DataType.double, "center_seconds"),
            ColSpec(DataType.double, "usual_low_seconds"),
            ColSpec(DataType.double, "usual_high_seconds"),
            ColSpec(DataType.double, "ratio"),
            ColSpec(DataType.double, "robust_z"),
            ColSpec(DataType.double, "p_value"),
            ColSpec(DataType.double, "p_value_short"),
            ColSpec(DataType.boolean, "is_anomaly"),
            ColSpec(DataType.boolean, "is_short"),
        ]
    ),
    params=ParamSchema(
        [
            ParamSpec("alpha", DataType.double, 0.001),
            ParamSpec("alpha_short", DataType.double, 0.0002),
        ]
    ),
)


def _states(file: str) -> pd.DataFrame:
    """The artifact, read in this thread: Arrow's own threads may abort a process that ends (apache/arrow#34314)."""
    return pq.ParquetFile(file).read(use_threads=False).to_pandas(use_threads=False)


class JobBaseline(mlflow.pyfunc.PythonModel):
    """How slow, or how suspiciously short, rows of job_id and duration_seconds are."""

    def load_context(self, context: Any) -> None:
        """Read the baselines once."""
        self.states = _states(context.artifacts["states"]).set_index("job_id")

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row per input row, in its order; a job without a baseline is not_assessed.

        Without a duration the baseline itself is the answer and the score is null.
        """
        alpha = float((params or {}).get("alpha", 0.001))
        alpha_short = float((params or {}).get("alpha_short", 0.0002))
        state = self.states.reindex(model_input["job_id"])
        unmeasured = pd.Series(np.nan, index=model_input.index)
        duration = model_input.get("duration_seconds", unmeasured).to_numpy(dtype=np.float64)
        center = state["center_seconds"].to_numpy(dtype=np.float64)
        said = rarity(duration, state)
        p_value, p_value_short = said["p_value"].to_numpy(), said["p_value_short"].to_numpy()
        usable = np.isfinite(duration) & (duration >= 0.0)
        status = state["status"].to_numpy(dtype=object)
        return pd.DataFrame(
            {
                "job_id": model_input["job_id"].to_numpy(),
                "status": np.where(state["status"].isna(), "not_assessed", status),
                "center_seconds": center,
                "usual_low_seconds": state["usual_low_seconds"].to_numpy(dtype=np.float64),
                "usual_high_seconds": state["usual_high_seconds"].to_numpy(dtype=np.float64),
                "ratio": np.where(usable, duration, np.nan) / np.where(center > 0, center, np.nan),
                "robust_z": said["robust_z"].to_numpy(),
                "p_value": p_value,
                "p_value_short": p_value_short,
                "is_anomaly": p_value <= alpha,
                "is_short": p_value_short <= alpha_short,
            },
            index=model_input.index,
        )


mlflow.models.set_model(JobBaseline())
