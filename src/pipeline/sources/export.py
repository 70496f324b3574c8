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
from pipeline.sources.export_file import Looked, Readable, check, look, readable
from pipeline.sources.flattened import lost
from pipeline.sources.layout import (
    REPAIR,
    files_of,
    is_csv,
    is_delta,
    named_in_path,
    place_of,
    shown,
    unread,
)
from pipeline.sources.protocol import Batch, Delivery, Presence
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
            raise UserError(f"the export folder {shown(folder)} does not exist")
        self.name = f"export:{folder}"
        self._folder = folder
        self._spark = spark
        # Links and plain copies live here, beside the export and never in it; gone with the source.
        self._scratch = temporary_folder("export")
        weakref.finalize(self, remove, self._scratch)
        self._numbers = count()
        self._looked: dict[str, Looked] = {}

    def inspect(self, table: SourceTable) -> Presence:
        try:
            place = place_of(self._folder, table)
            if place is None:
                return Presence(table, found=False, problem=f"not in {shown(self._folder)}")
            looked = self._look(table, place, self._files(table, place))
        except UserError as error:
            return Presence(table, found=True, problem=str(error))
        except OSError as error:
            problem = f"{shown(self._folder)} cannot be read ({cause(error)})"
            return Presence(table, found=True, problem=problem)
        held = {name for one in looked for name in (*one.types, *one.constants)}
        counted = [one.rows for one in looked]
        return Presence(
            table,
            found=True,
            columns_missing=tuple(
                c.name for c in table.columns if not c.sensitive and c.name not in held
            ),
            columns_retyped=_retyped(table, looked),
            where=shown(place.relative_to(self._folder)),
            newest=max((one.newest for one in looked if one.newest), default=None),
            rows=None if None in counted else sum(filter(None, counted)),
        )

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        place = place_of(self._folder, table)
        if place is None:
            if table.required:
                raise UserError(
                    f"{shown(self._folder)} has no table {table.system_name}, which is required"
                    f" ({table.switches_off}): add it as {table.name}.parquet, .csv or a folder"
                )
            return None
        if is_delta(place):
            # Asked once: between two questions the table may get another version.
            since = None if table.arrival is Arrival.SNAPSHOT else _version(after)
            version, files = self._delta_files(place, since)
            position = json.dumps({_DELTA_VERSION: version})
            if position == after or not files:
                return None
            return self._delivery(table, place, files, position, is_first=after is None)
        files = self._files(table, place)
        stamps = {str(file.relative_to(self._folder)): _stamp(file) for file in files}
        known = _known(after)
        if table.arrival is Arrival.SNAPSHOT:
            new = files if stamps != known else {}
        else:
            new = {
                file: files[file]
                for file, name in zip(files, stamps, strict=True)
                if known.get(name) != stamps[name]
            }
        if not new:
            return None
        position = json.dumps(stamps, sort_keys=True)
        return self._delivery(table, place, new, position, is_first=after is None)

    def notices(self) -> tuple[str, ...]:
        found = [f"{shown(path)} is read by nobody" for path in self._unread()]
        for table in SOURCE_TABLES:
            try:
                place = place_of(self._folder, table)
                if place is None:
                    continue
                if table.name not in self._looked:
                    # The first stands for all: who takes structs apart does so in each file.
                    files = list(self._files(table, place).items())[:1]
                    self._look(table, place, dict(files))
            except (UserError, OSError):
                continue  # Whoever reads the table is told.
            if (one := self._looked.get(table.name)) is not None:
                found += lost(table, one.spelled, one.types)
        return tuple(found)

    def _unread(self) -> list[Path]:
        places = []
        for table in SOURCE_TABLES:
            try:
                places.append(place_of(self._folder, table))
            except UserError:
                return []  # A table that is there twice stops the night: nothing is read.
        try:
            paths = unread(self._folder, [place for place in places if place is not None])
        except OSError:
            return []  # A folder that may not be looked into.
        return [path.relative_to(self._folder) for path in paths]

    def _files(self, table: SourceTable, place: Path) -> _Files:
        """All files of the table as it stands."""
        if is_delta(place):
            return self._delta_files(place, None)[1]
        return {file: named_in_path(file, place) for file in files_of(place, table)}

    def _look(self, table: SourceTable, place: Path, files: _Files) -> list[Looked]:
        every = [] if is_delta(place) else files_of(place, table)
        looked = look_at(table, files, every)
        for one in looked:
            if not one.is_empty:
                self._looked[table.name] = one
        return looked

    def _delivery(
        self, table: SourceTable, place: Path, files: _Files, position: str, *, is_first: bool
    ) -> Delivery | None:
        stamps = {file: _stamp(file) for file in files}
        looked = [one for one in self._look(table, place, files) if not one.is_empty]
        if not looked:
            if table.required and is_first:
                raise UserError(
                    f"{shown(place)} holds no rows of {table.system_name}, which is required"
                    f" ({table.switches_off}): export it again"
                )
            return None
        readables = [readable(one, table, self._new_path) for one in looked]
        # A copy is ours alone.
        in_place = {one.file: stamps[one.file] for one in looked if one.is_ready}
        at_once = [readables] if table.arrival is Arrival.SNAPSHOT else _at_once(table, readables)
        return Delivery(
            batches=tuple(self._batch(some) for some in at_once),
            position=position,
            replaced=lambda: _replaced(in_place),
            damage=lambda: self._damage(readables),
        )

    def _batch(self, readables: list[Readable]) -> Batch:
        groups: dict[str, list[Readable]] = defaultdict(list)
        for one in readables:
            # Sail merges the schemas of files read together, and fails where two differ.
            groups[one.shape].append(one)
        return Batch(
            parts=tuple(self._frame(group) for _, group in sorted(groups.items())),
            received=sum(one.rows for one in readables),
            is_lasting=True,
        )

    def _frame(self, group: list[Readable]) -> DataFrame:
        return self._spark.read.schema(group[0].schema).parquet(*(str(one.path) for one in group))

    def _damage(self, readables: list[Readable]) -> str:
        """The first file that Arrow cannot read to its end, or that the engine cannot."""
        for one in readables:
            try:
                check(one.looked)
                rows = self._frame([one])
                # Each value has to be read to be compared.
                rows.agg(*(F.max(F.to_json(F.struct(name))) for name in rows.columns)).collect()
            except UserError as error:
                return str(error)
            except PySparkException as error:
                return f"{shown(one.looked.file)} cannot be read by the engine ({cause(error)}): {REPAIR}"
        return ""

    def _new_path(self) -> Path:
        return self._scratch / f"{next(self._numbers)}.parquet"

    def _delta_files(self, place: Path, since: int | None) -> tuple[int, _Files]:
        """The version of a Delta table and its files: those that version `since` did not have, or
        all of them when `since` is None or no longer known."""
        # delta-rs fails on some names of folders, and follows links: it is shown nothing but the log.
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
                f"{shown(place)} is not a readable Delta table ({cause(error)}): {REPAIR}"
            ) from error
        unread = [words for name, words in _UNREAD_FEATURES.items() if name in features]
        if unread or mapping != "none":
            raise UserError(
                f"{shown(place)} is a Delta table with {(unread or ['column mapping'])[0]}, which"
                " an export is not read with: export it as Parquet"
            )
        if any(":/" in path or path.startswith("/") for path in files):
            raise UserError(
                f"{shown(place)} is a Delta table whose log names files outside of it, as that of a"
                " clone: export it as Parquet"
            )
        if since is not None:
            try:
                before = _added(DeltaTable(str(folder), version=since))
            except (DeltaError, OSError, ValueError):
                before = {}
            files = {path: values for path, values in files.items() if path not in before}
        # The log spells paths in URL encoding.
        return version, {place / unquote(path): files[path] for path in sorted(files)}


