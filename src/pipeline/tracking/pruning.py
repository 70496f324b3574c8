"""Old versions of a registered model go, with what they hold on disk: a year of nights fits it."""

import contextlib
import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from pipeline.tracking.store import Store


def prune_versions(store: Store, name: str, kept: int) -> None:
    """Delete all versions of the model but the newest `kept` and those that an alias names.

    MLflow leaves the files of a deleted version where they are. Those of a home's own store are
    deleted here, and first: of a night killed in between, the next one finds the version again. Unity
    Catalog deletes its own.
    """
    client = MlflowClient()
    versions = sorted(_versions(client, name), key=lambda version: -int(version.version))
    named = {str(version) for version in client.get_registered_model(name).aliases.values()}
    for version in versions[kept:]:
        if str(version.version) not in named:
            if store.file is not None:
                _delete_files(client, version)
            client.delete_model_version(name, str(version.version))


def _versions(client: MlflowClient, name: str) -> list[ModelVersion]:
    page = client.search_model_versions(f"name='{name}'")
    versions = list(page)
    while page.token:
        page = client.search_model_versions(f"name='{name}'", page_token=page.token)
        versions += page
    return versions


def _delete_files(client: MlflowClient, version: ModelVersion) -> None:
    """The logged model that the version was made of, and its folder."""
    scheme, _, model_id = (version.source or "").partition(":/")
    if scheme != "models":  # Somebody registered it from a place of their own.
        return
    try:
        model = mlflow.get_logged_model(model_id)
    except MlflowException:  # A night that was killed here had deleted it.
        return
    folder = Path(url2pathname(urlsplit(model.artifact_location).path))
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # MLflow gives each model a folder around it.
        folder.parent.rmdir()
    client.delete_logged_model(model.model_id)
