"""Every law of a lakehouse is asked of both backends; what is a folder's alone asks for `folder`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import Lakehouse
from tests.catalog.backends import BACKENDS, opened


@pytest.fixture
def folder(tmp_path: Path, spark: SparkSession) -> DeltaFolder:
    """An empty home."""
    return DeltaFolder(tmp_path / "home", spark)


@pytest.fixture(params=BACKENDS)
def lakehouse(
    request: pytest.FixtureRequest, tmp_path: Path, spark: SparkSession
) -> Iterator[Lakehouse]:
    """An empty lakehouse, once of each kind."""
    with opened(request.param, tmp_path / "home", spark) as empty:
        yield empty
