"""The system tables as they are read night by night: whatever lands, however late, is found."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.sources.system_tables import Readable, SystemTables
from pipeline.tables import bronze, source
from pipeline.tables.declaration import SourceTable
from pipeline.tables.types import arrow_schema
from pipeline.workspace.system_catalogs import SystemCatalog
from tests.bronze.ingesting import Remembered, empty_bronze, held, ingest_all
from tests.sources.small import rows_of_table
from tests.strategies.tables import arrow_of, at

CATALOG = "sail"
"""The name that Sail gives its own catalog."""
_FAR_AHEAD = datetime(9999, 12, 31, 12, tzinfo=UTC)
_TABLES = [source.JOB_RUN_TIMELINE, source.USAGE, source.JOBS]
"""Counted by times, and by dates; of days, and of none."""


class Live:
    """A system table of a catalog, into which rows land as files."""

    def __init__(self, spark: SparkSession, folder: Path, table: SourceTable) -> None:
        self.table = table
        self._spark = spark
        self._folder = folder
        self._rows = 0
        folder.mkdir()
        schema, name = table.place
        self._name = f"`{CATALOG}`.`{schema}`.`{name}`"
        spark.sql(f"CREATE DATABASE IF NOT EXISTS `{CATALOG}`.`{schema}`")

    def land(self, workspace: str, *days: int | None) -> None:
        """A row of each of these days."""
        for day in days:
            (row,) = rows_of_table(self.table, self._rows, 1)
            row |= {"workspace_id": workspace} | _of_day(self.table, day)
            schema = arrow_schema(self.table)
            file = self._folder / f"{self._rows:03d}.parquet"
            pq.write_table(pa.Table.from_pylist([row], schema=schema), file)
            self._rows += 1
        self._spark.sql(f"DROP TABLE IF EXISTS {self._name}")
        self._spark.sql(f"CREATE TABLE {self._name} USING parquet LOCATION '{self._folder}'")

    def drop(self) -> None:
        self._spark.sql(f"DROP TABLE IF EXISTS {self._name}")


def _of_day(table: SourceTable, day: int | None) -> dict[str, Any]:
    moment = None if day is None else at(day, 12)
    if table is source.USAGE:
        return {"ingestion_date": None if moment is None else moment.date()}
    if table is source.JOBS:
        return {"change_time": moment}
    return {
        "period_start_time": None if moment is None else moment - timedelta(minutes=7),
        "period_end_time": moment,
    }


@pytest.fixture
def live(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> Iterator[Live]:
    landed = Live(spark, tmp_path / "live", request.param)
    yield landed
    landed.drop()


@pytest.mark.parametrize("live", _TABLES, indirect=True, ids=lambda table: table.name)
def test_a_workspace_that_stalls_for_three_days_loses_nothing(
    live: Live, spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    home = empty_bronze(lakehouse, (live.table,))
    positions = Remembered()

    def night() -> tuple[int, int]:
        tables = SystemTables(spark, CATALOG)
        done = ingest_all(tables, home, positions, (live.table,))[live.table.name]
        return done.received, done.kept_new

    live.land("steady", 1, 2)
    live.land("stalls", 1, 2)
    assert night() == (4, 4)
    assert night() == (0, 0), "nothing has landed"
    for day in (3, 4, 5):
        live.land("steady", day)
        assert night() == (1, 1), "days without news are not read"
    live.land("stalls", 3, 4, 5, 5)
    assert night() == (7, 4)
    live.land("steady", -40)
    assert night() == (1, 1), "however late"
    workspaces = [row["workspace_id"] for row in held(home, bronze.BRONZE_OF[live.table.name])]
    assert (workspaces.count("steady"), workspaces.count("stalls")) == (6, 6)
    assert night() == (0, 0)


@pytest.mark.parametrize("live", [source.JOB_RUN_TIMELINE], indirect=True, ids=["timeline"])
def test_a_row_that_lands_between_counting_and_reading_is_kept_once(
    live: Live, spark: SparkSession, lakehouse: DeltaFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = empty_bronze(lakehouse, (live.table,))
    positions = Remembered()
    tables = SystemTables(spark, CATALOG)
    select = tables.select

    def after_another_landed(*asked: Any) -> str:
        live.land("w", 1)
        return select(*asked)

    live.land("w", 1)
    monkeypatch.setattr(tables, "select", after_another_landed)
    done = [ingest_all(tables, home, positions, (live.table,))[live.table.name]]
    monkeypatch.undo()
    done += [ingest_all(tables, home, positions, (live.table,))[live.table.name] for _ in "12"]
    assert [(one.received, one.kept_new) for one in done] == [(2, 2), (2, 0), (0, 0)]


@pytest.mark.parametrize("live", [source.USAGE], indirect=True, ids=lambda table: table.name)
def test_rows_of_no_day_are_read_whenever_they_land(
    live: Live, spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    home = empty_bronze(lakehouse, (live.table,))
    positions = Remembered()
    for landed in (1, 2):
        live.land("w", None)
        done = ingest_all(SystemTables(spark, CATALOG), home, positions, (live.table,))
        assert (done["usage"].received, done["usage"].kept_new) == (landed, 1)


@pytest.mark.parametrize("days", [[_FAR_AHEAD], [at(1), at(2), _FAR_AHEAD, at(5)]])
def test_a_day_far_ahead_hides_no_other(days: list[datetime], spark: SparkSession) -> None:
    table = source.JOB_RUN_TIMELINE
    named = [day.date().isoformat() for day in days] + ["+10000-01-01"]
    there = Readable(SystemCatalog.at(CATALOG), {"run_id": "string"})
    asked = SystemTables(spark, CATALOG).select(table, there, named)
    (bounds,) = asked.split(" WHERE ")[1:]
    moments = [*days, at(3), at(4)]
    spelled = ", ".join(f"(TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}')" for moment in moments)
    rows = spark.sql(f"SELECT * FROM VALUES {spelled} AS t(period_end_time) WHERE {bounds}")
    assert rows.count() == len(days)


def test_of_columns_only_those_of_tables_that_jobs_write_are_asked_for(
    spark: SparkSession, lakehouse: DeltaFolder, tmp_path: Path
) -> None:
    """One schema has both tables, as another region's bronze has them."""
    schema = "columns_beside_lineage"
    spark.sql(f"CREATE DATABASE IF NOT EXISTS `{CATALOG}`.`{schema}`")

    def stored(table: SourceTable, rows: list[dict[str, Any]]) -> None:
        file = tmp_path / f"{table.name}.parquet"
        pq.write_table(arrow_of(table, rows), file)
        name = f"`{CATALOG}`.`{schema}`.`{table.name}`"
        spark.sql(f"DROP TABLE IF EXISTS {name}")
        spark.sql(f"CREATE TABLE {name} USING parquet LOCATION '{file}'")

    def column(table: str) -> dict[str, Any]:
        parts = dict(
            zip(("table_catalog", "table_schema", "table_name"), table.split("."), strict=True)
        )
        described = {"column_name": "c", "full_data_type": "int", "is_nullable": "YES"}
        return parts | described | {"comment": "secret"}

    event = {"event_time": at(1), "entity_type": "JOB", "entity_run_id": "7"}
    hostile = 'main.a.it\'s `t` "x" \\ --'
    by_nobody = {"target_table_full_name": "main.a.by_hand", "entity_type": "NOTEBOOK"}
    stored(
        source.TABLE_LINEAGE,
        [
            event | {"target_table_full_name": hostile},
            event | {"source_table_full_name": "main.a.read"},
            event | by_nobody,
        ],
    )
    tables = (hostile, "main.a.read", "main.a.by_hand", "main.a.other")
    stored(source.TABLE_COLUMNS, [column(table) for table in tables])
    home = empty_bronze(lakehouse, (source.TABLE_COLUMNS,))
    asked = SystemTables(spark, f"{CATALOG}.{schema}")
    try:
        done = ingest_all(asked, home, Remembered(), (source.TABLE_COLUMNS,))["table_columns"]
        assert done.received == 1
        (row,) = held(home, bronze.TABLE_COLUMNS)
        assert f"main.a.{row['table_name']}" == hostile
        assert "secret" not in repr(row)
        # Where lineage is not there to say which tables these are, none is asked for.
        spark.sql(f"DROP TABLE `{CATALOG}`.`{schema}`.`table_lineage`")
        assert asked.read(source.TABLE_COLUMNS, None) is None
        assert not asked.inspect(source.TABLE_COLUMNS).found
    finally:
        for table in (source.TABLE_COLUMNS, source.TABLE_LINEAGE):
            spark.sql(f"DROP TABLE IF EXISTS `{CATALOG}`.`{schema}`.`{table.name}`")


