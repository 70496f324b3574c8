"""One JVM at a time: pyspark's local Spark Connect server always listens on the same port."""

import tempfile
from pathlib import Path

from filelock import FileLock


def one_jvm() -> FileLock:
    """Held while a process of a test runs Apache Spark; other workers wait."""
    return FileLock(Path(tempfile.gettempdir()) / "rightrun-tests-jvm.lock")
