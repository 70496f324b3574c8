"""On which days of a dated table rows with given values can stand, told without reading the table.

A partition names its day, and nothing names the days of a key: to find where the keys of a day's news
stand, a night would read the keys of all history. So the pairs of a key's hash and a day are kept
beside the tables, sorted, in a file that is mapped and not read, and follow the change feed.

An answer holds every such day and may hold others: no pair is ever taken back, and hashes may
collide. Where the file is lost, cut short or of another table, it is made anew.
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

from pipeline.lakehouse.folder import change_feed
from pipeline.lakehouse.protocol import ChangesGone
from pipeline.tables.declaration import Table
from pipeline.tables.types import arrow_type

_HASH, _DAY = "hash", "day"
_SCHEMA = pa.schema([(_HASH, pa.uint64()), (_DAY, pa.int32())])
_TABLE_ID, _VERSION = b"table_id", b"version"
_WORD = 8
_MOST_BYTES = 256
"""Of a text that are hashed, with its length: no key of the platform is longer, and a hostile one must
not cost more. Two that agree so far are looked for on each other's days too."""
_MASKS = np.array([2 ** (8 * n) - 1 for n in range(_WORD + 1)], dtype=np.uint64)
_FACTOR = np.uint64(0xFF51AFD7ED558CCD)
"""Of the finaliser of MurmurHash3 (A. Appleby, public domain)."""

