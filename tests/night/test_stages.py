"""A night whose stages are run by tasks, one after another, is the night that one process runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import UserError
from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import TRACK, stages_of
from pipeline.nightly.outcome import Night
from pipeline.tables import gold, ops
from pipeline.tables.declaration import Table
from tests.night.homes import assert_same_home, night, versions
from tests.parity import fixture
from tests.parity.comparing import differences, shown
from tests.strategies.tables import at

_BEFORE, _LATER = 10, fixture.LAST_DAY
"""The last days that were delivered to the first night, and to the second."""


def _fails(*_inputs: DataFrame, **_given: object) -> DataFrame:
    raise RuntimeError("planted")


_BROKEN = Graph(tuple(replace(s, run=_fails) if s.name == "runs" else s for s in GRAPH.steps))


class _Homes:
    """The same nights twice: by one process each, and by tasks of which some fail or are run again."""

    def __init__(self, spark: SparkSession, place: Path) -> None:
        self.spark = spark
        self.place = place
        self.whole, self.staged = place / "whole", place / "staged"

    def export(self, home: Path) -> Path:
        return self.place / f"export of {home.name}"

    def night(self, number: int) -> Night:
        return night(self.spark, self.whole, self.export(self.whole), number=number)

    def task(self, stage: str, number: int, graph: Graph = GRAPH) -> Night:
        """A task of the night that began with this number, or some minutes later."""
        export, name = self.export(self.staged), f"run {number // 10}"
        return night(
            self.spark, self.staged, export, number=number, name=name, only=stage, graph=graph
        )

    def assert_same(self, table: Table, without: Sequence[str] = ()) -> None:
        sides = [
            DeltaFolder(home, self.spark).read(table).toArrow().to_pylist()
            for home in (self.whole, self.staged)
        ]
        columns = [name for name in table.column_names if name not in without]
        said = differences(*sides, keys=table.keys, columns=columns, relative=0.0)
        assert not said, f"{table.full_name}: {shown(said)}"

    def assert_same_nights(self) -> None:
        assert_same_home(self.spark, self.whole, self.staged)
        self.assert_same(gold.JOB_VERDICTS)
        self.assert_same(gold.NIGHT_STEPS, without=["seconds"])
        self.assert_same(gold.NIGHT_ASSESSMENTS)
        self.assert_same(ops.QUALITY)


def test_tasks_that_fail_and_are_repeated_are_one_night(
    spark: SparkSession, tmp_path: Path
) -> None:
    homes = _Homes(spark, tmp_path)
    account = fixture.account()
    for home in (homes.whole, homes.staged):
        fixture.write_export(account, homes.export(home), 0, _BEFORE)
    first = homes.night(0)

    began = homes.task("bronze", 0)
    assert not began.is_closed
    # The source grows while the night goes on: its time stays where it was.
    fixture.write_export(account, homes.export(homes.staged), _BEFORE + 1, _LATER)
    with pytest.raises(RuntimeError, match="planted"):
        homes.task("silver", 1, _BROKEN)
    for number, stage in enumerate((*stages_of()[1:], "gold", TRACK), start=2):
        done = homes.task(stage, number)
        assert (done.night_id, done.as_of) == (first.night_id, first.as_of)
    assert done.is_closed
    homes.assert_same_nights()
    at_its_end = versions(homes.staged)
    homes.task(TRACK, 9)
    assert versions(homes.staged) == at_its_end | {
        ops.POSITIONS.full_name: at_its_end[ops.POSITIONS.full_name] + 1
    }

    fixture.write_export(account, homes.export(homes.whole), _BEFORE + 1, _LATER)
    second = homes.night(10)
    for number, stage in enumerate((*stages_of()[:-1], "recommendation", TRACK), start=10):
        done = homes.task(stage, number)
    assert (done.night_id, done.as_of) == (second.night_id, second.as_of)
    homes.assert_same_nights()
    verdicts = DeltaFolder(homes.staged, spark).read(gold.JOB_VERDICTS)
    assert verdicts.where("previous_verdict IS NOT NULL").count() > 0

    # A night that another followed is over: a task of it that is repaired speaks of what is there now.
    late = night(
        spark, homes.staged, homes.export(homes.staged), number=30, name="run 0", only=TRACK
    )
    assert (late.night_id, late.as_of) > (second.night_id, at(0))
    assert late.as_of == second.as_of


def test_a_night_has_one_time(spark: SparkSession, tmp_path: Path) -> None:
    home, export = tmp_path / "home", fixture.write_export(fixture.account(), tmp_path / "export")

    def bronze(name: str | None, day: int) -> Night:
        return night(spark, home, export, name=name, only="bronze", as_of=at(day))

    assert bronze("run", 5).as_of == at(5)
    assert bronze("run", 5).as_of == at(5)
    with pytest.raises(UserError, match=r"the night run speaks of .* since its first task"):
        bronze("run", 6)
    # A night of one process comes between: the tasks that follow begin anew.
    bronze(None, 6)
    assert bronze("run", 6).as_of == at(6)
