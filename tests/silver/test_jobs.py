"""Definitions: the time each version held, and what people write into tags."""

from typing import Any

import pytest
from pipeline.silver.jobs import job_tasks, job_versions
from pipeline.tables import bronze
from pyspark.sql import SparkSession

from tests.strategies.tables import Row, at, frame_of, one, rows_of


def _job(day: int = 0, **columns: Any) -> Row:
    return {"workspace_id": "w", "job_id": "7", "change_time": at(day)} | columns


def _read(spark: SparkSession, **columns: Any) -> Row:
    return one(job_versions(frame_of(spark, bronze.JOBS, [_job(**columns)])))


def test_versions_hold_until_the_next(spark: SparkSession) -> None:
    jobs = [_job(5, name="c"), _job(0, name="a"), _job(3, name="b"), _job(1, job_id="8", name="x")]
    made = rows_of(job_versions(frame_of(spark, bronze.JOBS, jobs)))
    held = {(r["job_id"], r["name"]): (r["valid_from"], r["valid_to"], r["is_first"]) for r in made}
    assert held == {
        ("7", "a"): (at(0), at(3), True), ("7", "b"): (at(3), at(5), False),
        ("7", "c"): (at(5), None, False), ("8", "x"): (at(1), None, True)}


def test_the_newest_version_of_a_task(spark: SparkSession) -> None:
    key = {"workspace_id": "w", "job_id": "7", "task_key": "load"}
    rows = [key | {"change_time": at(day), "timeout_seconds": day} for day in (3, 0, 1)]
    made = one(job_tasks(frame_of(spark, bronze.JOB_TASKS, rows)))
    assert (made["changed_at"], made["timeout_seconds"]) == (at(3), 3.0)


@pytest.mark.parametrize(
    ("tags", "kind", "value", "zone", "source"),
    [
        ([("sla", "07:30 Europe/Berlin")], "deadline", "07:30", "Europe/Berlin", "sla"),
        ([("SLA-Deadline", "7:05")], "deadline", "07:05", "UTC", "SLA-Deadline"),
        ([("sla", "1h30m")], "limit", 5400.0, None, "sla"),
        ([("SLA", "90 min")], "limit", 5400.0, None, "SLA"),
        ([("sla", "5400s")], "limit", 5400.0, None, "sla"),
        ([("sla", "2 hours")], "limit", 7200.0, None, "sla"),
        ([("sla_minutes", "90")], "limit", 5400.0, None, "sla_minutes"),
        ([("Sla Hours", "1.5")], "limit", 5400.0, None, "Sla Hours"),
        ([("sla", "1d")], "limit", 86400.0, None, "sla"),
        # A deadline is looked for before a limit, however the tags are ordered.
        ([("sla", "1h"), ("deadline", "06:00")], "deadline", "06:00", "UTC", "deadline"),
    ],
)
def test_declared_slas(
    spark: SparkSession, tags: list[tuple[str, str]], kind: str, value: Any, zone: str | None, source: str
) -> None:
    made = _read(spark, tags=tags)
    found = made["sla_time_of_day"] if kind == "deadline" else made["sla_limit_seconds"]
    assert (made["sla_kind"], found, made["sla_timezone"]) == (kind, value, zone)
    assert (made["sla_source"], made["sla_problem"]) == (source, None)


@pytest.mark.parametrize("spelled", ["soon", "25:00", "04:00 Mars/Olympus", "0m", "-5m", "1h soon", "12"])
def test_an_sla_that_cannot_be_read_is_said_so(spark: SparkSession, spelled: str) -> None:
    made = _read(spark, tags=[("sla", spelled)])
    assert made["sla_kind"] is None
    assert f"tag sla={spelled} " in made["sla_problem"]
    # A health rule of the job stands in for it, and the problem is still said.
    rule = {"metric": "RUN_DURATION_SECONDS", "operator": "GREATER_THAN", "value": 60}
    made = _read(spark, tags=[("sla", spelled)], health_rules=[rule])
    assert (made["sla_kind"], made["sla_limit_seconds"]) == ("limit", 60.0)
    assert (made["sla_source"], made["sla_problem"] is None) == ("health_rule", False)


def test_a_deadline_is_in_the_schedules_zone(spark: SparkSession) -> None:
    trigger = {"continuous": None, "schedule": {"quartz_cron_expression": "0 0 5 * * ?", "timezone_id": "Asia/Tokyo"}}
    assert _read(spark, tags=[("sla", "06:00")], trigger=trigger)["sla_timezone"] == "Asia/Tokyo"
    trigger["schedule"]["timezone_id"] = "Nowhere/Land"
    made = _read(spark, tags=[("sla", "06:00")], trigger=trigger)
    assert (made["sla_timezone"], made["timezone"]) == ("UTC", None)


def test_tags_in_several_spellings(spark: SparkSession) -> None:
    made = _read(spark, tags=[("Cost-Center", "cc1"), ("SQUAD", " search "), ("team", " "), ("Criticality", "High")])
    # team is empty, so squad is next in the order; its value is trimmed and its key kept as spelled.
    assert (made["team"], made["team_source"]) == ("search", "SQUAD")
    assert (made["tier"], made["tier_source"]) == (1, "Criticality")
    nothing = _read(spark, tags=None, run_as_user_name="r@x", creator_user_name="c@x", timeout_seconds=0)
    assert (nothing["team"], nothing["tier"], nothing["timeout_seconds"]) == (None, None, None)
    assert (nothing["owner"], nothing["owner_source"]) == ("r@x", "run_as")
