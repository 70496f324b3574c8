"""What every test may ask for: the process's one embedded session, and homes that vanish."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from pyspark.sql import SparkSession
from xdist.scheduler import LoadFileScheduling

from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from pipeline.lakehouse.folder.tables import DeltaFolder
from tests.night.homes import Made, night
from tests.parity.fixture import account, write_export
from tests.shared import made_once

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

    def make(place: Path) -> Made:
        made = Made(place / "home", write_export(account(), place / "export"))
        done = night(spark, made.home, made.export)
        assert all(report.mode in ("full", "incremental") for report in done.reports)
        return made

    return made_once(tmp_path_factory, "undisturbed", make)


class _ByHome(LoadFileScheduling):
    """A file's tests go to one worker, and so do all that run nights in the account of tests/e2e."""

    def _split_scope(self, nodeid: str) -> str:
        folder = "tests/e2e/"
        return folder if nodeid.startswith(folder) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByHome | None:
    return _ByHome(config, log) if config.getvalue("dist") == "loadfile" else None
