"""No error quotes a row: what a library says of one may hold its values, and is not passed on."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from optimizer.panel import numbers
from pipeline.answers.query import run_query
from pipeline.cli import app as command_line
from pipeline.errors import UserError, cause, place, traced
from pipeline.lakehouse.folder.staging import aligned
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.sources.export import ExportFolder
from pipeline.tables import ops, source
from tests.sources.small import arrow_rows
from tests.sources.written import csv_text, text_rows

_SECRET = "hunter2"


def _wide_row(place: Path) -> None:
    rows = text_rows(source.JOBS, 3)
    place.with_suffix(".csv").write_text(csv_text([*rows, [_SECRET] * 40]))


def _open_quote(place: Path) -> None:
    text = csv_text(text_rows(source.JOBS, 3))
    place.with_suffix(".csv").write_text(f'{text}"{_SECRET}\n')


def _bytes_that_are_no_text(place: Path) -> None:
    rows = arrow_rows(source.JOBS)
    values = pa.array([b"\xff" + _SECRET.encode()] * len(rows))
    at = rows.column_names.index("name")
    pq.write_table(rows.set_column(at, "name", values), place.with_suffix(".parquet"))


def _broken_log(place: Path) -> None:
    write_deltalake(str(place), arrow_rows(source.JOBS))
    log = place / "_delta_log" / f"{0:020}.json"
    log.write_text(json.dumps({"add": {"path": _SECRET, "stats": 7}}) + f"\n{{{_SECRET}")


@pytest.mark.parametrize("damage", [_wide_row, _open_quote, _bytes_that_are_no_text, _broken_log])
def test_a_damaged_table_is_told_without_its_rows(
    damage: Callable[[Path], None], spark: SparkSession, tmp_path: Path
) -> None:
    damage(tmp_path / "jobs")
    export = ExportFolder(tmp_path, spark)
    with pytest.raises(UserError) as refused:
        export.read(source.JOBS, None)
    assert str(tmp_path / "jobs") in str(refused.value)
    assert _SECRET not in str(refused.value)
    assert _SECRET not in export.inspect(source.JOBS).problem


def test_a_query_that_fails_on_a_row_does_not_quote_it(
    lakehouse: DeltaFolder, spark: SparkSession
) -> None:
    lakehouse.create(ops.POSITIONS)
    asked = (
        f"select cast(word as int) from (select '{_SECRET}' as word from ops.positions union all"
    )
    asked += f" select '{_SECRET}')"
    with pytest.raises(UserError) as refused:
        run_query(spark, lakehouse, asked, limit=5)
    assert "fails on a row" in str(refused.value)
    assert _SECRET not in str(refused.value)


def test_a_fault_is_traced_without_what_a_library_says() -> None:
    held = pa.record_batch([pa.array([_SECRET])], names=["count"])
    with pytest.raises(ValueError, match="column count does not fit int32") as fault:
        aligned(held, pa.schema([("count", pa.int32())]))
    assert _SECRET in str(fault.value.__cause__)
    told = traced(fault.value)
    assert _SECRET not in told
    assert "ArrowInvalid" in told
    assert "ValueError: column count does not fit int32" in told
    assert place(fault.value).startswith("staging.py:")
    assert cause(FileNotFoundError(2, _SECRET)) == "No such file or directory"


def test_a_fault_on_the_command_line_is_traced_without_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        pa.array([_SECRET]).cast(pa.int64())

    monkeypatch.setattr(command_line, "app", fails)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert "ArrowInvalid" in told
    assert "app.py" in told
    assert _SECRET not in told


def test_numbers_that_are_none_are_not_quoted() -> None:
    with pytest.raises(ValueError, match="duration must hold numbers") as refused:
        numbers(pd.Series([_SECRET]), "duration")
    assert _SECRET not in str(refused.value)
