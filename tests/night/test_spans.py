"""What a row of an input says of other days than its own is the same whichever days are computed."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.positions import Positions
from pipeline.nightly.step_run import run_step
from pipeline.steps.kinds import Step
from pipeline.tables import bronze, gold, ops, silver
from pipeline.tables.declaration import Table
from tests.strategies.given import given_at
from tests.strategies.tables import Row, at, frame_of, on

_STEPS = {step.name: step for step in GRAPH.steps}
_GIVEN = given_at(at(9))


class _Nights:
    """One step, over inputs that come a night at a time."""

    def __init__(self, spark: SparkSession, home: Path, step: Step) -> None:
        self._spark, self._step = spark, step
        self._lakehouse = DeltaFolder(home, spark)
        for table in (*step.reads, step.writes, ops.POSITIONS):
            self._lakehouse.create(table)
        self._positions = Positions(spark, self._lakehouse)

    def night(self, news: dict[Table, list[Row]]) -> None:
        for table, rows in news.items():
            self._lakehouse.merge(table, frame_of(self._spark, table, rows))
        run_step(self._lakehouse, self._positions, self._step, _GIVEN)

    def values(self, *columns: str, anew: bool) -> list[tuple[Any, ...]]:
        """What stands, or what computing all days in one go says."""
        rows = self._lakehouse.read(self._step.writes)
        if anew:
            given = _GIVEN.named(self._step.given)
            rows = self._step.run(*map(self._lakehouse.read, self._step.reads), **given)
        return sorted(tuple(row) for row in rows.select(*columns).collect())


def _usage(day: int, update: str) -> Row:
    return {
        "source_date": on(day),
        "record_id": f"{update} {day}",
        "workspace_id": "w",
        "sku_name": "DLT",
        "usage_unit": "DBU",
        "usage_start_time": at(day, 9),
        "usage_end_time": at(day, 10),
        "usage_date": on(day),
        "usage_quantity": Decimal(2),
        "usage_metadata": {"dlt_pipeline_id": "p", "dlt_update_id": update},
        "payer_id": "p",
    }


def _update(update: str, day: int, run: str | None) -> Row:
    keys = {"workspace_id": "w", "pipeline_id": "p", "update_id": update}
    return keys | {"task_run_id": "t", "job_id": "7", "run_id": run, "started_at": at(day, 8)}


def test_usage_belongs_to_its_update_however_late_it_comes(
    spark: SparkSession, tmp_path: Path
) -> None:
    nights = _Nights(spark, tmp_path / "home", _STEPS["usage_costs"])
    nights.night(
        {
            bronze.USAGE: [_usage(1, "u"), _usage(1, "v")],
            silver.TASK_UPDATES: [_update("u", 1, "run 1")],
        }
    )
    # Days after the update has ended, and of one whose task run is not known yet.
    nights.night(
        {
            bronze.USAGE: [_usage(2, "u"), _usage(6, "u"), _usage(6, "v"), _usage(0, "u")],
            silver.TASK_UPDATES: [_update("v", 1, None)],
        }
    )
    nights.night({silver.TASK_UPDATES: [_update("v", 1, "run 2")]})
    stands = nights.values("usage_date", "run_id", anew=False)
    assert stands == nights.values("usage_date", "run_id", anew=True)
    assert stands == [
        (on(0), ""),
        (on(1), "run 1"),
        (on(1), "run 2"),
        (on(2), "run 1"),
        (on(6), "run 1"),
        (on(6), "run 2"),
    ]


@pytest.mark.parametrize("minutes_first", [True, False])
def test_a_minute_over_midnight_is_of_the_day_it_begins(
    spark: SparkSession, tmp_path: Path, minutes_first: bool
) -> None:
    nights = _Nights(spark, tmp_path / "home", _STEPS["run_utilisation"])

    def minute(day: int, hour: int, of: int) -> Row:
        return {
            "source_date": on(day),
            "workspace_id": "w",
            "cluster_id": "c",
            "instance_id": "i",
            "start_time": at(day, hour, of, 30),
            "end_time": at(day, hour, of + 1, 30),
            "node_type": "m",
        }

    def use(run: str, **times: object) -> Row:
        keys = {"workspace_id": "w", "run_id": run, "cluster_id": "c", "job_id": "7"}
        return keys | times

    news = (
        {bronze.NODE_TIMELINE: [minute(1, 23, 59), minute(2, 0, 0)]},
        {
            silver.RUN_CLUSTERS: [
                use("before", used_date=on(1), used_from=at(1, 23), used_until=at(2, 0, 0, 10)),
                use("after", used_date=on(2), used_from=at(2, 0, 0, 10), used_until=at(2, 1)),
            ]
        },
    )
    for batch in news if minutes_first else reversed(news):
        nights.night(batch)
    columns = ("used_date", "run_id", "node_minutes")
    stands = nights.values(*columns, anew=False)
    assert stands == nights.values(*columns, anew=True)
    assert stands == [(on(1), "before", 1), (on(2), "after", 1)]


def test_a_decision_changes_the_verdicts_of_its_own_days(
    spark: SparkSession, tmp_path: Path
) -> None:
    job = {"workspace_id": "w", "job_id": "7", "series_key": "w/7"}

    def run(day: int) -> Row:
        times = {"started_at": at(day, 8), "first_success_at": at(day, 8, 1)}
        return (
            job | times | {"run_id": str(day), "run_date": on(day), "first_success_seconds": 60.0}
        )

    def decision(day: int, until: int | None, seconds: float | None) -> Row:
        keys = {"workspace_id": "w", "series_key": "w/7", "decided_at": at(day, 12)}
        kind = None if seconds is None else "limit"
        ends = None if until is None else at(until, 12)
        limit = {"sla_kind": kind, "sla_limit_seconds": seconds}
        return keys | limit | {"decided_until": ends, "sla_source": kind and "accepted"}

    nights = _Nights(spark, tmp_path / "home", _STEPS["run_sla"])
    nights.night({silver.RUNS: [run(day) for day in range(6)]})
    for news in (
        [decision(0, None, 90.0)],
        [decision(0, 2, 90.0), decision(2, None, 30.0)],
        # Made before the second, and read only now: as when its words could not be read.
        [decision(0, 1, 90.0), decision(1, 2, 10.0)],
        [decision(2, 4, 30.0), decision(4, None, None)],
    ):
        nights.night({silver.SLA_DECISIONS: news})
        columns = ("run_id", "sla_limit_seconds", "sla_status")
        stands = nights.values(*columns, anew=False)
        assert stands == nights.values(*columns, anew=True)
    assert stands == [
        ("1", 90.0, "MET"),
        ("2", 10.0, "MISSED"),
        ("3", 30.0, "MISSED"),
        ("4", 30.0, "MISSED"),
    ]


def _statement(kind: str, name: str, open_from: int, **columns: object) -> Row:
    shared = {"kind": kind, "statement_id": name, "open_from": on(open_from), "night_at": at(0, 2)}
    return shared | {"workspace_id": "w", "series_key": "w/7"} | columns


def test_what_came_reaches_what_was_said_days_before(spark: SparkSession, tmp_path: Path) -> None:
    nights = _Nights(spark, tmp_path / "home", _STEPS["receipts"])
    job: Row = {"workspace_id": "w", "series_key": "w/7"}
    run = job | {"job_id": "7", "run_id": "1", "sla_status": "MISSED", "measured_seconds": 9.0}
    said = [
        _statement("run_miss", "late", 0, expected_start_at=at(1, 1)),
        _statement("run_miss", "no run", 0, expected_start_at=at(0, 9)),
        _statement("growth_date", "growth", 0, expected_on=on(3), allowed_seconds=5.0),
        _statement("flag", "flag", 0, run_id="9"),
    ]
    mark = {"kind": "run_mark", "subject": "w/9", "decided_at": at(5), "terms": "incident"}
    days = [job | {"run_date": on(day), "median_seconds": 3.0 + day} for day in range(8)]
    for news in (
        {ops.SAID: said},
        {silver.RUN_SLA: [run | {"run_date": on(1), "started_at": at(1, 5)}]},
        # A late slice moves the run over midnight, and later its verdict turns.
        {silver.RUN_SLA: [run | {"run_date": on(0), "started_at": at(0, 23, 50)}]},
        {silver.RUN_SLA: [run | {"run_date": on(0), "started_at": at(0, 23), "sla_status": "MET"}]},
        {gold.JOB_DAILY: days[:3]},
        {gold.JOB_DAILY: days[3:]},
        {ops.DECISIONS: [mark]},
    ):
        nights.night(news)
        columns = ("statement_id", "outcome", "outcome_run_id", "outcome_seconds")
        stands = nights.values(*columns, anew=False)
        assert stands == nights.values(*columns, anew=True)
    assert stands == [
        ("flag", "came", None, None),
        ("growth", "came", None, 6.0),
        ("late", "did_not_come", "1", 9.0),
        ("no run", "never_known", None, None),
    ]


def test_the_definition_of_a_cluster_counts_on_the_days_that_it_stood(
    spark: SparkSession, tmp_path: Path
) -> None:
    nights = _Nights(spark, tmp_path / "home", _STEPS["utilisation_daily"])
    cluster = {"workspace_id": "w", "cluster_id": "c", "cluster_date": on(1), "sizes": []}
    cluster |= {"driver_node_type": "d", "workers": 0, "cluster_source": "UI"}
    use = {"workspace_id": "w", "job_id": "7", "run_id": "1", "cluster_id": "c"}
    run = use | {"series_key": "w/old", "run_date": on(0), "started_at": at(0), "ended_at": at(3)}
    del run["cluster_id"]
    uses = [use | {"used_date": on(day), "used_seconds": 3600.0} for day in range(5)]
    minute = {"used_date": on(2), "role": "driver", "node_type": "d", "node_minutes": 30}
    for news in (
        {silver.RUN_CLUSTER_DAYS: uses},
        {silver.CLUSTERS: [cluster]},
        {silver.RUNS: [run]},
        {silver.CLUSTERS: [cluster | {"deleted_at": at(3, 9)}]},
        {silver.CLUSTERS: [cluster | {"deleted_at": at(2, 9), "cluster_name": "other"}]},
        {silver.RUN_UTILISATION: [use | minute | {"cpu_histogram": [], "mem_histogram": []}]},
        {silver.RUNS: [run | {"ended_at": at(1, 5), "series_key": "w/new"}]},
        {bronze.NODE_TYPES: [{"node_type": "d", "gpu_count": 1}]},
    ):
        nights.night(news)
        columns = ("used_date", "series_key", "compute_kind", "node_hours", "gpu_node_hours")
        stands = nights.values(*columns, anew=False)
        assert stands == nights.values(*columns, anew=True)
    assert stands == [
        (on(0), "w/new", "not_known", 1.0, 0.0),
        (on(1), "w/new", "all_purpose", 1.0, 0.0),
        (on(2), "w/7", "all_purpose", 0.5, 0.5),
        (on(3), "w/7", "not_known", 1.0, 0.0),
        (on(4), "w/7", "not_known", 1.0, 0.0),
    ]
