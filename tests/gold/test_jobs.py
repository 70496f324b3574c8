"""The list of jobs, and how each has changed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.quality.doubts import scattered_names
from pipeline.answers.reader import records
from pipeline.gold.jobs import jobs
from pipeline.gold.trends import job_trends
from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.positions import Positions
from pipeline.nightly.step_run import run_step
from pipeline.tables import bronze, gold, ops, silver
from tests.strategies.given import given_at
from tests.strategies.tables import Row, at, frame_of, on, rows_of


def _version(job: str, **columns: Any) -> Row:
    return {
        "workspace_id": "w",
        "job_id": job,
        "series_key": f"w/{job}",
        "valid_from": at(0),
    } | columns


def _day(series: str, day: int, **columns: Any) -> Row:
    return {
        "workspace_id": series.split("/")[0],
        "series_key": series,
        "series_basis": "job_id",
        "run_date": on(day),
        "runs": 1,
    } | columns


def test_every_job_that_is_defined_or_ran_is_listed_once(spark: SparkSession) -> None:
    versions = [
        _version("1", name="old", valid_to=at(5)),
        _version("1", name="new", valid_from=at(5)),
        _version("2", is_paused=True),
        _version("3", deleted_at=at(9), is_paused=True),
        _version("4", timeout_seconds=30.0),
    ]
    ran = [_day("w/1", 3), _day("w/1", 8), _day("w/77", 2), _day("v/1", 1)]
    ran += [
        _day("w/adf / load", 1, series_basis="run_name"),
        _day("w/adf / load", 2, series_basis="run_name_by_rules"),
        _day('w/"77"', 2, series_basis="run_name"),
    ]
    decisions = [
        {
            "workspace_id": "w",
            "series_key": "w/adf / load",
            "decided_at": at(day),
            "decided_until": until,
            "sla_kind": "limit",
            "sla_limit_seconds": seconds,
            "sla_source": "accepted",
        }
        for day, until, seconds in ((1, at(2), 60.0), (2, None, 90.0))
    ]
    settings = [
        {"workspace_id": "w", "job_id": job, "series_key": f"w/{job}"} | columns
        for job, columns in (
            ("1", {"max_retries": 2, "is_queued": True, "timeout_seconds": 60.0}),
            ("2", {"settings_problem": "denied"}),
        )
    ]
    spaces = [
        {"workspace_id": "w", "workspace_name": "west", "workspace_url": "https://w.example.com//"}
    ]
    output = rows_of(
        jobs(
            frame_of(spark, silver.JOB_VERSIONS, versions),
            frame_of(spark, gold.JOB_DAILY, ran),
            frame_of(spark, gold.COST_DAILY, []),
            frame_of(spark, bronze.WORKSPACES_LATEST, spaces),
            frame_of(spark, silver.SLA_DECISIONS, decisions),
            frame_of(spark, silver.JOB_SETTINGS, settings),
        )
    )
    by_key = {row["series_key"]: row for row in output}
    assert len(output) == len(by_key) == 8
    assert {key: row["state"] for key, row in by_key.items()} == {
        "w/1": "active",
        "w/2": "paused",
        "w/3": "deleted",
        "w/4": "active",
        "w/77": "undefined",
        "w/adf / load": "submitted",
        'w/"77"': "submitted",
        "v/1": "undefined",
    }
    submitted = by_key["w/adf / load"]
    assert (submitted["sla_limit_seconds"], submitted["sla_source"]) == (90.0, "accepted")
    one = by_key["w/1"]
    assert (one["name"], one["runs"], one["first_run_date"], one["last_run_date"]) == (
        "new",
        2,
        on(3),
        on(8),
    )
    assert one["url"] == "https://w.example.com/jobs/1"
    assert (one["max_retries"], one["is_queued"]) == (2, True)
    assert (one["timeout_seconds"], by_key["w/4"]["timeout_seconds"]) == (60.0, 30.0)
    assert (one["settings_problem"], by_key["w/2"]["settings_problem"]) == (None, "denied")
    assert "has not told of it" in by_key["w/4"]["settings_problem"]
    assert submitted["settings_problem"] is None, "it is set up anew each time"
    assert (by_key["w/4"]["runs"], by_key["w/4"]["last_run_date"]) == (0, None)
    # A submitted run has no job to link to, and its name is all it has.
    assert (by_key["w/adf / load"]["job_id"], by_key["w/adf / load"]["url"]) == (None, None)
    assert by_key["w/adf / load"]["name"] == "adf / load"
    # Its key says that something new was taken away from some of its names.
    assert by_key["w/adf / load"]["series_basis"] == "run_name_by_rules"
    assert by_key["w/77"]["series_basis"] == by_key["w/4"]["series_basis"] == "job_id"
    assert (by_key["v/1"]["workspace_name"], by_key["v/1"]["url"]) == (None, None)


def test_windows_end_with_the_last_whole_day(spark: SparkSession) -> None:
    # as_of is noon of day 30: the 7 days are 23 to 29 and before them 16 to 22; day 30 is not over.
    as_of = at(30, 12)
    days = [
        _day("w/1", day, succeeded=1, median_seconds=float(day)) for day in (16, 22, 23, 29, 30)
    ]
    days.append(_day("w/1", 28, failed=1))
    cost = [
        {"usage_date": on(day), "workspace_id": "w", "job_id": "1", "list_cost": Decimal(day)}
        for day in (22, 29, 30)
    ]
    output = {
        row["window_days"]: row
        for row in rows_of(
            job_trends(
                frame_of(spark, gold.JOB_DAILY, days),
                frame_of(spark, gold.COST_DAILY, cost),
                as_of=as_of,
                last_cost_day=on(29),
                currency_code="USD",
            )
        )
    }
    week, month = output[7], output[30]
    assert (week["runs"], week["previous_runs"], month["runs"]) == (3, 2, 5)
    assert week["success_rate"] == 2 / 3
    assert (week["mean_daily_median_seconds"], week["previous_mean_daily_median_seconds"]) == (
        26.0,
        19.0,
    )
    assert (week["list_cost"], week["previous_list_cost"]) == (Decimal(29), Decimal(22))
    assert (month["list_cost"], month["previous_list_cost"]) == (Decimal(51), None)
    assert month["previous_success_rate"] is None


def test_costs_are_compared_up_to_the_last_day_billed_in_full(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    # Runs are known to the noon of day 90, costs only to day 79, of day 80 a tenth: a dollar a day
    # was two in the month before, which begins with day 20.
    (step,) = (step for step in GRAPH.steps if step.writes is gold.JOB_TRENDS)
    for table in (*step.reads, step.writes, ops.POSITIONS):
        lakehouse.create(table)
    key = {"workspace_id": "w", "job_id": "1"}
    billed = [(day, Decimal(2 if day < 50 else 1)) for day in range(10, 80)]
    billed.append((80, Decimal("0.1")))
    lakehouse.append(
        gold.COST_DAILY,
        frame_of(
            spark,
            gold.COST_DAILY,
            [key | {"usage_date": on(day), "list_cost": cost} for day, cost in billed],
        ),
    )
    runs = [_day("w/1", day, succeeded=1) for day in range(10, 91)]
    lakehouse.append(gold.JOB_DAILY, frame_of(spark, gold.JOB_DAILY, runs))
    given = given_at(at(90, 12), last_cost_day=on(79))
    positions = Positions(spark, lakehouse)
    run_step(lakehouse, positions, step, given)
    week, month = sorted(
        rows_of(lakehouse.read(gold.JOB_TRENDS)), key=lambda row: int(row["window_days"])
    )
    for row, days, before in ((week, 7, 7), (month, 30, 60)):
        assert (row["list_cost"], row["previous_list_cost"]) == (Decimal(days), Decimal(before))
        assert row["runs"] == row["previous_runs"] == days
        assert (row["last_run_day"], row["last_cost_day"]) == (on(89), on(79))
    assert run_step(lakehouse, positions, step, given).mode == "current"


def test_without_usage_there_are_no_costs_to_compare(spark: SparkSession) -> None:
    output = rows_of(
        job_trends(
            frame_of(spark, gold.JOB_DAILY, [_day("w/1", 1)]),
            frame_of(spark, gold.COST_DAILY, []),
            as_of=at(2),
            last_cost_day=None,
            currency_code="USD",
        )
    )
    assert {(row["list_cost"], row["last_cost_day"]) for row in output} == {(None, None)}


def test_a_window_does_not_move_during_the_day(spark: SparkSession) -> None:
    days = frame_of(spark, gold.JOB_DAILY, [_day("w/1", day) for day in range(20)])
    cost = frame_of(spark, gold.COST_DAILY, [])
    seen = [
        sorted(
            map(
                repr,
                rows_of(
                    job_trends(
                        days,
                        cost,
                        as_of=at(15) + after,
                        last_cost_day=on(14),
                        currency_code="USD",
                    )
                ),
            )
        )
        for after in (timedelta(0), timedelta(hours=23, minutes=59))
    ]
    assert seen[0] == seen[1] != []


def test_names_that_were_used_once_and_differ_in_a_number_are_pointed_out(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    # What comes again, as shard_3 does, is a name of its own.
    lakehouse.create(gold.JOBS)
    rows = [(f"orders {n}", 1, "run_name") for n in range(7)]
    rows += [(f"shard_{n}", 9, "run_name") for n in range(7)]
    rows += [("Untitled", 4, "shared_run_name")]
    listed = [
        {"workspace_id": "w", "series_key": f"w/{name}", "name": name, "state": "submitted"}
        | {"runs": runs, "series_basis": basis}
        for name, runs, basis in rows
    ]
    lakehouse.merge(gold.JOBS, frame_of(spark, gold.JOBS, listed))
    reader = DeltaReader(lakehouse.home)
    assert [(group["name"], group["series"]) for group in scattered_names(reader)] == [
        ("orders *", 7)
    ]
    shared_names = records(reader, "quality", "shared_names")
    assert [row["series_key"] for row in shared_names] == ["w/Untitled"]


def test_a_job_is_called_what_is_known_of_its_name(spark: SparkSession) -> None:
    """By its newest version with a name, else as its runs are called, else as billing calls it."""
    versions = [
        _version("1", name="old", valid_to=at(3)),
        _version("1", name="newer", valid_from=at(3), valid_to=at(5)),
        _version("1", valid_from=at(5), deleted_at=at(5)),
        _version("2"),
    ]
    ran = [
        _day("w/2", 3, run_name="of its runs"),
        _day("w/3", 1, run_name="before"),
        _day("w/3", 2, run_name="since"),
        _day("w/3", 4),
        _day("w/4", 1),
        _day("w/5", 1),
    ]
    cost = [
        {"usage_date": on(day), "workspace_id": "w", "job_id": job, "job_name": name}
        for day, job, name in ((1, "4", "billed before"), (2, "4", "billed"), (9, "3", "unused"))
    ]
    output = rows_of(
        jobs(
            frame_of(spark, silver.JOB_VERSIONS, versions),
            frame_of(spark, gold.JOB_DAILY, ran),
            frame_of(spark, gold.COST_DAILY, cost),
            frame_of(spark, bronze.WORKSPACES_LATEST, []),
            frame_of(spark, silver.SLA_DECISIONS, []),
            frame_of(spark, silver.JOB_SETTINGS, []),
        )
    )
    assert {row["job_id"]: row["name"] for row in output} == {
        "1": "newer",
        "2": "of its runs",
        "3": "since",
        "4": "billed",
        "5": None,
    }


def test_a_trend_says_what_it_leaves_out(spark: SparkSession) -> None:
    shared = {"workspace_id": "w", "job_id": "1"}
    cost = [
        shared | {"usage_date": on(27), "list_cost": Decimal(3)},
        shared | {"usage_date": on(20), "unpriced_quantity": Decimal(4), "unpriced_unit": "DBU"},
        shared | {"usage_date": on(20), "product": "X", "list_cost": Decimal(2)},
    ]
    output = rows_of(
        job_trends(
            frame_of(spark, gold.JOB_DAILY, [_day("w/1", 27)]),
            frame_of(spark, gold.COST_DAILY, cost),
            as_of=at(30, 12),
            last_cost_day=on(29),
            currency_code="USD",
        )
    )
    (week,) = (row for row in output if row["window_days"] == 7)
    assert (week["list_cost"], week["unpriced_quantity"], week["unpriced_unit"]) == (3, 0, None)
    before = [
        week[f"previous_{name}"] for name in ("list_cost", "unpriced_quantity", "unpriced_unit")
    ]
    assert before == [Decimal(2), Decimal(4), "DBU"]
