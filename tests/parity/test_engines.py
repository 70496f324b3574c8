"""Every transformation and every UDF gives the same rows on Sail and on Apache Spark.

The cases run in two processes of their own, because a process keeps its first engine. Without Java
these tests fail: that they pass is what lets an embedded engine stand in for Spark.
"""

import json

import pytest

from pipeline.dashboards.dashboard import datasets
from pipeline.engine.names import Engine
from pipeline.graph.graph import GRAPH
from pipeline.steps.kinds import Step
from pipeline.tables.declaration import SourceTable
from pipeline.tables.source import SOURCE_TABLES
from tests.parity.comparing import compared_columns, differences, read_rows, same, shown
from tests.parity.conftest import Answers
from tests.parity.run import ANSWERS, DASHBOARDS, SPELLINGS

_SIDES = (Engine.EMBEDDED, Engine.SPARK)


def _both(answers: Answers, case: str) -> list[list[dict[str, object]]]:
    rows = []
    for engine in _SIDES:
        failed = answers.folder[engine] / f"{case}.failed"
        if failed.exists():
            pytest.fail(f"{case} fails on {answers.engine[engine]}:\n{failed.read_text()[-3000:]}")
        rows.append(read_rows(answers.folder[engine] / case)[1])
    return rows


def _roughly(row: dict[str, object]) -> list[str]:
    """A row to sort by, in which what engines compute alike up to the last digits is alike."""
    return [f"{value:.6g}" if isinstance(value, float) else repr(value) for value in row.values()]


def test_two_engines_answered(answers: Answers) -> None:
    assert set(answers.engine) == set(_SIDES)
    for engine, answer in answers.engine.items():
        assert answer.startswith(ANSWERS[engine])


@pytest.mark.parametrize("step", GRAPH.steps, ids=lambda step: step.name)
def test_step(answers: Answers, step: Step) -> None:
    sail, spark = _both(answers, step.name)
    assert sail, "a case without rows shows nothing"
    said = differences(sail, spark, keys=step.writes.keys, columns=compared_columns(step.writes))
    assert not said, shown(said)


@pytest.mark.parametrize("engine", _SIDES)
def test_both_plan_every_dataset_of_dashboards_for_the_types_declared(
    answers: Answers, engine: Engine
) -> None:
    types = json.loads((answers.folder[engine] / "dashboards.json").read_text())
    assert types == {
        name: [[column.name, column.format.type] for column in dataset.columns]
        for name, dataset in datasets().items()
    }


@pytest.mark.parametrize("case", DASHBOARDS)
def test_dashboards_show_the_same_rows(answers: Answers, case: str) -> None:
    sail, spark = (sorted(rows, key=_roughly) for rows in _both(answers, case))
    assert len(sail) == len(spark)
    for ours, theirs in zip(sail, spark, strict=True):
        assert same(ours, theirs), f"{ours} is not {theirs}"


def test_every_time_zone_has_the_same_deadlines(answers: Answers) -> None:
    sail, spark = _both(answers, "deadlines")
    said = differences(sail, spark, keys=["zone", "number"], columns=["due_at"])
    assert not said, shown(said)
    assert len({row["zone"] for row in sail if row["due_at"] is not None}) > 400


_CONFORMED = [
    pytest.param(table, spelling, id=f"{table.name}-{spelling}")
    for table in SOURCE_TABLES
    for spelling in SPELLINGS
]


@pytest.mark.parametrize(("table", "spelling"), _CONFORMED)
def test_conform(answers: Answers, table: SourceTable, spelling: str) -> None:
    sail, spark = _both(answers, f"conform-{table.name}-{spelling}")
    # Damaged rows have no key: a row's place among all of them stands in for one.
    columns = [name for name in sail[0] if name != "row_json"]
    said = differences(_numbered(sail), _numbered(spark), keys=["number"], columns=columns)
    assert not said, shown(said)
    problems = {row["problem"] is None for row in sail}
    assert problems == ({True} if spelling == "typed" else {True, False})


def _numbered(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    told = [name for name in rows[0] if name not in ("row_json", "content_hash")]
    ordered = sorted(rows, key=lambda row: [str(row[name]) for name in told])
    return [{**row, "number": number} for number, row in enumerate(ordered)]
