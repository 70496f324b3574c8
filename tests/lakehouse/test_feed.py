"""What changed since a version, and what happens to that answer when files are cleaned away."""

import os
import time
from typing import TypeVar

import pytest
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import ChangesGone, Lakehouse
from tests.lakehouse.examples import EMPTY, FULL, THINGS, cut_log_short, things

Kind = TypeVar("Kind", bound=Lakehouse)


@pytest.fixture
def worked(lakehouse: Lakehouse, spark: SparkSession) -> Lakehouse:
    return work(lakehouse, spark)


def work(lakehouse: Kind, spark: SparkSession) -> Kind:
    """Versions: 1 inserts a and b, 2 updates a, 3 deletes b."""
    lakehouse.create(THINGS)
    lakehouse.merge(THINGS, things(spark, FULL, EMPTY))
    lakehouse.merge(THINGS, things(spark, FULL | {"name": "new"}))
    lakehouse.replace(THINGS, things(spark, FULL | {"name": "new"}))
    return lakehouse


def names(lakehouse: Lakehouse, since: int) -> set[tuple[str, str | None]]:
    changed = lakehouse.changes(THINGS, since, ("id", "name")).collect()
    assert len(changed) == len(set(changed)), "values are distinct"
    return {(row["id"], row["name"]) for row in changed}


def test_images_before_and_after(worked: Lakehouse) -> None:
    assert names(worked, 3) == set()
    assert names(worked, 2) == {("b", None)}
    assert names(worked, 1) == {("a", "été"), ("a", "new"), ("b", None)}
    assert names(worked, 0) == names(worked, -1) == names(worked, 1)


def test_three_commits_to_one_row_tell_every_state(
    lakehouse: Lakehouse, spark: SparkSession
) -> None:
    lakehouse.create(THINGS)
    lakehouse.merge(THINGS, things(spark, FULL, EMPTY))
    before = lakehouse.version(THINGS)
    for name in ("x", "y", "été"):
        lakehouse.merge(THINGS, things(spark, FULL | {"name": name}))
    assert names(lakehouse, before) == {("a", "été"), ("a", "x"), ("a", "y")}
    assert names(lakehouse, before + 1) == {("a", "x"), ("a", "y"), ("a", "été")}
    assert names(lakehouse, before + 2) == {("a", "y"), ("a", "été")}


def test_types_of_the_answer_are_the_declared_ones(worked: Lakehouse) -> None:
    columns = ("id", "day", "ended_at", "cost", "count")
    fields = worked.changes(THINGS, 0, columns).schema.fields
    assert [(field.name, field.dataType.simpleString()) for field in fields] == [
        (name, THINGS.column(name).type) for name in columns
    ]


def test_answers_outlive_later_writes_and_answers(worked: Lakehouse, spark: SparkSession) -> None:
    first = worked.changes(THINGS, 2, ("id",))
    worked.changes(THINGS, 0, ("id",))
    worked.merge(THINGS, things(spark, FULL | {"name": "newer"}))
    assert [row["id"] for row in first.collect()] == ["b"]


def test_a_feed_vacuumed_away_says_so(worked: Lakehouse) -> None:
    worked.maintain(THINGS, retain_hours=0)
    with pytest.raises(ChangesGone, match=r"silver\.things: the change feed after version 1"):
        worked.changes(THINGS, 1, ("id",))
    assert worked.read(THINGS).count() == 1
    assert names(worked, worked.version(THINGS)) == set()


def test_a_log_cut_short_says_so(folder: DeltaFolder, spark: SparkSession) -> None:
    worked = work(folder, spark)
    cut_log_short(worked)
    assert worked.changed(THINGS, 0)
    with pytest.raises(ChangesGone, match=r"silver\.things: the change feed after version 0"):
        worked.changes(THINGS, 0, ("id",))
    assert names(worked, worked.version(THINGS)) == set()


def test_maintenance_keeps_what_is_young_and_changes_no_row(
    folder: DeltaFolder, spark: SparkSession
) -> None:
    worked = work(folder, spark)
    for number in range(3):
        worked.append(THINGS, things(spark, FULL | {"id": f"n{number}"}))
    before = worked.version(THINGS)
    orphan = worked.path(THINGS) / "day=2026-01-01" / "part-orphan.parquet"
    orphan.write_bytes(b"left by a killed write")
    old = time.time() - 3 * 3600
    os.utime(orphan, (old, old))
    rows = worked.read(THINGS).count()
    worked.maintain(THINGS, retain_hours=2)
    assert not orphan.exists()
    assert worked.read(THINGS).count() == rows == 4
    assert names(worked, 1) >= {("a", "été"), ("a", "new"), ("b", None)}
    assert worked.version(THINGS) > before
    assert not worked.changed(THINGS, before)
    assert worked.changed(THINGS, before - 1)
    assert names(worked, before) == set()


def test_a_table_made_anew_has_no_changes_to_tell(worked: Lakehouse) -> None:
    assert worked.changed(THINGS, 99)
    with pytest.raises(ChangesGone, match="made anew"):
        worked.changes(THINGS, 99, ("id",))
