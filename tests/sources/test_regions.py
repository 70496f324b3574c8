"""System tables of several regions: each is read from its own catalog, and none holds up another."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.sources.system_tables import SystemTables
from pipeline.tables import bronze, source
from pipeline.tables.declaration import SourceTable
from pipeline.tables.types import arrow_schema
from tests.bronze.ingesting import Remembered, empty_bronze, held, ingest_all
from tests.sources.small import rows_of_table

CATALOG = "sail"
"""The name that Sail gives its own catalog."""
_NOW = datetime.now(UTC).replace(microsecond=0)
REGIONS = {region: f"{CATALOG}.{region}" for region in ("eu", "us")}
"""One schema of all tables for each, as where a region's own nights keep bronze."""
_READ = (source.JOB_RUN_TIMELINE, source.LIST_PRICES, source.NODE_TYPES)


class Regions:
    """Tables of regions, into which rows land as files."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._spark = spark
        self._folder = folder
        self._names: list[str] = []
        for region in REGIONS:
            spark.sql(f"CREATE DATABASE IF NOT EXISTS `{CATALOG}`.`{region}`")

    def land(self, region: str, table: SourceTable, first: int, days_ago: int = 0) -> None:
        """A row with the keys of number `first`."""
        (row,) = rows_of_table(table, first, 1)
        if table is source.JOB_RUN_TIMELINE:
            ended = _NOW - timedelta(days=days_ago)
            row |= {"period_start_time": ended - timedelta(minutes=7), "period_end_time": ended}
        place = self._folder / region / table.name
        place.mkdir(parents=True, exist_ok=True)
        # Bronze has columns of its own beside those of the source.
        schema = arrow_schema(bronze.BRONZE_OF[table.name])
        rows = pa.Table.from_pylist([row], pa.schema([f.with_nullable(True) for f in schema]))
        pq.write_table(rows, place / f"{first}.parquet")
        name = f"`{CATALOG}`.`{region}`.`{table.name}`"
        self._names.append(name)
        self._spark.sql(f"DROP TABLE IF EXISTS {name}")
        self._spark.sql(f"CREATE TABLE {name} USING parquet LOCATION '{place}'")

    def lose(self, region: str) -> None:
        for name in self._names:
            if f"`{region}`" in name:
                self._spark.sql(f"DROP TABLE IF EXISTS {name}")

    def close(self) -> None:
        for region in REGIONS:
            self.lose(region)


@pytest.fixture
def regions(spark: SparkSession, tmp_path: Path) -> Iterator[Regions]:
    made = Regions(spark, tmp_path / "regions")
    yield made
    made.close()


def _rows(home: DeltaFolder, table: SourceTable, *names: str) -> list[tuple[Any, ...]]:
    rows = held(home, bronze.BRONZE_OF[table.name])
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_regional_rows_come_from_each_and_global_ones_once(
    regions: Regions, spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    home, positions = empty_bronze(lakehouse, _READ), Remembered()
    for number, region in enumerate(REGIONS):
        regions.land(region, source.JOB_RUN_TIMELINE, number)
        # The account's prices, and the types on offer, are told alike in every region.
        regions.land(region, source.LIST_PRICES, 7)
        regions.land(region, source.NODE_TYPES, 7)
    tables = SystemTables(spark, REGIONS)
    done = ingest_all(tables, home, positions, _READ, now=_NOW)
    assert _rows(home, source.JOB_RUN_TIMELINE, "region", "run_id") == [
        ("eu", str(10**15)),
        ("us", str(10**15 + 1)),
    ]
    assert (done["list_prices"].received, done["list_prices"].kept_new) == (1, 1)
    assert _rows(home, source.LIST_PRICES, "region", "sku_name") == [("eu", "SKU_7")]
    assert (done["node_types"].received, done["node_types"].kept_new) == (2, 1)
    assert not any(one.rejected for one in done.values())
    assert tables.notices() == ()
    regions.land("us", source.JOB_RUN_TIMELINE, 2)
    later = ingest_all(SystemTables(spark, REGIONS), home, positions, _READ, now=_NOW)
    assert later["job_run_timeline"].kept_new == 1
    assert later["job_run_timeline"].received == 2, "the region without news is not read again"


def test_a_lost_region_is_named_with_its_grants_and_the_other_goes_on(
    regions: Regions, spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    home, positions = empty_bronze(lakehouse, _READ), Remembered()
    for number, region in enumerate(REGIONS):
        regions.land(region, source.JOB_RUN_TIMELINE, number)
        regions.land(region, source.NODE_TYPES, number)
        regions.land(region, source.LIST_PRICES, 7)
    ingest_all(SystemTables(spark, REGIONS), home, positions, _READ, now=_NOW)
    regions.lose("eu")
    regions.land("us", source.JOB_RUN_TIMELINE, 2)
    tables = SystemTables(spark, REGIONS)
    done = ingest_all(tables, home, positions, _READ, now=_NOW)
    assert done["job_run_timeline"].kept_new == 1
    assert done["list_prices"].received == 1, "another region tells what is global"
    assert len(held(home, bronze.NODE_TYPES)) == 2, "what the lost region had told still holds"
    (notice,) = tables.notices()
    assert notice.startswith(
        "region eu could not be read for system.billing.list_prices and 2 other"
    )
    looked = tables.inspect(source.JOB_RUN_TIMELINE)
    assert (looked.found, looked.where) == (True, "us")
    assert looked.problem.startswith("region eu: ")
    assert [sql.partition(" TO ")[0] for sql in looked.mends] == [
        f"GRANT USE CATALOG ON CATALOG `{CATALOG}`",
        f"GRANT USE SCHEMA, SELECT ON SCHEMA `{CATALOG}`.`eu`",
    ]
    regions.land("eu", source.JOB_RUN_TIMELINE, 3)
    back = ingest_all(SystemTables(spark, REGIONS), home, positions, _READ, now=_NOW)
    assert back["job_run_timeline"].kept_new == 1, "when it is back it is read from where it stood"


def test_a_region_that_falls_behind_is_named(regions: Regions, spark: SparkSession) -> None:
    regions.land("eu", source.JOB_RUN_TIMELINE, 0)
    regions.land("us", source.JOB_RUN_TIMELINE, 1, days_ago=4)
    tables = SystemTables(spark, REGIONS)
    tables.read(source.JOB_RUN_TIMELINE, None)
    (notice,) = tables.notices()
    last_day = (_NOW - timedelta(days=4)).date()
    assert notice.startswith(f"region us has delivered no runs after {last_day} while others have")


def test_without_any_region_the_night_stops_and_says_what_to_grant(spark: SparkSession) -> None:
    with pytest.raises(UserError, match=r"SELECT ON SCHEMA `nowhere`\.`lakeflow`"):
        SystemTables(spark, {"eu": "nowhere"}).read(source.JOB_RUN_TIMELINE, None)
