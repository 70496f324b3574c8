"""Pipelines: what held when, one row an update, the run it belongs to, and whom the rest is charged to."""

from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from pipeline.gold.costs import cost_daily, team_cost_daily
from pipeline.silver.costs import prices, usage_costs
from pipeline.silver.pipelines import pipeline_updates, pipeline_versions, task_updates
from pipeline.tables import bronze, silver
from tests.strategies.tables import Row, at, attempt_slices, frame_of, on, one, rows_of


def _slices(update: str, task: str | None = None, **columns: object) -> list[Row]:
    shared: Row = {"workspace_id": "w", "pipeline_id": "p", "update_id": update}
    if task:
        shared["trigger_details"] = {"job_task": {"job_id": "7", "job_task_run_id": task}}
    rows = attempt_slices(shared | columns, at(0, 8, 50), at(0, 10, 20), "COMPLETED")
    return [{name: row[name] for name in row if name != "termination_code"} for row in rows]


def test_each_definition_holds_until_the_next(spark: SparkSession) -> None:
    shared = {"workspace_id": "w", "pipeline_id": "p"}
    versions = [
        shared | {"change_time": at(2), "name": "new", "tags": [("Team", "Data Platform")]},
        shared | {"change_time": at(1), "name": "old", "settings": {"serverless": True}},
    ]
    output = pipeline_versions(frame_of(spark, bronze.PIPELINES, versions))
    old, new = sorted(rows_of(output), key=lambda row: row["valid_from"])
    assert (new["name"], new["team"], new["is_serverless"]) == ("new", "data-platform", False)
    assert (new["valid_from"], new["valid_to"], new["is_first"]) == (at(2), None, False)
    assert (old["name"], old["team"], old["is_serverless"]) == ("old", None, True)
    assert (old["valid_from"], old["valid_to"], old["is_first"]) == (at(1), at(2), True)


def test_slices_of_an_update_are_one_update(spark: SparkSession) -> None:
    row = one(pipeline_updates(frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, _slices("u", "t"))))
    assert row["duration_seconds"] == 90 * 60
    assert (row["started_at"], row["ended_at"]) == (at(0, 8, 50), at(0, 10, 20))
    assert (row["status"], row["job_id"], row["task_run_id"]) == ("SUCCEEDED", "7", "t")


def test_an_update_without_an_end_is_in_flight(spark: SparkSession) -> None:
    slices = _slices("u")[:-1]
    row = one(pipeline_updates(frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, slices)))
    assert (row["status"], row["ended_at"], row["seen_until"]) == ("IN_FLIGHT", None, at(0, 10))


def test_a_retry_belongs_to_the_task_of_its_request(spark: SparkSession) -> None:
    slices = [
        *_slices("first", "t", request_id="r"),
        *_slices("again", request_id="r"),
        *_slices("other", request_id="s"),
        *_slices("alone"),
    ]
    output = pipeline_updates(frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, slices))
    tasks = {row["update_id"]: row["task_run_id"] for row in rows_of(output)}
    assert tasks == {"first": "t", "again": "t", "other": None, "alone": None}


@pytest.mark.parametrize(
    ("is_known", "job", "run"), [(True, "7", "run 1"), (False, "7", "")], ids=["known", "unknown"]
)
def test_usage_of_an_update_is_its_jobs(
    spark: SparkSession, is_known: bool, job: str, run: str
) -> None:
    updates = pipeline_updates(
        frame_of(spark, bronze.PIPELINE_UPDATE_TIMELINE, _slices("u", "t") + _slices("by hand"))
    )
    task: Row = {"workspace_id": "w", "task_run_id": "t", "run_id": "run 1", "job_id": "7"}
    runs = frame_of(spark, silver.TASK_RUNS, [task] if is_known else [])
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
    output = usage_costs(
        frame_of(spark, bronze.USAGE, usage),
        prices(frame_of(spark, bronze.LIST_PRICES, [])),
        started,
        frame_of(spark, silver.PIPELINE_VERSIONS, []),
        currency_code="USD",
    )
    attributed = sorted((r["workspace_id"], r["job_id"], r["run_id"]) for r in rows_of(output))
    assert attributed == [("another", "", ""), ("w", "", ""), ("w", job, run)]
    assert sum(r["usage_quantity"] for r in rows_of(output)) == 6


def test_what_no_job_started_is_charged_to_the_team_of_the_pipeline(spark: SparkSession) -> None:
    """By its tags as they held then: of each version, and of the oldest also before it."""
    key = {"workspace_id": "w", "pipeline_id": "p"}
    versions = [
        key | {"change_time": at(2), "tags": [("team", "first")]},
        key | {"change_time": at(4, 12), "tags": [("team", "second")]},
        key | {"change_time": at(6), "tags": [("owner", "nobody's team")]},
    ]
    used = (
        # of whom, when, the usage's own tags
        ("by hand", at(1, 9), None),
        ("by hand", at(4, 11), None),
        (None, at(4, 12), [("team", "tagged")]),
        (None, at(6, 1), [("team", "first")]),
        (None, at(7), None),
        ("u", at(4, 9), None),
    )
    usage = [
        {
            "record_id": str(number),
            "workspace_id": "w",
            "sku_name": "DLT",
            "cloud": "AWS",
            "usage_unit": "DBU",
            "usage_start_time": start,
            "usage_date": start.date(),
            "usage_quantity": Decimal(number + 1),
            "custom_tags": tags,
            "usage_metadata": {"dlt_pipeline_id": "p", "dlt_update_id": update},
        }
        for number, (update, start, tags) in enumerate(used)
    ]
    price: Row = {"sku_name": "DLT", "cloud": "AWS", "usage_unit": "DBU", "currency_code": "USD"}
    price |= {"price_start_time": at(-9), "pricing": {"default": Decimal(1)}}
    started = key | {"update_id": "u", "job_id": "7", "run_id": "run 1"}
    costs = usage_costs(
        frame_of(spark, bronze.USAGE, usage),
        prices(frame_of(spark, bronze.LIST_PRICES, [price])),
        frame_of(spark, silver.TASK_UPDATES, [started]),
        pipeline_versions(frame_of(spark, bronze.PIPELINES, versions)),
        currency_code="USD",
    )
    job: Row = {"workspace_id": "w", "job_id": "7", "is_first": True, "team": "of the job"}
    days = cost_daily(costs, frame_of(spark, silver.JOB_VERSIONS, [job]))
    charged = {
        (r["usage_date"], r["job_id"], r["team"], r["attribution"], int(r["list_cost"]))
        for r in rows_of(days)
    }
    assert charged == {
        (on(1), "", "first", "pipeline_tag", 1),
        (on(4), "", "first", "pipeline_tag", 2),
        (on(4), "", "second", "pipeline_tag", 3),
        (on(6), "", "first", "usage_tag", 4),
        (on(7), "", "", "none", 5),
        (on(4), "7", "of the job", "job_tag", 6),
    }
    teams = rows_of(team_cost_daily(days))
    assert sum(row["list_cost"] for row in teams) == 1 + 2 + 3 + 4 + 5 + 6
    by_pipeline = sum(row["by_pipeline_tag"] for row in teams)
    assert by_pipeline == 1 + 2 + 3
