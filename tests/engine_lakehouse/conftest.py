"""One embedded session for all tests, and a lakehouse in a fresh folder for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.engine import Engine, connect
from pipeline.lakehouse import DeltaFolder, home_lock


@pytest.fixture(scope="session")
def spark() -> SparkSession:
    return connect(Engine.EMBEDDED)


@pytest.fixture
def lakehouse(tmp_path: Path, spark: SparkSession) -> Iterator[DeltaFolder]:
    with home_lock(tmp_path):
        yield DeltaFolder(tmp_path, spark)
