"""Files that an engine wrote become files of the table, or are written again where they do not fit."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.file_commit import commit_files
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables.declaration import Column, Layer, Table
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things

EVENTS = Table(
    layer=Layer.SILVER,
    name="events",
    grain="one event",
    keys=("id",),
    partition_by="day",
    columns=(
        Column("id", "string", "Key", nullable=False),
        Column("day", "date", "Partition", nullable=False),
        Column("at", "timestamp", "When", nullable=False),
    ),
)
STORED = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("day", pa.date32(), nullable=False),
        pa.field("at", pa.timestamp("us", "UTC"), nullable=False),
    ]
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def file_of(folder: Path, at: pa.Array, ids: tuple[str | None, ...] = ("a",)) -> Path:
    file = folder / "rows.parquet"
    pq.write_table(pa.table({"id": pa.array(ids, pa.string()), "at": at}), file)
    return file


@pytest.fixture
def events(folder: DeltaFolder) -> DeltaTable:
    folder.create(EVENTS)
    return DeltaTable(str(folder.path(EVENTS)))


def test_the_first_rows_of_a_table_are_written_once(
    folder: DeltaFolder, spark: SparkSession
) -> None:
    folder.create(THINGS)
    written = folder.merge(THINGS, things(spark, FULL, EMPTY))
    assert (written.version, written.inserted) == (1, 2)
    assert written.version == folder.version(THINGS)
    assert folder.partition_rows(THINGS) == {FULL["day"]: 1, EMPTY["day"]: 1}
    # Written by the engine: delta-rs numbers its files.
    names = [Path(file).name for file in DeltaTable(str(folder.path(THINGS))).file_uris()]
    assert names
    assert not [name for name in names if name.startswith("part-00000-")]


def test_a_fitting_file_is_moved_and_counted(
    folder: DeltaFolder, events: DeltaTable, tmp_path: Path
) -> None:
    file = file_of(tmp_path, pa.array([NOON], pa.timestamp("us", "UTC")))
    assert commit_files(events, folder.path(EVENTS), EVENTS, {file: "2026-01-01"}, STORED)
    assert not file.exists()
    assert folder.partition_rows(EVENTS) == {date(2026, 1, 1): 1}
    rows = pa.table(events.to_pyarrow_table()).to_pylist()
    assert rows == [{"id": "a", "day": date(2026, 1, 1), "at": NOON}]


@pytest.mark.parametrize(
    ("at", "ids", "partition"),
    [
        pytest.param(
            pa.array([NOON], pa.timestamp("ns", "UTC")), ("a",), "2026-01-01", id="other unit"
        ),
        pytest.param(pa.array(["12:00"]), ("a",), "2026-01-01", id="other type"),
        pytest.param(
            pa.array([NOON], pa.timestamp("us", "UTC")), (None,), "2026-01-01", id="null key"
        ),
        pytest.param(pa.array([None], pa.timestamp("us", "UTC")), ("a",), "2026-01-01", id="null"),
        pytest.param(pa.array([NOON], pa.timestamp("us", "UTC")), ("a",), None, id="no partition"),
    ],
)
def test_what_does_not_fit_stays_where_it_is(
    folder: DeltaFolder,
    events: DeltaTable,
    tmp_path: Path,
    at: pa.Array,
    ids: tuple[str | None, ...],
    partition: str | None,
) -> None:
    file = file_of(tmp_path, at, ids)
    assert not commit_files(events, folder.path(EVENTS), EVENTS, {file: partition}, STORED)
    assert file.exists()
    assert folder.version(EVENTS) == 0
