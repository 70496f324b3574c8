"""On which days of a dated table rows with given values can stand, told without reading the table.

A partition names its day, and nothing names the days of a key: to find where the keys of a day's news
stand, a night would read the keys of all history. So the pairs of a key's hash and a day are kept
beside the tables, sorted, in a file that is mapped and not read, and follow the change feed.

An answer holds every such day and may hold others: no pair is ever taken back, and hashes may
collide. A lost or damaged file therefore costs the time to make it anew, and never a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from pipeline.lakehouse import feed
from pipeline.lakehouse.protocol import ChangesGone
from pipeline.tables.declaration import Table

_HASH, _DAY = "hash", "day"
_SCHEMA = pa.schema([(_HASH, pa.uint64()), (_DAY, pa.int32())])
_TABLE_ID, _VERSION = b"table_id", b"version"
_ODD = np.uint64(0x9E3779B97F4A7C15)
"""Odd, so that to multiply by it loses nothing: columns in another order mix to another hash."""

Hashes = npt.NDArray[np.uint64]
Days = npt.NDArray[np.int32]


class Places:
    """The places of a home's tables, one file in `folder` for each table and columns asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def days(self, delta: DeltaTable, home: Path, table: Table, wanted: pa.Table) -> set[date]:
        """The days that can hold rows with the values of a row of `wanted` in all its columns, of the
        `table` that stands at `home`."""
        pairs = self.follow(delta, home, table, wanted.schema.names)
        return set(pa.array(pairs.days_of(_hashes(wanted))).cast(pa.date32()).to_pylist())

    def follow(
        self, delta: DeltaTable, home: Path, table: Table, columns: Sequence[str]
    ) -> "Pairs":
        """The pairs of all rows of the table as it stands, kept for the next time."""
        file = self._folder / f"{'.'.join((table.full_name, *columns))}.arrow"
        at = (str(delta.metadata().id), delta.version())
        known = _kept(file)
        if known is not None and known[0] == at:
            return known[1]
        pairs = self._newer(known, delta, table, columns) if known is not None else None
        if pairs is None:
            pairs = _of_files(delta, home, table, columns)
        _keep(file, at, pairs)
        return pairs

    def _newer(
        self,
        known: "tuple[tuple[str, int], Pairs]",
        delta: DeltaTable,
        table: Table,
        columns: Sequence[str],
    ) -> "Pairs | None":
        """What was known with the news since; None where it is of another table, or they are gone."""
        (table_id, version), pairs = known
        if table_id != str(delta.metadata().id) or version > delta.version():
            return None
        try:
            news = feed.distinct_changes(delta, table, version, (*columns, str(table.partition_by)))
        except ChangesGone:
            return None
        told = news.drop_null()
        days = told[table.partition_by].cast(pa.int32()).to_numpy()
        return pairs.plus(Pairs.of(_hashes(told.select(list(columns))), days))


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

    def _found(self, wanted: Hashes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """For each pair with a wanted hash, the place of the hash in `wanted` and its own."""
        first = np.searchsorted(self.hashes, wanted, side="left")
        many = np.searchsorted(self.hashes, wanted, side="right") - first
        which = np.repeat(np.arange(len(wanted)), many)
        within = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
        return which, np.repeat(first, many) + within


def _hashes(rows: pa.Table) -> Hashes:
    """A hash for each row, the same on every machine and with every release of the engines."""
    mixed = np.zeros(rows.num_rows, dtype=np.uint64)
    for column in rows.columns:
        coded = pc.dictionary_encode(column.cast(pa.string()).combine_chunks())
        values = coded.dictionary.to_numpy(zero_copy_only=False)
        told = np.append(pd.util.hash_array(values, categorize=False), np.uint64(0))  # 0: NULL
        mixed = (mixed ^ told[coded.indices.fill_null(len(values)).to_numpy()]) * _ODD
    return mixed


def _of_files(delta: DeltaTable, home: Path, table: Table, columns: Sequence[str]) -> Pairs:
    """The pairs of all rows that stand, a file at a time."""
    named = f"partition.{table.partition_by}"
    hashes, days = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
    for file in pa.table(delta.get_add_actions(flatten=True)).to_pylist():
        if file[named] is None:
            continue
        stored = pq.ParquetFile(home / file["path"])
        names = [name for name in columns if name in stored.schema_arrow.names]
        rows = stored.read(names)
        for name in columns:
            if name not in names:  # Written before the table had the column.
                rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
        found = np.unique(_hashes(rows.select(list(columns))))
        hashes.append(found)
        day = (file[named] - date(1970, 1, 1)).days
        days.append(np.full(len(found), day, dtype=np.int32))
    return Pairs.of(np.concatenate(hashes), np.concatenate(days))


def _kept(file: Path) -> tuple[tuple[str, int], Pairs] | None:
    """What `file` says and of which table and version; None where it says nothing."""
    try:
        rows = ipc.open_file(pa.memory_map(str(file))).read_all()
        told = rows.schema.metadata or {}
        at = (told[_TABLE_ID].decode(), int(told[_VERSION]))
        hashes, days = (rows[name].combine_chunks().to_numpy() for name in (_HASH, _DAY))
    except (OSError, KeyError, ValueError):
        return None  # A file of ours that is damaged is as good as none.
    return at, Pairs(hashes, days)


def _keep(file: Path, at: tuple[str, int], pairs: Pairs) -> None:
    told = {_TABLE_ID: at[0].encode(), _VERSION: str(at[1]).encode()}
    schema = _SCHEMA.with_metadata(told)
    batch = pa.record_batch([pa.array(pairs.hashes), pa.array(pairs.days)], schema=schema)
    file.parent.mkdir(parents=True, exist_ok=True)
    # A new file in its place: a night killed meanwhile leaves the old one, whole.
    beside = file.with_name(f"{uuid4().hex}.part")
    with ipc.new_file(str(beside), schema) as writer:
        writer.write_batch(batch)
    beside.replace(file)
