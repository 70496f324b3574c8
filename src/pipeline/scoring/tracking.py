"""MLflow: one run a night, one model a family, never one model a job.

A night that changed nothing makes no run. Each family's states of all jobs are one Parquet artifact
of a models-from-code pyfunc; its new version is the challenger, and becomes champion when
`models/promotion.yml` holds, or unopposed on the first night.
"""

import logging
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.night import Night
from pipeline.scoring import pictures
from pipeline.scoring.promotion import is_better, load_rules
from pipeline.settings import Settings
from pipeline.tables import gold
from pipeline.tables.declaration import Layer, Table

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True, slots=True)
class Family:
    """A registered model: its models-from-code file and the table that holds its jobs' states."""

    name: str
    states: Table


FAMILIES = (
    Family("duration_forecast", gold.DURATION_STATES),
    Family("job_baseline", gold.JOB_BASELINE),
    Family("cluster_sizing", gold.RIGHTSIZING),
)


def models_folder() -> Path:
    """Where the models-from-code files are: in the wheel, or beside `src` in a checkout."""
    packaged = Path(str(resources.files("pipeline"))) / "models"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "models"


def tracking_uri(home: Path) -> str:
    """The home's own store; a URI the environment sets wins."""
    return f"sqlite:///{home.absolute() / 'mlflow.db'}"


def track_night(home: Path, lakehouse: Lakehouse, settings: Settings, night: Night) -> str:
    """Log the night and its models; returns where they can be looked at."""
    uri = tracking_uri(home)
    where = f"mlflow ui --backend-store-uri {uri}"
    if not any(r.written for r in night.reports if r.table.layer in (Layer.MODEL, Layer.RECOMMENDATION)):
        return where
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    experiment = mlflow.get_experiment_by_name(settings.experiment)
    identifier = (
        experiment.experiment_id
        if experiment is not None
        else mlflow.create_experiment(
            settings.experiment, artifact_location=(home.absolute() / "mlartifacts").as_uri()
        )
    )
    quality = lakehouse.read(gold.FORECAST_QUALITY).toPandas()
    sizes = lakehouse.read(gold.RIGHTSIZING).toPandas()
    metrics = night_metrics(lakehouse, quality)
    with mlflow.start_run(experiment_id=identifier, run_name=f"night {night.as_of:%Y-%m-%d}"):
        mlflow.set_tag("night_id", night.night_id)
        mlflow.log_params({**settings.model_dump(), "as_of": str(night.as_of)})
        mlflow.log_metrics({**metrics, **_stage_metrics(night)})
        mlflow.log_dict(_versions(night), "outputs.json")
        mlflow.log_table(quality, "forecast_quality.json")
        for name, figure in pictures.of_night(quality, sizes).items():
            mlflow.log_figure(figure, f"{name}.png")
        for family in FAMILIES:
            _register(lakehouse, settings, family, metrics)
    return where


def night_metrics(lakehouse: Lakehouse, quality: pd.DataFrame) -> dict[str, float]:
    """The fleet's forecast quality, means over runs, and the share of jobs with an answer."""
    scored = quality[quality["scored_runs"] > 0]
    weight = scored["scored_runs"].astype(float)
    metrics = {"jobs": float(len(quality)), "runs_scored": float(weight.sum())}
    if weight.sum():
        for name in ("crps_log", "crps_log_rule", "coverage_50", "coverage_90", "coverage_99"):
            present = scored[name].notna()
            if present.any():
                metrics[name] = float(
                    (scored[name] * weight)[present].sum() / weight[present].sum()
                )
        if metrics.get("crps_log_rule"):
            metrics["crps_ratio"] = metrics["crps_log"] / metrics["crps_log_rule"]
    for table in (gold.JOB_FORECAST, gold.JOB_BASELINE, gold.RIGHTSIZING):
        rows = lakehouse.read(table)
        total = rows.count()
        if total:
            metrics[f"assessed_{table.name}"] = rows.where("status = 'ok'").count() / total
    return metrics


def _stage_metrics(night: Night) -> dict[str, float]:
    metrics: dict[str, float] = {"seconds_total": night.seconds}
    for report in night.reports:
        for name, value in (("seconds", report.seconds), ("rows_written", report.written)):
            key = f"{name}_{report.stage}"
            metrics[key] = metrics.get(key, 0.0) + value
    return metrics


def _versions(night: Night) -> dict[str, object]:
    return {
        report.table.full_name: {
            "version": report.version,
            "inserted": report.inserted,
            "updated": report.updated,
            "deleted": report.deleted,
        }
        for report in night.reports
    }


def _register(
    lakehouse: Lakehouse, settings: Settings, family: Family, metrics: dict[str, float]
) -> None:
    states = lakehouse.read(family.states).toPandas()
    if "job_id" not in states.columns:
        states = states.rename(columns={"series_key": "job_id"})
    name = f"{settings.model_prefix}.{family.name}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "states.parquet"
        states.to_parquet(file, index=False)
        asked = pd.DataFrame({"job_id": ["workspace/job"]})
        info = mlflow.pyfunc.log_model(
            name=family.name,
            python_model=str(models_folder() / f"{family.name}.py"),
            artifacts={"states": str(file)},
            signature=infer_signature(asked, pd.DataFrame({"job_id": ["w/j"], "status": ["ok"]})),
            pip_requirements=["rightrun"],
        )
    client = MlflowClient()
    version = int(mlflow.register_model(info.model_uri, name, tags={"states": family.states.full_name}).version)
    for metric, value in metrics.items():
        client.set_model_version_tag(name, str(version), metric, repr(value))
    client.set_registered_model_alias(name, CHALLENGER, str(version))
    champion = _champion_metrics(client, name)
    if champion is None or is_better(load_rules(models_folder() / "promotion.yml"), family.name, metrics, champion):
        client.set_registered_model_alias(name, CHAMPION, str(version))


def _champion_metrics(client: MlflowClient, name: str) -> dict[str, float] | None:
    try:
        champion = client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return None
    found = {}
    for metric, value in champion.tags.items():
        try:
            found[metric] = float(value)
        except ValueError:
            continue
    return found
