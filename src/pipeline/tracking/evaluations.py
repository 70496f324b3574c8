"""An evaluation as one MLflow run: its settings, its measures, its page."""

from collections.abc import Mapping
from typing import Any

import mlflow

from pipeline.evaluation.page import printable
from pipeline.tracking.nights import Store, opened_experiment

MOST_METRICS = 1000
"""What one request of MLflow may hold."""


def track_evaluation(
    store: Store, experiment: str, document: Mapping[str, Any], page: str, name: str
) -> str:
    """Log it beside the nights; the id of the run."""
    identifier = opened_experiment(store, experiment)
    with mlflow.start_run(experiment_id=identifier, run_name=f"evaluate {printable(name)}") as run:
        mlflow.log_params(_parameters(document, name))
        measured = list(metrics(document).items())
        for first in range(0, len(measured), MOST_METRICS):
            mlflow.log_metrics(dict(measured[first : first + MOST_METRICS]))
        mlflow.log_text(page, "evaluation.html")
        mlflow.log_dict(dict(document), "evaluation.json")
        return str(run.info.run_id)


def _parameters(document: Mapping[str, Any], name: str) -> dict[str, object]:
    asked = {key: document[key] for key in ("seed", "sample_jobs", "peers")}
    return {"runs_from": printable(name)[:250], **document["log"], **asked} | {
        f"forecast.{setting}": value for setting, value in document["settings"].items()
    }


def metrics(document: Mapping[str, Any]) -> dict[str, float]:
    """Every number by comparison, horizon, method and measure."""
    found: dict[str, float | None] = {
        "jobs_better_than_rule": document["by_job"]["better_than_rule"]
    }
    for comparison, one in document["comparisons"].items():
        for horizon, scored in one["horizons"].items():
            where = f"{comparison.replace(' ', '_')}/{horizon}"
            found[f"{where}/runs"] = float(scored["runs"])
            for method, told in scored["methods"].items():
                for measure in ("crps", "ours_over_it", "brier"):
                    found[f"{where}/{method}/{measure}"] = told[measure]
                for level, share in told["coverage"].items():
                    found[f"{where}/{method}/coverage_{level}"] = share
    return {key: value for key, value in found.items() if value is not None}
