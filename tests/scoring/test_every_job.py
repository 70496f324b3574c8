"""A job is never dropped: one row for each in every table about jobs, with an answer or a reason."""

import pytest
from pyspark.sql import SparkSession

from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.quality.doubts import unknown_results
from pipeline.evaluation.home import runs_of_home
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold, silver
from pipeline.tables.declaration import Table
from tests.night.homes import Made
from tests.parity import fixture

_ABOUT_JOBS = (
    *(table for table in gold.MODEL_TABLES if table != gold.FLEET_PRIORS),
    *gold.RECOMMENDATION_TABLES,
)


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


def test_a_result_that_nobody_knows_teaches_nothing_and_all_counts_agree(
    spark: SparkSession, undisturbed: Made
) -> None:
    # One job ended three times with a word of no release, and once with a success.
    lakehouse = DeltaFolder(undisturbed.home, spark)

    def of_each_job(table: Table, column: str) -> dict[str, int]:
        key = "series_key" if "series_key" in table.column_names else "job_id"
        return {row[key]: row[column] for row in lakehouse.read(table).collect()}

    succeeded = lakehouse.read(silver.ATTEMPTS).where("status = 'SUCCEEDED' AND NOT never_started")
    endless = lakehouse.read(gold.JOBS).where("is_continuous")
    counted = succeeded.join(endless, "series_key", "left_anti").groupBy("series_key").count()
    successes = {row["series_key"]: row["count"] for row in counted.collect()}
    for table in (gold.DURATION_STATES, gold.JOB_FORECAST):
        learned = of_each_job(table, "runs")
        assert learned == {job: successes.get(job, 0) for job in learned}, table.full_name
    # A baseline is learned from those since the job last changed.
    usual = of_each_job(gold.JOB_BASELINE, "runs")
    assert all(count <= successes.get(job, 0) for job, count in usual.items())
    odd = f"{fixture.WEST}/405"
    assert successes[odd] == usual[odd] == 1
    days = lakehouse.read(gold.JOB_DAILY).where(f"series_key = '{odd}'").collect()
    assert [sum(row[name] for row in days) for name in ("runs", "succeeded", "unknown")] == [
        4,
        1,
        3,
    ]
    home = runs_of_home(lakehouse)
    assert (home["job_id"] == odd).sum() == 1
    assert "UNKNOWN" not in set(home["status"])
    results = unknown_results(DeltaReader(lakehouse.home))
    assert [(row["result_state"], row["attempts"], row["jobs"]) for row in results] == [
        ("EVICTED", 3, 1),
        ("SOMETHING_NEW", 1, 1),
    ]
