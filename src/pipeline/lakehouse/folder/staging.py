"""Rows on their way from the engine to Delta: Parquet files that the engine writes, read as Arrow.

The files, and not the frame, are what is checked, joined and written, so the engine computes a
step's result once, and no more than a few batches of it are ever in Python's memory.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.lakehouse.declared_rows import undeclared
from pipeline.lakehouse.protocol import KeyViolation, missing_value, null_in
from pipeline.tables.declaration import Part, Table
from pipeline.tables.types import arrow_type

_STAGING = ".staging"
_BATCH_ROWS = 65_536
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Staged:
    """The rows of one frame as Parquet files of a folder, on their way to `table`."""

    table: Table
    folder: Path
    count: int

    @property
    def files(self) -> dict[Path, str | None]:
        """The files that hold rows, each with the partition named in its path."""
        return {
            file: _partition(file)
            for file in _files(self.folder)
            if pq.read_metadata(file).num_rows
        }

    def frame(self, spark: SparkSession) -> DataFrame:
        rows = spark.read.parquet(str(self.folder)).select(*self.table.column_names)
        if (day := self.table.partition_by) is not None:
            rows = rows.withColumn(day, F.col(day).cast("date"))  # A folder's name is text.
        return rows

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows, a batch at a time, as exactly `schema`."""
        if self.count == 0:
            return
        scanned = _dataset(self.table, self.folder).scanner(
            columns=schema.names,
            batch_size=_BATCH_ROWS,
            batch_readahead=2,
            fragment_readahead=1,
        )
        for batch in scanned.to_batches():
            try:
                yield aligned(batch, schema)
            except ValueError as error:
                raise ValueError(f"rows for {self.table.full_name}: {error}") from error


def staging_folder(home: Path, part: Part) -> Path:
    """Where the rows lie that the writer of `part` has on their way."""
    return home / f"{_STAGING}{part.suffix}"


@contextmanager
def staged(
    staging: Path, table: Table, rows: DataFrame, *, partitioned: bool = False
) -> Iterator[Staged]:
    """`rows` computed once, on disk until the block ends; `partitioned`, in a folder for each
    partition, as the table stores them."""
    by = [table.partition_by] if partitioned and table.partition_by else []
    with staged_folder(staging, rows, by) as folder:
        count = sum(pq.read_metadata(file).num_rows for file in _files(folder))
        yield Staged(table, folder, count)


@contextmanager
def staged_folder(
    staging: Path, rows: DataFrame, partition_by: Sequence[str] = ()
) -> Iterator[Path]:
    """A folder of Parquet files with `rows`, until the block ends."""
    folder = staging / uuid4().hex
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        rows.write.parquet(str(folder), partitionBy=list(partition_by))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def key_schema(table: Table) -> pa.Schema:
    """The key columns, then the partition's where it is not one of them."""
    names = list(table.keys)
    if table.partition_by is not None and table.partition_by not in names:
        names.append(table.partition_by)
    return pa.schema([(name, arrow_type(table.column(name).type)) for name in names])


def check_keys(table: Table, rows: Staged) -> pa.Table:
    """The keys of `rows` with their partition; KeyViolation if NULL or repeated."""
    schema = key_schema(table)
    keys = pa.Table.from_batches(rows.batches(schema), schema=schema)
    for name in schema.names:
        if keys[name].null_count:
            raise KeyViolation.of_null(table, name)
    counted = keys.group_by(list(table.keys)).aggregate([([], "count_all")])
    if counted.num_rows < keys.num_rows:
        raise KeyViolation.of_copies(table, pc.max(counted["count_all"]).as_py())
    return keys


def check_required(table: Table, rows: Staged) -> None:
    """ValueError where a required column is NULL in one of `rows`; fields inside a nested value may be.
    Every kind of write asks this first, so that none takes what another refuses."""
    footers = [pq.read_metadata(file) for file in rows.files]
    for column in table.columns:
        if column.nullable or all(_is_filled(footer, column.name) for footer in footers):
            continue
        schema = pa.schema([(column.name, arrow_type(column.type))])
        for batch in rows.batches(schema):
            if batch.column(0).null_count:
                raise missing_value(table, column.name)


def _is_filled(footer: pq.FileMetaData, column: str) -> bool:
    """Whether the file's statistics say that nothing in `column`, at any depth, is NULL or empty."""
    leaves = [
        leaf
        for group in map(footer.row_group, range(footer.num_row_groups))
        for leaf in map(group.column, range(group.num_columns))
        if leaf.path_in_schema.split(".")[0] == column
    ]
    return bool(leaves) and all(
        leaf.statistics is not None and leaf.statistics.null_count == 0 for leaf in leaves
    )


def aligned(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """`batch` as `schema`: engines differ in the kinds of strings, maps and nullability, never in values.

    ValueError for a cast that would lose something, and for a NULL where the schema allows none.
    """
    columns = []
    for field in schema:
        column = batch.column(field.name)
        try:
            column = _cast(column, field.type)
        except pa.ArrowException as error:
            raise ValueError(f"column {field.name} does not fit {field.type}") from error
        if column.null_count and not field.nullable:
            raise ValueError(null_in(field.name))
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    # Struct fields go by name: a cast by position would swap two strings without a word.
    if pa.types.is_struct(kind) and pa.types.is_struct(array.type):
        names = {field.name for field in array.type}
        if unknown := names - {field.name for field in kind}:
            raise ValueError(undeclared(unknown))
        children = [
            _cast(pc.struct_field(array, field.name), field.type)
            if field.name in names
            else pa.nulls(len(array), field.type)
            for field in kind
        ]
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=array.is_null())
    if _is_list_of_structs(kind) and isinstance(array, pa.ListArray | pa.LargeListArray):
        # Offsets are taken from a null-free copy, because a sliced list keeps its parent's.
        flat = _cast(array.flatten(), kind.value_type)
        lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int32())
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
        return pa.ListArray.from_arrays(
            offsets.cast(pa.int32()), flat, type=kind, mask=array.is_null()
        )
    return array if array.type == kind else array.cast(kind)


def _is_list_of_structs(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def _partition(file: Path) -> str | None:
    _, named, value = file.parent.name.partition("=")
    return value if named and value != _NO_VALUE else None


def _dataset(table: Table, folder: Path) -> ds.Dataset:
    by = pa.schema([(table.partition_by, pa.date32())]) if table.partition_by else pa.schema([])
    # The files themselves: a folder also holds the markers and checksums of the engine.
    return ds.dataset(
        [str(file) for file in _files(folder)],
        format="parquet",
        partitioning=ds.partitioning(by, flavor="hive"),
        partition_base_dir=str(folder),
    )
