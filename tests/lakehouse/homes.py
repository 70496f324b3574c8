"""An empty home, as its one writer holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.lock import home_lock
from pipeline.lakehouse.folder.tables import DeltaFolder


@contextmanager
def held(home: Path, spark: SparkSession) -> Iterator[DeltaFolder]:
    with home_lock(home):
        yield DeltaFolder(home, spark)
