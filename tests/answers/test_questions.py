"""Questions without an answer: that nothing is amiss is not said where nothing is known."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.answers.questions import Filter, Questions
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import gold
from pipeline.tables.declaration import Table
from tests.strategies.tables import Row, frame_of

_KEY = {"workspace_id": "w"}


class _Tables:
    """As much of a home as answers are read from."""

    def __init__(self, spark: SparkSession, rows: Mapping[Table, Sequence[Row]]) -> None:
        self._spark = spark
        self._rows = rows

    def read(self, table: Table) -> DataFrame:
        return frame_of(self._spark, table, self._rows.get(table, ()))


def _questions(spark: SparkSession, table: Table, rows: Sequence[dict[str, Any]]) -> Questions:
    keys = [_KEY | {"series_key": f"w/{number}"} for number in range(len(rows))]
    held = {
        gold.JOBS: keys,
        table: [key | row for key, row in zip(keys, rows, strict=True)],
    }
    return Questions(cast(Lakehouse, _Tables(spark, held)), Filter())


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ((), "no job has an SLA"),
        (("no_sla", "no_sla"), "no job has an SLA"),
        (("no_sla", "ok"), "none with a probability of 5% or more"),
        (
            ("ok", "not_assessed"),
            "none with a probability of 5% or more; of 1 of the 2 jobs with an SLA it cannot be told",
        ),
        (("not_assessed",), "of 1 of the 1 jobs with an SLA it cannot be told"),
    ],
)
def test_none_likely_to_miss(spark: SparkSession, statuses: tuple[str, ...], told: str) -> None:
    asked = _questions(spark, gold.JOB_FORECAST, [{"sla_status": status} for status in statuses])
    assert asked.why_none_misses(0.05).startswith(told)


def test_none_failing_and_no_size(spark: SparkSession) -> None:
    health = [{"last_run_id": None}, {"last_run_id": "1"}]
    assert _questions(spark, gold.JOB_HEALTH, health).why_none_fails() == "none"
    unknown = _questions(spark, gold.JOB_HEALTH, health[:1]).why_none_fails()
    assert unknown == "no run of 90 days has a known outcome"
    sizes = [{"status": "ok"}, {"status": "not_assessed"}]
    asked = _questions(spark, gold.RIGHTSIZING, sizes)
    assert asked.why_no_size() == "none; 1 of 2 jobs could be assessed"
