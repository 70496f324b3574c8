"""Definitions: the time each version held, and what people write into tags."""

from typing import Any

from pyspark.sql import SparkSession

from pipeline.silver.jobs import job_tasks, job_versions
from pipeline.tables import bronze
from tests.strategies.tables import Row, at, frame_of, one, rows_of


def _job(day: int = 0, **columns: Any) -> Row:
    return {"workspace_id": "w", "job_id": "7", "change_time": at(day)} | columns


def _read(spark: SparkSession, **columns: Any) -> Row:
    return one(job_versions(frame_of(spark, bronze.JOBS, [_job(**columns)])))


def test_versions_hold_until_the_next(spark: SparkSession) -> None:
    jobs = [_job(5, name="c"), _job(0, name="a"), _job(3, name="b"), _job(1, job_id="8", name="x")]
    output = rows_of(job_versions(frame_of(spark, bronze.JOBS, jobs)))
    validity = {
        (r["job_id"], r["name"]): (r["valid_from"], r["valid_to"], r["is_first"]) for r in output
    }
    assert validity == {
        ("7", "a"): (at(0), at(3), True),
        ("7", "b"): (at(3), at(5), False),
        ("7", "c"): (at(5), None, False),
        ("8", "x"): (at(1), None, True),
    }


def test_the_newest_version_of_a_task(spark: SparkSession) -> None:
    key = {"workspace_id": "w", "job_id": "7", "task_key": "load"}
    rows = [key | {"change_time": at(day), "timeout_seconds": day} for day in (3, 0, 1)]
    row = one(job_tasks(frame_of(spark, bronze.JOB_TASKS, rows)))
    assert (row["changed_at"], row["timeout_seconds"]) == (at(3), 3.0)


_DECLARED: tuple[tuple[list[tuple[str, str]], str, Any, str | None, str], ...] = (
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
)
_UNREADABLE = ("soon", "25:00", "04:00 Mars/Olympus", "0m", "-5m", "1h soon", "12")


def _read_all(spark: SparkSession, jobs: list[Row]) -> list[Row]:
    """One call for all: a call costs more than the rows in it."""
    numbered = [_job(**job) | {"job_id": f"{number:03d}"} for number, job in enumerate(jobs)]
    output = rows_of(job_versions(frame_of(spark, bronze.JOBS, numbered)))
    return sorted(output, key=lambda row: str(row["job_id"]))


def test_declared_slas(spark: SparkSession) -> None:
    output = _read_all(spark, [{"tags": tags} for tags, *_ in _DECLARED])
    for row, (tags, kind, value, zone, source) in zip(output, _DECLARED, strict=True):
        declared = row["sla_time_of_day"] if kind == "deadline" else row["sla_limit_seconds"]
        assert (row["sla_kind"], declared, row["sla_timezone"]) == (kind, value, zone), tags
        assert (row["sla_source"], row["sla_problem"]) == (source, None), tags


def test_an_sla_that_cannot_be_read_is_said_so(spark: SparkSession) -> None:
    tagged = [{"tags": [("sla", spelled)]} for spelled in _UNREADABLE]
    # A health rule of the job stands in for the tag, and the problem is still said.
    rule = {"metric": "RUN_DURATION_SECONDS", "operator": "GREATER_THAN", "value": 60}
    output = _read_all(spark, [*tagged, *(job | {"health_rules": [rule]} for job in tagged)])
    plain, ruled = output[: len(_UNREADABLE)], output[len(_UNREADABLE) :]
    for alone, with_rule, spelled in zip(plain, ruled, _UNREADABLE, strict=True):
        assert alone["sla_kind"] is None, spelled
        assert (with_rule["sla_kind"], with_rule["sla_limit_seconds"]) == ("limit", 60.0)
        assert (alone["sla_source"], with_rule["sla_source"]) == (None, "health_rule")
        for row in (alone, with_rule):
            assert f"tag sla={spelled} " in row["sla_problem"]


