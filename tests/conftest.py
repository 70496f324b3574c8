"""What every test may ask for: the process's one embedded session, and homes that vanish."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from pyspark.sql import SparkSession

from pipeline.engine.session import Engine, connect
from pipeline.lakehouse.folder import DeltaFolder
from tests.night.homes import Made, night
from tests.parity.fixture import account, write_export

# Each example may call the engine, whose time says nothing of the code, and fixtures that live as
# long as the session are what examples share on purpose.
_QUIET: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
# Without shrinking: a hundred more calls of the engine to make a failure prettier.
_UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
settings.register_profile("test", max_examples=10, derandomize=True, phases=_UNSHRUNK, **_QUIET)
settings.register_profile("soak", max_examples=300, **_QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


@pytest.fixture(scope="session")
def spark() -> SparkSession:
    return connect(Engine.EMBEDDED)


@pytest.fixture
def lakehouse(tmp_path: Path, spark: SparkSession) -> DeltaFolder:
    """An empty home."""
    return DeltaFolder(tmp_path / "home", spark)


@pytest.fixture(scope="session")
def undisturbed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One night over the whole fixture, which other ways to the same end are held against."""
    place = tmp_path_factory.mktemp("undisturbed")
    made = Made(place / "home", write_export(account(), place / "export"))
    done = night(spark, made.home, made.export)
    assert all(report.mode in ("full", "incremental") for report in done.reports)
    return made
