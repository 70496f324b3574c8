"""Steps and the graph refuse what would break one way for the data, and the graph orders the rest."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import DataFrame

from pipeline.graph.graph import GRAPH, Graph
from pipeline.steps.kinds import Appended, ByDatedKey, ByDay, ByKey, Continued, Lasting, Step, Whole
from pipeline.tables import bronze, gold, ops
from pipeline.tables.declaration import Column, Layer, Table

_COLUMNS = (
    Column("id", "string", "Id", nullable=False),
    Column("day", "date", "Day", nullable=False),
    Column("word", "string", "Word"),
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
_UNDATED = _table("undated", partition=None)
_KEPT_A_WEEK = replace(_table("kept_a_week"), kept_days=7)


def _run(*inputs: DataFrame) -> DataFrame:
    return inputs[0]


def _whole(name: str, reads: tuple[Table, ...], writes: Table) -> Step:
    return Whole(name=name, run=_run, reads=reads, writes=writes)


_USUAL: dict[str, Any] = {"name": "s", "run": _run, "writes": _B}


def _by_key(**fields: Any) -> Step:
    return ByKey(**(_USUAL | {"reads": (_A,), "key": ("id",)} | fields))


def _by_dated_key(**fields: Any) -> Step:
    return ByDatedKey(**(_USUAL | {"reads": (_A,), "key": ("id",)} | fields))


def _by_day(**fields: Any) -> Step:
    return ByDay(**(_USUAL | {"days_of": _A} | fields))


def _continued(**fields: Any) -> Step:
    memory = {"reads_previous": (_B,), "remembers": ("word",)}
    return Continued(**(_USUAL | {"reads": (_A,)} | memory | fields))


def _of_tomorrow(rows: DataFrame, *, tomorrow: object) -> DataFrame:
    return rows.where(f"day = {tomorrow}")


def test_two_writers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"gold\.b is written by both one and two"):
        Graph((_whole("one", (_A,), _B), _whole("two", (_C,), _B)))


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two steps are called one"):
        Graph((_whole("one", (_A,), _B), _whole("one", (_A,), _C)))


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        Graph((_whole("one", (_A,), _B), _whole("two", (_B,), _A)))
    with pytest.raises(ValueError, match="wait for each other"):
        Graph((_whole("self", (_A,), _A),))


def test_what_stood_before_the_night_is_waited_for_by_nobody() -> None:
    downstream = _whole("next", (_B,), _C)
    first = _continued(name="first", reads_previous=(_B, _C))
    graph = Graph((downstream, first))
    assert graph.steps == (first, downstream)
    assert graph.needs(graph.steps) == {first: [], downstream: [first]}
    assert first.inputs == (_A, _B, _C)


def test_what_is_remembered_belongs_to_the_stage_that_makes_what_it_reads() -> None:
    memory = replace(_B, layer=Layer.OPS)
    appended = Appended(name="s", run=_run, reads=(_A,), reads_previous=(memory,), writes=memory)
    graph = Graph((_whole("first", (_C,), _A), appended))
    assert (appended.stage, graph.stages) == (Layer.GOLD, ("bronze", "gold"))
    assert graph.needs(graph.steps)[appended] == [graph.steps[0]]


def test_what_lasts_is_read_in_its_own_columns_and_those_that_are_named() -> None:
    assert Lasting(_A, since="day").column_names == ("id", "day", "word")
    assert Lasting(_UNDATED, since="day", until="day", only=("id",)).column_names == ("id", "day")
    with pytest.raises(ValueError, match=r"gold\.a has no column words"):
        Lasting(_A, since="day", only=("words",))


def test_reading_downstream_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"step back reads gold\.a, which is downstream of silver\.s"
    ):
        _whole("back", (_A,), _table("s", Layer.SILVER))


@pytest.mark.parametrize(
    ("declare", "problem"),
    [
        (lambda: _by_key(key=("other",)), r"gold\.b has no column other"),
        (lambda: _by_key(reads=(bronze.LIST_PRICES, _A)), r"list_prices has no column id"),
        (lambda: _by_key(called={"id": "other"}), "no input has a column other"),
        (lambda: _by_dated_key(reads=(_A, _UNDATED)), r"gold\.undated has no dates"),
        (lambda: _by_dated_key(writes=_UNDATED), r"gold\.undated has no dates"),
        (lambda: _by_day(days_of=_UNDATED), r"gold\.undated has no dates"),
        (lambda: _by_day(writes=_UNDATED), r"gold\.undated has no dates"),
        (lambda: _by_day(group=("other",)), r"gold\.b has no column other"),
        (lambda: Lasting(_C, since="day", until="other"), r"gold\.c has no column other"),
        (lambda: _continued(remembers=("other",)), r"cannot remember other: gold\.b has no"),
        (lambda: _continued(remembers=("id",)), "cannot remember id"),
        (lambda: _by_key(run=_of_tomorrow), "the night cannot give tomorrow"),
        (lambda: _by_key(reads=(_KEPT_A_WEEK,)), "dropped after 7 days"),
        (lambda: _by_day(beside=(_KEPT_A_WEEK,)), "dropped after 7 days"),
    ],
)
def test_what_a_kind_cannot_be_is_refused(declare: Callable[[], object], problem: str) -> None:
    # What the cases change is fine by itself.
    _by_key(), _by_dated_key(), _by_day(days_of=_KEPT_A_WEEK, group=("id",))
    Lasting(_C, since="day", until="day"), _continued()
    with pytest.raises(ValueError, match=problem):
        declare()


def test_a_step_by_day_is_keyed_by_its_date_and_group() -> None:
    step = ByDay(
        name="s",
        run=_run,
        days_of=bronze.NODE_TIMELINE,
        beside=(_A, Lasting(_C, since="day")),
        writes=_B,
    )
    assert step.key == ("day",)
    assert step.reads == (bronze.NODE_TIMELINE, _A, _C)
    assert step.columns_in(bronze.NODE_TIMELINE) == {"day": bronze.PARTITION}
    assert step.columns_in(_C) == {}


def test_a_table_is_written_before_it_is_read() -> None:
    steps = (
        _whole("last", (_C,), _table("d")),
        _whole("middle", (_B,), _C),
        _whole("first", (_A,), _B),
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
    assert (gold.JOB_VERDICTS.full_name, gold.JOB_VERDICTS.full_name) not in lineage
    assert len(lineage) == len(set(lineage))
