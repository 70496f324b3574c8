"""MLflow: one run a night, one model a family, never one model a job.

A night that changed nothing makes no run. Each family's states of all jobs are one Parquet artifact
of a models-from-code pyfunc; its new version is the challenger, and becomes champion when
`models/promotion.yml` holds, or unopposed on the first night.
"""

import contextlib
import io
import logging
import os
import runpy
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models.model import ModelInfo
from pyspark.sql import functions as F

from pipeline.engine.paths import literal_path
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.night import Night
from pipeline.nightly.positions import Positions
from pipeline.settings import Settings
from pipeline.tables import gold, nights
from pipeline.tables.declaration import Table
from pipeline.tracking import artifact_paths, pictures
from pipeline.tracking.promotion import is_better, load_rules
from pipeline.tracking.wheel import models_folder, packages, write_wheel

_TRACKED = "mlflow"
CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True, slots=True)
class Family:
    """A registered model: what its models-from-code file `models/<name>.py` needs, and how good it is.

    `states` gives the rows of its artifact, `metrics` what promotion rules ask about.
    """

    name: str
    states: Callable[[Lakehouse], pd.DataFrame]
    metrics: Callable[[Lakehouse], dict[str, float]]


def _duration_states(lakehouse: Lakehouse) -> pd.DataFrame:
    return lakehouse.read(gold.DURATION_STATES).toPandas()


def _baseline_states(lakehouse: Lakehouse) -> pd.DataFrame:
    return lakehouse.read(gold.JOB_BASELINE).withColumnRenamed("series_key", "job_id").toPandas()


def _sizing_states(lakehouse: Lakehouse) -> pd.DataFrame:
    """The job clusters as `optimizer.rightsizing.recommend_many` takes them."""
    curves = lakehouse.read(gold.DURATION_STATES).select(
        "job_id", F.col("quantile_seconds").alias("runtime_quantile_seconds")
    )
    allowed = lakehouse.read(gold.JOB_FORECAST).select(
        F.col("series_key").alias("job_id"), F.col("allowed_seconds").alias("limit_seconds")
    )
    return (
        lakehouse.read(gold.RIGHTSIZING)
        .where("cpu_p95_pct IS NOT NULL")
        .select(
            F.col("series_key").alias("job_id"),
            "workers",
            "worker_node_type",
            "cpu_p95_pct",
            "cpu_upper_pct",
            "mem_p99_pct",
            F.col("swap_max_pct").alias("swap"),
            "io_wait_mean_pct",
            F.col("node_minutes").alias("minutes"),
            "runs",
            F.col("list_cost_30_days").alias("list_cost"),
        )
        .join(curves, "job_id", "left")
        .join(allowed, "job_id", "left")
        .toPandas()
    )


def _assessed(lakehouse: Lakehouse, table: Table) -> float:
    told = (
        lakehouse.read(table)
        .agg(F.avg(F.when(F.col("status") == "ok", 1.0).otherwise(0.0)))
        .collect()
    )
    return float(told[0][0] or 0.0)


def _duration_metrics(lakehouse: Lakehouse) -> dict[str, float]:
    quality = lakehouse.read(gold.FORECAST_QUALITY).toPandas()
    return {**fleet_quality(quality), "jobs_assessed": _assessed(lakehouse, gold.JOB_FORECAST)}


def _baseline_metrics(lakehouse: Lakehouse) -> dict[str, float]:
    told = lakehouse.read(gold.JOB_BASELINE).where("last_p_value IS NOT NULL")
    share = told.agg(F.avg(F.when(F.col("last_is_anomaly"), 1.0).otherwise(0.0))).collect()[0][0]
    return {
        "anomaly_share": float(share or 0.0),
        "jobs_assessed": _assessed(lakehouse, gold.JOB_BASELINE),
    }


def _sizing_metrics(lakehouse: Lakehouse) -> dict[str, float]:
    rows = lakehouse.read(gold.RIGHTSIZING)
    worst = rows.agg(
        F.max(F.when(F.col("action") == "downsize", F.col("p_miss_recommended"))),
        F.max(F.col("saving_upper") / F.nullif(F.col("list_cost_30_days"), F.lit(0.0))),
    ).collect()[0]
    return {
        "max_p_miss_recommended": float(worst[0] or 0.0),
        "saving_over_spend": float(worst[1] or 0.0),
        "jobs_assessed": _assessed(lakehouse, gold.RIGHTSIZING),
    }


