"""A job is never dropped: one row for each in every table about jobs, with an answer or a reason."""

import pytest
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder import DeltaFolder
from pipeline.tables import gold
from pipeline.tables.declaration import Table
from tests.night.homes import Made

_ABOUT_JOBS = (*gold.MODEL_TABLES, *gold.RECOMMENDATION_TABLES)


@pytest.mark.parametrize("table", _ABOUT_JOBS, ids=lambda table: table.name)
def test_one_row_for_every_job(spark: SparkSession, undisturbed: Made, table: Table) -> None:
    lakehouse = DeltaFolder(undisturbed.home, spark)
    key = "series_key" if "series_key" in table.column_names else "job_id"
    listed = sorted(row["series_key"] for row in lakehouse.read(gold.JOBS).collect())
    rows = lakehouse.read(table).collect()
    assert sorted(row[key] for row in rows) == listed
    assert len(listed) > 10
    for row in rows:
        assert row["status"] == "ok" or row["reason"], row
        assert row["status"] != "error", row["reason"]
    assert len({row["status"] for row in rows}) > 1
