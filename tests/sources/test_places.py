"""Where a table lies does not matter: relative, linked, named in any way, in folders named by value."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.sources.export import ExportFolder
from pipeline.tables import source
from tests.sources.small import arrow_rows, path_of, write_export

_HARD = "STORAGE: EU/west 50% #1"
_NAMES = ["my hö", "[x] {y}", "50%20x #1?", "a*b|c^d", "with=sign"]


def _usage() -> pa.Table:
    """Usage of which one row has no workspace, and another a product whose name no folder takes."""
    rows = arrow_rows(source.USAGE, rows=4)
    workspaces = pa.array(["w0", None, "w1", "w1"])
    skus = pa.array(["SKU", "SKU", _HARD, "SKU"])
    names = rows.column_names
    rows = rows.set_column(names.index("workspace_id"), "workspace_id", workspaces)
    return rows.set_column(names.index("sku_name"), "sku_name", skus)


def _read(export: ExportFolder) -> list[tuple[Any, Any, Any]]:
    delivery = export.read(source.USAGE, None)
    assert delivery is not None
    columns = ("record_id", "workspace_id", "sku_name")
    rows = [
        tuple(row[name] for name in columns)
        for batch in delivery.batches
        for part in batch.parts
        for row in part.select(*columns).collect()
    ]
    return sorted(rows)


_EXPECTED = [("r0", "w0", "SKU"), ("r1", None, "SKU"), ("r2", "w1", _HARD), ("r3", "w1", "SKU")]


def _delta(folder: Path) -> Path:
    by = ["workspace_id", "sku_name"]
    write_deltalake(str(folder), _usage(), partition_by=by)
    return folder


@pytest.mark.parametrize("name", _NAMES)
def test_a_delta_table_is_read_in_a_folder_of_any_name(
    name: str, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named relatively, its values are those of its log: a folder's name is no value."""
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    _delta(tmp_path / "usage").rename(Path(name) / "usage")
    export = ExportFolder(Path(name), spark)
    assert export.inspect(source.USAGE).problem == ""
    assert _read(export) == _EXPECTED


def test_a_linked_delta_table_is_read_and_read_on(spark: SparkSession, tmp_path: Path) -> None:
    table = _delta(tmp_path / "far away" / "usage")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "usage").symlink_to(table)
    (tmp_path / "linked").symlink_to(tmp_path / "export")
    export = ExportFolder(tmp_path / "linked", spark)
    first = export.read(source.USAGE, None)
    assert first is not None
    write_deltalake(str(table), arrow_rows(source.USAGE, first=7, rows=1), mode="append")
    then = export.read(source.USAGE, first.position)
    assert then is not None
    assert [batch.received for batch in then.batches] == [1]


def test_a_folder_named_for_no_value_is_no_workspace(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_to_dataset(_usage(), tmp_path / "usage", partition_cols=["workspace_id", "sku_name"])
    folders = {path.name for path in (tmp_path / "usage").rglob("*=*")}
    assert "workspace_id=__HIVE_DEFAULT_PARTITION__" in folders
    assert any("%" in folder for folder in folders)
    assert _read(ExportFolder(tmp_path, spark)) == _EXPECTED


def test_what_nobody_reads_is_listed(spark: SparkSession, tmp_path: Path) -> None:
    folder = write_export(tmp_path / "export", rows=2)
    usage = path_of(folder, source.USAGE)
    for harmless in ("_SUCCESS", ".part-0.parquet.crc", ".DS_Store", "part-0.parquet.crc"):
        (usage / harmless).touch()
    (folder / "_logs").mkdir()
    (usage / "part-2.json").touch()
    (folder / "jobs.xlsx").touch()
    (folder / "lakeflow" / "job_runs.parquet").touch()
    (folder / "old").mkdir()
    (folder / "old" / "usage.parquet").touch()
    listed = ["billing/usage/part-2.json", "jobs.xlsx", "lakeflow/job_runs.parquet", "old"]
    assert ExportFolder(folder, spark).notices() == tuple(
        f"{name} is read by nobody" for name in listed
    )


def test_a_column_that_is_absent_is_told_once(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(
        arrow_rows(source.USAGE).drop_columns(["usage_metadata"]), tmp_path / "usage.parquet"
    )
    folder = ExportFolder(tmp_path, spark)
    assert folder.notices() == ()  # What it switches off is said wherever gaps are.


def test_empty_parts_hold_no_rows_on_any_night(spark: SparkSession, tmp_path: Path) -> None:
    folder = write_export(tmp_path / "export", rows=2)
    runs = path_of(folder, source.JOB_RUN_TIMELINE)
    (runs / "part-2.parquet").touch()
    (runs / "part-3.csv").touch()
    export = ExportFolder(folder, spark)
    first = export.read(source.JOB_RUN_TIMELINE, None)
    assert first is not None
    assert [batch.received for batch in first.batches] == [2]
    (runs / "part-4.csv").touch()
    assert export.read(source.JOB_RUN_TIMELINE, first.position) is None
    for part in runs.glob("part-[01].parquet"):
        part.unlink()
    with pytest.raises(UserError, match="holds no rows of system"):
        export.read(source.JOB_RUN_TIMELINE, None)