FAMILIES = (
    Family("duration_forecast", _duration_states, _duration_metrics),
    Family("job_baseline", _baseline_states, _baseline_metrics),
    Family("cluster_sizing", _sizing_states, _sizing_metrics),
)


@dataclass(frozen=True, slots=True)
class Store:
    """Where MLflow keeps runs and models: `artifacts` is None where the store has a place of its own."""

    tracking_uri: str
    registry_uri: str
    artifacts: str | None
    shown: str
    file: Path | None = None
    """The database, where it is a file of ours."""


WORKSPACE = Store("databricks", "databricks-uc", None, "in the workspace")
"""The workspace's own tracking, and Unity Catalog's registry."""


def store_of(home: Path) -> Store:
    """The home's own store: one file, and a folder beside it."""
    file = literal_path(home) / "mlflow.db"
    artifacts = (home.absolute() / artifact_paths.FOLDER).as_uri()
    return Store(
        _uri(file),
        _uri(file),
        artifacts,
        f"mlflow ui --backend-store-uri sqlite:///{quote(str(home.absolute() / file.name))}",
        file,
    )


def _uri(file: Path) -> str:
    # MLflow makes the folder that stands there, and would make one of the spelling of a URL.
    return f"sqlite:///{file}"


def _make(file: Path) -> None:
    """The database, if there is none: whole or not at all. MLflow makes it by some fifty migrations,
    and one that a kill cuts short can be neither used nor made good."""
    if not file.exists():
        unfinished = file.with_name("mlflow.db.new")
        unfinished.unlink(missing_ok=True)
        mlflow.MlflowClient(_uri(unfinished)).search_experiments(max_results=1)
        unfinished.rename(file)


def track_night(
    store: Store, lakehouse: Lakehouse, positions: Positions, settings: Settings, night: Night
) -> None:
    """Log the night and its models.

    A night is logged when the tables of its models stand at versions that no run has told of, by
    whichever night they were written: one may have been killed before it came to this.
    """
    stand = {
        table.full_name: str(lakehouse.version(table))
        for table in (*gold.MODEL_TABLES, *gold.RECOMMENDATION_TABLES)
    }
    if night.as_of is None or all(
        positions.of(_TRACKED, name) == version for name, version in stand.items()
    ):
        return
    identifier = opened_experiment(store, settings.experiment)
    quality = lakehouse.read(gold.FORECAST_QUALITY).toPandas()
    sizes = lakehouse.read(gold.RIGHTSIZING).toPandas()
    with mlflow.start_run(experiment_id=identifier, run_name=f"night {night.as_of:%Y-%m-%d}"):
        mlflow.set_tag("night_id", night.night_id)
        mlflow.log_params({**settings.model_dump(), "as_of": str(night.as_of)})
        mlflow.log_metrics(_stage_metrics(night))
        mlflow.log_dict(_versions(night), "outputs.json")
        mlflow.log_table(quality, "forecast_quality.json")
        mlflow.log_table(_not_assessed(lakehouse, night), "not_assessed.json")
        for name, figure in pictures.of_night(quality, sizes).items():
            mlflow.log_figure(figure, f"{name}.png")
        with tempfile.TemporaryDirectory() as folder:
            wheel = write_wheel(Path(folder))
            for family in FAMILIES:
                _register(lakehouse, settings, family, wheel)
    positions.set_all(_TRACKED, stand)
    positions.flush()


def opened_experiment(store: Store, name: str) -> str:
    """Point MLflow at the store; the id of the experiment, made where it is not there yet."""
    # Its bars would break the night's own, and stand in the log of a night that nobody watches.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    if store.file is not None and store.artifacts is not None:
        _make(store.file)
        artifact_paths.bring_home(store.file, store.artifacts)
    mlflow.set_tracking_uri(store.tracking_uri)
    mlflow.set_registry_uri(store.registry_uri)
    found = mlflow.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(mlflow.create_experiment(name, artifact_location=store.artifacts))


