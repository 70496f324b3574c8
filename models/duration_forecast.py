"""The duration of each job's runs to come, served from the states of one nightly fit.

MLflow loads this file as the model (models from code); the artifact `states` is the Parquet file of
`optimizer.forecast.Forecaster.states`. One input row asks about one run of a job, and where it has a
`start_time` (UTC, without a zone: MLflow refuses others) about one that starts then.
"""

import json
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from optimizer.forecast import Forecaster

LEVELS_ASKED = [0.5, 0.8, 0.9, 0.95, 0.99]

SIGNATURE = ModelSignature(
    inputs=Schema(
        [
            ColSpec(DataType.string, "job_id"),
            ColSpec(DataType.datetime, "start_time", required=False),
            ColSpec(DataType.double, "limit_seconds", required=False),
            ColSpec(DataType.double, "elapsed_seconds", required=False),
        ]
    ),
    outputs=Schema(
        [
            ColSpec(DataType.string, "job_id"),
            ColSpec(DataType.string, "status"),
            ColSpec(DataType.double, "failure_rate"),
            ColSpec(DataType.double, "p_over_limit"),
            ColSpec(DataType.string, "quantile_seconds"),
        ]
    ),
    params=ParamSchema([ParamSpec("quantiles", DataType.double, LEVELS_ASKED, (-1,))]),
)
"""`quantile_seconds` is a JSON object from level to seconds: the levels are the caller's choice."""


def _states(file: str) -> pd.DataFrame:
    """The artifact, read in this thread: Arrow's own threads may abort a process that ends (apache/arrow#34314)."""
    return pq.ParquetFile(file).read(use_threads=False).to_pandas(use_threads=False)


class DurationForecast(mlflow.pyfunc.PythonModel):
    """Quantiles and P(duration > limit | elapsed) for rows of job_id."""

    def load_context(self, context: Any) -> None:
        """Read the states once."""
        self.forecaster = Forecaster.from_states(_states(context.artifacts["states"]))

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row per input row, in its order; a job without a state is not_assessed."""
        levels = [float(q) for q in (params or {}).get("quantiles", LEVELS_ASKED)]
        asked = model_input[["job_id"]]
        if "start_time" in model_input:
            asked = asked.assign(start_time=pd.to_datetime(model_input["start_time"], utc=True))
        runs = self.forecaster.predict(asked)
        nothing = pd.Series(np.nan, index=model_input.index)
        limit = model_input.get("limit_seconds", nothing).to_numpy(dtype=np.float64)
        elapsed = model_input.get("elapsed_seconds", nothing).fillna(0.0)
        rates = self.forecaster.states.set_index("job_id")["failure_rate"]
        seconds = runs.quantile(levels)
        return pd.DataFrame(
            {
                "job_id": model_input["job_id"],
                "status": runs.status,
                "failure_rate": rates.reindex(model_input["job_id"]).to_numpy(dtype=np.float64),
                "p_over_limit": runs.p_over_limit(limit, elapsed.to_numpy(dtype=np.float64)),
                "quantile_seconds": [
                    json.dumps(dict(zip(map(str, levels), row, strict=True)))
                    if np.isfinite(row).all()
                    else None
                    for row in seconds.tolist()
                ],
            },
            index=model_input.index,
        )


mlflow.models.set_model(DurationForecast())
