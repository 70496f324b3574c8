"""A writer killed at any moment leaves the old state or the new one, and the next write works."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.lock import home_lock
from pipeline.lakehouse.folder.tables import DeltaFolder
from tests.lakehouse.examples import FULL, THINGS, things

_KILLS = 3
_KEYS = 2_000
# Each round writes one value into every row, so a state between two rounds would show two values.
_LOOP = """
import sys
from pathlib import Path
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.folder.lock import home_lock
from tests.lakehouse.examples import FULL, THINGS, things
from tests.lakehouse.test_crash import round_of
home, first = Path(sys.argv[1]), int(sys.argv[2])
with home_lock(home):
    spark = connect(Engine.EMBEDDED)
    lakehouse = DeltaFolder(home, spark)
    for number in range(first, first + 10_000):
        lakehouse.merge(THINGS, round_of(spark, number))
        print(number, flush=True)
"""


def round_of(spark: SparkSession, number: int):  # type: ignore[no-untyped-def]
    one = things(spark, FULL | {"order": number})
    return one.crossJoin(spark.range(_KEYS).withColumnRenamed("id", "n")).selectExpr(
        "concat('k', n) AS id",
        "date_add(day, cast(n % 3 AS int)) AS day",
        *(f"`{name}`" for name in THINGS.column_names[2:]),
    )


def test_kills_leave_whole_states(tmp_path: Path, spark: SparkSession) -> None:
    lakehouse = DeltaFolder(tmp_path, spark)
    lakehouse.create(THINGS)
    finished = 0
    root = Path(__file__).parents[2]
    for kill in range(_KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", _LOOP, str(tmp_path), str(finished + 1)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
        )
        assert process.stdout is not None
        for line in process.stdout:
            finished = int(line)
            if finished % 4 == 3:
                break
        try:
            # Somewhere else in the next merge each time.
            process.wait(timeout=0.02 + 0.04 * kill)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert process.returncode == -signal.SIGKILL, "the writer was alive until it was killed"

        stored = (
            lakehouse.read(THINGS)
            .selectExpr(
                "count(*) AS rows",
                "count(DISTINCT id) AS ids",
                "min(`order`) AS low",
                "max(`order`) AS high",
            )
            .collect()[0]
        )
        assert (stored["rows"], stored["ids"]) == (_KEYS, _KEYS)
        assert stored["low"] == stored["high"] >= finished
        finished = stored["high"]

    with home_lock(tmp_path):
        written = lakehouse.merge(THINGS, round_of(spark, finished + 1))
    assert written.updated == _KEYS
    assert not (tmp_path / ".staging").exists() or not list((tmp_path / ".staging").iterdir())
