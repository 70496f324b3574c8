"""A night as one MLflow run: settings, figures, tables and pictures, and a new version of each model.

A night that changed nothing makes no run.
"""

import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.outcome import Night
from pipeline.nightly.positions import Positions
from pipeline.settings import Settings
from pipeline.tables import gold
from pipeline.tracking import night_tables, pictures
from pipeline.tracking.experiments import DESCRIPTION, NIGHTS, opened_experiment
from pipeline.tracking.families import FAMILIES
from pipeline.tracking.model_versions import Registered, register
from pipeline.tracking.night_description import description, spelled
from pipeline.tracking.promotion import load_rules
from pipeline.tracking.pruning import prune_versions
from pipeline.tracking.store import Store
from pipeline.wheel import models_folder, write_wheel

_TRACKED = "mlflow"
_NIGHT = "night"
"""The tag of the name by which a night's tasks know each other."""
_REPAIRED_RUNS = 50
"""The newest, among which an earlier run of this night is: a job is repaired within weeks."""
LOGGED_SETTINGS = (
    "currency_code",
    "catalog",
    "most_quarantined",
    "jobs_api",
    "alert_floor_minutes",
    "alert_floor_cost",
    "model_prefix",
    "model_versions_kept",
)
"""Settings that are logged as parameters. One is logged only where it is named here or below: a setting
may hold a secret."""
LOGGED_IN_FULL = (
    "slas",
    "system_catalog",
    "run_name_rules",
    "default_run_names",
    "holidays",
    "freezes",
    "backfills",
)
"""Those too long for a parameter, which are logged as a file."""


def track_night(
    store: Store, lakehouse: Lakehouse, positions: Positions, settings: Settings, night: Night
) -> None:
    """Log the night and its models.

    A night is logged when the tables of its models stand at versions that no run has told of, by
    whichever night they were written: one may have been killed before it came to this.
    """
    told = (*gold.MODEL_TABLES, *gold.RECOMMENDATION_TABLES)
    if night.as_of is None or not positions.has_news(_TRACKED, told):
        return
    versions = {table.full_name: str(lakehouse.version(table)) for table in told}
    as_of = spelled(night.as_of)
    experiment_id = opened_experiment(store, settings.experiment, NIGHTS)
    if night.name is not None:
        _withdraw_earlier(experiment_id, night.name)
    with mlflow.start_run(
        experiment_id=experiment_id, run_name=f"night {night.as_of:%Y-%m-%d %H:%M}"
    ):
        mlflow.set_tags({"night_id": night.night_id, "as_of": night.as_of.isoformat()})
        if night.name is not None:
            mlflow.set_tag(_NIGHT, night.name)
        mlflow.log_params(settings.model_dump(include=set(LOGGED_SETTINGS)))
        mlflow.log_dict(
            settings.model_dump(include=set(LOGGED_IN_FULL), mode="json"), "settings.json"
        )
        mlflow.log_metrics(stage_metrics(night))
        _log_tables(lakehouse, night)
        _log_pictures(lakehouse)
        registered = _register_models(lakehouse, settings, as_of)
        mlflow.set_tag(
            DESCRIPTION, description(lakehouse, night.as_of, registered, settings.currency_code)
        )
    for family in FAMILIES:
        prune_versions(store, _model_name(settings, family.name), settings.model_versions_kept)
    positions.set_all(_TRACKED, versions)
    positions.flush()


def _withdraw_earlier(experiment_id: str, name: str) -> None:
    """Delete what a task that ended here before, or whose night has been repaired since, told of it."""
    client = MlflowClient()
    # Compared here: a filter of MLflow has no way to write a quote.
    for run in client.search_runs([experiment_id], max_results=_REPAIRED_RUNS):
        if run.data.tags.get(_NIGHT) == name:
            client.delete_run(run.info.run_id)


def stage_metrics(night: Night) -> dict[str, float]:
    """Seconds, and rows written, of each stage and of the whole night."""
    metrics = {"seconds/total": night.seconds}
    for report in night.reports:
        for metric, value in (
            (f"seconds/{report.stage}", report.seconds),
            (f"rows_written/{report.stage}", report.written),
            ("rows_written/total", report.written),
        ):
            metrics[metric] = metrics.get(metric, 0.0) + value
    return {metric: round(value, 1) for metric, value in metrics.items()}


def _log_tables(lakehouse: Lakehouse, night: Night) -> None:
    mlflow.log_table(night_tables.jobs(lakehouse), "jobs.json")
    mlflow.log_table(night_tables.not_assessed(lakehouse, night), "not_assessed.json")
    mlflow.log_table(night_tables.tables(lakehouse, night), "tables.json")


def _log_pictures(lakehouse: Lakehouse) -> None:
    quality = lakehouse.read(gold.FORECAST_QUALITY).select(*pictures.QUALITY)
    sizes = lakehouse.read(gold.RIGHTSIZING).where("action = 'downsize'").select(*pictures.SAVINGS)
    drawn = pictures.of_night(quality.toPandas(), sizes.toPandas(), night_tables.rarity(lakehouse))
    for name, figure in drawn.items():
        mlflow.log_figure(figure, f"{name}.png")


def _register_models(lakehouse: Lakehouse, settings: Settings, as_of: str) -> list[Registered]:
    rules = load_rules(models_folder() / "promotion.yml")
    with tempfile.TemporaryDirectory() as folder:
        wheel = write_wheel(Path(folder))
        return [
            register(
                family.name,
                _model_name(settings, family.name),
                family.states(lakehouse),
                family.metrics(lakehouse),
                rules[family.name],
                wheel,
                as_of,
            )
            for family in FAMILIES
        ]


def _model_name(settings: Settings, family: str) -> str:
    return f"{settings.model_prefix}.{family}"
