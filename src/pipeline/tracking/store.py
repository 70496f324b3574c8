"""Where MLflow keeps runs and models, and the command that shows them in a browser."""

import logging
import os
import shlex
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from pipeline.engine.paths import literal_path
from pipeline.tracking import artifact_paths


@dataclass(frozen=True, slots=True)
class Store:
    """Where MLflow keeps runs and models: `artifacts` is None where the store has a place of its own."""

    tracking_uri: str
    registry_uri: str
    artifacts: str | None
    shown: str
    """The command that shows it in a browser, in one line for a shell; or where it is shown."""
    file: Path | None = None
    """The database, where it is a file of ours."""


def workspace_store() -> Store:
    """The workspace's own tracking and Unity Catalog's registry, unless MLflow's variables name others."""
    tracking = os.environ.get("MLFLOW_TRACKING_URI", "databricks")
    registry = os.environ.get("MLFLOW_REGISTRY_URI", "databricks-uc")
    shown = "in the workspace" if tracking == "databricks" else tracking
    return Store(tracking, registry, None, shown)


def store_of(home: Path) -> Store:
    """The home's own store: one file, and a folder beside it."""
    file = literal_path(home) / "mlflow.db"
    artifacts = (home.absolute() / artifact_paths.FOLDER).as_uri()
    shown = _ui_command(home.absolute() / file.name)
    return Store(_uri(file), _uri(file), artifacts, shown, file)


def open_store(store: Store) -> None:
    """Point MLflow at the store, made where it is not there yet, and keep MLflow's own talk to itself."""
    # Its bars would break the night's own, and stand in the log of a night that nobody watches.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # It tells the address of each run, which would stand in the middle of an answer in JSON.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    for library in ("mlflow", "alembic"):
        logging.getLogger(library).setLevel(logging.ERROR)
    if store.file is not None and store.artifacts is not None:
        make_database(store.file)
        artifact_paths.bring_home(store.file, store.artifacts)
    mlflow.set_tracking_uri(store.tracking_uri)
    mlflow.set_registry_uri(store.registry_uri)


def make_database(file: Path) -> None:
    """The database, if there is none: whole or not at all. MLflow makes it by some fifty migrations,
    and one that a kill cuts short can be neither used nor made good."""
    if not file.exists():
        unfinished = file.with_name("mlflow.db.new")
        unfinished.unlink(missing_ok=True)
        # MLflow's own first experiment would stand, empty, above ours in every list.
        MlflowClient(_uri(unfinished)).delete_experiment("0")
        unfinished.rename(file)


def _uri(file: Path) -> str:
    # MLflow makes the folder that stands there, and would make one of the spelling of a URL.
    return f"sqlite:///{file}"


def _ui_command(file: Path) -> str:
    """One worker is enough for one reader, and starts in a third of the time of MLflow's four."""
    return shlex.join(
        [_mlflow_program(), "ui", "--workers", "1", "--backend-store-uri", _uri(file)]
    )


def _mlflow_program() -> str:
    """`mlflow` where the shell finds the one that wrote the database: another may not read it."""
    ours = Path(sysconfig.get_path("scripts")) / "mlflow"
    named = shutil.which("mlflow")
    return "mlflow" if named is not None and Path(named).resolve() == ours.resolve() else str(ours)