def test_a_tripwire_is_no_promise(spark: SparkSession) -> None:
    # A second less than whole minutes, as `rightrun bundle tripwires` writes them.
    values = (3540, 3599, 3600)
    rules = [
        [{"metric": "RUN_DURATION_SECONDS", "operator": "GREATER_THAN", "value": value}]
        for value in values
    ]
    output = _read_all(spark, [{"health_rules": rule} for rule in rules])
    assert [row["sla_limit_seconds"] for row in output] == [3540.0, None, 3600.0]
    timed = _read(spark, health_rules=rules[1], timeout_seconds=7200)
    assert (timed["sla_source"], timed["sla_limit_seconds"]) == ("timeout", 7200.0)


def test_a_deadline_is_in_the_schedules_zone(spark: SparkSession) -> None:
    trigger: dict[str, Any] = {
        "continuous": None,
        "schedule": {"quartz_cron_expression": "0 0 5 * * ?", "timezone_id": "Asia/Tokyo"},
    }
    assert _read(spark, tags=[("sla", "06:00")], trigger=trigger)["sla_timezone"] == "Asia/Tokyo"
    trigger["schedule"]["timezone_id"] = "Nowhere/Land"
    output = _read(spark, tags=[("sla", "06:00")], trigger=trigger)
    assert (output["sla_timezone"], output["timezone"]) == ("UTC", None)


def test_tags_in_several_spellings(spark: SparkSession) -> None:
    output = _read(
        spark,
        tags=[
            ("Cost-Center", "cc1"),
            ("SQUAD", " search "),
            ("team", " "),
            ("Criticality", "High"),
        ],
    )
    # team is empty, so squad is next in the order; its value is trimmed and its key kept as spelled.
    assert (output["team"], output["team_source"]) == ("search", "SQUAD")
    assert (output["tier"], output["tier_source"]) == (1, "Criticality")
    spelled = (" Data Platform", "data_platform", "DATA--platform")
    assert {_read(spark, tags=[("team", name)])["team"] for name in spelled} == {"data-platform"}
    nothing = _read(
        spark, tags=None, run_as_user_name="r@x", creator_user_name="c@x", timeout_seconds=0
    )
    assert (nothing["team"], nothing["tier"], nothing["timeout_seconds"]) == (None, None, None)
    assert (nothing["owner"], nothing["owner_source"]) == ("r@x", "run_as")


def test_a_timeout_is_a_limit_where_nothing_else_is_declared(spark: SparkSession) -> None:
    rule = [{"metric": "RUN_DURATION_SECONDS", "operator": "GREATER_THAN", "value": 1800}]
    problems = {
        "timeout": {"timeout_seconds": 3600},
        "health_rule": {"timeout_seconds": 3600, "health_rules": rule},
        "sla": {"timeout_seconds": 3600, "tags": [("sla", "20m")]},
        None: {"timeout_seconds": 0},
    }
    for source, columns in problems.items():
        assert _read(spark, **columns)["sla_source"] == source
    endless = _read(spark, timeout_seconds=3600, trigger_type="CONTINUOUS")
    assert endless["sla_kind"] is None
    unread = _read(spark, timeout_seconds=3600, tags=[("sla", "soon")])
    assert (unread["sla_limit_seconds"], unread["sla_source"]) == (3600.0, "timeout")
    assert "soon" in unread["sla_problem"]


def test_periodic_triggers_in_seconds(spark: SparkSession) -> None:
    def seconds(interval: int, units: str) -> float | None:
        trigger = {"periodic": {"interval": interval, "units": units}}
        return _read(spark, trigger=trigger)["periodic_seconds"]

    assert [seconds(2, unit) for unit in ("HOURS", "days", "WEEKS", "MOONS")] == [
        7_200.0,
        172_800.0,
        1_209_600.0,
        None,
    ]
    assert seconds(0, "HOURS") is None