def fleet_quality(quality: pd.DataFrame) -> dict[str, float]:
    """The fleet's forecast quality: means over runs, from one row a job."""
    weight = quality["scored_runs"].astype(float)
    metrics = {"jobs": float(len(quality)), "runs_scored": float(weight.sum())}
    named = {
        "crps_log1p": "crps_log",
        "crps_log1p_rule": "crps_log_rule",
        "coverage_0.5": "coverage_50",
        "coverage_0.9": "coverage_90",
        "coverage_0.99": "coverage_99",
        "brier": "brier",
    }
    for metric, column in named.items():
        values = quality[column].astype(float)
        present = values.notna() & (weight > 0)
        if present.any():
            metrics[metric] = float((values * weight)[present].sum() / weight[present].sum())
    if metrics.get("crps_log1p_rule"):
        metrics["crps_ratio"] = metrics["crps_log1p"] / metrics["crps_log1p_rule"]
    return metrics


def _stage_metrics(night: Night) -> dict[str, float]:
    metrics: dict[str, float] = {"seconds_total": night.seconds}
    for report in night.reports:
        for name, value in (
            ("seconds", report.seconds),
            ("rows_read", report.rows_read),
            ("rows_written", report.written),
            ("rows_quarantined", report.rejected),
            ("rows_late", report.late),
        ):
            key = f"{name}_{report.stage}"
            metrics[key] = metrics.get(key, 0.0) + value
    return metrics


def _not_assessed(lakehouse: Lakehouse, night: Night) -> pd.DataFrame:
    written = lakehouse.read(nights.NIGHT_ASSESSMENTS)
    return (
        written.where(F.col("night_id") == night.night_id)
        .select("question", "status", "reason", "jobs")
        .toPandas()
    )


def _versions(night: Night) -> dict[str, object]:
    return {
        report.table.full_name: {
            "version": report.version,
            "versions_read": report.versions_read,
            "inserted": report.inserted,
            "updated": report.updated,
            "deleted": report.deleted,
        }
        for report in night.reports
    }


def write_states(states: pd.DataFrame, file: Path) -> None:
    """The rows of a model's artifact as Parquet."""
    # Spark Connect hangs the metrics of its plan on the frame, which Parquet's metadata cannot hold.
    states.attrs.clear()
    states.to_parquet(file, index=False)


def logged_model(family: str, states: Path, wheel: Path) -> ModelInfo:
    """The family's model with the code that answers for it.

    An environment is made from the wheel; where none can be made, the statistics beside it are enough.
    """
    code = models_folder() / f"{family}.py"
    with warnings.catch_warnings():
        # The model states its signature itself, and an example would be one of the user's jobs.
        warnings.filterwarnings("ignore", message=".*An input example was not provided")
        info: ModelInfo = mlflow.pyfunc.log_model(
            name=family,
            python_model=str(code),
            artifacts={"states": str(states)},
            signature=runpy.run_path(str(code))["SIGNATURE"],
            code_paths=[str(wheel), str(packages()["optimizer"])],
            pip_requirements=[f"code/{wheel.name}"],
        )
    return info


def _register(lakehouse: Lakehouse, settings: Settings, family: Family, wheel: Path) -> None:
    """A new version of the family, as challenger, or as champion too when its rules hold."""
    metrics = family.metrics(lakehouse)
    mlflow.log_metrics({f"{family.name}.{metric}": value for metric, value in metrics.items()})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "states.parquet"
        write_states(family.states(lakehouse), file)
        info = logged_model(family.name, file, wheel)
    name = f"{settings.model_prefix}.{family.name}"
    client = MlflowClient()
    with contextlib.redirect_stderr(io.StringIO()):  # It announces each version there.
        version = str(mlflow.register_model(info.model_uri, name).version)
    for metric, value in metrics.items():
        client.set_model_version_tag(name, version, metric, repr(value))
    client.set_registered_model_alias(name, CHALLENGER, version)
    champion = _champion_metrics(client, name)
    rules = load_rules(models_folder() / "promotion.yml")
    if champion is None or is_better(rules[family.name], metrics, champion):
        client.set_registered_model_alias(name, CHAMPION, version)


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
