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
from pipeline.tables import bronze, ops, silver
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
