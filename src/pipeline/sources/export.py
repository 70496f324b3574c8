"""An export: a folder of dumps of the system tables, in Parquet, CSV or Delta, any subset of them.

A file is read once: the position remembers each by its size and time of change, so a later night
reads only what was added or replaced. It remembers those that are there, so that it does not grow
with history: a file that goes and comes back is read again, and bronze knows its rows. A table that
says what holds now is read whole whenever one of its files has changed.
"""

import json
import weakref
from collections import defaultdict
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.engine.temporary_folders import remove, temporary_folder
from pipeline.errors import UserError, cause
from pipeline.sources.dialect import Dialect, dialect_of
from pipeline.sources.export_file import (
    ExportedFile,
    ReadableFile,
    inspect_file,
    read_to_the_end,
    readable_file,
)
from pipeline.sources.layout import (
    REPAIR,
    files_of,
    is_csv,
    is_delta,
    named_in_path,
    place_of,
    printable,
    unread_paths,
)
from pipeline.sources.protocol import Batch, Delivery, Presence
from pipeline.sources.struct_fields import unclaimed_fields
from pipeline.tables.declaration import Arrival, SourceTable
from pipeline.tables.source import SOURCE_TABLES
from pipeline.tables.types import arrow_type

_Files = dict[Path, dict[str, str | None]]
"""Files, each with the columns that its folders or the table's log name."""
_DELTA_VERSION = "delta_version"
_PARTITION = "partition."
_VALUES_AT_ONCE = 24_000_000
"""Values of rows taken together, a struct's fields counted apart. Rows of usage are three times as
wide as those of nodes: counted as rows, two tables at a time took 4.6 GB."""
_UNREAD_FEATURES = {
    "deletionVectors": "deletion vectors",
    "columnMapping": "column mapping",
}


