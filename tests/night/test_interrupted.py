"""A night that stops anywhere, by an error or by a kill, costs nothing but the time it took."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.silver.runs import runs
from pipeline.tables import ops, silver
from tests.night.homes import Made, assert_same_home, night
from tests.parity.conftest import ROOT

_SEED = 20260323


def _broken(name: str, run: Callable[..., DataFrame]) -> Graph:
    """The night's graph with one step that does not work."""
    return Graph(tuple(replace(s, run=run) if s.name == name else s for s in GRAPH.steps))


def test_a_failed_step_is_made_good(spark: SparkSession, undisturbed: Made, tmp_path: Path) -> None:
    home = tmp_path / "home"

    def fails_at_once(*inputs: DataFrame) -> DataFrame:
        raise RuntimeError("planted")

    def fails_while_computing(attempts: DataFrame) -> DataFrame:
        return runs(attempts).withColumn("run_week", F.raise_error(F.lit("planted")).cast("date"))

    def makes_keys_twice(attempts: DataFrame) -> DataFrame:
        return runs(attempts).union(runs(attempts))

    broken: tuple[Callable[..., DataFrame], ...] = (
        fails_at_once,
        fails_while_computing,
        makes_keys_twice,
    )
    for number, run in enumerate(broken):
        with pytest.raises(Exception, match=r"planted|rows have the key"):
            night(spark, home, undisturbed.export, graph=_broken("runs", run), number=number)
        lakehouse = DeltaFolder(home, spark)
        readers = {row["reader"] for row in lakehouse.read(ops.POSITIONS).collect()}
        assert "attempts" in readers
        assert "runs" not in readers
        assert DeltaTable(str(lakehouse.path(silver.RUNS))).version() == 0
    healed = night(spark, home, undisturbed.export, number=9)
    modes = {report.step: report.mode for report in healed.reports}
    assert modes["attempts"] == "current"
    assert modes["runs"] == "full"
    assert_same_home(spark, home, undisturbed.home)


_NIGHT = """
import sys
from pathlib import Path
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.settings import Settings
from pipeline.sources.export import ExportFolder
from tests.parity.fixture import NOW

home, export = map(Path, sys.argv[1:])
spark = connect(Engine.EMBEDDED)
say = lambda name, number, total: print(number, flush=True)
lakehouse = DeltaFolder(home, spark)
run_night(spark, lakehouse, ExportFolder(export, spark), Settings(), now=NOW, progress=say)
print("done", flush=True)
"""


def test_killed_nights_leave_no_trace(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    """Killed while it ingests, while it computes silver, and while it computes gold."""
    home = tmp_path / "home"
    moments = random.Random(_SEED)
    total = len(GRAPH.steps) + 1
    # Not among the last steps: the night would end before it could be killed.
    thirds = [(1, 1), (2, total // 2), (total // 2 + 1, total - 15)]
    for first, last in thirds:
        _killed(home, undisturbed.export, moments.randint(first, last), moments.uniform(0.0, 1.0))
    night(spark, home, undisturbed.export)
    assert_same_home(spark, home, undisturbed.home)
    checked = [DeltaFolder(h, spark).read(ops.QUALITY).toArrow() for h in (home, undisturbed.home)]
    ordered = [table.sort_by([(key, "ascending") for key in ops.QUALITY.keys]) for table in checked]
    assert ordered[0] == ordered[1]


def _killed(home: Path, export: Path, number: int, seconds: float) -> None:
    """Run a night in a process of its own and kill it so long after it has begun that step."""
    process = subprocess.Popen(
        [sys.executable, "-c", _NIGHT, home, export], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            if line.strip() == str(number):
                break
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "the night ended before it could be killed"
