"""Rows that change while a night reads them: counted, compared and written are the same rows."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import Written
from pipeline.sources.export import ExportFolder
from pipeline.sources.protocol import Batch, Delivery, Presence
from pipeline.tables import bronze, source
from pipeline.tables.declaration import SourceTable
from tests.bronze.ingesting import Remembered, empty_bronze, held, ingest_all
from tests.sources.small import arrow_rows

_TABLES = [source.JOB_RUN_TIMELINE, source.USAGE, source.NODE_TYPES]
"""Of which a key tells the day, of which it does not, and what is replaced whole."""


class Growing:
    """A live table: each night reads all of it, and rows land whenever `grow` is called."""

    name = "live"

    def __init__(self, spark: SparkSession, folder: Path, table: SourceTable) -> None:
        self._spark = spark
        self._folder = folder
        self._table = table
        self.rows = 0
        folder.mkdir()

    def grow(self) -> None:
        rows = arrow_rows(self._table, self.rows, 2)
        pq.write_table(rows, self._folder / f"{self.rows:03d}.parquet")
        self.rows += 2

    def inspect(self, table: SourceTable) -> Presence:
        return Presence(table, found=True)

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        rows = self._spark.read.parquet(str(self._folder))
        return Delivery((Batch((rows,)),), str(int(after or 0) + 1))


class Watched(DeltaFolder):
    """A home in which something happens whenever it is asked what it holds, which is between the
    first reading of a delivery and the last, and once more before rows are written."""

    happens: Any = staticmethod(lambda: None)

    def partition_rows(self, table: Any) -> Any:
        self.happens()
        return super().partition_rows(table)

    def append(self, table: Any, rows: DataFrame, **promises: Any) -> Written:
        self.happens()
        return super().append(table, rows, **promises)


@pytest.mark.parametrize("table", _TABLES, ids=lambda table: table.name)
def test_rows_that_land_between_two_readings_wait_for_the_next_night(
    table: SourceTable, spark: SparkSession, tmp_path: Path
) -> None:
    live = Growing(spark, tmp_path / "live", table)
    home = Watched(tmp_path / "home", spark)
    empty_bronze(home, (table,))
    positions = Remembered()
    live.grow()
    for _ in range(2):
        there, known = live.rows, len(held(home, bronze.BRONZE_OF[table.name]))
        home.happens = live.grow
        done = ingest_all(live, home, positions, (table,))[table.name]
        home.happens = lambda: None
        assert live.rows > there, "rows landed while the night read"
        assert (done.received, done.kept_new) == (there, there - known)
        assert len(held(home, bronze.BRONZE_OF[table.name])) == there


@pytest.mark.parametrize("rows", [3, 5])
def test_a_file_replaced_while_it_is_read_stops_the_night_before_anything_is_written(
    rows: int, spark: SparkSession, tmp_path: Path
) -> None:
    table = source.JOB_RUN_TIMELINE
    file = tmp_path / "export" / f"{table.name}.parquet"
    file.parent.mkdir()
    pq.write_table(arrow_rows(table, 0, 3), file)
    home = Watched(tmp_path / "home", spark)
    empty_bronze(home, (table,))
    positions = Remembered()

    def replace() -> None:
        beside = tmp_path / "new.parquet"
        pq.write_table(arrow_rows(table, 10, rows), beside)
        beside.replace(file)

    home.happens = replace
    with pytest.raises(
        UserError, match=r"job_run_timeline\.parquet was replaced while it was read"
    ):
        ingest_all(ExportFolder(file.parent, spark), home, positions, (table,))
    home.happens = lambda: None
    assert held(home, bronze.JOB_RUN_TIMELINE) == []
    assert positions == {}
    ingest_all(ExportFolder(file.parent, spark), home, positions, (table,))
    assert len(held(home, bronze.JOB_RUN_TIMELINE)) == rows
