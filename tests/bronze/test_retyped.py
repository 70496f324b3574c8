"""A column of another type is read when that loses nothing, and named when nothing of it can be."""

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder import DeltaFolder
from pipeline.tables import bronze, source
from tests.bronze.ingesting import Batches, Remembered, empty_bronze, ingest_all

_NAMES = ("workspace_id", "workspace_name", "status")


def _delivered(
    spark: SparkSession, lakehouse: DeltaFolder, ids: pa.Array, names: pa.Array
) -> list[dict[str, object]]:
    table = source.WORKSPACES_LATEST
    rows = pa.table([ids, names, pa.array(["RUNNING"])], names=list(_NAMES))
    held = empty_bronze(lakehouse, (table,))
    ingest_all(Batches(spark, [rows]), held, Remembered(), (table,))
    return [row.asDict() for row in held.read(bronze.WORKSPACES_LATEST).select(*_NAMES).collect()]


def test_a_number_may_stand_for_an_id(spark: SparkSession, lakehouse: DeltaFolder) -> None:
    rows = _delivered(spark, lakehouse, pa.array([7]), pa.array(["west"]))
    assert rows == [{"workspace_id": "7", "workspace_name": "west", "status": "RUNNING"}]


@pytest.mark.parametrize(
    ("ids", "names", "column"),
    [
        (pa.array([["7"]]), pa.array(["west"]), "workspace_id is array<string>"),
        (pa.array(["7"]), pa.array([{"en": "west"}]), "workspace_name is struct<en:string>"),
    ],
)
def test_a_column_that_cannot_be_read_stops_the_night(
    spark: SparkSession, lakehouse: DeltaFolder, ids: pa.Array, names: pa.Array, column: str
) -> None:
    with pytest.raises(UserError) as stopped:
        _delivered(spark, lakehouse, ids, names)
    said = str(stopped.value)
    assert said.startswith(f"system.access.workspaces_latest: the column {column}")
    assert "should be string" in said
    assert lakehouse.read(bronze.WORKSPACES_LATEST).count() == 0
