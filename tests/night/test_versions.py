"""A new version of a job is news for the days from which it holds, in whatever order they come."""

from pathlib import Path
from random import Random

import pytest
from pyspark.sql import SparkSession

from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.positions import Positions
from pipeline.nightly.step_run import StepReport, run_step
from pipeline.steps.kinds import Step
from pipeline.tables import bronze, ops, silver
from pipeline.tables.declaration import Table
from tests.strategies.given import given_at
from tests.strategies.tables import Row, at, frame_of, on, rows_of

_DAYS = 12
_STEPS = {step.name: step for step in GRAPH.steps}
_GIVEN = given_at(at(_DAYS), last_cost_day=on(_DAYS))


def _version(day: int, job: str = "7") -> Row:
    """A version with a team and a limit of its own."""
    return {
        "workspace_id": "w",
        "job_id": job,
        "change_time": at(day, 12),
        "tags": [("team", f"team {day}"), ("sla_minutes", str(10 + day))],
    }


def _stored_version(team: str, until: int, is_first: bool) -> Row:
    """A version of the job as it stands in silver, from day 2 on."""
    return {
        "workspace_id": "w",
        "job_id": "7",
        "series_key": "w/7",
        "valid_from": at(2),
        "valid_to": at(until),
        "is_first": is_first,
        "team": team,
        "sla_kind": "limit",
        "sla_limit_seconds": 60.0 if team == "a" else 7200.0,
        "sla_source": "tag",
    }


def _runs(job: str) -> list[Row]:
    return [
        {
            "workspace_id": "w",
            "job_id": job,
            "series_key": f"w/{job}",
            "run_id": f"{job}-{day}-{hour}",
            "run_date": on(day),
            "started_at": at(day, hour),
            "status": "SUCCEEDED",
            "first_success_at": at(day, hour + 1),
            "first_success_seconds": 3600.0,
            "attempts": 1,
        }
        for day in range(_DAYS)
        for hour in (6, 18)
    ]


def _usage(job: str) -> list[Row]:
    return [
        {"usage_date": on(day), "usage_key": f"{job} {day}", "workspace_id": "w", "job_id": job}
        | {
            "usage_unit": "DBU",
            "sku_name": "JOBS",
            "price_status": "priced",
            "currency_code": "USD",
        }
        for day in range(_DAYS)
    ]


class _Nights:
    """The three steps that versions reach, over runs and usage that stand."""

    def __init__(self, spark: SparkSession, home: Path) -> None:
        self.spark = spark
        self.lakehouse = DeltaFolder(home, spark)
        self.steps = [_STEPS[name] for name in ("job_versions", "run_sla", "cost_daily")]
        tables = {table for step in self.steps for table in (*step.reads, step.writes)}
        for table in (*tables, ops.POSITIONS):
            self.lakehouse.create(table)
        self.positions = Positions(spark, self.lakehouse)
        self.add(silver.RUNS, [row for job in "78" for row in _runs(job)])
        self.add(silver.USAGE_COSTS, [row for job in "78" for row in _usage(job)])

    def add(self, table: Table, rows: list[Row]) -> None:
        self.lakehouse.merge(table, frame_of(self.spark, table, rows))

    def night(self) -> dict[str, StepReport]:
        return {
            step.name: run_step(self.lakehouse, self.positions, step, _GIVEN) for step in self.steps
        }

    def differing(self, step: Step) -> int:
        """Rows that stand and would not be computed anew, or the other way round."""
        given = _GIVEN.named(step.given)
        anew = step.run(*map(self.lakehouse.read, step.reads), **given)
        stands = self.lakehouse.read(step.writes)
        anew = anew.select(*stands.columns)
        return stands.exceptAll(anew).count() + anew.exceptAll(stands).count()


@pytest.fixture
def nights(spark: SparkSession, tmp_path: Path) -> _Nights:
    return _Nights(spark, tmp_path / "home")


@pytest.mark.parametrize("seed", range(4))
def test_versions_in_any_order_end_as_if_all_had_been_known(nights: _Nights, seed: int) -> None:
    days = [-9, 0, 3, 5, 8, 11]
    Random(seed).shuffle(days)
    for batch in (days[:2], days[2:4], days[4:]):
        nights.add(bronze.JOBS, [_version(day) for day in batch])
        nights.night()
    assert [step.name for step in nights.steps if nights.differing(step)] == []


def test_two_commits_between_nights_are_no_update(nights: _Nights) -> None:
    """A version that is inserted and then ends earlier is new for all of its days."""
    nights.add(bronze.JOBS, [_version(0)])
    nights.night()
    for day in (3, 6):
        nights.add(bronze.JOBS, [_version(day, job="8")])
        run_step(nights.lakehouse, nights.positions, nights.steps[0], _GIVEN)
    nights.night()
    assert [step.name for step in nights.steps if nights.differing(step)] == []


@pytest.mark.parametrize(
    "commits",
    [
        # Team, until which day, whether it is the first version known.
        [("a", 3, False), ("b", 6, False), ("b", 9, False)],
        [("a", 9, False), ("b", 6, False), ("b", 3, False)],
        [("a", 6, False), ("b", 6, True), ("b", 9, True)],
        [("a", 3, False), ("a", 6, False), ("a", 9, False), ("a", 4, False)],
        [("a", 9, True), ("b", 3, True), ("a", 6, True), ("a", 8, True)],
    ],
)
def test_three_commits_to_one_row_between_nights_end_as_if_computed_anew(
    nights: _Nights, commits: list[tuple[str, int, bool]]
) -> None:
    first, *later = commits
    readers = nights.steps[1:]

    def night() -> list[str]:
        return [run_step(nights.lakehouse, nights.positions, step, _GIVEN).mode for step in readers]

    nights.add(silver.JOB_VERSIONS, [_stored_version(*first)])
    night()
    for one in later:
        nights.add(silver.JOB_VERSIONS, [_stored_version(*one)])
    assert night() == ["incremental", "incremental"]
    assert [step.name for step in readers if nights.differing(step)] == []


def test_old_days_are_not_looked_at(nights: _Nights) -> None:
    nights.add(bronze.JOBS, [_version(-9), _version(-9, job="8")])
    first = nights.night()
    nights.add(bronze.JOBS, [_version(10)])
    outcome = nights.night()
    versions = nights.lakehouse.partition_rows(silver.JOB_VERSIONS)[None]
    for step, rows in (("run_sla", 4), ("cost_daily", 2)):
        assert (first[step].mode, outcome[step].mode) == ("full", "incremental")
        # Of days 10 and 11 all rows, and all versions.
        assert outcome[step].rows_read == 2 * rows + versions
    moved = nights.lakehouse.read(silver.RUN_SLA).where("sla_limit_seconds = 1200")
    assert sorted(row["run_id"] for row in rows_of(moved)) == ["7-10-18", "7-11-18", "7-11-6"]