class ExportFolder:
    """A folder of exported system tables, behind the protocol of `pipeline.sources.protocol`."""

    def __init__(self, folder: Path, spark: SparkSession) -> None:
        if not folder.is_dir():
            raise UserError(f"the export folder {printable(folder)} does not exist")
        self.name = f"export:{folder}"
        self._folder = folder
        self._spark = spark
        # Links and plain copies live here, beside the export and never in it; gone with the source.
        self._scratch = temporary_folder("export")
        weakref.finalize(self, remove, self._scratch)
        self._numbers = count()
        self._inspected: dict[str, ExportedFile] = {}

    def inspect(self, table: SourceTable) -> Presence:
        try:
            place = place_of(self._folder, table)
            if place is None:
                return Presence(table, found=False, problem=f"not in {printable(self._folder)}")
            exported_files = self._inspect(table, place, self._files(table, place))
        except UserError as error:
            return Presence(table, found=True, problem=str(error))
        except OSError as error:
            problem = f"{printable(self._folder)} cannot be read ({cause(error)})"
            return Presence(table, found=True, problem=problem)
        columns = {
            name for exported in exported_files for name in (*exported.types, *exported.constants)
        }
        row_counts = [exported.rows for exported in exported_files]
        return Presence(
            table,
            found=True,
            columns_missing=tuple(
                c.name for c in table.columns if not c.sensitive and c.name not in columns
            ),
            columns_retyped=_retyped(table, exported_files),
            where=printable(place.relative_to(self._folder)),
            newest=max(
                (exported.newest for exported in exported_files if exported.newest), default=None
            ),
            rows=None if None in row_counts else sum(filter(None, row_counts)),
        )

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        place = place_of(self._folder, table)
        if place is None:
            if table.required:
                raise UserError(
                    f"{printable(self._folder)} has no table {table.system_name}, which is required"
                    f" ({table.switches_off}): add it as {table.name}.parquet, .csv or a folder"
                )
            return None
        if is_delta(place):
            # One reading of the log for both: the table may get another version in between.
            since = None if table.arrival is Arrival.SNAPSHOT else _version(after)
            version, files = self._delta_files(place, since)
            position = json.dumps({_DELTA_VERSION: version})
            if position == after or not files:
                return None
            return self._delivery(table, place, files, position, is_first=after is None)
        files = self._files(table, place)
        stamps = {str(file.relative_to(self._folder)): _stamp(file) for file in files}
        old_stamps = _stamps_of(after)
        if table.arrival is Arrival.SNAPSHOT:
            new = files if stamps != old_stamps else {}
        else:
            new = {
                file: files[file]
                for file, name in zip(files, stamps, strict=True)
                if old_stamps.get(name) != stamps[name]
            }
        if not new:
            return None
        position = json.dumps(stamps, sort_keys=True)
        return self._delivery(table, place, new, position, is_first=after is None)

    def notices(self) -> tuple[str, ...]:
        sentences = [f"{printable(path)} is read by nobody" for path in self._unread()]
        for table in SOURCE_TABLES:
            try:
                place = place_of(self._folder, table)
                if place is None:
                    continue
                if table.name not in self._inspected:
                    # The first stands for all: whoever takes structs apart does so in each file.
                    files = list(self._files(table, place).items())[:1]
                    self._inspect(table, place, dict(files))
            except (UserError, OSError):
                continue  # Whoever reads the table is told.
            if (exported := self._inspected.get(table.name)) is not None:
                sentences += unclaimed_fields(table, exported.names_in_file, exported.types)
        return tuple(sentences)

    def _unread(self) -> list[Path]:
        places = []
        for table in SOURCE_TABLES:
            try:
                places.append(place_of(self._folder, table))
            except UserError:
                return []  # A table that is there twice stops the night: nothing is read.
        try:
            paths = unread_paths(self._folder, [place for place in places if place is not None])
        except OSError:
            return []  # A folder that may not be looked into.
        return [path.relative_to(self._folder) for path in paths]

    def _files(self, table: SourceTable, place: Path) -> _Files:
        """All files of the table as it stands."""
        if is_delta(place):
            return self._delta_files(place, None)[1]
        return {file: named_in_path(file, place) for file in files_of(place, table)}

    def _inspect(self, table: SourceTable, place: Path, files: _Files) -> list[ExportedFile]:
        every = [] if is_delta(place) else files_of(place, table)
        exported_files = inspect_files(table, files, every)
        for exported in exported_files:
            if not exported.is_empty:
                self._inspected[table.name] = exported
        return exported_files

    def _delivery(
        self, table: SourceTable, place: Path, files: _Files, position: str, *, is_first: bool
    ) -> Delivery | None:
        stamps = {file: _stamp(file) for file in files}
        exported_files = [
            exported for exported in self._inspect(table, place, files) if not exported.is_empty
        ]
        if not exported_files:
            if table.required and is_first:
                raise UserError(
                    f"{printable(place)} holds no rows of {table.system_name}, which is required"
                    f" ({table.switches_off}): export it again"
                )
            return None
        readable_files = [
            readable_file(exported, table, self._new_path) for exported in exported_files
        ]
        # A copy is ours alone.
        in_place = {
            exported.file: stamps[exported.file]
            for exported in exported_files
            if exported.is_read_as_is
        }
        groups = (
            [readable_files]
            if table.arrival is Arrival.SNAPSHOT
            else _grouped(table, readable_files)
        )
        return Delivery(
            batches=tuple(self._batch(group) for group in groups),
            position=position,
            replaced=lambda: _replaced(in_place),
            damage=lambda: self._damage(readable_files),
        )

    def _batch(self, readable_files: list[ReadableFile]) -> Batch:
        groups: dict[str, list[ReadableFile]] = defaultdict(list)
        for readable in readable_files:
            # Sail merges the schemas of files read together, and fails where two differ.
            groups[readable.schema_key].append(readable)
        return Batch(
            parts=tuple(self._frame(group) for _, group in sorted(groups.items())),
            received=sum(readable.rows for readable in readable_files),
            is_lasting=True,
        )

    def _frame(self, group: list[ReadableFile]) -> DataFrame:
        return self._spark.read.schema(group[0].schema).parquet(
            *(str(readable.path) for readable in group)
        )

    def _damage(self, readable_files: list[ReadableFile]) -> str:
        """A sentence on the first file that Arrow or the engine cannot read to its end; empty for none."""
        for readable in readable_files:
            try:
                read_to_the_end(readable.exported)
                rows = self._frame([readable])
                # Each value has to be read to be compared.
                rows.agg(*(F.max(F.to_json(F.struct(name))) for name in rows.columns)).collect()
            except UserError as error:
                return str(error)
            except PySparkException as error:
                return f"{printable(readable.exported.file)} cannot be read by the engine ({cause(error)}): {REPAIR}"
        return ""

    def _new_path(self) -> Path:
        return self._scratch / f"{next(self._numbers)}.parquet"

    def _delta_files(self, place: Path, since: int | None) -> tuple[int, _Files]:
        """The version of a Delta table and its files: those that version `since` did not have, or
        all of them when `since` is None or no longer known."""
        # delta-rs fails on some names of folders, and follows links: it is given only the log.
        folder = self._scratch / str(next(self._numbers))
        folder.mkdir()
        (folder / "_delta_log").symlink_to((place / "_delta_log").resolve())
        try:
            delta = DeltaTable(str(folder))
            version = delta.version()
            files = _added(delta)
            features = delta.protocol().reader_features or []
            mapping = delta.metadata().configuration.get("delta.columnMapping.mode", "none")
        except (DeltaError, OSError, ValueError, pa.ArrowException) as error:
            raise UserError(
                f"{printable(place)} is not a readable Delta table ({cause(error)}): {REPAIR}"
            ) from error
        unread_features = [words for name, words in _UNREAD_FEATURES.items() if name in features]
        if unread_features or mapping != "none":
            raise UserError(
                f"{printable(place)} is a Delta table with {(unread_features or ['column mapping'])[0]}, which"
                " an export is not read with: export it as Parquet"
            )
        if any(":/" in path or path.startswith("/") for path in files):
            raise UserError(
                f"{printable(place)} is a Delta table whose log names files outside of it, as that of a"
                " clone: export it as Parquet"
            )
        if since is not None:
            try:
                before = _added(DeltaTable(str(folder), version=since))
            except (DeltaError, OSError, ValueError):
                before = {}
            files = {path: values for path, values in files.items() if path not in before}
        # Paths in the log are URL-encoded.
        return version, {place / unquote(path): files[path] for path in sorted(files)}


