"""Which engine answers, and what is said when one cannot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.engine.names import Engine
from pipeline.engine.session import _java_major, connect, engine_name
from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from tests.jvm import one_jvm
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things

_ROOT = Path(__file__).parents[2]
_READ = """
import json, sys
from dataclasses import replace
from pathlib import Path
from pipeline.engine.names import Engine
from pipeline.engine.session import connect, engine_name
from pipeline.lakehouse.folder.tables import DeltaFolder
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things
spark = connect(Engine.SPARK)
lakehouse = DeltaFolder(Path(sys.argv[1]), spark)
rows = [str(row.asDict(True)) for row in lakehouse.read(THINGS).orderBy("id").collect()]
old = lakehouse.read(THINGS, 1).count()
same = lakehouse.merge(THINGS, things(spark, FULL | {"count": 8}, EMPTY)).rows
moved = lakehouse.replace(THINGS, things(spark, EMPTY | {"day": FULL["day"]}))
empty = replace(THINGS, name="none")
lakehouse.create(empty)
nothing = [lakehouse.read(empty).count(), lakehouse.append(empty, things(spark)).version]
touched = lakehouse.changes(THINGS, 2, ("id",)).count()
print(json.dumps({"engine": engine_name(spark), "rows": rows, "old": old, "same": same,
                  "moved": [moved.updated, moved.deleted], "nothing": nothing, "touched": touched}))
"""


def test_the_embedded_engine_is_sail_in_utc_with_ansi(spark: SparkSession) -> None:
    assert engine_name(spark).startswith("sail ")
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    with pytest.raises(Exception, match=r"(?i)cast"):
        spark.sql("SELECT CAST('x' AS int)").collect()
    assert os.environ["PYSPARK_PYTHON"] == sys.executable


def test_the_same_engine_is_the_same_session_and_another_is_refused(spark: SparkSession) -> None:
    assert connect(Engine.EMBEDDED) is spark
    with pytest.raises(RuntimeError, match="already runs on embedded"):
        connect(Engine.SPARK)


@pytest.mark.parametrize(
    ("banner", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("no such thing", 0),
    ],
)
def test_java_versions_are_read(banner: str, major: int) -> None:
    assert _java_major(banner) == major


@pytest.mark.parametrize(
    ("engine", "path", "sentence"),
    [
        ("spark", "/nowhere", "needs Java 17 and none was found"),
        ("databricks", "", "needs a Databricks runtime or the package databricks-connect"),
    ],
)
def test_an_engine_that_is_not_there_is_one_sentence(engine: str, path: str, sentence: str) -> None:
    code = (
        "from pipeline.engine.names import Engine\n"
        "from pipeline.engine.session import connect\nfrom pipeline.errors import UserError\n"
        f"try: connect(Engine('{engine}'))\nexcept UserError as error: print(error)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    environment |= {"PATH": path} if path else {}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert sentence in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.engine import session

    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match=r"needs Java 17 or newer, but .* is version 11"):
        session._require_java()


def test_spark_reads_and_writes_what_the_embedded_engine_wrote(
    tmp_path: Path, spark: SparkSession
) -> None:
    lakehouse = DeltaFolder(tmp_path, spark)
    lakehouse.create(THINGS)
    lakehouse.merge(THINGS, things(spark, FULL, EMPTY))
    lakehouse.merge(THINGS, things(spark, FULL | {"count": 8}))
    ours = [str(row.asDict(True)) for row in lakehouse.read(THINGS).orderBy("id").collect()]
    with one_jvm():
        done = subprocess.run(
            [sys.executable, "-c", _READ, str(tmp_path)],
            capture_output=True,
            text=True,
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout.splitlines()[-1])
    assert theirs["engine"].startswith("spark 4.")
    assert theirs["rows"] == ours
    assert theirs["old"] == 2
    assert theirs["same"] == 0, "an engine's Parquet does not make a row look changed"
    assert theirs["moved"] == [1, 1]
    assert theirs["nothing"] == [0, 0]
    assert theirs["touched"] == 2
    assert lakehouse.read(THINGS).count() == 1
