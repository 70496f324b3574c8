"""What is a catalog's alone: its staging, its one writer, its structs by name, a whole night on it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.settings import Settings
from pipeline.sources.export import ExportFolder
from tests.catalog.workspace import CATALOG, Workspace
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things
from tests.night.homes import KEPT, Made
from tests.parity.comparing import compared_columns, differences, shown
from tests.parity.fixture import NOW


@pytest.fixture
def workspace(spark: SparkSession, tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(spark, tmp_path)
    yield made
    made.close()


@pytest.fixture
def catalog(workspace: Workspace) -> DeltaCatalog:
    made = DeltaCatalog(CATALOG, cast(SparkSession, workspace))
    made.clear_staging()
    return made


def staged(workspace: Workspace) -> list[str]:
    return [name for name in workspace.tables if "`staging`" in name]


def test_nothing_stays_staged_but_answers(
    catalog: DeltaCatalog, workspace: Workspace, spark: SparkSession
) -> None:
    catalog.create(THINGS)
    catalog.merge(THINGS, things(spark, FULL, EMPTY), scope=things(spark, FULL).select("day"))
    with pytest.raises(ValueError, match="2 rows have the key"):
        catalog.merge(THINGS, things(spark, FULL, FULL))
    assert staged(workspace) == []
    answer = catalog.changes(THINGS, 0, ("id",))
    assert len(staged(workspace)) == 1
    assert answer.count() == 2


def test_what_a_night_that_died_left_is_removed(
    catalog: DeltaCatalog, workspace: Workspace, spark: SparkSession
) -> None:
    catalog.create(THINGS)
    catalog.merge(THINGS, things(spark, FULL))
    catalog.changes(THINGS, 0, ("id",))
    hostile = f"`{CATALOG}`.`staging`.`it's; left`"
    workspace.sql(f"CREATE TABLE {hostile} USING DELTA AS\nSELECT 1 AS one")
    things(spark, FULL).createOrReplaceTempView("somebodys_view")
    assert len(staged(workspace)) == 2
    catalog.clear_staging()
    assert staged(workspace) == []
    assert spark.table("somebodys_view").count() == 1
    assert catalog.read(THINGS).count() == 1


def test_a_second_writer_is_noticed(
    catalog: DeltaCatalog, workspace: Workspace, spark: SparkSession, monkeypatch: Any
) -> None:
    catalog.create(THINGS)
    catalog.merge(THINGS, things(spark, FULL))
    other = DeltaCatalog(CATALOG, cast(SparkSession, workspace))
    sql = workspace.sql

    def meanwhile(text: str) -> Any:
        if text.startswith("MERGE") and not monkeypatch.undone:
            monkeypatch.undone = True
            monkeypatch.undo()
            other.merge(THINGS, things(spark, EMPTY))
        return sql(text)

    monkeypatch.undone = False
    monkeypatch.setattr(workspace, "sql", meanwhile)
    with pytest.raises(UserError, match=r"sail\.silver\.things was written by somebody else"):
        catalog.merge(THINGS, things(spark, FULL | {"count": 8}))
    # Both writes are whole; the night that is run again finds its rows as it left them.
    assert catalog.merge(THINGS, things(spark, FULL | {"count": 8}, EMPTY)).rows == 0


def test_maintenance_between_is_nobodys_write(
    catalog: DeltaCatalog, workspace: Workspace, spark: SparkSession, monkeypatch: Any
) -> None:
    """Unity Catalog compacts tables when it likes."""
    catalog.create(THINGS)
    for name in ("x", "y"):
        catalog.append(THINGS, things(spark, FULL | {"id": name}))
    sql = workspace.sql

    def meanwhile(text: str) -> Any:
        if text.startswith("MERGE"):
            sql(f"OPTIMIZE {catalog.name(THINGS)}")
        return sql(text)

    monkeypatch.setattr(workspace, "sql", meanwhile)
    written = catalog.merge(THINGS, things(spark, FULL))
    assert (written.version, written.inserted) == (4, 1)


def test_a_table_exists_once_it_is_made(catalog: DeltaCatalog) -> None:
    assert not catalog.exists(THINGS)
    catalog.create(THINGS)
    assert catalog.exists(THINGS)
    assert not catalog.exists(replace(THINGS, name="others"))


def test_a_comment_follows_its_declaration(catalog: DeltaCatalog, workspace: Workspace) -> None:
    catalog.create(THINGS)
    workspace.said.clear()
    catalog.create(THINGS)
    assert not [text for text in workspace.said if text.startswith("ALTER")]
    columns = tuple(
        replace(column, comment="It's \\ better") if column.name == "share" else column
        for column in THINGS.columns
    )
    catalog.create(replace(THINGS, columns=columns))
    altered = [text for text in workspace.said if text.startswith("ALTER")]
    assert len(altered) == 1
    catalog.create(replace(THINGS, columns=columns))
    assert [text for text in workspace.said if text.startswith("ALTER")] == altered
    assert not catalog.changed(THINGS, 0)


def test_a_night_on_a_catalog_is_the_night_on_a_folder(
    catalog: DeltaCatalog, undisturbed: Made, spark: SparkSession
) -> None:
    folder = DeltaFolder(undisturbed.home, spark)
    source = ExportFolder(undisturbed.export, spark)
    first = run_night(spark, catalog, source, Settings(), now=NOW)
    assert first.changed_anything
    for table in KEPT:
        rows = [house.read(table).toArrow().to_pylist() for house in (folder, catalog)]
        said = differences(*rows, keys=table.keys, columns=compared_columns(table))
        assert not said, f"{table.full_name}: {shown(said)}"
    again = run_night(spark, catalog, source, Settings(), now=NOW)
    assert not again.changed_anything
    assert {report.mode for report in again.reports} == {"current"}


def test_days_are_counted_and_dropped(
    catalog: DeltaCatalog, workspace: Workspace, spark: SparkSession
) -> None:
    catalog.create(THINGS)
    catalog.merge(THINGS, things(spark, FULL, EMPTY, EMPTY | {"id": "c"}))
    assert catalog.partition_rows(THINGS) == {FULL["day"]: 1, EMPTY["day"]: 2}
    undated = replace(THINGS, name="undated", partition_by=None)
    catalog.create(undated)
    catalog.merge(undated, things(spark, FULL, EMPTY, EMPTY | {"id": "c"}))
    assert catalog.partition_rows(undated) == {None: 3}
    assert catalog.drop_before(THINGS, FULL["day"]) == 0
    assert catalog.version(THINGS) == 1
    assert catalog.drop_before(THINGS, EMPTY["day"]) == 1
    assert catalog.version(THINGS) == 2
    assert catalog.partition_rows(THINGS) == {EMPTY["day"]: 2}


def test_a_scope_does_not_reach_before_its_date(catalog: DeltaCatalog, spark: SparkSession) -> None:
    catalog.create(THINGS)
    catalog.merge(THINGS, things(spark, FULL, EMPTY))
    scope = things(spark, FULL, EMPTY).select("id")
    written = catalog.merge(THINGS, things(spark), scope=scope, since=EMPTY["day"])
    assert written.deleted == 1
    assert [row["id"] for row in catalog.read(THINGS).collect()] == ["a"]


def test_nothing_of_a_catalogs_night_needs_what_a_runtime_has_not() -> None:
    code = (
        "import sys, pipeline.cli.app, pipeline.lakehouse.catalog.tables, pipeline.lakehouse.folder.lock,"
        " pipeline.nightly.night, pipeline.nightly.schema_versions, pipeline.sources.system_tables\n"
        "print([n for n in ('deltalake', 'pysail', 'duckdb') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
