"""A table that says what holds now: what is known already stays as it stands."""

from datetime import timedelta

import pyarrow as pa
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import bronze, source
from tests.bronze.ingesting import NOW, Batches, Remembered, empty_bronze, ingest_all
from tests.sources.small import arrow_rows

_TABLE = source.LIST_PRICES


def _prices(*promotional: dict[str, None] | None) -> pa.Table:
    """A price for each way to say that there is no promotion."""
    rows = arrow_rows(_TABLE, rows=len(promotional))
    told = [
        row | {"pricing": row["pricing"] | {"promotional": one}}
        for row, one in zip(rows.to_pylist(), promotional, strict=True)
    ]
    return pa.Table.from_pylist(told, schema=rows.schema)


def test_two_ways_to_say_nothing_are_no_news(spark: SparkSession, lakehouse: DeltaFolder) -> None:
    held = empty_bronze(lakehouse, (_TABLE,))
    first, positions = _prices(None), Remembered()
    second = _prices({"default": None}, None)
    source_of_two = Batches(spark, [first, second])
    ingest_all(source_of_two, held, positions, (_TABLE,))
    before = held.read(bronze.LIST_PRICES).toArrow().to_pylist()
    tomorrow = NOW + timedelta(days=1)
    done = ingest_all(source_of_two, held, positions, (_TABLE,), now=tomorrow)[_TABLE.name]
    assert (done.kept_new, done.kept_changed, done.duplicates, done.gone) == (1, 0, 1, 0)
    after = held.read(bronze.LIST_PRICES).orderBy("sku_name").toArrow().to_pylist()
    assert after[0] == before[0]
    assert len(after) == 2
