"""One writer at a time in a catalog: by a lease that Delta lets one take, and that a dead holder loses."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Semaphore

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.catalog import lease
from pipeline.lakehouse.catalog.lease import leased
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.tables import ops
from tests.delta.tables import empty, grow_old
from tests.lakehouse.examples import FULL, THINGS, things
from tools.workspace.server import CATALOG, Workspace

_RIVALS = 3
_HOLD = """
import time
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from pipeline.lakehouse.catalog.lease import leased
from pipeline.lakehouse.catalog.tables import DeltaCatalog
spark = connect(Engine.DATABRICKS)
with leased(DeltaCatalog("spark_catalog", spark), spark):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def catalog(spark: SparkSession) -> Iterator[DeltaCatalog]:
    catalog = DeltaCatalog(CATALOG, spark)
    catalog.clear_staging()
    yield catalog
    empty(spark)


def refused(catalog: DeltaCatalog, spark: SparkSession) -> str:
    """What somebody is told who would write as well."""
    with pytest.raises(UserError) as told, leased(catalog, spark):
        pass
    return str(told.value)


def test_of_several_at_once_one_gets_it(catalog: DeltaCatalog, spark: SparkSession) -> None:
    """Each of them makes the table too, where there is none yet."""
    begun, ended = Barrier(_RIVALS), Semaphore(0)

    def rival(_: int) -> str:
        begun.wait()
        try:
            with leased(catalog, spark):
                for _ in range(_RIVALS - 1):
                    ended.acquire()
                return "held"
        except UserError as error:
            return str(error)
        finally:
            ended.release()

    with ThreadPoolExecutor(_RIVALS) as threads:
        first, *others = sorted(threads.map(rival, range(_RIVALS)), key=len)
    assert first == "held"
    by_whom = rf"the tables of catalog {CATALOG} are being written by process {os.getpid()} of "
    assert [ending.startswith(by_whom) for ending in others] == [True] * (_RIVALS - 1)
    assert spark.table(catalog.name(ops.WRITERS)).count() == 1


def test_a_killed_holder_is_waited_for_and_then_taken_to_be_dead(
    catalog: DeltaCatalog, spark: SparkSession, workspace: Workspace
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD],
        env={**os.environ, **workspace.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    sentence = refused(catalog, spark)
    assert re.search(rf"by process {holder.pid} of .*, last heard of at \d\d:.*--wait", sentence)
    with ThreadPoolExecutor(1) as threads:

        def wait() -> str:
            with leased(catalog, spark, wait=True):
                return "held"

        waiting = threads.submit(wait)
        time.sleep(3)
        assert not waiting.done()
        grow_old(spark)
        assert waiting.result(timeout=60) == "held"


def test_a_holder_that_lives_is_not_taken_to_be_dead(
    catalog: DeltaCatalog, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY_SECONDS", 0.5)
    with leased(catalog, spark):
        grow_old(spark)
        time.sleep(3)
        assert "are being written by" in refused(catalog, spark)


def test_a_holder_that_was_away_stops_before_it_writes(
    catalog: DeltaCatalog, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread finds out at the next renewal, and it at its next statement."""
    catalog.create(THINGS)
    before = catalog.version(THINGS)
    monkeypatch.setattr(lease, "RENEWED_EVERY_SECONDS", 0.5)
    ended = ExitStack()
    writer = DeltaCatalog(CATALOG, spark, ended.enter_context(leased(catalog, spark)).check)
    taken = "`writer` = 'another', `process` = 7, `renewed_at` = current_timestamp()"
    spark.sql(f"UPDATE {catalog.name(ops.WRITERS)} SET {taken}")
    time.sleep(5)
    with pytest.raises(UserError, match=r"were taken by process 7 .* stops; run it again"):
        writer.merge(THINGS, things(spark, FULL))
    with pytest.raises(UserError, match="were taken by process 7"):
        ended.close()
    assert DeltaCatalog(CATALOG, spark).version(THINGS) == before
    assert "process 7" in refused(catalog, spark)
    grow_old(spark)


def test_a_holder_that_cannot_renew_it_stops(
    catalog: DeltaCatalog, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = ExitStack()
    holder = ended.enter_context(leased(catalog, spark))
    holder.check()
    monkeypatch.setattr(lease, "SILENT_MINUTES", 0)
    with pytest.raises(UserError, match=r"not been renewed for 0 minutes .* run it again"):
        holder.check()
    with pytest.raises(UserError, match="not been renewed"):
        ended.close()
