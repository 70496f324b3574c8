"""Gold as the last whole night left it, which the datasets of pages are carried out on.

Their tables are copied when a night has been written down, which is the last thing that it does: a page never
mixes two nights, a night that runs meanwhile is not in its way, and a few files in the order of the jobs are
read in half the time of a folder of days. What is written between nights is small, and copied when it has changed.
"""

import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeAlias

import pyarrow as pa
from pyspark.sql import SparkSession

from pipeline.dashboards.dataset import Dataset, Value, bound_part, shared_parts
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import gold
from pipeline.tables.declaration import Part, Table

__all__ = ["Gold", "Missing", "Rows"]

_AT_ONCE: Final = 4
"""An engine of two cores waits for files and for the client in between."""
_MOST_RESULTS: Final = 400
_MOST_VIEWS: Final = 400
_KEYS: Final = ("series_key", "job_id")
_GROUP_ROWS: Final = 8_192
_NONE_YET: Final = -1


@dataclass(frozen=True, slots=True)
class View:
    """A part of datasets that is carried out once for some values of its filters; `is_there` when it has been."""

    name: str
    is_there: "Future[None]"


@dataclass(frozen=True, slots=True)
class Missing:
    """In place of rows: the home lacks this table, as one that a night has filled by half does."""

    table: Table


Rows: TypeAlias = pa.Table | Missing


class Gold:
    """The tables of `datasets` in `lakehouse`, copied into `folder`; what was asked once is remembered
    until one of its tables is copied anew."""

    def __init__(
        self, spark: SparkSession, lakehouse: Lakehouse, datasets: Iterable[Dataset], folder: Path
    ) -> None:
        self._spark = spark
        self._lakehouse = lakehouse
        self._tables = {table for dataset in datasets for table in dataset.tables}
        self._folder = folder
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="dataset")
        self._turn = Lock()
        self._night = _NONE_YET
        self._copied: dict[Table, int] = {}
        self._results: dict[tuple[Dataset, str], Future[pa.Table]] = {}
        self._views: dict[str, View] = {}
        self._view_count = 0

    def has_a_night(self) -> bool:
        """Whether there is anything to show."""
        with self._turn:
            self._catch_up()
            return self._night != _NONE_YET

    def rows(self, datasets: Iterable[Dataset], values: Mapping[str, Value]) -> dict[str, Rows]:
        """The rows of each dataset with `values` of its filters, by name, all of one night."""
        with self._turn:
            self._catch_up()
            if len(self._views) > _MOST_VIEWS:
                self._forget_views()
            asked = {dataset.name: self._asked(dataset, values) for dataset in datasets}
        return {
            name: one if isinstance(one, Missing) else one.result() for name, one in asked.items()
        }

    def _asked(self, dataset: Dataset, values: Mapping[str, Value]) -> "Future[pa.Table] | Missing":
        for table in dataset.tables:
            if table not in self._copied:
                return Missing(table)
        asked = dataset, dataset.bound(values)
        # What was asked last is forgotten last.
        future = self._results.pop(asked, None)
        if future is None:
            views = self._views_of(dataset.shared_parts, values)
            sql = dataset.bound(values, {part: view.name for part, view in views.items()})
            future = self._pool.submit(self._carry_out, sql, list(views.values()))
        self._results[asked] = future
        if len(self._results) > _MOST_RESULTS:
            self._results.pop(next(iter(self._results)))
        return future

    def _carry_out(self, sql: str, views: Iterable[View]) -> Any:
        for view in views:
            view.is_there.result()
        return self._spark.sql(sql).toArrow()

    def _views_of(self, parts: Iterable[str], values: Mapping[str, Value]) -> dict[str, View]:
        """A view of each part. Those it needs come first: who waits in the pool waits for what has begun."""
        views: dict[str, View] = {}
        for part in parts:
            asked = bound_part(part, values, {})
            if asked not in self._views:
                needed = {name: views[name] for name in shared_parts(part)}
                sql = bound_part(part, values, {name: view.name for name, view in needed.items()})
                self._view_count += 1
                name = f"{part}_{self._view_count}"
                keeping = self._pool.submit(self._keep, sql, name, list(needed.values()))
                self._views[asked] = View(name, keeping)
            views[part] = self._views[asked]
        return views

    def _keep(self, sql: str, name: str, views: Iterable[View]) -> None:
        rows = self._carry_out(sql, views)
        # Of no rows no types can be guessed.
        schema = self._spark.sql(sql).schema
        self._spark.createDataFrame(rows, schema).createOrReplaceTempView(name)

    def _forget_views(self) -> None:
        """Once nobody reads them; what was asked of them is remembered still."""
        wait(self._results.values())
        for view in self._views.values():
            self._spark.catalog.dropTempView(view.name)
        self._views.clear()

    def _catch_up(self) -> None:
        """Copy the tables anew that have been written since; the lock is held."""
        if not self._lakehouse.exists(gold.NIGHT_STEPS):
            return
        versions = {
            table: self._lakehouse.version(table)
            for table in self._tables
            if table.part is not Part.TABLES and self._lakehouse.exists(table)
        }
        night = self._lakehouse.version(gold.NIGHT_STEPS)
        if night != self._night:
            versions |= {
                table: night
                for table in self._tables
                if table.part is Part.TABLES and self._lakehouse.exists(table)
            }
        if moved := {
            table: version
            for table, version in versions.items()
            if version != self._copied.get(table)
        }:
            self._take(moved)
        self._night = night

    def _take(self, moved: Mapping[Table, int]) -> None:
        """Copy these tables, each as of its night or version, in place of those there are."""
        if any(table.part is Part.TABLES for table in moved):
            self._forget_views()
        old = [one for one in self._results if not moved.keys().isdisjoint(one[0].tables)]
        wait([self._results.pop(one) for one in old])
        earlier = [
            self._place(table, self._copied[table]) for table in moved if table in self._copied
        ]
        # The wider ones first would gain nothing: each is written by all cores.
        for _ in self._pool.map(self._copy, moved, map(self._place, moved, moved.values())):
            pass
        self._copied |= moved
        for place in earlier:
            shutil.rmtree(place, ignore_errors=True)

    def _place(self, table: Table, version: int) -> Path:
        return self._folder / table.name / str(version)

    def _copy(self, table: Table, place: Path) -> None:
        rows = self._lakehouse.read(table)
        copy = str(place)
        # What is asked of one job is then in a few groups of rows, and the engine passes over the others.
        key = next((name for name in _KEYS if name in rows.columns), None)
        ordered = rows if key is None else rows.orderBy(key)
        ordered.write.option("max_row_group_size", _GROUP_ROWS).mode("overwrite").parquet(copy)
        self._spark.read.schema(rows.schema).parquet(copy).createOrReplaceTempView(table.name)
