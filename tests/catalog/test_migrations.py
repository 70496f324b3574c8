"""Homes of versions 1, 2 and 3 of an example table become the newest one, killed in between or not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.graph.graph import Graph
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.positions import Positions
from pipeline.nightly.schema_versions import migrate, planned, refuse_other_release, settle
from pipeline.steps.kinds import Whole
from pipeline.tables import ops
from pipeline.tables.contract import promised, unsaid
from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.derive import spark_schema
from pipeline.tables.migration import (
    MIGRATIONS,
    Add,
    Drop,
    Migration,
    Recompute,
    Rename,
    Retype,
    refuse_gaps,
)
from tests.lakehouse.homes import held

_ID = Column("id", "string", "Key", nullable=False)
_DAY = Column("day", "date", "Partition", nullable=False)
ONE = Table(
    layer=Layer.GOLD,
    name="example",
    grain="one thing",
    keys=("id",),
    partition_by="day",
    columns=(
        _ID,
        _DAY,
        Column("cost", "double", "Cost"),
        Column("took_ms", "bigint", "Time", unit="ms"),
        Column("spare", "string", "Nothing"),
    ),
)
TWO = replace(
    ONE,
    version=2,
    columns=(
        _ID,
        _DAY,
        Column("cost", "decimal(18,2)", "Cost"),
        Column("took_seconds", "double", "Time", unit="seconds"),
        Column("is_long", "boolean", "Longer than a second"),
    ),
)
THREE = replace(
    TWO,
    version=3,
    keys=("thing_id",),
    columns=(Column("thing_id", "string", "Key", nullable=False), *TWO.columns[1:]),
)
VERSIONS = (ONE, TWO, THREE)
MADE = (
    Migration(
        "gold.example",
        2,
        (
            Retype("cost", "decimal(18,2)", "round(cost, 2)"),
            Add("is_long", "boolean", "took_ms > 1000"),
            Rename("took_ms", "took_seconds", "double", "took_ms / 1000.0"),
            Drop("spare"),
        ),
    ),
    Migration("gold.example", 3, (Rename("id", "thing_id", "string"), Recompute())),
)
FED = Table(layer=Layer.SILVER, name="fed", grain="one", keys=("id",), columns=(_ID,))
GRAPH = Graph((Whole(name="make", run=lambda rows: rows, reads=(FED,), writes=THREE),))
DAY = date(2026, 1, 1)
ROWS: dict[int, list[tuple[Any, ...]]] = {
    1: [("a", DAY, 1.256, 1500, "x"), ("b", DAY, None, None, None)],
    2: [("a", DAY, 1.26, 1.5, True), ("b", DAY, None, None, None)],
    3: [("a", DAY, 1.26, 1.5, True), ("b", DAY, None, None, None)],
}


class Killed(Exception):
    """Stands for the end of the process."""


class Mortal:
    """A lakehouse that dies before or after its n-th write."""

    def __init__(self, lakehouse: Lakehouse, dies_at: float) -> None:
        self._lakehouse = lakehouse
        self._dies_at = dies_at
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._lakehouse, name)
        return self._dying(verb) if name in ("create", "merge", "rewrite") else verb

    def _dying(self, verb: Callable[..., Any]) -> Callable[..., Any]:
        def write(*arguments: Any, **named: Any) -> Any:
            self.writes += 1
            if self.writes - 0.5 == self._dies_at:
                raise Killed
            done = verb(*arguments, **named)
            if self.writes == self._dies_at:
                raise Killed
            return done

        return write


def home_of(spark: SparkSession, lakehouse: Lakehouse, version: int) -> None:
    """A home as the release that declared `version` left it."""
    table = VERSIONS[version - 1]
    settle(spark, lakehouse, (table,))
    for made in (table, ops.POSITIONS):
        lakehouse.create(made)
    # Python's floats become the decimals that the table holds.
    floats = spark_schema(table).replace("decimal(18,2)", "double")
    lakehouse.merge(table, spark.createDataFrame(ROWS[version], floats))
    positions = Positions(spark, lakehouse)
    positions.set_all("make", {"silver.fed": "4"})
    positions.set_all("other", {"silver.fed": "4"})
    positions.flush()


def run(spark: SparkSession, lakehouse: Any) -> list[Migration]:
    return migrate(spark, lakehouse, GRAPH, (THREE,), MADE)


def assert_is_three(spark: SparkSession, lakehouse: Lakehouse) -> None:
    assert lakehouse.stored(THREE).columns
    assert set(lakehouse.stored(THREE).columns) == set(THREE.column_names)
    found = lakehouse.read(THREE).orderBy("thing_id")
    assert [
        (row[0], row[1], None if row[2] is None else float(row[2]), row[3], row[4])
        for row in found.collect()
    ] == ROWS[3]
    assert [field.dataType.simpleString() for field in found.schema.fields] == [
        column.type for column in THREE.columns
    ]
    assert planned(lakehouse, (THREE,), MADE) == []
    refuse_other_release(lakehouse, (THREE,))
    # It is a table like any other: written, and asked for changes.
    before = lakehouse.version(THREE)
    row = ("c", DAY, None, 2.0, True)
    assert lakehouse.merge(THREE, spark.createDataFrame([row], spark_schema(THREE))).inserted == 1
    changed = lakehouse.changes(THREE, before, ("thing_id", "day")).collect()
    assert [tuple(row) for row in changed] == [("c", DAY)]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_home_of_any_version_becomes_the_newest(
    spark: SparkSession, tmp_path: Path, version: int
) -> None:
    with held(tmp_path, spark) as lakehouse:
        home_of(spark, lakehouse, version)
        wanted = [migration for migration in MADE if migration.to > version]
        assert planned(lakehouse, (THREE,), MADE) == wanted
        assert run(spark, lakehouse) == wanted
        forgot = Positions(spark, lakehouse).of("make", "silver.fed") is None
        assert forgot == bool(wanted)
        assert Positions(spark, lakehouse).of("other", "silver.fed") == "4"
        at = lakehouse.version(THREE)
        assert run(spark, lakehouse) == []
        assert lakehouse.version(THREE) == at
        assert_is_three(spark, lakehouse)


@pytest.mark.parametrize("half", range(1, 16))
def test_killed_anywhere_and_run_again(spark: SparkSession, tmp_path: Path, half: int) -> None:
    with held(tmp_path, spark) as lakehouse:
        home_of(spark, lakehouse, 1)
        mortal = Mortal(lakehouse, half / 2)
        if half <= 14:
            with pytest.raises(Killed):
                run(spark, mortal)
        else:
            # No write is beyond the last one: the cases above are all there are.
            run(spark, mortal)
            assert mortal.writes == 7
        run(spark, lakehouse)
        assert Positions(spark, lakehouse).of("make", "silver.fed") is None
        assert_is_three(spark, lakehouse)


def test_homes_of_other_releases_are_refused_in_a_sentence(
    spark: SparkSession, tmp_path: Path
) -> None:
    with held(tmp_path, spark) as lakehouse:
        refuse_other_release(lakehouse, (TWO,))  # A home without any note is nobody's yet.
        home_of(spark, lakehouse, 2)
        settle(spark, lakehouse, (TWO,))
        refuse_other_release(lakehouse, (TWO,))
        for refused in (
            lambda: settle(spark, lakehouse, (ONE,)),
            lambda: refuse_other_release(lakehouse, (ONE,)),
            lambda: planned(lakehouse, (ONE,), ()),
        ):
            with pytest.raises(UserError, match=r"gold\.example is at version 2.*knows 1: install"):
                refused()
        for refused in (
            lambda: settle(spark, lakehouse, (THREE,)),
            lambda: refuse_other_release(lakehouse, (THREE,)),
        ):
            with pytest.raises(UserError, match=r"at version 2 of an older .* rightrun migrate"):
                refused()


def test_a_table_from_before_notes_is_at_version_one(spark: SparkSession, tmp_path: Path) -> None:
    with held(tmp_path, spark) as lakehouse:
        lakehouse.create(ONE)
        assert planned(lakehouse, (THREE,), MADE) == [*MADE]
        with pytest.raises(UserError, match="at version 1 of an older release"):
            settle(spark, lakehouse, (THREE,))


def test_a_new_home_has_nothing_to_migrate(spark: SparkSession, tmp_path: Path) -> None:
    with held(tmp_path, spark) as lakehouse:
        assert planned(lakehouse, (THREE,), MADE) == []
        settle(spark, lakehouse, (THREE,))
        lakehouse.create(THREE)
        settle(spark, lakehouse, (THREE,))
        assert run(spark, lakehouse) == []


@pytest.mark.parametrize(
    ("tables", "migrations"),
    [
        ((TWO,), ()),
        ((ONE,), MADE[:1]),
        ((THREE,), MADE[1:]),
        ((THREE,), MADE[::-1]),
        ((TWO,), (Migration("gold.example", 2, (Drop("id"),)),)),
    ],
)
def test_versions_and_migrations_go_together(
    tables: tuple[Table, ...], migrations: tuple[Migration, ...]
) -> None:
    refuse_gaps((THREE,), MADE)
    with pytest.raises(ValueError, match=r"gold\.example"):
        refuse_gaps(tables, migrations)


def test_a_migration_that_cannot_be_resumed_is_refused() -> None:
    with pytest.raises(ValueError, match="b changes twice: make it two versions"):
        Migration("gold.example", 2, (Rename("a", "b", "int"), Drop("b")))
    with pytest.raises(ValueError, match="nothing changes"):
        Migration("gold.example", 2, ())


def test_what_gold_promised_does_not_change_unsaid() -> None:
    released = promised([ONE, FED])
    assert list(released) == ["gold.example"]
    assert unsaid(released, promised([ONE]), "") == []
    quiet = replace(THREE, version=1)
    assert unsaid(released, promised([quiet]), "`gold.example.is_long`") == [
        "table gold.example: column id is gone, and its version is still 1",
        "table gold.example: column took_ms is gone, and its version is still 1",
        "table gold.example: column spare is gone, and its version is still 1",
        "table gold.example: column cost was double and is decimal(18,2), and its version is still 1",
        "table gold.example: its keys were id, and its version is still 1",
        "table gold.example gained thing_id, and `gold.example.thing_id` is not in CHANGELOG.md",
        "table gold.example gained took_seconds, and `gold.example.took_seconds` is not in"
        " CHANGELOG.md",
    ]
    gained = ("thing_id", "took_seconds", "is_long")
    changelog = " ".join(f"`gold.example.{name}`" for name in gained)
    assert unsaid(released, promised([THREE]), changelog) == []
    assert unsaid(released, {}, "") == [
        "table gold.example is gone, and `gold.example` is not in CHANGELOG.md"
    ]
    assert unsaid(released, {}, "removed `gold.example`") == []


def test_no_migration_names_a_table_that_is_not_ours() -> None:
    from pipeline.tables.catalogue import TABLES

    refuse_gaps(TABLES, MIGRATIONS)
    assert {migration.table for migration in MIGRATIONS} <= {table.full_name for table in TABLES}
