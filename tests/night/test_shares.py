"""Everything computed again over a table that stands: a share at a time, as if all at once."""

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import Written
from pipeline.nightly import portions
from pipeline.nightly.positions import Positions
from pipeline.nightly.step_run import StepReport, run_step
from pipeline.tables import bronze, ops
from pipeline.tables.declaration import Table
from tests.strategies.given import given_at
from tests.strategies.tables import Row, at, frame_of, on

(_STEP,) = (step for step in GRAPH.steps if step.name == "attempts")
_RUNS = 20
_AT_ONCE = 6


class Weighed(DeltaFolder):
    """A home that notes how many rows each write brings and how many keys it looks at."""

    weights: list[tuple[int, int]]

    def merge(
        self,
        table: Table,
        rows: DataFrame,
        *,
        scope: DataFrame | None = None,
        since: date | None = None,
    ) -> Written:
        self.weights.append((rows.count(), 0 if scope is None else scope.count()))
        return super().merge(table, rows, scope=scope, since=since)


def _slices(runs: range) -> list[Row]:
    return [
        {
            "source_date": on(number % 3),
            "workspace_id": "w",
            "job_id": "7",
            "run_id": f"r{number}",
            "period_start_time": at(number % 3, 1),
            "period_end_time": at(number % 3, 2),
            "result_state": "SUCCEEDED",
        }
        for number in runs
    ]


def test_a_standing_table_is_computed_again_share_by_share(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Weighed(tmp_path / "home", spark)
    home.weights = []
    for table in (*_STEP.reads, _STEP.writes, ops.POSITIONS):
        home.create(table)
    slices = bronze.JOB_RUN_TIMELINE
    given = given_at(at(12))

    def night() -> StepReport:
        # Of a home whose positions are lost.
        positions = Positions(spark, home)
        home.weights.clear()
        return run_step(home, positions, _STEP, given)

    home.merge(slices, frame_of(spark, slices, _slices(range(_RUNS))))
    assert night().inserted == _RUNS
    changed = _slices(range(2, _RUNS + 1))
    changed[0] |= {"result_state": "FAILED"}
    home.replace(slices, frame_of(spark, slices, changed))
    monkeypatch.setattr(portions, "ROWS_AT_ONCE", _AT_ONCE)
    report = night()
    assert (report.mode, report.inserted, report.updated, report.deleted) == ("full", 1, 1, 2)
    assert len(home.weights) == 4
    assert max(max(weight) for weight in home.weights) < _RUNS
    stands = home.read(_STEP.writes)
    values = given.named(_STEP.given)
    anew = _STEP.run(*map(home.read, _STEP.reads), **values).select(*stands.columns)
    assert stands.exceptAll(anew).count() == anew.exceptAll(stands).count() == 0
    assert night().written == 0
