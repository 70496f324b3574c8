"""MLflow: a run a night and one an evaluation, registered models, their versions and promotion."""

import os

# MLflow reads this while it is imported: a night tells nobody that it ran.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
