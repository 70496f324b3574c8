"""One exported file as the engine can read it: the file itself, a link to it, or a plain copy.

Engines differ in what they read. A path is a pattern to them; Sail refuses dictionaries,
unsigned integers and columns of nothing but NULL; Spark refuses nanoseconds; each has its own CSV.
So every file is looked into with Arrow first, and what one of them would refuse or read differently
is copied, batch by batch, into Parquet of plain types: text for CSV, UTC microseconds for times.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from pyspark.sql import types as T

from pipeline.engine.paths import is_literal
from pipeline.errors import UserError, cause
from pipeline.sources.cell_formats import refuse_local_formats
from pipeline.sources.dialect import Dialect, dialect_of, fault, open_as_utf8
from pipeline.sources.layout import REPAIR, is_csv, printable
from pipeline.sources.lookalikes import explain_lookalike
from pipeline.sources.struct_fields import (
    Tree,
    columns_of,
    fields_in_columns,
    struct_of,
    struct_type,
)
from pipeline.sources.types import as_plain, is_plain, plain_type, spark_type
from pipeline.tables.declaration import SourceTable
from pipeline.tables.types import arrow_type

_BLOCK_BYTES = 16 * 1024 * 1024
_BATCH_ROWS = 65_536
_NULLS = ["", "null", "NULL", "\\N"]
_UNREADABLE = (pa.ArrowException, OSError, EOFError, ValueError, zlib.error)


@dataclass(frozen=True)
class ExportedFile:
    """What one exported file has of a table."""

    file: Path
    table: SourceTable
    names: dict[str, str]
    """Declared column to the name it has in the file."""
    trees: dict[str, Tree]
    """Declared column to the columns of the file that its fields are."""
    types: dict[str, pa.DataType]
    constants: dict[str, str | None]
    """Columns that only the path, or the log of the table, names."""
    names_in_file: dict[str, str]
    """The name of every column of the file, by that name in lower case."""
    schema_key: str
    """Every column of the file with its type: files that have it in common can be read together."""
    is_read_as_is: bool
    """Whether an engine reads it as it is."""
    rows: int | None
    newest: datetime | None = None
    dialect: Dialect | None = None
    """How it is written, where it is CSV."""

    @property
    def is_empty(self) -> bool:
        """Whether it has no rows, and so needs no columns either."""
        return self.rows == 0


@dataclass(frozen=True)
class _Content:
    """The columns of a file, and what its footer or its first rows say about it."""

    schema: pa.Schema
    is_read_as_is: bool
    rows: int | None
    newest: datetime | None = None
    dialect: Dialect | None = None


_EMPTY = _Content(pa.schema([]), is_read_as_is=True, rows=0)


def _no_dialect() -> Dialect | None:
    return None


def inspect_file(
    file: Path,
    table: SourceTable,
    named_in_path: dict[str, str | None],
    first: Callable[[], Dialect | None] = _no_dialect,
) -> ExportedFile:
    """What `file` has of the kept columns of `table`; UserError for a damaged file, or for one without
    a column that may not be missing. `first` gives the dialect of the table's first file, for a CSV
    file without a header."""
    kept_columns = [column for column in table.columns if not column.sensitive]
    with _reading(file):
        content = (
            _csv_content(file, table, first) if is_csv(file) else _parquet_content(file, table)
        )
    schema = content.schema
    names_in_file: dict[str, str] = {}
    for name in schema.names:
        # An exact name wins over one that differs in case.
        if name.lower() not in names_in_file or name == name.lower():
            names_in_file[name.lower()] = name
    names = {
        column.name: names_in_file[column.name]
        for column in kept_columns
        if column.name in names_in_file
    }
    repeated = [name for name in names.values() if schema.names.count(name) > 1]
    if repeated:
        raise UserError(f"{printable(file)} has the column {repeated[0]} twice: {REPAIR}")
    types_in_file = {field.name: field.type for field in schema}
    types = {column: types_in_file[name] for column, name in names.items()}
    # A column of nothing but NULL has no type, and says nothing that its absence does not.
    names = {column: name for column, name in names.items() if not pa.types.is_null(types[column])}
    typed = {
        low: name
        for low, name in names_in_file.items()
        if not pa.types.is_null(types_in_file[name])
    }
    trees = {c.name: fields_in_columns(c, typed) for c in kept_columns if c.name not in types}
    trees = {column: tree for column, tree in trees.items() if tree}
    types |= {column: struct_type(tree, types_in_file) for column, tree in trees.items()}
    constants = {
        c.name: named_in_path[c.name]
        for c in kept_columns
        if c.name not in names and c.name in named_in_path
    }
    present = {*types, *constants}
    missing = [c.name for c in kept_columns if not c.nullable and c.name not in present]
    if missing and content.rows != 0:
        raise UserError(
            explain_lookalike(file, table, schema.names)
            or f"{printable(file)} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)} of"
            f" {table.system_name}, which RightRun needs: export the table with all its columns"
        )
    is_read_as_is = (
        content.is_read_as_is
        and not constants
        and not trees
        and len({name.lower() for name in schema.names}) == len(schema.names)
        and all(is_plain(types[column]) for column in names)
    )
    schema_key = ", ".join(f"{field.name!r} {field.type} {_encoding(field)}" for field in schema)
    exported = ExportedFile(
        file,
        table,
        names,
        trees,
        types,
        constants,
        names_in_file,
        schema_key,
        is_read_as_is,
        content.rows,
        content.newest,
        content.dialect,
    )
    if content.dialect is not None:
        with _reading(file, content.dialect):
            next(
                _batches(exported), None
            )  # Raises for a format that cannot be read in its first rows.
    return exported


@dataclass(frozen=True)
class ReadableFile:
    """A path under which every engine reads one exported file, and what to read from it."""

    exported: ExportedFile
    path: Path
    schema: T.StructType
    schema_key: str
    """As in `ExportedFile`, of the file that is read."""
    rows: int


def readable_file(
    exported: ExportedFile, table: SourceTable, scratch: Callable[[], Path]
) -> ReadableFile:
    """The file itself, a link to it or a copy, for an engine to read; `scratch` makes new paths, and the
    file itself is never touched."""
    types = exported.types
    path = exported.file.absolute()
    if not exported.is_read_as_is:
        path = scratch()
        with _reading(exported.file, exported.dialect):
            types = _copy(exported, path)
    elif not is_literal(path) or path.name.startswith(("_", ".")):
        link = scratch()
        link.symlink_to(path.resolve())
        path = link
    declared = {column.name: arrow_type(column.type) for column in table.columns}
    schema = T.StructType(
        [
            T.StructField(column, _narrowed(types[column], declared[column]))
            for column in declared
            if column in types and not pa.types.is_null(types[column])
        ]
    )
    rows = pq.read_metadata(path).num_rows
    return ReadableFile(
        exported,
        path,
        schema,
        exported.schema_key if exported.is_read_as_is else schema.json(),
        rows,
    )


def read_to_the_end(exported: ExportedFile) -> None:
    """Read the whole file; UserError for the first value that cannot be."""
    with _reading(exported.file, exported.dialect):
        for batch in _batches(exported):
            batch.validate(full=True)


def _narrowed(arrow: pa.DataType, declared: pa.DataType) -> T.DataType:
    """The type to read: of a struct only the fields that are declared, since it may have fifty."""
    if pa.types.is_struct(arrow) and pa.types.is_struct(declared):
        declared_fields = {field.name: field.type for field in declared}
        fields = [
            T.StructField(field.name, _narrowed(field.type, declared_fields[field.name]))
            for field in arrow
            if field.name in declared_fields
        ]
        if fields:
            return T.StructType(fields)
    return spark_type(arrow)


@contextmanager
def _reading(file: Path, dialect: Dialect | None = None) -> Iterator[None]:
    """Turns what Arrow raises on a damaged file into a sentence that names the file, and the line of a
    CSV file, but nothing of its content."""
    try:
        yield
    except _UNREADABLE as error:
        form = "CSV" if is_csv(file) else "Parquet"
        why = (fault(file, dialect) if dialect is not None else "") or cause(error)
        raise UserError(
            f"{printable(file)} is not a readable {form} file ({why}): {REPAIR}"
        ) from error


_INT96 = pa.field("", pa.timestamp("us"), metadata={"encoding": "INT96"})


def _encoding(field: pa.Field) -> str:
    """Tells old times from new ones without a zone: engines cannot read both as one file."""
    encoding: bytes = (field.metadata or {}).get(b"encoding", b"")
    return encoding.decode()


def _parquet_content(file: Path, table: SourceTable) -> _Content:
    if not file.stat().st_size:
        return _EMPTY
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
        return _Content(pa.schema(fields), True, parquet.metadata.num_rows, newest)


def _newest(parquet: pq.ParquetFile, observed_at: str | None) -> datetime | None:
    """The largest `observed_at` that the file's own statistics know of."""
    largest = []
    paths = [parquet.schema.column(at).path for at in range(len(parquet.schema))]
    if observed_at in paths:
        for group in range(parquet.num_row_groups):
            column = parquet.metadata.row_group(group).column(paths.index(observed_at))
            if column.is_stats_set and column.statistics.has_min_max:
                largest.append(column.statistics.max)
    times = [value for value in largest if isinstance(value, datetime)]
    return max((time.replace(tzinfo=time.tzinfo or UTC) for time in times), default=None)