def test_columns_are_asked_for_by_a_join_that_the_platform_carries_out(spark: SparkSession) -> None:
    catalog = SystemCatalog(None, "system")
    columns, lineage = (
        {column.name: column.type for column in table.columns}
        for table in (source.TABLE_COLUMNS, source.TABLE_LINEAGE)
    )
    asked = SystemTables(spark).select(source.TABLE_COLUMNS, Readable(catalog, columns, lineage))
    of_run = source.TABLE_LINEAGE.only_where
    assert asked == (
        "SELECT `table_catalog`, `table_schema`, `table_name`, `column_name`, `full_data_type`,"
        " `is_nullable` FROM `system`.`information_schema`.`columns` WHERE"
        " concat_ws('.', table_catalog, table_schema, table_name) IN (SELECT target_table_full_name"
        " FROM `system`.`access`.`table_lineage` WHERE target_table_full_name IS NOT NULL"
        f" AND {of_run})"
    )
    assert sqlglot.parse_one(asked, dialect="databricks").find(sqlglot.exp.In)


def test_of_statements_only_those_of_jobs_are_asked_for(spark: SparkSession) -> None:
    table = source.QUERY_HISTORY
    types = {column.name: column.type for column in table.columns}
    catalog = SystemCatalog(None, "system")
    asked = SystemTables(spark).select(table, Readable(catalog, types), ["2026-01-05"])
    assert asked.endswith(
        "WHERE ((`update_time` >= TIMESTAMP '2026-01-05 00:00:00+00:00'"
        " AND `update_time` < TIMESTAMP '2026-01-06 00:00:00+00:00'))"
        " AND query_source.job_info.job_run_id IS NOT NULL"
    )
    assert "statement_text" not in asked
    # Where the column is missing, it cannot be told which are.
    types.pop("query_source")
    assert "WHERE" not in SystemTables(spark).select(table, Readable(catalog, types))