Hashes = npt.NDArray[np.uint64]
Days = npt.NDArray[np.int32]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs without repetition, in order of their hashes."""

    hashes: Hashes
    days: Days

    @classmethod
    def of(cls, hashes: Hashes, days: Days) -> "Pairs":
        order = np.lexsort((days, hashes))
        hashes, days = hashes[order], days[order]
        first = np.ones(len(hashes), dtype=bool)
        first[1:] = (hashes[1:] != hashes[:-1]) | (days[1:] != days[:-1])
        return cls(hashes[first], days[first])

    def days_of(self, wanted: Hashes) -> Days:
        _, at = self._found(np.unique(wanted))
        return np.unique(self.days[at])

    def plus(self, news: "Pairs") -> "Pairs":
        # Put in where they belong: to sort all of it again would cost a night what history costs.
        which, at = self._found(news.hashes)
        is_known = np.zeros(len(news.hashes), dtype=bool)
        is_known[which[self.days[at] == news.days[which]]] = True
        hashes, days = news.hashes[~is_known], news.days[~is_known]
        if not len(hashes):
            return self
        at = np.searchsorted(self.hashes, hashes)
        return Pairs(np.insert(self.hashes, at, hashes), np.insert(self.days, at, days))

    def _found(self, wanted: Hashes) -> tuple[Indices, Indices]:
        """For each pair with a wanted hash, the place of the hash in `wanted` and its own."""
        first = np.searchsorted(self.hashes, wanted, side="left")
        many = np.searchsorted(self.hashes, wanted, side="right") - first
        which = np.repeat(np.arange(len(wanted)), many)
        within = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
        return which, np.repeat(first, many) + within


class KeyDays:
    """What is kept of a home's tables: a file of `folder` for each table and columns asked for; new
    ones are written in `staging`, on the same disk."""

    def __init__(self, folder: Path, staging: Path) -> None:
        self._folder = folder
        self._staging = staging

    def days(self, delta: DeltaTable, home: Path, table: Table, wanted: pa.Table) -> set[date]:
        """The days that can hold rows with the values of a row of `wanted` in all its columns, of the
        `table` that stands at `home`. NULL is no value."""
        columns = wanted.schema.names
        pairs = self.follow(delta, home, table, columns)
        asked = _hashes(_told(wanted, table, columns))
        return set(pa.array(pairs.days_of(asked)).cast(pa.date32()).to_pylist())

    def follow(self, delta: DeltaTable, home: Path, table: Table, columns: Sequence[str]) -> Pairs:
        """The pairs of all rows of the table as it stands, kept for the next time."""
        if table.partition_by is None or table.partition_by in columns:
            raise ValueError(f"{table.full_name}: the days of a day are not looked up")
        file = self._folder / f"{'.'.join((table.full_name, *columns))}.arrow"
        at = (str(delta.metadata().id), delta.version())
        known = _kept(file)
        if known is not None and known[0] == at:
            return known[1]
        pairs = None
        if known is not None and known[0][0] == at[0]:
            pairs = _newer(known[1], known[0][1], delta, table, columns)
        if pairs is None:
            pairs = _of_files(delta, home, table, columns)
        self._keep(file, at, pairs)
        return pairs

    def _keep(self, file: Path, at: tuple[str, int], pairs: Pairs) -> None:
        told = {_TABLE_ID: at[0].encode(), _VERSION: str(at[1]).encode()}
        schema = _SCHEMA.with_metadata(told)
        batch = pa.record_batch([pa.array(pairs.hashes), pa.array(pairs.days)], schema=schema)
        for folder in (self._folder, self._staging):
            folder.mkdir(parents=True, exist_ok=True)
        # A whole file in place of the old one, whenever a night is killed or the power fails.
        beside = self._staging / f"{uuid4().hex}.arrow"
        with beside.open("wb") as sink:
            with ipc.new_file(sink, schema) as writer:
                writer.write_batch(batch)
            sink.flush()
            os.fsync(sink.fileno())
        beside.replace(file)


def _kept(file: Path) -> tuple[tuple[str, int], Pairs] | None:
    """What `file` says and of which table and version; None where it says nothing."""
    try:
        stored = ipc.open_file(pa.memory_map(str(file)))
        told = stored.schema.metadata or {}
        at = (told[_TABLE_ID].decode(), int(told[_VERSION]))
        batch = stored.get_batch(0)
        return at, Pairs(batch[_HASH].to_numpy(), batch[_DAY].to_numpy())
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None  # A file of ours that cannot be read is as good as none.


def _newer(
    pairs: Pairs, version: int, delta: DeltaTable, table: Table, columns: Sequence[str]
) -> Pairs | None:
    """What was known at `version` with the news since; None where they are gone."""
    day = str(table.partition_by)
    try:
        news = change_feed.distinct_changes(delta, table, version, (*columns, day))
    except ChangesGone:
        return None
    told = _told(news, table, (*columns, day))
    days = told[day].cast(pa.int32()).to_numpy()
    return pairs.plus(Pairs.of(_hashes(told.select(list(columns))), days))


def _of_files(delta: DeltaTable, home: Path, table: Table, columns: Sequence[str]) -> Pairs:
    """The pairs of all rows that stand, read a few files at a time."""
    added = pa.table(delta.get_add_actions(flatten=True))
    days = {
        str(home / path): (day - date(1970, 1, 1)).days
        for path, day in zip(
            added["path"].to_pylist(),
            added[f"partition.{table.partition_by}"].to_pylist(),
            strict=True,
        )
    }
    schema = pa.schema([(name, arrow_type(table.column(name).type)) for name in columns])
    stored = ds.dataset(list(days), format="parquet", schema=schema)
    found = [(np.empty(0, np.uint64), np.empty(0, np.int32))]
    for one in stored.scanner(batch_readahead=2, fragment_readahead=2).scan_batches():
        rows = pa.Table.from_batches([one.record_batch])
        hashes = _hashes(_told(rows, table, columns))
        found.append((hashes, np.full(len(hashes), days[one.fragment.path], dtype=np.int32)))
    return Pairs.of(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _told(rows: pa.Table, table: Table, columns: Sequence[str]) -> pa.Table:
    """The rows that have a value in each of these columns, as declared."""
    schema = pa.schema([(name, arrow_type(table.column(name).type)) for name in columns])
    return rows.select(list(columns)).cast(schema).drop_null()


def _hashes(rows: pa.Table) -> Hashes:
    """A hash for each row: of its values as text, in the order of the columns."""
    mixed = np.zeros(rows.num_rows, dtype=np.uint64)
    for column in rows.columns:
        mixed = _mixed(mixed ^ _of_text(column.cast(pa.string())))
    return mixed


def _of_text(column: pa.ChunkedArray) -> Hashes:
    """A hash for each text, eight bytes of all of them at a time."""
    lengths = pc.binary_length(column).to_numpy().astype(np.intp)
    starts = np.cumsum(lengths) - lengths
    data = np.frombuffer(b"".join(_bytes_of(chunk) for chunk in column.chunks) + bytes(_WORD), "u1")
    words = np.ndarray((len(data) - _WORD + 1,), "<u8", data, strides=(1,))
    mixed: Hashes = lengths.astype(np.uint64)
    shortest, longer = int(lengths.min(initial=0)), np.arange(len(lengths))
    for at in range(0, min(int(lengths.max(initial=0)), _MOST_BYTES), _WORD):
        if at >= shortest:
            longer = longer[lengths[longer] > at]
        those = slice(None) if at < shortest else longer
        mask = _MASKS[np.minimum(lengths[those] - at, _WORD)]
        mixed[those] = _mixed(mixed[those] ^ (words[starts[those] + at] & mask))
    return mixed


def _bytes_of(texts: pa.Array) -> bytes:
    """The bytes of all texts, one after the other."""
    if not len(texts):
        return b""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :]
    data = texts.buffers()[2]
    return bytes(memoryview(data)[offsets[0] : offsets[len(texts)]]) if data is not None else b""


def _mixed(hashes: Hashes) -> Hashes:
    once: Hashes = (hashes ^ (hashes >> np.uint64(33))) * _FACTOR
    return once ^ (once >> np.uint64(33))
