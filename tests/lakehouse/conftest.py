"""The laws of a lakehouse, asked of a folder; `tests/delta` asks them of a catalog on the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import Lakehouse
from tests.lakehouse.homes import held


@pytest.fixture
def folder(tmp_path: Path, spark: SparkSession) -> DeltaFolder:
    """An empty home."""
    return DeltaFolder(tmp_path / "home", spark)


@pytest.fixture
def lakehouse(tmp_path: Path, spark: SparkSession) -> Iterator[Lakehouse]:
    """An empty home that a writer holds, for what is asked of a catalog as well."""
    with held(tmp_path / "home", spark) as home:
        yield home
