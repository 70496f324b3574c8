"""What a write keeps, refuses and leaves alone, a case at a time."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import KeyViolation, Lakehouse, Written
from pipeline.tables.declaration import Column, Layer, Table
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things

# One column at a time, a value that differs from FULL's in the smallest way its type allows.
OTHER: dict[str, Any] = {
    "name": "ete",
    "order": 2**40 + 1,
    "count": 8,
    "share": 0.1 + 2**-56,
    "ready": False,
    "cost": FULL["cost"] + Decimal("1e-18"),
    "ended_at": FULL["ended_at"].replace(microsecond=123457),
    "due": date(1970, 1, 1),
    "tags": {"team": "x", "empty": ""},
    "compute": [("CLUSTER", "m5"), None, ("CLUSTER", "r5")],
    "trigger": ("0 0 * * *", (1, [1, 3])),
    "ids": ["p", ""],
}


@pytest.fixture
def filled(lakehouse: Lakehouse, spark: SparkSession) -> Lakehouse:
    lakehouse.create(THINGS)
    lakehouse.merge(THINGS, things(spark, FULL, EMPTY))
    return lakehouse


def test_money_of_one_row_keeps_its_last_place(spark: SparkSession, tmp_path: Path) -> None:
    """A merge leaves a file of one row, whose values Sail takes from the log where it tells them."""
    lakehouse = DeltaFolder(tmp_path, spark)
    lakehouse.create(THINGS)
    for cost in (Decimal("0.026783364077259037"), Decimal("0.026783364077259039")):
        lakehouse.merge(THINGS, things(spark, FULL | {"cost": cost}))
        assert [row["cost"] for row in lakehouse.read(THINGS).collect()] == [cost]


def test_every_type_comes_back_as_it_went(filled: Lakehouse) -> None:
    stored = filled.read(THINGS).orderBy("id")
    assert [(field.name, field.dataType.simpleString()) for field in stored.schema.fields] == [
        (column.name, column.type.replace(" ", "")) for column in THINGS.columns
    ]
    full, empty = stored.collect()
    # collect() gives naive times of the session's zone, which is UTC.
    for name in ("ended_at", "first_seen_at"):
        assert full[name].replace(tzinfo=UTC) == FULL[name]
    for name in set(THINGS.column_names) - {"ended_at", "first_seen_at"}:
        assert full[name] == FULL[name]
    assert empty["tags"] is empty["trigger"] is empty["compute"] is empty["cost"] is None


@pytest.mark.parametrize("column", [*OTHER])
def test_a_change_in_any_column_is_seen(
    filled: Lakehouse, spark: SparkSession, column: str
) -> None:
    changed = FULL | {column: OTHER[column]}
    assert filled.merge(THINGS, things(spark, changed, EMPTY)) == Written(2, updated=1)
    row = filled.read(THINGS).where("id = 'a'").collect()[0]
    value = row[column].replace(tzinfo=UTC) if column == "ended_at" else row[column]
    assert value == OTHER[column]
    if THINGS.column(column).nullable:
        assert filled.merge(THINGS, things(spark, changed | {column: None}, EMPTY)).updated == 1


def test_the_same_rows_make_no_version(filled: Lakehouse, spark: SparkSession) -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    again = [row | {"first_seen_at": later} for row in (FULL, EMPTY)]
    assert filled.merge(THINGS, things(spark, *again)) == Written(1)
    assert filled.replace(THINGS, things(spark, *again)) == Written(1)


def test_the_order_of_a_map_is_no_change(filled: Lakehouse, spark: SparkSession) -> None:
    turned = FULL | {"tags": dict(reversed(FULL["tags"].items()))}
    assert filled.merge(THINGS, things(spark, turned)).rows == 0


def test_an_update_keeps_when_the_row_was_first_seen(
    filled: Lakehouse, spark: SparkSession
) -> None:
    filled.merge(THINGS, things(spark, FULL | {"count": 9, "first_seen_at": None}))
    row = filled.read(THINGS).where("id = 'a'").collect()[0]
    assert (row["count"], row["first_seen_at"].replace(tzinfo=UTC)) == (9, FULL["first_seen_at"])


def test_a_key_whose_partition_moves_stays_one_row(filled: Lakehouse, spark: SparkSession) -> None:
    moved = FULL | {"day": date(2025, 12, 31)}
    assert filled.merge(THINGS, things(spark, moved)) == Written(2, updated=1)
    days = filled.read(THINGS).where("id = 'a'").select("day").collect()
    assert [row["day"] for row in days] == [date(2025, 12, 31)]
    touched = filled.changes(THINGS, 1, ("day",)).collect()
    assert {row["day"] for row in touched} == {FULL["day"], date(2025, 12, 31)}


@pytest.mark.parametrize("verb", ["merge", "replace"])
def test_duplicate_and_null_keys_are_refused_by_name(
    filled: Lakehouse, spark: SparkSession, verb: str
) -> None:
    write = getattr(filled, verb)
    with pytest.raises(KeyViolation, match=r"silver\.things: 2 rows have the key \(id\)"):
        write(THINGS, things(spark, FULL | {"id": "z"}, EMPTY | {"id": "z"}))
    for name in ("id", "day"):
        with pytest.raises(KeyViolation, match=rf"silver\.things: {name} is NULL"):
            write(THINGS, things(spark, EMPTY, FULL | {name: None}))
    assert filled.version(THINGS) == 1


@pytest.mark.parametrize("verb", ["append", "merge", "replace"])
def test_a_null_in_a_required_column_is_refused(
    filled: Lakehouse, spark: SparkSession, verb: str
) -> None:
    with pytest.raises(Exception, match=r"silver\.things: column count is NULL"):
        getattr(filled, verb)(THINGS, things(spark, FULL | {"id": "z", "count": None}))
    assert filled.version(THINGS) == 1
    assert filled.read(THINGS).count() == 2


def test_a_missing_column_is_refused_by_name(filled: Lakehouse, spark: SparkSession) -> None:
    with pytest.raises(ValueError, match=r"silver\.things lack the columns share, ids"):
        filled.merge(THINGS, things(spark, FULL).drop("share", "ids"))


def test_struct_fields_go_by_name(filled: Lakehouse, spark: SparkSession) -> None:
    turned = things(spark, FULL).withColumns(
        {
            "compute": F.expr(
                "transform(compute, c -> named_struct('node', c.node, 'kind', c.kind))"
            ),
            "trigger": F.expr("named_struct('every', trigger.every, 'cron', trigger.cron)"),
        }
    )
    # The one null struct in the list became a struct of nulls, so the row is compared by value.
    filled.merge(THINGS, turned)
    row = filled.read(THINGS).where("id = 'a'").collect()[0]
    assert tuple(row["compute"][0]) == ("CLUSTER", "m5")
    assert row["trigger"]["cron"] == FULL["trigger"][0]


def test_an_undeclared_struct_field_is_refused_by_name(
    filled: Lakehouse, spark: SparkSession
) -> None:
    wider = things(spark, FULL).withColumn(
        "trigger", F.expr("named_struct('cron', trigger.cron, 'zone', 'UTC')")
    )
    with pytest.raises(Exception, match=r"silver\.things: .*'zone'.* not declared"):
        filled.merge(THINGS, wider)
    assert filled.version(THINGS) == 1


def test_no_rows_are_no_commit(filled: Lakehouse, spark: SparkSession) -> None:
    for write in (filled.append, filled.merge):
        assert write(THINGS, things(spark)) == Written(1)
    assert filled.replace(THINGS, things(spark)) == Written(2, deleted=2)
    assert filled.read(THINGS).count() == 0


def test_a_frame_is_pinned_and_old_versions_stay(filled: Lakehouse, spark: SparkSession) -> None:
    before = filled.read(THINGS)
    filled.merge(THINGS, things(spark, FULL | {"count": 8}))
    filled.replace(THINGS, things(spark, EMPTY))
    assert before.count() == 2
    assert [row["count"] for row in filled.read(THINGS, 2).orderBy("id").collect()] == [8, 0]
    assert filled.read(THINGS).count() == 1
    assert [commit.operation for commit in filled.history(THINGS, 2)] == ["MERGE", "MERGE"]
    assert [commit.version for commit in filled.history(THINGS, 2)] == [3, 2]


def test_keys_may_be_all_there_is(lakehouse: Lakehouse, spark: SparkSession) -> None:
    pairs = Table(
        layer=Layer.GOLD,
        name="pairs",
        grain="one pair",
        keys=("left", "right"),
        columns=(
            Column("left", "string", "One", nullable=False),
            Column("right", "timestamp", "Other", nullable=False),
        ),
    )
    lakehouse.create(pairs)
    one, two = ("x", datetime(2026, 1, 1, tzinfo=UTC)), ("x", datetime(2026, 1, 2, tzinfo=UTC))
    schema = "left string, right timestamp"
    assert lakehouse.merge(pairs, spark.createDataFrame([one], schema)).inserted == 1
    assert lakehouse.merge(pairs, spark.createDataFrame([one, two], schema)) == Written(
        2, inserted=1
    )
    assert lakehouse.replace(pairs, spark.createDataFrame([two], schema)) == Written(3, deleted=1)


def test_nothing_stays_staged(folder: DeltaFolder, spark: SparkSession) -> None:
    folder.create(THINGS)
    rows = things(spark, FULL | {"count": 8})
    folder.merge(THINGS, rows, scope=things(spark, FULL).select("day"))
    with pytest.raises(KeyViolation):
        folder.merge(THINGS, things(spark, FULL, FULL))
    assert list((folder.home / ".staging").iterdir()) == []


def test_many_rows_of_a_day_that_held_none(lakehouse: Lakehouse, spark: SparkSession) -> None:
    """Staged by day, and compared with what stands: the day is a date and not a folder's name."""
    numbers = Table(
        layer=Layer.SILVER,
        name="numbers",
        grain="a number",
        keys=("id",),
        partition_by="day",
        columns=(
            Column("id", "bigint", "Key", nullable=False),
            Column("day", "date", "Partition", nullable=False),
        ),
    )
    lakehouse.create(numbers)
    old, new = date(2026, 1, 1), date(2026, 1, 2)
    lakehouse.merge(numbers, spark.range(2).withColumn("day", F.lit(old)))
    scope = spark.createDataFrame([(new,)], "day date")
    rows = spark.range(1, 5_000).withColumn("day", F.lit(new))
    assert lakehouse.merge(numbers, rows, scope=scope, since=new) == Written(2, 4_998, 1)
    assert lakehouse.merge(numbers, rows, scope=scope, since=new).rows == 0
    stored = lakehouse.read(numbers).groupBy("day").count().orderBy("day").collect()
    assert [(row["day"], row["count"]) for row in stored] == [(old, 1), (new, 4_999)]


@pytest.mark.parametrize("unique", [False, True])
def test_what_is_raised_before_a_commit_leaves_the_table_as_it_stands(
    unique: bool, lakehouse: Lakehouse, spark: SparkSession
) -> None:
    lakehouse.create(THINGS)
    lakehouse.append(THINGS, things(spark, FULL))
    before = lakehouse.version(THINGS)

    def refuse(rows: int) -> None:
        raise RuntimeError(f"{rows} rows are not those that were counted")

    with pytest.raises(RuntimeError, match="1 rows are not"):
        lakehouse.append(THINGS, things(spark, EMPTY), unique=unique, before_commit=refuse)
    assert lakehouse.version(THINGS) == before
    assert [row["id"] for row in lakehouse.read(THINGS).collect()] == [FULL["id"]]
