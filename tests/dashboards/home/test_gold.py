"""What pages read: parts that are carried out once change no figure, and alerts are as they are now."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.dashboards.dashboard import FILTER_CHOICES, datasets
from pipeline.dashboards.dataset import SHARED, Dataset, Value, bound_part
from pipeline.dashboards.home.gold import Gold, Missing
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold
from pipeline.tables.incidents import INCIDENTS
from tests.dashboards.planted_alerts import planted_alerts
from tests.night.homes import Made

DATASETS = datasets()


def test_parts_carried_out_once_change_no_row(
    spark: SparkSession, home: Path, tmp_path: Path
) -> None:
    made = Gold(spark, DeltaFolder(home, spark), DATASETS.values(), tmp_path)
    choices = made.rows([FILTER_CHOICES], {})[FILTER_CHOICES.name]
    assert not isinstance(choices, Missing)
    one = choices.to_pylist()[-1]
    filtered: dict[str, Value] = {"team": [one["team"]], "tier": [one["tier"]], "job": one["job"]}
    compared = 0
    nobody: dict[str, Value] = {"team": ["of nobody"], "date": ("2020-01-01", None)}
    for values in ({}, filtered, nobody):
        shown = made.rows(DATASETS.values(), values)
        for name, dataset in DATASETS.items():
            rows, alone = shown[name], spark.sql(dataset.bound(values)).toArrow()
            assert not isinstance(rows, Missing)
            assert rows.schema == alone.schema, name
            # An engine adds numbers of floating point in the order of its files.
            expected = [_approximately(row) for row in alone.to_pylist()]
            assert rows.to_pylist() == expected, name
            compared += len(expected)
    assert compared > 100


def _approximately(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: pytest.approx(value, rel=1e-12, abs=0) if isinstance(value, float) else value
        for name, value in row.items()
    }


def test_a_shared_part_is_named_by_datasets_and_follows_what_it_needs() -> None:
    for part in SHARED:
        using = [one.shared_parts for one in DATASETS.values() if part in one.shared_parts]
        assert len(using) > 1, part
    [job] = [one.shared_parts for one in DATASETS.values() if one.name == "job_summary"]
    assert job.index("shown_jobs") < job.index("shown_job")
    assert job.index("night") < job.index("period")
    assert "FROM kept_1 v" in bound_part("period", {}, {"night": "kept_1"})


def test_alerts_are_shown_as_they_are_between_nights(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(undisturbed.home, home)
    lakehouse = DeltaFolder(home, spark)
    made = Gold(spark, lakehouse, DATASETS.values(), tmp_path / "copies")
    asked = [DATASETS["open_incidents"], DATASETS["messages_summary"], DATASETS["freshness"]]
    before = _rows(made, asked)
    assert before["open_incidents"] == []
    assert before["messages_summary"] == [{"waiting": 0, "given_up": 0, "given_up_before": 0}]
    keys = sorted(lakehouse.read(gold.JOBS).toArrow()["series_key"].to_pylist())
    at = max(lakehouse.read(gold.NIGHT_STEPS).toArrow()["as_of"].to_pylist())
    planted = planted_alerts(spark, at, keys)
    for table, rows in planted.items():
        lakehouse.merge(table, rows)
    opened = _rows(made, asked)
    assert [row["tier"] for row in opened["open_incidents"]] == ["1", "2", "3"]
    assert opened["messages_summary"] == [{"waiting": 2, "given_up": 1, "given_up_before": 1}]
    most_urgent = [row for row in planted[INCIDENTS].toArrow().to_pylist() if row["tier"] == 1]
    ended = [tuple((row | {"state": "over"}).values()) for row in most_urgent]
    lakehouse.merge(INCIDENTS, spark.createDataFrame(ended, planted[INCIDENTS].schema))
    after = _rows(made, asked)
    assert [row["tier"] for row in after["open_incidents"]] == ["2", "3"]
    assert after["freshness"] == before["freshness"]


def _rows(made: Gold, asked: list[Dataset]) -> dict[str, list[dict[str, Any]]]:
    shown = made.rows(asked, {})
    return {name: rows.to_pylist() for name, rows in shown.items() if not isinstance(rows, Missing)}
