"""One stand-in workspace for all tests here: every test of this folder speaks to Apache Spark with Delta Lake.

Its clock is set to another zone than those of its clients, which are UTC and, for commands in processes of
their own, a third one.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pyspark.sql import SparkSession

from pipeline.engine.names import Engine
from pipeline.engine.session import connect, engine_name
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from tests.delta.evidence import EVIDENCE
from tests.delta.tables import empty
from tools.workspace.server import CATALOG, Workspace, serving

_SERVERS_ZONE = "America/St_Johns"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("workspace")
    with ExitStack() as until_the_end:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("TZ", _SERVERS_ZONE)
            workspace = until_the_end.enter_context(serving(folder))
        yield workspace


@pytest.fixture(scope="session")
def spark(workspace: Workspace) -> Iterator[SparkSession]:
    """The process's session, in place of the embedded engine's."""
    # The stand-in has no Jobs API.
    ours = workspace.environment | {"RIGHTRUN_JOBS_API": "false"}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in ours.items():
            patched.setenv(name, value)
        session = connect(Engine.DATABRICKS)
        EVIDENCE.watch(session)
        EVIDENCE.engine = engine_name(session)
        yield session
        # While its server is there: after that, the client would look for it for minutes.
        session.stop()


@pytest.fixture
def lakehouse(spark: SparkSession) -> Iterator[DeltaCatalog]:
    """An empty catalog; its schemas go with what the test has made in them."""
    catalog = DeltaCatalog(CATALOG, spark)
    catalog.clear_staging()
    yield catalog
    empty(spark)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="write down what has run, if all is well"
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == 0 and session.config.getoption("--record"):
        EVIDENCE.write()
