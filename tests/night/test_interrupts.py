"""Ctrl-C and SIGTERM: the command ends within two seconds, says so, and the tables are none the worse."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.tables import gold, silver
from pipeline.tables.declaration import Table
from tests.night.homes import Made, assert_same_home, night

_SAID = "rightrun: interrupted; run the same command again: a night goes on where it stopped\n"
_MOST_SECONDS = 2.0


def _interrupted(
    command: list[str | Path],
    has_come: Callable[[], bool],
    interrupt: signal.Signals,
    scratch: Path,
) -> None:
    """The command begun, interrupted once the moment has come, and how it must end."""
    scratch.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *command],
        env={**os.environ, "PYTHONWARNINGS": "ignore", "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not has_come():
        assert process.poll() is None, "the command ended before it could be interrupted"
        time.sleep(0.01)  # The moment is a file that the command writes: nothing tells of it.
    began = time.perf_counter()
    process.send_signal(interrupt)
    _, err = process.communicate(timeout=30)
    assert time.perf_counter() - began < _MOST_SECONDS
    assert process.returncode == 128 + interrupt
    assert err == _SAID
    assert not list(scratch.iterdir())


def test_interrupted_nights_leave_no_trace(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    command: list[str | Path] = ["nightly", "--source", f"export:{undisturbed.export}"]
    command += ["--home", home]

    def written(table: Table) -> Callable[[], bool]:
        log = home / table.layer.schema / table.name / "_delta_log"
        return (log / f"{1:020}.json").exists

    _interrupted(command, written(silver.RUNS), signal.SIGINT, scratch)
    _interrupted(command, written(gold.JOB_BASELINE), signal.SIGTERM, scratch)
    night(spark, home, undisturbed.export)
    assert_same_home(spark, home, undisturbed.home)


def test_what_is_no_night_ends_as_soon(tmp_path: Path) -> None:
    out, scratch = tmp_path / "place" / "account", tmp_path / "scratch"
    out.parent.mkdir()
    command: list[str | Path] = ["simulate", "--jobs", "20000", "--days", "30", "--out", out]
    _interrupted(command, lambda: any(out.parent.iterdir()), signal.SIGINT, scratch)
    command[2:5] = ["1", "--days", "1"]
    subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *command], check=True, capture_output=True
    )
    assert (out / "simulation.json").exists()