def look_at(table: SourceTable, files: _Files, every: list[Path]) -> list[Looked]:
    """What each of the files holds, `every` being all of the table's."""

    @cache
    def first() -> Dialect | None:
        for file in filter(is_csv, every):
            if (dialect := dialect_of(file, table, lambda: None)) is not None:
                return dialect
        return None

    return [look(file, table, in_path, first) for file, in_path in files.items()]


def _added(delta: DeltaTable) -> dict[str, dict[str, str | None]]:
    """The files of the table as its log spells them, each with its values of the partition columns."""
    added = pa.table(delta.get_add_actions(flatten=True))
    values = {
        name.removeprefix(_PARTITION): added[name].cast(pa.string()).to_pylist()
        for name in added.column_names
        if name.startswith(_PARTITION)
    }
    return {
        path: {name.lower(): told[at] for name, told in values.items()}
        for at, path in enumerate(added["path"].to_pylist())
    }


def _at_once(table: SourceTable, readables: list[Readable]) -> list[list[Readable]]:
    """The files in their order, grouped so that memory holds what is known of a group's rows."""
    groups: list[list[Readable]] = [[]]
    held = 0
    # As declared: text that stands for a struct becomes one.
    width = {column.name: _width(arrow_type(column.type)) for column in table.columns}
    for one in readables:
        values = one.rows * sum(width[name] for name in one.looked.types)
        if groups[-1] and held + values > _VALUES_AT_ONCE:
            groups.append([])
            held = 0
        groups[-1].append(one)
        held += values
    return groups


def _width(kind: pa.DataType) -> int:
    """How many values a value of this type is made of, as far as its type tells."""
    if pa.types.is_struct(kind):
        return sum(_width(field.type) for field in kind)
    return 1


def _stamp(file: Path) -> list[int]:
    try:
        found = file.stat()
    except OSError as error:
        raise UserError(f"{shown(file)} cannot be read ({cause(error)}): {REPAIR}") from error
    return [found.st_size, found.st_mtime_ns]


def _replaced(stamps: dict[Path, list[int]]) -> str:
    """The first file that is no longer the one that was looked into, in a sentence."""
    for file, stamp in stamps.items():
        if not file.exists() or _stamp(file) != stamp:
            return (
                f"{shown(file)} was replaced while it was read:"
                " run the night again when the export has been copied"
            )
    return ""


def _known(after: str | None) -> dict[str, list[int]]:
    """Files of an earlier position; none when the table was Delta then."""
    held = json.loads(after) if after else {}
    return {} if _DELTA_VERSION in held else held


def _version(after: str | None) -> int | None:
    held = json.loads(after) if after else {}
    found = held.get(_DELTA_VERSION)
    return found if isinstance(found, int) else None


def _retyped(table: SourceTable, looked: list[Looked]) -> tuple[str, ...]:
    found = {
        f"{column.name} as {one.types[column.name]}": None
        for column in table.columns
        for one in looked
        if column.name in one.types and not _same(one.types[column.name], arrow_type(column.type))
    }
    return tuple(found)


def _same(held: pa.DataType, declared: pa.DataType) -> bool:
    if pa.types.is_timestamp(declared):
        return bool(pa.types.is_timestamp(held))
    if pa.types.is_nested(declared):
        return bool(held.id == declared.id)  # Fields of a struct come and go.
    return bool(held == declared or (declared == pa.string() and pa.types.is_large_string(held)))
