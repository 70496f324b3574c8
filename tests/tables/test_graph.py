"""The graph refuses what would break one way for the data, and orders the rest."""

from typing import Any

import pytest
from pyspark.sql import DataFrame

from pipeline.graph.graph import GRAPH, Graph, Step
from pipeline.tables import bronze, ops
from pipeline.tables.declaration import Column, Layer, Table

_COLUMNS = (
    Column("id", "string", "Id", nullable=False),
    Column("day", "date", "Day", nullable=False),
)


def _table(name: str, layer: Layer = Layer.GOLD, partition: str | None = "day") -> Table:
    return Table(
        layer=layer,
        name=name,
        grain="one thing",
        keys=("id",),
        columns=_COLUMNS,
        partition_by=partition,
    )


_A, _B, _C = _table("a"), _table("b"), _table("c")


def _step(name: str, reads: tuple[Table, ...], writes: Table, **said: Any) -> Step:
    def run(*inputs: DataFrame) -> DataFrame:
        return inputs[0]

    return Step(name=name, run=run, reads=reads, writes=writes, **said)


def test_two_writers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"gold\.b is written by both one and two"):
        Graph((_step("one", (_A,), _B), _step("two", (_C,), _B)))


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        Graph((_step("one", (_A,), _B), _step("two", (_B,), _A)))
    with pytest.raises(ValueError, match="wait for each other"):
        Graph((_step("self", (_A,), _A),))


def test_reading_downstream_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"step back reads gold\.a, which is downstream of silver\.s"
    ):
        _step("back", (_A,), _table("s", Layer.SILVER))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"scope": ("other",)}, r"gold\.b has no column other"),
        ({"scope": ("id",), "named": (("id", "other"),)}, "no input has a column other"),
        ({"scope": ("id",), "pruned": (_C,)}, r"gold\.c is not a dated input"),
        ({"given": ("tomorrow",)}, "cannot give tomorrow"),
    ],
)
def test_unknown_names_are_refused(said: dict[str, Any], problem: str) -> None:
    _step("fine", (_A,), _B, scope=("id",), pruned=(_A,), given=("as_of",))
    with pytest.raises(ValueError, match=problem):
        _step("wrong", (_A,), _B, **said)


def test_pruning_needs_dates_on_both_sides() -> None:
    undated = _table("undated", partition=None)
    with pytest.raises(ValueError, match="not a dated input"):
        _step("wrong", (undated,), _B, scope=("id",), pruned=(undated,))
    with pytest.raises(ValueError, match="pruning needs a dated output"):
        _step("wrong", (_A,), undated, scope=("id",), pruned=(_A,))


def test_where_no_scope_names_a_date_every_input_must_be_pruned() -> None:
    _step("fine", (_A,), _B, scope=("id",), pruned=(_A,))
    with pytest.raises(ValueError, match="each input must be pruned or none"):
        _step("wrong", (_A, _C), _B, scope=("id",), pruned=(_A,))


def test_a_table_is_written_before_it_is_read() -> None:
    steps = (
        _step("last", (_C,), _table("d")),
        _step("middle", (_B,), _C),
        _step("first", (_A,), _B),
    )
    assert [step.name for step in Graph(steps).steps] == ["first", "middle", "last"]
    written = {*bronze.BRONZE_OF.values(), *ops.DECISION_TABLES}
    for step in GRAPH.steps:
        assert set(step.reads) <= written, step.name
        written.add(step.writes)


def test_stages_and_lineage_follow_from_the_steps() -> None:
    assert GRAPH.stages == ("bronze", "silver", "gold", "model", "recommendation")
    lineage = GRAPH.lineage()
    assert ("source.usage", "bronze.usage") in lineage
    assert ("silver.usage_costs", "gold.cost_daily") in lineage
    assert len(lineage) == len(set(lineage))
