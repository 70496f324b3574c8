"""Pipelines: the newest definition, one row an update, and the run that an update belongs to."""

from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from pipeline.silver.costs import prices, usage_costs
from pipeline.silver.pipelines import pipeline_updates, pipelines, task_updates
from pipeline.tables import bronze, silver
from tests.strategies.tables import Row, at, attempt_slices, frame_of, on, one, rows_of


def _slices(update: str, task: str | None = None, **columns: object) -> list[Row]:
    shared: Row = {"workspace_id": "w", "pipeline_id": "p", "update_id": update}
    if task:
        shared["trigger_details"] = {"job_task": {"job_id": "7", "job_task_run_id": task}}
    rows = attempt_slices(shared | columns, at(0, 8, 50), at(0, 10, 20), "COMPLETED")
    return [{name: row[name] for name in row if name != "termination_code"} for row in rows]


def test_the_newest_definition_holds(spark: SparkSession) -> None:
    shared = {"workspace_id": "w", "pipeline_id": "p"}
    versions = [
        shared | {"change_time": at(2), "name": "new", "tags": [("Team", "Data Platform")]},
        shared | {"change_time": at(1), "name": "old", "settings": {"serverless": True}},
    ]
    made = one(pipelines(frame_of(spark, bronze.PIPELINES, versions)))
    assert (made["name"], made["team"], made["is_serverless"]) == ("new", "data-platform", False)


def test_slices_of_an_update_are_one_update(spark: SparkSession) -> None:
    made = one(
        pipeline_updates(frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, _slices("u", "t")))
    )
    assert made["duration_seconds"] == 90 * 60
    assert (made["started_at"], made["ended_at"]) == (at(0, 8, 50), at(0, 10, 20))
    assert (made["status"], made["job_id"], made["task_run_id"]) == ("SUCCEEDED", "7", "t")


def test_an_update_without_an_end_is_in_flight(spark: SparkSession) -> None:
    slices = _slices("u")[:-1]
    made = one(pipeline_updates(frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, slices)))
    assert (made["status"], made["ended_at"], made["seen_until"]) == ("IN_FLIGHT", None, at(0, 10))


def test_a_retry_belongs_to_the_task_of_its_request(spark: SparkSession) -> None:
    slices = [
        *_slices("first", "t", request_id="r"),
        *_slices("again", request_id="r"),
        *_slices("other", request_id="s"),
        *_slices("alone"),
    ]
    made = pipeline_updates(frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, slices))
    tasks = {row["update_id"]: row["task_run_id"] for row in rows_of(made)}
    assert tasks == {"first": "t", "again": "t", "other": None, "alone": None}


@pytest.mark.parametrize(
    ("known", "job", "run"), [(True, "7", "run 1"), (False, "7", "")], ids=["known", "unknown"]
)
def test_usage_of_an_update_is_its_jobs(
    spark: SparkSession, known: bool, job: str, run: str
) -> None:
    updates = pipeline_updates(
        frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, _slices("u", "t") + _slices("by hand"))
    )
    task: Row = {"workspace_id": "w", "task_run_id": "t", "run_id": "run 1", "job_id": "7"}
    runs = frame_of(spark, silver.TASK_RUNS, [task] if known else [])
    started = task_updates(updates, runs)
    usage = [
        {
            "record_id": update,
            "workspace_id": workspace,
            "sku_name": "DLT",
            "usage_unit": "DBU",
            "usage_start_time": at(0, 9),
            "usage_end_time": at(0, 10),
            "usage_date": on(0),
            "usage_quantity": Decimal(2),
            "billing_origin_product": "DLT",
            "usage_metadata": {"dlt_pipeline_id": "p", "dlt_update_id": update},
        }
        for workspace, update in (("w", "u"), ("w", "by hand"), ("another", "u"))
    ]
    made = usage_costs(
        frame_of(spark, bronze.USAGE, usage),
        prices(frame_of(spark, bronze.LIST_PRICES, [])),
        started,
        currency_code="USD",
    )
    found = sorted((r["workspace_id"], r["job_id"], r["run_id"]) for r in rows_of(made))
    assert found == [("another", "", ""), ("w", "", ""), ("w", job, run)]
    assert sum(r["usage_quantity"] for r in rows_of(made)) == 6
