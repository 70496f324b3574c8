"""Which tables runs used, from events of every kind."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.bronze.conform import conform
from pipeline.silver.lineage import table_uses
from pipeline.tables import bronze, source
from tests.strategies.tables import Row, at, frame_of, on, rows_of

HOSTILE = 'main.`a\'b`."t" -- \n\u202e😀'


def _event(hour: int, read: str, written: str, **columns: Any) -> Row:
    return {
        "source_date": on(0),
        "workspace_id": "w",
        "event_time": at(0, hour),
        "job_run_id": "r",
        "read_table": read,
        "written_table": written,
    } | columns


def test_a_run_uses_each_table_once_from_its_first_event_to_its_last(spark: SparkSession) -> None:
    events = [
        _event(22, HOSTILE, ""),
        _event(23, HOSTILE, "main.a.out"),
        _event(25, "", "main.a.out", source_date=on(1)),
        _event(1, "main.a.other", "", job_run_id=""),
        _event(2, "", ""),
        _event(3, HOSTILE, "", workspace_id="v"),
    ]
    rows = rows_of(table_uses(frame_of(spark, bronze.TABLE_LINEAGE, events)))
    found = {
        (row["workspace_id"], row["action"], row["table_name"]): (
            row["use_date"],
            row["first_at"],
            row["last_at"],
            row["events"],
        )
        for row in rows
    }
    assert found == {
        ("w", "read", HOSTILE): (on(0), at(0, 22), at(0, 23), 2),
        ("w", "write", "main.a.out"): (on(0), at(0, 23), at(1, 1), 2),
        ("v", "read", HOSTILE): (on(0), at(0, 3), at(0, 3), 1),
    }


@pytest.mark.parametrize(
    ("columns", "run"),
    [
        ({"entity_metadata": {"job_info": {"job_id": "7", "job_run_id": "r"}}}, "r"),
        ({"entity_metadata": {"job_info": None}, "entity_type": "JOB", "entity_run_id": "e"}, "e"),
        ({"entity_metadata": None, "entity_type": "JOB", "entity_run_id": "e"}, "e"),
        ({"entity_metadata": None, "entity_type": "NOTEBOOK", "entity_run_id": "e"}, ""),
        ({"entity_metadata": None}, ""),
    ],
)
def test_bronze_knows_the_run_and_empty_names_of_what_was_not_used(
    spark: SparkSession, columns: Row, run: str
) -> None:
    received = {
        "workspace_id": "w",
        "event_time": at(0),
        "source_table_full_name": HOSTILE,
        "created_by": "ann@example.com",
    }
    part = frame_of(spark, source.TABLE_LINEAGE, [received | columns])
    (row,) = rows_of(conform(source.TABLE_LINEAGE, part, now=at(9)))
    assert (row["job_run_id"], row["read_table"], row["written_table"]) == (run, HOSTILE, "")
    assert "created_by" not in row
