"""What is a catalog's alone: its staging, other writers beside it, its comments, its days."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.catalog import statements
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.tables.derive import identifier
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things
from tools.workspace.server import CATALOG


def staged(spark: SparkSession) -> list[str]:
    rows = spark.sql(statements.list_tables(CATALOG, statements.STAGING)).collect()
    return [row["tableName"] for row in rows if not row["isTemporary"]]


class Disturbed:
    """A session in which something else happens, once, before a statement that begins with a word."""

    def __init__(self, spark: SparkSession, word: str, meanwhile: Callable[[], Any]) -> None:
        self._spark = spark
        self._word = word
        self._meanwhile = meanwhile
        self.is_due = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._spark, name)

    def sql(self, text: str, *arguments: Any, **named: Any) -> DataFrame:
        if self.is_due and text.startswith(self._word):
            self.is_due = False
            self._meanwhile()
        return self._spark.sql(text, *arguments, **named)


def test_nothing_stays_staged_but_answers_and_what_died_is_removed(
    lakehouse: DeltaCatalog, spark: SparkSession
) -> None:
    assert not lakehouse.exists(THINGS)
    lakehouse.create(THINGS)
    assert lakehouse.exists(THINGS)
    assert not lakehouse.exists(replace(THINGS, name="others"))
    lakehouse.merge(THINGS, things(spark, FULL, EMPTY), scope=things(spark, FULL).select("day"))
    with pytest.raises(ValueError, match="2 rows have the key"):
        lakehouse.merge(THINGS, things(spark, FULL, FULL))
    assert staged(spark) == []
    answer = lakehouse.changes(THINGS, 0, ("id",))
    assert len(staged(spark)) == 1
    assert answer.count() == 2
    spark.sql(
        f"CREATE TABLE {identifier(CATALOG, 'staging', 'tables_left')} USING DELTA AS SELECT 1 AS one"
    )
    things(spark, FULL).createOrReplaceTempView("somebodys_view")
    lakehouse.clear_staging()
    assert staged(spark) == []
    assert spark.table("somebodys_view").count() == 1
    assert lakehouse.read(THINGS).count() == 2


def test_a_second_writer_is_noticed(lakehouse: DeltaCatalog, spark: SparkSession) -> None:
    lakehouse.create(THINGS)
    lakehouse.merge(THINGS, things(spark, FULL))
    other = DeltaCatalog(CATALOG, spark)
    session: Any = Disturbed(spark, "MERGE", lambda: other.merge(THINGS, things(spark, EMPTY)))
    disturbed = DeltaCatalog(CATALOG, session)
    with pytest.raises(UserError, match=r"written by somebody else"):
        disturbed.merge(THINGS, things(spark, FULL | {"count": 8}))
    assert not session.is_due
    # Both writes are whole; the night that is run again finds its rows as it left them.
    again = DeltaCatalog(CATALOG, spark)
    again.merge(THINGS, things(spark, FULL | {"count": 8}, EMPTY))
    assert {row["id"]: row["count"] for row in again.read(THINGS).collect()} == {"a": 8, "b": 0}


def test_maintenance_between_is_nobodys_write(lakehouse: DeltaCatalog, spark: SparkSession) -> None:
    """Unity Catalog compacts tables when it likes."""
    lakehouse.create(THINGS)
    for name in ("x", "y"):
        lakehouse.append(THINGS, things(spark, FULL | {"id": name}))
    compact = statements.compact(lakehouse.name(THINGS))
    session: Any = Disturbed(spark, "MERGE", lambda: spark.sql(compact))
    written = DeltaCatalog(CATALOG, session).merge(THINGS, things(spark, FULL))
    assert not session.is_due
    assert (written.version, written.inserted) == (4, 1)


def test_a_comment_follows_its_declaration(lakehouse: DeltaCatalog, spark: SparkSession) -> None:
    lakehouse.create(THINGS)
    lakehouse.create(THINGS)
    assert lakehouse.version(THINGS) == 0
    columns = tuple(
        replace(column, comment="It's \\ better") if column.name == "share" else column
        for column in THINGS.columns
    )
    for _ in range(2):
        lakehouse.create(replace(THINGS, columns=columns))
        assert lakehouse.version(THINGS) == 1
    fields = {field.name: field for field in spark.table(lakehouse.name(THINGS)).schema.fields}
    assert fields["share"].metadata["comment"] == "It's \\ better"
    assert not fields["count"].nullable
    assert not lakehouse.changed(THINGS, 0)


def test_days_are_counted_and_dropped_and_a_scope_does_not_reach_before_its_date(
    lakehouse: DeltaCatalog, spark: SparkSession
) -> None:
    lakehouse.create(THINGS)
    lakehouse.merge(THINGS, things(spark, FULL, EMPTY, EMPTY | {"id": "c"}))
    assert lakehouse.partition_rows(THINGS) == {FULL["day"]: 1, EMPTY["day"]: 2}
    assert lakehouse.drop_before(THINGS, FULL["day"]) == 0
    assert lakehouse.version(THINGS) == 1
    scope = things(spark, FULL, EMPTY).select("id")
    assert lakehouse.merge(THINGS, things(spark), scope=scope, since=EMPTY["day"]).deleted == 1
    assert lakehouse.drop_before(THINGS, EMPTY["day"]) == 1
    assert lakehouse.version(THINGS) == 3
    assert lakehouse.partition_rows(THINGS) == {EMPTY["day"]: 1}


def test_all_tables_are_made_by_the_script_that_the_command_prints(
    lakehouse: DeltaCatalog, spark: SparkSession
) -> None:
    for text in statements.all_ddl(CATALOG):
        spark.sql(text)
