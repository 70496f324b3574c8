"""Every answer's text: read alike by each engine, parsed by Databricks' dialect, and about tables that are
declared."""

from importlib.resources import files
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from sqlglot import exp, parse_one

from pipeline.answers.answer import Answer
from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.engine_reader import EngineReader
from pipeline.answers.for_scripts import as_json
from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold
from tests.night.homes import Made

_FOLDER = Path(str(files("pipeline.answers")))
ANSWERS = {
    f"{file.parent.name}/{file.stem}": Answer.of_file(file.parent.name, file.stem)
    for file in sorted(_FOLDER.glob("*/*.sql"))
}


def parameters(answer: Answer, home: Path) -> dict[str, str | None]:
    """A value for each parameter that rows of the home are told apart by."""
    jobs = DeltaReader(home).read(Answer.of_file("jobs", "jobs")).records
    values: dict[str, str | None] = {
        "series_key": jobs[0]["series_key"],
        "last_cost_day": str(jobs[0]["last_run_date"]),
        "since": "2026-01-01T00:00:00+00:00",
        "until": "2028-01-01T00:00:00+00:00",
        "previous_first_day": "2025-12-01",
        "first_day": "2026-01-01",
        "last_day": "2027-01-01",
        "oldest": "2026-01-01T00:00:00+00:00",
        "before": "2026-01-01T00:00:00+00:00",
        "now": "2028-01-01T00:00:00+00:00",
        "started_at": "2027-01-01T00:00:00+00:00",
        "run_id": _run_of(home, jobs[0]["series_key"]),
    }
    return {name: values[name] for name in answer.parameters}


def _run_of(home: Path, series_key: str) -> str:
    runs = DeltaReader(home).read(Answer.of_file("jobs", "runs"), series_key=series_key).records
    return str(runs[0]["run_id"])


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_text_is_one_select_of_declared_tables(answer: Answer) -> None:
    statement = parse_one(answer.sql, read="databricks")
    assert isinstance(statement, exp.Query)
    aliased = [node for node in statement.find_all(exp.Table) if node.db]
    assert aliased
    assert all(node.alias for node in aliased), "each table has an alias"
    # `tables` raises KeyError for a table that is none of ours.
    assert {table.full_name for table in answer.tables} == {f"{t.db}.{t.name}" for t in aliased}
    assert not statement.args.get("limit"), "how many rows are shown is decided afterwards"


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_both_readers_give_the_same_answer(
    spark: SparkSession, undisturbed: Made, answer: Answer
) -> None:
    home = undisturbed.home
    values = parameters(answer, home)
    by_delta = DeltaReader(home).read(answer, **values)
    by_engine = EngineReader(spark, DeltaFolder(home, spark)).read(answer, **values)
    assert by_delta.names == by_engine.names

    def in_order(rows: list[dict[str, object]]) -> list[str]:
        # Answers that are looked up, not shown, have no order.
        texts = [as_json([row]) for row in rows]
        return texts if "ORDER BY" in answer.sql else sorted(texts)

    assert in_order(by_delta.records) == in_order(by_engine.records)


def test_the_fixture_has_rows_for_nearly_all_texts(undisturbed: Made) -> None:
    """An answer without rows is the same everywhere: that says little."""
    reader = DeltaReader(undisturbed.home)
    empty = {
        name
        for name, answer in ANSWERS.items()
        if not reader.read(answer, **parameters(answer, undisturbed.home)).records
    }
    assert empty == {
        # What is decided between nights; tests/e2e/test_alerts.py has a home with it.
        "alerts/expired",
        "alerts/incidents",
        "alerts/outbox",
        "alerts/said",
        "alerts/unremembered",
        "anomalies/regimes",
        "chains/schema_changes",
        "conditions/did_not_come",
        "conditions/new_level",
        "conditions/suspiciously_short",
        "conditions/watch_blind",
        "live/at_risk",
        "live/failed",
        "live/missed",
        "live/replaced",
        "live/sweeps",
        "live/told",
        "nights/changes",
        "periods/levels",
        "quality/quarantined",
        "quality/shared_names",
        "quality/single_names",
        "rightsizing/resizes",
        "runs/changes",
        "sla/decisions",
        "sla/growing",
    }


def test_a_value_is_no_part_of_the_text(undisturbed: Made) -> None:
    answer = Answer.of_job(gold.JOBS)
    reader = DeltaReader(undisturbed.home)
    for hostile in ("' OR '1' = '1", "\\' OR 1 = 1 --", ":series_key", "gold.jobs"):
        assert reader.read(answer, series_key=hostile).records == []
    assert answer.tables == (gold.JOBS,)


def test_the_steps_whose_clock_answers_ask_for_are_there() -> None:
    """Answers name them by what ops.positions calls them."""
    given = {step.name: step.given for step in GRAPH.steps}
    assert "as_of" in given["run_forecast"]
    assert "last_cost_day" in given["job_trends"]
