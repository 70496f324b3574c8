"""Both backends, empty, by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from pyspark.sql import SparkSession

from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.lakehouse.folder.lock import home_lock
from pipeline.lakehouse.folder.tables import DeltaFolder
from tests.catalog.workspace import CATALOG, Workspace

BACKENDS = ("folder", "catalog")


@contextmanager
def opened(backend: str, home: Path, spark: SparkSession) -> Iterator[Any]:
    """A lakehouse that one writer holds."""
    if backend == "folder":
        with home_lock(home):
            yield DeltaFolder(home, spark)
        return
    workspace = Workspace(spark, home)
    lakehouse = DeltaCatalog(CATALOG, cast(SparkSession, workspace))
    lakehouse.clear_staging()
    try:
        yield lakehouse
    finally:
        workspace.close()
