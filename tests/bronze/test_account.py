"""Whatever is delivered, in whatever order: every row is accounted for, and bronze is the same."""

from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import bronze, source
from pipeline.tables.declaration import SourceTable
from tests.bronze.ingesting import Batches, Remembered, empty_bronze, held, ingest_all

Row = dict[str, str | None]
_HOSTILE = ["", "'; DROP TABLE x; --", "é\u202e\u0000", '{"a":', "\\", '"', "NULL", "x" * 5_000]
_TIMES = ["2026-01-01 00:00:00", "2026-01-01T01:00:00Z", "2026-01-02 00:00:00+00:00"]
_FLAWS: dict[str, list[str | None]] = {
    "run_id": [None],
    "job_id": [None, *_HOSTILE],
    "period_start_time": [None, "junk", "1970-01-01", "2999-01-01", "10:00", "12345"],
    "period_end_time": [None, "", "2025-01-01 00:00:00", "9999-12-31 00:00:00"],
    "setup_duration_seconds": ["x", "-1", "1e30", "3.5", "7.0"],
    "compute_ids": ["[", "{}", '["a"]', "null"],
    "compute": ['[{"type":"C"}]', "garbage"],
    "run_name": [*_HOSTILE],
}


@st.composite
def run_rows(draw: st.DrawFn) -> Row:
    """A slice as text, of few keys so that they collide, now and then with a flaw."""
    row: Row = {
        "workspace_id": "w",
        "job_id": draw(st.sampled_from(["1", "2"])),
        "run_id": draw(st.sampled_from(["r", "s"])),
        "period_start_time": draw(st.sampled_from(_TIMES)),
        "period_end_time": "2026-01-02 00:00:00",
        "result_state": draw(st.sampled_from([None, "SUCCEEDED", "FAILED"])),
        "run_name": draw(st.sampled_from([None, "n"])),
        "compute_ids": None,
        "compute": None,
        "setup_duration_seconds": None,
    }
    if draw(st.integers(0, 2)) == 0:
        name = draw(st.sampled_from(sorted(_FLAWS)))
        row[name] = draw(st.sampled_from(_FLAWS[name]))
    return row


@st.composite
def usage_rows(draw: st.DrawFn) -> Row:
    """A usage record as text; its date is no part of its key, so a key may move."""
    date = draw(st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]))
    return {
        "workspace_id": "w",
        "record_id": draw(st.sampled_from(["a", "b"])),
        "record_type": "ORIGINAL",
        "sku_name": "S",
        "usage_unit": "DBU",
        "usage_start_time": f"{date} 00:00:00",
        "usage_end_time": f"{date} 01:00:00",
        "usage_date": date,
        "usage_quantity": draw(st.sampled_from(["1.5", "-2", "1e-3", "NaN", "1e30", ""])),
        "custom_tags": draw(
            st.sampled_from([None, '{"b":"1","a":"2"}', '{"a":"2","b":"1"}', "{oops", '["a"]'])
        ),
        "usage_metadata": draw(
            st.sampled_from([None, '{"job_id":"7"}', '{"job_name":"7"}', "[]", '{"job_id":7}'])
        ),
        "product_features": draw(st.sampled_from([None, '{"is_serverless":"maybe"}'])),
    }


_CASES = {source.JOB_RUN_TIMELINE: run_rows(), source.USAGE: usage_rows()}
_NUMBERS = count()


def _text(rows: list[Row]) -> pa.Table:
    schema = pa.schema([(name, pa.string()) for name in rows[0]])
    return pa.Table.from_pylist(rows, schema=schema)


def _delivered(
    folder: Path, spark: SparkSession, table: SourceTable, batches: list[list[Row]]
) -> list[list[dict[str, Any]]]:
    """Bronze and quarantine after the batches, each in a night of its own."""
    lakehouse = empty_bronze(DeltaFolder(folder / f"home{next(_NUMBERS)}", spark), (table,))
    nights = Batches(spark, [_text(rows) for rows in batches if rows])
    positions = Remembered()
    for _ in batches:
        ingest_all(nights, lakehouse, positions, (table,))
    return [held(lakehouse, bronze.BRONZE_OF[table.name]), held(lakehouse, bronze.QUARANTINE)]


@pytest.mark.parametrize("table", _CASES, ids=lambda table: table.name)
@given(data=st.data())
def test_order_grouping_and_redelivery_do_not_matter(
    table: SourceTable, data: st.DataObject, spark: SparkSession, tmp_path: Path
) -> None:
    rows = data.draw(st.lists(_CASES[table], min_size=1, max_size=8))
    shuffled = data.draw(st.permutations(rows))
    again = data.draw(st.lists(st.sampled_from(rows), max_size=4))
    at = data.draw(st.integers(0, len(rows)))
    together = _delivered(tmp_path, spark, table, [rows])
    apart = _delivered(tmp_path, spark, table, [shuffled[:at], shuffled[at:], again])
    assert together == apart