def inspect_files(table: SourceTable, files: _Files, every: list[Path]) -> list[ExportedFile]:
    """What each of the files has; `every` are all files of the table."""

    @cache
    def first() -> Dialect | None:
        for file in filter(is_csv, every):
            if (dialect := dialect_of(file, table, lambda: None)) is not None:
                return dialect
        return None

    return [inspect_file(file, table, in_path, first) for file, in_path in files.items()]


def _added(delta: DeltaTable) -> dict[str, dict[str, str | None]]:
    """The files of the table by their paths in the log, each with its values of the partition columns."""
    added = pa.table(delta.get_add_actions(flatten=True))
    values = {
        name.removeprefix(_PARTITION): added[name].cast(pa.string()).to_pylist()
        for name in added.column_names
        if name.startswith(_PARTITION)
    }
    return {
        path: {name.lower(): of_files[at] for name, of_files in values.items()}
        for at, path in enumerate(added["path"].to_pylist())
    }


def _grouped(table: SourceTable, readable_files: list[ReadableFile]) -> list[list[ReadableFile]]:
    """The files in their order, in groups whose rows fit into memory together."""
    groups: list[list[ReadableFile]] = [[]]
    values_in_group = 0
    # As declared: text that stands for a struct becomes one.
    width = {column.name: _width(arrow_type(column.type)) for column in table.columns}
    for readable in readable_files:
        values = readable.rows * sum(width[name] for name in readable.exported.types)
        if groups[-1] and values_in_group + values > _VALUES_AT_ONCE:
            groups.append([])
            values_in_group = 0
        groups[-1].append(readable)
        values_in_group += values
    return groups


def _width(kind: pa.DataType) -> int:
    """How many values a value of this type is made of, as far as its type tells."""
    if pa.types.is_struct(kind):
        return sum(_width(field.type) for field in kind)
    return 1


def _stamp(file: Path) -> list[int]:
    try:
        stat = file.stat()
    except OSError as error:
        raise UserError(f"{printable(file)} cannot be read ({cause(error)}): {REPAIR}") from error
    return [stat.st_size, stat.st_mtime_ns]


def _replaced(stamps: dict[Path, list[int]]) -> str:
    """A sentence on the first file that is no longer the one that was inspected; empty for none."""
    for file, stamp in stamps.items():
        if not file.exists() or _stamp(file) != stamp:
            return (
                f"{printable(file)} was replaced while it was read:"
                " run the night again when the export has been copied"
            )
    return ""


def _stamps_of(after: str | None) -> dict[str, list[int]]:
    """The files of an earlier position with their stamps; none when the table was Delta then."""
    position = json.loads(after) if after else {}
    return {} if _DELTA_VERSION in position else position


def _version(after: str | None) -> int | None:
    position = json.loads(after) if after else {}
    version = position.get(_DELTA_VERSION)
    return version if isinstance(version, int) else None


def _retyped(table: SourceTable, exported_files: list[ExportedFile]) -> tuple[str, ...]:
    retyped = {
        f"{column.name} as {exported.types[column.name]}": None
        for column in table.columns
        for exported in exported_files
        if column.name in exported.types
        and not _same(exported.types[column.name], arrow_type(column.type))
    }
    return tuple(retyped)


def _same(arrow: pa.DataType, declared: pa.DataType) -> bool:
    if pa.types.is_timestamp(declared):
        return bool(pa.types.is_timestamp(arrow))
    if pa.types.is_nested(declared):
        return bool(arrow.id == declared.id)  # Fields of a struct come and go.
    return bool(arrow == declared or (declared == pa.string() and pa.types.is_large_string(arrow)))
