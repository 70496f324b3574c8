"""One exported file as the engine can read it: the file itself, a link to it, or a plain copy.

Engines differ in what they read. A path is a glob pattern to them; Sail refuses dictionaries,
unsigned integers and columns of nothing but NULL; Spark refuses nanoseconds; each has its own CSV.
So every file is looked into with Arrow first, and what one of them would refuse or read differently
is copied, batch by batch, into Parquet of plain types: text for CSV, UTC microseconds for times.
"""

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from pyspark.sql import types as T

from pipeline.errors import UserError
from pipeline.sources.layout import REPAIR, is_csv, said, shown
from pipeline.sources.types import as_plain, is_plain, plain_type, spark_type
from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import arrow_type

_BLOCK_BYTES = 16 * 1024 * 1024
_BATCH_ROWS = 65_536
_NULLS = ["", "null", "NULL", "\\N"]
# A path of other characters could mean several files, or a partition, to an engine.
_SAFE_PATH = re.compile(r"(/[A-Za-z0-9+@-][A-Za-z0-9._+@-]*)+")
_UNREADABLE = (pa.ArrowException, OSError, EOFError, ValueError)


@dataclass(frozen=True)
class Looked:
    """What one file holds of a table."""

    file: Path
    names: dict[str, str]
    """Declared column to the name it has in the file."""
    types: dict[str, pa.DataType]
    constants: dict[str, str]
    """Columns that only the path names."""
    shape: str
    """Every column of the file with its type."""
    is_ready: bool
    """Whether an engine reads it as it is."""
    rows: int | None
    newest: datetime | None = None


def look(file: Path, table: SourceTable, in_path: dict[str, str]) -> Looked:
    """What `file` holds of the kept columns of `table`; UserError for a damaged file, or for one
    without a column that may not be missing."""
    kept = [column for column in table.columns if not column.sensitive]
    with _reading(file):
        found = _look_csv(file) if is_csv(file) else _look_parquet(file, table)
    schema, is_ready, rows, newest = found
    lower: dict[str, str] = {}
    for name in schema.names:
        # An exact name wins over one that differs in case.
        if name.lower() not in lower or name == name.lower():
            lower[name.lower()] = name
    names = {column.name: lower[column.name] for column in kept if column.name in lower}
    repeated = [name for name in names.values() if schema.names.count(name) > 1]
    if repeated:
        raise UserError(f"{shown(file)} has the column {repeated[0]} twice: {REPAIR}")
    types = {column: schema.field(name).type for column, name in names.items()}
    # A column of nothing but NULL has no type, and says nothing that its absence does not.
    names = {column: name for column, name in names.items() if not pa.types.is_null(types[column])}
    constants = {c.name: in_path[c.name] for c in kept if c.name not in names and c.name in in_path}
    held = {*types, *constants}
    if missing := [c.name for c in kept if not c.nullable and c.name not in held]:
        raise UserError(
            f"{shown(file)} lacks the column {missing[0]} of {table.system_name}, which RightRun"
            " needs: export the table with all its columns"
        )
    is_ready = (
        is_ready
        and not constants
        and len({name.lower() for name in schema.names}) == len(schema.names)
        and all(is_plain(types[column]) for column in names)
    )
    shape = ", ".join(f"{field.name!r} {field.type} {_encoding(field)}" for field in schema)
    return Looked(file, names, types, constants, shape, is_ready, rows, newest)


@dataclass(frozen=True)
class Readable:
    """A path that every engine reads as one file of the export, and what to read from it."""

    looked: Looked
    path: Path
    schema: T.StructType
    shape: str
    """Every column with its type: files of one shape can be read together."""
    rows: int


def readable(looked: Looked, table: SourceTable, scratch: Callable[[], Path]) -> Readable:
    """How an engine reads the file; `scratch` makes new paths, the file itself is never touched."""
    held = looked.types
    path = looked.file.absolute()
    if not looked.is_ready:
        path = scratch()
        with _reading(looked.file):
            held = _copy(looked, path)
    elif not _SAFE_PATH.fullmatch(str(path)):
        link = scratch()
        link.symlink_to(path.resolve())
        path = link
    declared = {column.name: arrow_type(column.type) for column in table.columns}
    schema = T.StructType(
        [
            T.StructField(column, _narrowed(held[column], declared[column]))
            for column in declared
            if column in held and not pa.types.is_null(held[column])
        ]
    )
    rows = pq.read_metadata(path).num_rows
    return Readable(looked, path, schema, looked.shape if looked.is_ready else schema.json(), rows)


