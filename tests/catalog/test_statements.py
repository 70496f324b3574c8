"""The SQL for Unity Catalog: held as text, read as Databricks' dialect, and read and run by engines."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from pyspark.sql import SparkSession
from sqlglot import exp

from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.catalog import statements
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Table
from pipeline.tables.derive import ddl, identifier
from tests.catalog.cases import HOSTILE, STATEMENTS
from tests.catalog.differing import differing
from tests.jvm import one_jvm
from tests.lakehouse.examples import THINGS
from tools.engines import REFUSED_BY_APACHE_SPARK, record, statement_functions

_ROOT = Path(__file__).parents[2]
_GOLDEN = Path(__file__).parent / "golden"
_DELTA_ONLY = ("DESCRIBE HISTORY", "OPTIMIZE", "VACUUM")
"""Statements of Delta's own parser, which Apache Spark has not."""
_UNPARSED = ("OPTIMIZE ", "VACUUM ", "SHOW TABLES ")
"""Statements that sqlglot knows by their first word only."""
_ON_SPARK = """
import json
from pyspark.errors import ParseException, PySparkException
from pipeline.engine.names import Engine
from pipeline.engine.session import connect, engine_name
from tests.catalog.cases import STATEMENTS
from tests.catalog.differing import differing
spark = connect(Engine.SPARK)
unread = []
for name, text in {**STATEMENTS, "broken": "MERGE INTO t USING s WHEN MATCHED"}.items():
    try:
        spark.sql(f"EXPLAIN {text}").collect()
    except ParseException:
        unread.append(name)
    except PySparkException:
        pass  # Read, and then no table of that name or no Delta.
print(json.dumps({"engine": engine_name(spark), "unread": unread, "differing": differing(spark)}))
"""


def parsed(text: str) -> exp.Expression:
    """`text` as Databricks' dialect; an error where it is more or less than one statement."""
    # sqlglot does not know that a history may be limited.
    text = re.sub(r"^(DESCRIBE HISTORY .*) LIMIT \d+$", r"\1", text)
    (tree,) = sqlglot.parse(text, dialect="databricks")
    assert tree is not None
    known = text.startswith(_UNPARSED) or not isinstance(tree, exp.Command)
    assert known, f"not understood: {text}"
    return tree


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden(name: str) -> None:
    """Each file opens with the reason for the statement's shape."""
    golden = (_GOLDEN / f"{name}.sql").read_text(encoding="utf-8")
    lines = golden.splitlines(keepends=True)
    reason = [line for line in lines if line.startswith("-- ")]
    assert reason
    assert golden == "".join(reason) + STATEMENTS[name] + ";\n"


def test_no_golden_is_left_over() -> None:
    assert {path.stem for path in _GOLDEN.iterdir()} == set(STATEMENTS)


@pytest.mark.parametrize("name", STATEMENTS)
def test_databricks_dialect_reads_each(name: str) -> None:
    tree = parsed(STATEMENTS[name])
    if not STATEMENTS[name].startswith(("OPTIMIZE", "VACUUM", "SHOW TABLES")):
        assert not isinstance(tree, exp.Command)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_each_tables_own_statements_are_read(table: Table) -> None:
    target = statements.target("c", table)
    gone = statements.gone(table, target, 1, "s", "", ())
    for text in (
        statements.difference("d", table, target, 1, "s", gone),
        statements.merge(table, target, "d"),
        statements.insert(table, target, "s"),
        statements.profile(table, "s", unique=False),
        statements.touched_days(table, "d"),
    ):
        parsed(text)


def test_each_has_run_on_apache_spark_with_delta_lake() -> None:
    """`make test-delta` writes down what it has seen: run it after a change of these."""
    ran = record()
    assert {*ran["statements"]} == statement_functions().keys() - REFUSED_BY_APACHE_SPARK.keys()
    assert {step.name for step in GRAPH.steps} <= {*ran["steps"]}


def test_a_hostile_name_stays_a_name() -> None:
    target = statements.target(HOSTILE, THINGS)
    for text in (
        ddl(THINGS, target),
        statements.create_schema(HOSTILE, "silver"),
        statements.list_tables(HOSTILE, "silver"),
        statements.merge(THINGS, target, "s"),
        statements.read(target, 1),
        statements.changes("s", target, 1, 2, ("id",)),
    ):
        tree = parsed(text)
        named = {table.catalog for table in tree.find_all(exp.Table) if table.catalog}
        assert named <= {HOSTILE}
        assert not list(tree.find_all(exp.Drop))
    # table_changes takes the name as a string, which it reads as SQL would.
    feed = parsed(statements.changes("s", target, 1, 2, ("id",)))
    assert [one.this for one in feed.find_all(exp.Literal) if one.is_string] == [target]
    assert identifier("a`b", "c") == "`a``b`.`c`"


def test_all_ddl_runs_in_its_order() -> None:
    seen: set[str] = set()
    texts = statements.all_ddl("rightrun")
    for text in texts:
        (tree,) = sqlglot.parse(text, dialect="databricks")
        assert isinstance(tree, exp.Create)
        named = tree.find(exp.Table)
        assert named is not None
        if tree.kind == "SCHEMA":
            seen.add(named.db)
        else:
            assert named.db in seen
    assert len(texts) == len(TABLES) + len({t.layer.schema for t in TABLES} | {"staging"})


def test_apache_spark_reads_them_and_finds_the_same_difference(spark: SparkSession) -> None:
    with one_jvm():
        done = subprocess.run(
            [sys.executable, "-c", _ON_SPARK],
            capture_output=True,
            text=True,
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout.splitlines()[-1])
    assert theirs["engine"].startswith("spark 4.")
    not_sparks = [name for name, text in STATEMENTS.items() if text.startswith(_DELTA_ONLY)]
    assert theirs["unread"] == [*not_sparks, "broken"]
    assert (
        theirs["differing"]
        == differing(spark)
        == [
            ["a", False, 8],
            ["b", True, None],
            ["new", False, 7],
        ]
    )
