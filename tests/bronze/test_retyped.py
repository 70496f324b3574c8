"""A column of another type is read when that loses nothing, and told when nothing of it can be."""

import pyarrow as pa
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
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


def test_a_key_of_a_type_that_cannot_be_read_costs_the_rows(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    assert _delivered(spark, lakehouse, pa.array([["7"]]), pa.array(["west"])) == []
    (row,) = lakehouse.read(bronze.QUARANTINE).collect()
    assert row["reason"] == "column workspace_id cannot be read as string"
    assert not row["is_kept"]


def test_another_column_of_such_a_type_costs_its_values(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    rows = _delivered(spark, lakehouse, pa.array(["7"]), pa.array([{"en": "west"}]))
    assert rows == [{"workspace_id": "7", "workspace_name": None, "status": "RUNNING"}]
    (row,) = lakehouse.read(bronze.QUARANTINE).collect()
    assert row["reason"] == "column workspace_name cannot be read as string"
    assert row["is_kept"]
