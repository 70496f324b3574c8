"""The key index of a dated table: on which days rows with given values can stand.

A partition names its day, and nothing names the days of a key: to find where the keys of a day's news
stand, a night would read the keys of all history. So pairs of a key's hash and a day are kept beside
the tables, sorted, in a file that is mapped rather than read and that follows the change feed.

An answer holds every such day and may hold others: pairs are never removed, and hashes may collide.
A file that is lost, cut short, of another table or of another hash is made anew.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.ipc as ipc
from deltalake import DeltaTable
from pandas.util import hash_array

from pipeline.lakehouse.folder import change_feed
from pipeline.lakehouse.protocol import ChangesGone
from pipeline.tables.declaration import Table
from pipeline.tables.types import arrow_type

_HASH, _DAY = "hash", "day"
_SCHEMA = pa.schema([(_HASH, pa.uint64()), (_DAY, pa.int32())])
_TABLE_ID, _VERSION, _HASH_SAMPLE = b"table_id", b"version", b"hash_sample"
_SEPARATOR = "\0"
"""Between the values of a key. An id that holds it may share its hash with another key."""

Hashes = npt.NDArray[np.uint64]
Days = npt.NDArray[np.int32]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a hash and a day without repetition, in the order of the hashes."""

    hashes: Hashes
    days: Days
    """Days since 1970-01-01."""

    @classmethod
    def of(cls, hashes: Hashes, days: Days) -> "Pairs":
        order = np.lexsort((days, hashes))
        hashes, days = hashes[order], days[order]
        first = np.ones(len(hashes), dtype=bool)
        first[1:] = (hashes[1:] != hashes[:-1]) | (days[1:] != days[:-1])
        return cls(hashes[first], days[first])

    def days_of(self, hashes: Hashes) -> Days:
        """The days that stand beside one of the hashes, each once."""
        _, own = self._matches(np.unique(hashes))
        return np.unique(self.days[own])

    def plus(self, new: "Pairs") -> "Pairs":
        theirs, own = self._matches(new.hashes)
        is_stored = np.zeros(len(new.hashes), dtype=bool)
        is_stored[theirs[self.days[own] == new.days[theirs]]] = True
        hashes, days = new.hashes[~is_stored], new.days[~is_stored]
        if not len(hashes):
            return self
        # Inserted where they belong: sorting everything again would cost a night what history costs.
        places = np.searchsorted(self.hashes, hashes)
        return Pairs(np.insert(self.hashes, places, hashes), np.insert(self.days, places, days))

    def _matches(self, hashes: Hashes) -> tuple[Indices, Indices]:
        """For each pair that has one of the hashes, the place in `hashes` and the place of the pair."""
        first = np.searchsorted(self.hashes, hashes, side="left")
        counts = np.searchsorted(self.hashes, hashes, side="right") - first
        theirs = np.repeat(np.arange(len(hashes)), counts)
        within = np.arange(len(theirs)) - np.repeat(np.cumsum(counts) - counts, counts)
        return theirs, np.repeat(first, counts) + within


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a file of the index holds, and of which table at which version."""

    table_id: str
    version: int
    pairs: Pairs


class KeyIndex:
    """The indexes of a home: a file of `folder` for each table and columns that are looked up; new
    files are written in `staging`, on the same disk."""

    def __init__(self, folder: Path, staging: Path) -> None:
        self._folder = folder
        self._staging = staging

    def days(self, delta: DeltaTable, path: Path, table: Table, keys: pa.Table) -> set[date]:
        """The days that can hold rows with the values of a row of `keys` in all its columns, of the
        `table` that is stored at `path`. NULL is no value."""
        columns = keys.schema.names
        pairs = self.follow(delta, path, table, columns)
        days = pairs.days_of(_hashes(_filled(keys, table, columns)))
        return set(pa.array(days).cast(pa.date32()).to_pylist())

    def follow(self, delta: DeltaTable, path: Path, table: Table, columns: Sequence[str]) -> Pairs:
        """The pairs of all rows of the table as it stands, stored for the next time."""
        if table.partition_by is None or table.partition_by in columns:
            raise ValueError(f"{table.full_name}: the days of a day are not looked up")
        file = self._folder / f"{'.'.join((table.full_name, *columns))}.arrow"
        table_id, version = str(delta.metadata().id), delta.version()
        stored = _read(file)
        pairs = None
        if stored is not None and stored.table_id == table_id:
            if stored.version == version:
                return stored.pairs
            pairs = _with_changes(stored, delta, table, columns)
        if pairs is None:
            pairs = _of_files(delta, path, table, columns)
        self._write(file, _Stored(table_id, version, pairs))
        return pairs

    def _write(self, file: Path, index: _Stored) -> None:
        schema = _SCHEMA.with_metadata(
            {
                _TABLE_ID: index.table_id.encode(),
                _VERSION: str(index.version).encode(),
                _HASH_SAMPLE: _hash_sample(),
            }
        )
        columns = [pa.array(index.pairs.hashes), pa.array(index.pairs.days)]
        for folder in (self._folder, self._staging):
            folder.mkdir(parents=True, exist_ok=True)
        # A whole file takes the place of the old one, whenever a night is killed or the power fails.
        beside = self._staging / f"{uuid4().hex}.arrow"
        with beside.open("wb") as sink:
            with ipc.new_file(sink, schema) as writer:
                writer.write_batch(pa.record_batch(columns, schema=schema))
            sink.flush()
            os.fsync(sink.fileno())
        beside.replace(file)


def _read(file: Path) -> _Stored | None:
    """What the file holds; None where it cannot be read, or where its hashes are of another kind."""
    try:
        stored = ipc.open_file(pa.memory_map(str(file)))
        metadata = stored.schema.metadata or {}
        if metadata[_HASH_SAMPLE] != _hash_sample():
            return None
        batch = stored.get_batch(0)
        pairs = Pairs(batch[_HASH].to_numpy(), batch[_DAY].to_numpy())
        return _Stored(metadata[_TABLE_ID].decode(), int(metadata[_VERSION]), pairs)
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None  # It is ours, and can be made anew.


def _with_changes(
    stored: _Stored, delta: DeltaTable, table: Table, columns: Sequence[str]
) -> Pairs | None:
    """The stored pairs and those of the changes since; None where the feed no longer has them."""
    day = str(table.partition_by)
    try:
        changes = change_feed.distinct_changes(delta, table, stored.version, (*columns, day))
    except ChangesGone:
        return None
    rows = _filled(changes, table, (*columns, day))
    days = rows[day].cast(pa.int32()).to_numpy()
    return stored.pairs.plus(Pairs.of(_hashes(rows.select(list(columns))), days))


def _of_files(delta: DeltaTable, path: Path, table: Table, columns: Sequence[str]) -> Pairs:
    """The pairs of all stored rows, read a few files at a time."""
    added = pa.table(delta.get_add_actions(flatten=True))
    day_of_file = {
        str(path / file): (day - date(1970, 1, 1)).days
        for file, day in zip(
            added["path"].to_pylist(),
            added[f"partition.{table.partition_by}"].to_pylist(),
            strict=True,
        )
    }
    schema = pa.schema([(name, arrow_type(table.column(name).type)) for name in columns])
    files = ds.dataset(list(day_of_file), format="parquet", schema=schema)
    hashes, days = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
    for scanned in files.scanner(batch_readahead=2, fragment_readahead=2).scan_batches():
        rows = pa.Table.from_batches([scanned.record_batch])
        hashes.append(_hashes(_filled(rows, table, columns)))
        days.append(np.full(len(hashes[-1]), day_of_file[scanned.fragment.path], np.int32))
    return Pairs.of(np.concatenate(hashes), np.concatenate(days))


def _filled(rows: pa.Table, table: Table, columns: Sequence[str]) -> pa.Table:
    """The rows that have a value in each of these columns, as declared."""
    schema = pa.schema([(name, arrow_type(table.column(name).type)) for name in columns])
    return rows.select(list(columns)).cast(schema).drop_null()


def _hashes(rows: pa.Table) -> Hashes:
    """A hash for each row: of its values as text, in the order of the columns."""
    texts = [column.cast(pa.string()) for column in rows.columns]
    keys = pc.binary_join_element_wise(*texts, _SEPARATOR)
    # Keys hardly repeat, so looking for those that do would only take time.
    return hash_array(keys.to_numpy(), categorize=False)


def _hash_sample() -> bytes:
    """What the hash makes of a fixed key: tells the hashes of another release of pandas apart."""
    return str(_hashes(pa.table({"key": ["rightrun"]}))[0]).encode()