def check(looked: Looked) -> None:
    """Read the whole file; UserError for the first value that cannot be."""
    with _reading(looked.file):
        for batch in _batches(looked):
            batch.validate(full=True)


def _narrowed(held: pa.DataType, declared: pa.DataType) -> T.DataType:
    """The type to read: of a struct only the fields that are declared, since it may have fifty."""
    if pa.types.is_struct(held) and pa.types.is_struct(declared):
        wanted = {field.name: field.type for field in declared}
        fields = [
            T.StructField(field.name, _narrowed(field.type, wanted[field.name]))
            for field in held
            if field.name in wanted
        ]
        if fields:
            return T.StructType(fields)
    return spark_type(held)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turns what Arrow raises on a damaged file into a sentence that names the file."""
    try:
        yield
    except _UNREADABLE as error:
        form = "CSV" if is_csv(file) else "Parquet"
        raise UserError(
            f"{shown(file)} is not a readable {form} file ({said(error)}): {REPAIR}"
        ) from error


_Found = tuple[pa.Schema, bool, int | None, datetime | None]
_INT96 = pa.field("", pa.timestamp("us"), metadata={"encoding": "INT96"})


def _encoding(field: pa.Field) -> str:
    """What tells old times from new ones without a zone: engines cannot read both as one file."""
    encoding: bytes = (field.metadata or {}).get(b"encoding", b"")
    return encoding.decode()


def _look_parquet(file: Path, table: SourceTable) -> _Found:
    with pq.ParquetFile(file) as parquet:
        schema = parquet.schema_arrow
        newest = _newest(parquet, table.observed_at)
        # Old Spark's 96-bit times are nanoseconds to Arrow, and to engines plain times, no zone.
        legacy = {
            parquet.schema.column(at).path
            for at in range(len(parquet.schema))
            if parquet.schema.column(at).physical_type == "INT96"
        }
        fields = [_INT96.with_name(f.name) if f.name in legacy else f for f in schema]
        return pa.schema(fields), True, parquet.metadata.num_rows, newest


def _newest(parquet: pq.ParquetFile, observed_at: str | None) -> datetime | None:
    """The largest `observed_at` that the file's own statistics know of."""
    found = []
    paths = [parquet.schema.column(at).path for at in range(len(parquet.schema))]
    if observed_at in paths:
        for group in range(parquet.num_row_groups):
            column = parquet.metadata.row_group(group).column(paths.index(observed_at))
            if column.is_stats_set and column.statistics.has_min_max:
                found.append(column.statistics.max)
    times = [value for value in found if isinstance(value, datetime)]
    return max((time.replace(tzinfo=time.tzinfo or UTC) for time in times), default=None)


def _look_csv(file: Path) -> _Found:
    quotes = 0
    opened = gzip.open if file.name.lower().endswith(".gz") else open
    with opened(file, "rb") as text:
        while block := text.read(_BLOCK_BYTES):
            quotes += block.count(b'"')
    if quotes % 2:
        # Arrow would read the rest of the file as one value, and rows would vanish unseen.
        raise ValueError("it has a quote that is never closed")
    with pa_csv.open_csv(file, read_options=_csv_options(), parse_options=_CSV_FORM) as reader:
        names = list(reader.schema.names)
    return pa.schema([(name, pa.string()) for name in names]), False, None, None


_CSV_FORM = pa_csv.ParseOptions(newlines_in_values=True)


def _csv_options() -> pa_csv.ReadOptions:
    return pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES)


def _batches(looked: Looked) -> Iterator[pa.RecordBatch]:
    names = list(looked.names.values())
    if is_csv(looked.file):
        convert = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=names,
            null_values=_NULLS,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        with pa_csv.open_csv(
            looked.file,
            read_options=_csv_options(),
            parse_options=_CSV_FORM,
            convert_options=convert,
        ) as reader:
            yield from reader
        return
    with pq.ParquetFile(looked.file) as parquet:
        yield from parquet.iter_batches(batch_size=_BATCH_ROWS, columns=names)


def _copy(looked: Looked, path: Path) -> dict[str, pa.DataType]:
    """Write the file's declared columns in plain types; the types written."""
    held = {column: plain_type(looked.types[column]) for column in looked.names}
    held |= dict.fromkeys(looked.constants, pa.string())
    schema = pa.schema(list(held.items()))
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(looked):
            arrays = [
                as_plain(batch.column(batch.schema.get_field_index(name)), held[column])
                for column, name in looked.names.items()
            ]
            arrays += [
                pa.array([value] * len(batch), pa.string()) for value in looked.constants.values()
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return held
