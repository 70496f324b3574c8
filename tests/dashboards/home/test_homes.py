"""Homes without nights, half filled, of another release; a night that ends meanwhile; the command itself."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from pyspark.sql import SparkSession

from pipeline.dashboards.home.server import listening
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold, ops
from pipeline.tables.derive import spark_schema
from tests.dashboards.home.conftest import served
from tests.e2e.account import rightrun
from tests.night.homes import Made, night


def _get(address: str) -> str:
    with urlopen(address, timeout=60) as reply:
        return str(reply.read().decode())


def test_a_home_without_nights_says_so_and_shows_the_first(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with served(spark, home, tmp_path / "copies") as pages:
        assert "No night has been run in this home yet: run rightrun nightly" in _get(
            f"{pages.address}/cost"
        )
        shutil.copytree(undisturbed.home, home, dirs_exist_ok=True)
        assert "List cost by day" in _get(f"{pages.address}/cost")


def test_a_home_half_filled_says_what_is_missing(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(undisturbed.home, home)
    shutil.rmtree(home / "gold" / "run_anomalies")
    shutil.rmtree(home / "ops" / "incidents")
    with served(spark, home, tmp_path / "copies") as pages:
        text = _get(f"{pages.address}/anomalies")
        assert "There is no table gold.run_anomalies yet: run rightrun nightly." in text
        assert "Where another level has become usual" in text
        assert "There is no table" not in _get(f"{pages.address}/cost")
        alerts = _get(f"{pages.address}/alerts")
        assert "There is no table ops.incidents yet: run rightrun nightly." in alerts


def test_a_night_is_shown_when_it_is_written_down(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    """Until then pages stay as they are, whatever the night has changed already."""
    home = tmp_path / "home"
    shutil.copytree(undisturbed.home, home)
    lakehouse = DeltaFolder(home, spark)
    with served(spark, home, tmp_path / "copies") as pages:
        before = _get(f"{pages.address}/cost/teams.csv")
        costs = lakehouse.read(gold.COST_DAILY)
        lakehouse.replace(gold.COST_DAILY, costs.where("team = ''"))
        assert _get(f"{pages.address}/cost/teams.csv") == before
        night(spark, home, undisturbed.export, number=1)
        assert _get(f"{pages.address}/cost/teams.csv").splitlines()[0] == before.splitlines()[0]
        # The night has found nothing new of its own; what was changed beneath it is there now.
        steps = lakehouse.read(gold.NIGHT_STEPS)
        lakehouse.merge(
            gold.NIGHT_STEPS, steps.selectExpr("*").withColumn("seconds", steps.seconds + 1)
        )
        assert len(_get(f"{pages.address}/cost/teams.csv").splitlines()) < len(before.splitlines())


def test_what_the_user_can_mend_is_one_sentence(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    missing = rightrun("dashboard", "--home", tmp_path / "none", cwd=tmp_path)
    assert (missing.code, missing.out) == (2, "")
    assert "there is no home" in missing.err
    with listening(0) as taken:
        port = str(taken.getsockname()[1])
        in_use = rightrun("dashboard", "--home", undisturbed.home, "--port", port, cwd=tmp_path)
    assert (in_use.code, in_use.out) == (2, "")
    assert (
        f"port {port} is in use, perhaps by another rightrun dashboard: name another" in in_use.err
    )
    home = tmp_path / "older"
    (home / "ops").mkdir(parents=True)
    shutil.copytree(undisturbed.home / "ops" / "positions", home / "ops" / "positions")
    lakehouse = DeltaFolder(home, spark)
    lakehouse.create(ops.SCHEMA_VERSIONS)
    notes = spark.createDataFrame([("model.duration_states", 1)], spark_schema(ops.SCHEMA_VERSIONS))
    lakehouse.append(ops.SCHEMA_VERSIONS, notes)
    older = rightrun("dashboard", "--home", home, "--port", "0", cwd=tmp_path)
    assert older.code == 2
    assert "is at version 1 of an older release" in older.err
    assert "rightrun migrate" in older.err


def test_the_command_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = [
        sys.executable,
        "-m",
        "pipeline.cli",
        "dashboard",
        "--home",
        str(home),
        "--port",
        "0",
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert "(Ctrl-C ends them)" in line, running.stderr.read() if running.stderr else ""
        address = line.split(": ")[1].split(" ")[0]
        assert address.startswith("http://127.0.0.1:")
        assert "No night has been run" in _get(address)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (0, "")
    assert out.strip() == "The dashboards have ended."