def _csv_content(file: Path, table: SourceTable, first: Callable[[], Dialect | None]) -> _Content:
    dialect = dialect_of(file, table, first)
    if dialect is None:
        return _EMPTY
    schema = pa.schema([(name, pa.string()) for name in dialect.header])
    return _Content(schema, False, None if dialect.has_rows else 0, dialect=dialect)


def _batches(exported: ExportedFile) -> Iterator[pa.RecordBatch]:
    """The rows with the columns that are read, under the names they have in the file."""
    names = [*exported.names.values()]
    names += [name for tree in exported.trees.values() for name in columns_of(tree)]
    if exported.is_empty:
        return
    if exported.dialect is not None:
        yield from _csv_batches(exported, exported.dialect, names)
        return
    with pq.ParquetFile(exported.file) as parquet:
        yield from parquet.iter_batches(batch_size=_BATCH_ROWS, columns=names)


def _csv_batches(
    exported: ExportedFile, dialect: Dialect, names: list[str]
) -> Iterator[pa.RecordBatch]:
    places = [str(dialect.header.index(name)) for name in names]
    convert = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(places, pa.string()),
        include_columns=places,
        null_values=_NULLS,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    read = pa_csv.ReadOptions(
        use_threads=False,
        block_size=_BLOCK_BYTES,
        # By their places: two columns that nobody reads may share a name.
        column_names=[str(place) for place in range(len(dialect.header))],
        skip_rows_after_names=int(dialect.has_header),
    )
    form = pa_csv.ParseOptions(delimiter=dialect.separator, newlines_in_values=True)
    text = {c.name for c in exported.table.columns if c.type == "string"}
    declared = {name: column for column, name in exported.names.items()}
    file = str(exported.file) if dialect.is_read_as_is else open_as_utf8(exported.file, dialect)
    with pa_csv.open_csv(file, read, form, convert) as reader:
        for batch in reader:
            columns = [
                # A writer that quotes everything also quotes what is absent. No text of a system table
                # is empty, and in other columns no word for NULL is a value.
                _without(column, _NULLS[:1] if declared.get(name) in text else _NULLS)
                for column, name in zip(batch.columns, names, strict=True)
            ]
            cells = {declared[n]: c for n, c in zip(names, columns, strict=True) if n in declared}
            refuse_local_formats(exported.file, exported.table, cells, dialect.separator)
            yield pa.RecordBatch.from_arrays(columns, names=names)


def _without(column: pa.Array, words: list[str]) -> pa.Array:
    """The text, NULL where it is one of these words."""
    is_word = pc.is_in(column, pa.array(words))
    return pc.if_else(is_word, None, column) if pc.any(is_word).as_py() else column


def _copy(exported: ExportedFile, path: Path) -> dict[str, pa.DataType]:
    """Write the file's declared columns in plain types; the types written."""
    types_written = {
        column: plain_type(exported.types[column]) for column in (*exported.names, *exported.trees)
    }
    types_written |= dict.fromkeys(exported.constants, pa.string())
    schema = pa.schema(list(types_written.items()))
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(exported):
            arrays = [
                as_plain(batch.column(batch.schema.get_field_index(name)), types_written[column])
                for column, name in exported.names.items()
            ]
            arrays += [
                as_plain(struct_of(tree, batch.column), types_written[column])
                for column, tree in exported.trees.items()
            ]
            arrays += [
                pa.array([value] * len(batch), pa.string()) for value in exported.constants.values()
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return types_written
