"""Delta tables in a folder, without a JVM or a catalog: `<home>/<schema>/<name>`.

delta-rs writes, merges, keeps the change feed and the history; the engine computes the rows and
reads the tables. Hold `home_lock` while writing: commits are atomic, but a second writer would
lose its work to a conflict.
"""

import re
import shutil
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.engine.paths import literal_path
from pipeline.engine.session import engine_name
from pipeline.errors import UserError
from pipeline.lakehouse.commits import commits_of, rows_changed
from pipeline.lakehouse.declared_rows import as_declared, declared
from pipeline.lakehouse.folder import change_feed, stored_schema
from pipeline.lakehouse.folder.file_commit import commit_files
from pipeline.lakehouse.folder.key_index import KeyIndex
from pipeline.lakehouse.folder.merge import merge_into, writing_schema
from pipeline.lakehouse.folder.scope import Scope, without
from pipeline.lakehouse.folder.staging import (
    Staged,
    check_keys,
    check_required,
    key_schema,
    staged,
    staged_folder,
    staging_folder,
)
from pipeline.lakehouse.protocol import Commit, Written
from pipeline.tables.declaration import Part, Table
from pipeline.tables.derive import identifier
from pipeline.tables.types import arrow_type, spark_type

_KEY_INDEX = ".key_days"
_UNWRITABLE = re.compile(r"[\[\]|^\\\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")
"""What delta-rs fails on in a path, after following every link: it takes the path for a URL."""
_FEW_ROWS = 2_000
"""A merge compares so many rows in less time than it takes to ask the engine which of them differ."""


class DeltaFolder:
    """The lakehouse of a laptop: any path, any engine."""

    def __init__(self, home: Path, spark: SparkSession, part: Part = Part.TABLES) -> None:
        """`part` is what is written through it, if anything is."""
        if (refused := _UNWRITABLE.search(str(home.resolve()))) is not None:
            raise UserError(
                f"no Delta table can be written in {home}, whose whole path holds {refused[0]!r}:"
                " choose a --home without it"
            )
        self.home = literal_path(home)
        self._spark = spark
        # Sail reads Delta; Apache Spark without Delta's jars is given the Parquet files.
        self._reads_delta = engine_name(spark).startswith("sail")
        self._opened: dict[Path, DeltaTable] = {}
        self._staging = staging_folder(self.home, part)
        self._key_index = KeyIndex(self.home / _KEY_INDEX, self._staging)
        self._partition_rows: dict[Path, tuple[int, Mapping[date | None, int]]] = {}
        # Answers of `changes` are frames over files, which must outlive the call.
        self._answers = self._staging / f"answers-{uuid4().hex}"
        weakref.finalize(self, shutil.rmtree, self._answers, ignore_errors=True)

    def path(self, table: Table) -> Path:
        return self.home / table.layer.schema / table.name

    def create(self, table: Table) -> None:
        if self.exists(table):
            stored_schema.grow(self._open(table), table)
        else:
            stored_schema.make(self.path(table), table)

    def exists(self, table: Table) -> bool:
        return DeltaTable.is_deltatable(str(self.path(table)))

    @contextmanager
    def stage(self, rows: DataFrame) -> Iterator[DataFrame]:
        with staged_folder(self._staging, rows) as folder:
            yield self._spark.read.schema(rows.schema).parquet(str(folder))

    def append(
        self,
        table: Table,
        rows: DataFrame,
        *,
        unique: bool = False,
        before_commit: Callable[[int], None] = lambda _rows: None,
    ) -> Written:
        with staged(self._staging, table, declared(table, rows), partitioned=True) as new:
            if not unique:
                check_keys(table, new)
            check_required(table, new)
            before_commit(new.count)
            return self._append(self._open(table), table, new)

    def merge(
        self,
        table: Table,
        rows: DataFrame,
        *,
        scope: DataFrame | None = None,
        since: date | None = None,
    ) -> Written:
        return self._merge(table, rows, None if scope is None else Scope(scope, since))

    def replace(self, table: Table, rows: DataFrame) -> Written:
        return self._merge(table, rows, Scope(None))

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        delta = self._open(table, version)
        # From the log: the engine would have to be asked at each read of a night.
        names = stored_schema.stored_schema(delta).names
        return as_declared(table, self._frame(delta, table), names)

    def stored(self, table: Table) -> DataFrame:
        return self._frame(self._open(table), table)

    def rewrite(self, table: Table, rows: DataFrame) -> None:
        schema = pa.schema(
            [
                (field.name, arrow_type(field.dataType.simpleString()))
                for field in rows.schema.fields
            ]
        )
        with staged(self._staging, table, rows) as new:
            write_deltalake(
                self._open(table),
                pa.RecordBatchReader.from_batches(schema, new.batches(schema)),
                mode="overwrite",
                schema_mode="overwrite",
            )

    def version(self, table: Table) -> int:
        return self._open(table).version()

    def partition_rows(self, table: Table) -> Mapping[date | None, int]:
        delta = self._open(table)
        version, rows = self._partition_rows.get(self.path(table), (None, {}))
        if version != delta.version():
            rows = _rows_of_partitions(table, pa.table(delta.get_add_actions(flatten=True)))
            self._partition_rows[self.path(table)] = (delta.version(), rows)
        return rows

    def days_of(self, table: Table, rows: DataFrame) -> set[date]:
        return self._key_index.days(self._open(table), self.path(table), table, rows.toArrow())

    def index_days(self, table: Table, columns: Sequence[str]) -> None:
        self._key_index.follow(self._open(table), self.path(table), table, columns)

    def drop_before(self, table: Table, day: date) -> int:
        delta = self._open(table)
        metrics = delta.delete(f"\"{table.partition_by}\" < DATE '{day.isoformat()}'")
        return int(metrics["num_deleted_rows"] or 0)

    def changes(self, table: Table, since: int, columns: tuple[str, ...]) -> DataFrame:
        changes = change_feed.distinct_changes(self._open(table), table, since, columns)
        self._answers.mkdir(parents=True, exist_ok=True)
        answer = self._answers / f"{uuid4().hex}.parquet"
        pq.write_table(changes, answer)
        return self._spark.read.schema(change_feed.changes_ddl(table, columns)).parquet(str(answer))

    def changed(self, table: Table, since: int) -> bool:
        return rows_changed(self.version(table), since, lambda limit: self.history(table, limit))

    def history(self, table: Table, limit: int | None = None) -> list[Commit]:
        return commits_of(self.path(table) / "_delta_log", limit)

    def maintain(self, table: Table, retain_hours: int) -> None:
        delta = self._open(table)
        delta.optimize.compact()
        # Full: a killed write leaves files that no log entry names. delta-rs would insist on a week at
        # least; the caller knows how far its readers lag.
        delta.vacuum(retain_hours, dry_run=False, full=True, enforce_retention_duration=False)

    def _merge(self, table: Table, rows: DataFrame, scope: Scope | None) -> Written:
        delta = self._open(table)
        adds = self._only_adds(table, scope)
        with staged(self._staging, table, declared(table, rows), partitioned=adds) as new:
            keys = check_keys(table, new)
            check_required(table, new)
            if not delta.file_uris():
                return self._append(delta, table, new)
            if scope is None:
                if new.count == 0:
                    return Written(delta.version())
                batches = new.batches(writing_schema(delta, table))
                return merge_into(delta, table, batches, None, self._dates(table, new, keys))
            stored = self._stored(table, scope)
            # Where its scope follows from a key, the key is stored in scope or not at all.
            is_whole = scope.follows_from(table.keys) and scope.has_all(keys)
            if is_whole and stored.num_rows == 0:
                return self._append(delta, table, new)
            gone = without(stored, keys, table.keys)
            if new.count == 0 and gone.num_rows == 0:
                return Written(delta.version())
            with self._differing(table, new, scope, stored.num_rows - gone.num_rows) as differing:
                touched = keys if differing is new else check_keys(table, differing)
                old = without(stored, without(stored, touched, table.keys), table.keys)
                dates = _days(table, touched) | _days(table, old) | _days(table, gone)
                if not is_whole:
                    dates |= self._dates(table, differing, touched)
                if differing.count == 0 and gone.num_rows == 0:
                    return Written(delta.version())
                batches = differing.batches(writing_schema(delta, table))
                return merge_into(delta, table, batches, gone.to_batches(), dates)

    def _only_adds(self, table: Table, scope: Scope | None) -> bool:
        """Whether the table holds nothing yet where the rows of `scope` go; False if it is unsure."""
        stored_rows = self.partition_rows(table)
        if not any(stored_rows.values()):
            return True
        if scope is None or table.partition_by is None:
            return False
        days = scope.days(table.partition_by)
        return bool(days) and not any(stored_rows.get(day) for day in days)

    @contextmanager
    def _differing(
        self, table: Table, new: Staged, scope: Scope, stored_count: int
    ) -> Iterator[Staged]:
        """The rows of `new` that differ from the stored ones; `new` itself where only few of its keys,
        `stored_count`, are stored.

        A merge costs as much for a row that stays the same as for one that does not.
        """
        if stored_count < _FEW_ROWS or any(
            column.type.startswith("map") for column in table.columns
        ):
            yield new
            return
        stored = self._in_scope(table, scope).alias("stored")
        same = [
            F.col(f"new.{name}") == F.col(f"stored.{name}")
            if name in table.keys
            else F.col(f"new.{name}").eqNullSafe(F.col(f"stored.{name}"))
            for name in table.column_names
            if name not in table.audit_names
        ]
        differing = new.frame(self._spark).alias("new").join(stored, same, "left_anti")
        with staged(self._staging, table, differing) as staged_rows:
            yield staged_rows

    def _append(self, delta: DeltaTable, table: Table, new: Staged) -> Written:
        # An empty append would commit an empty version.
        target = writing_schema(delta, table)
        if new.count and not commit_files(delta, self.path(table), table, new.files, target):
            reader = pa.RecordBatchReader.from_batches(target, new.batches(target))
            write_deltalake(delta, reader, mode="append", schema_mode="merge")
        return Written(delta.version(), inserted=new.count)

    def _stored(self, table: Table, scope: Scope) -> pa.Table:
        """The keys that stand in scope, with their partition."""
        schema = key_schema(table)
        return self._in_scope(table, scope).select(*schema.names).toArrow().cast(schema)

    def _in_scope(self, table: Table, scope: Scope) -> DataFrame:
        stored = self.read(table)
        if scope.frame is not None:
            if (day := table.partition_by) is not None:
                if days := scope.days(day):
                    stored = stored.where(F.col(day).isin(*days))
                elif scope.since is not None:
                    stored = stored.where(F.col(day) >= F.lit(scope.since))
            matches = [
                F.col(f"stored.{name}").eqNullSafe(F.col(f"scope.{name}"))
                for name in scope.frame.columns
            ]
            named = scope.frame.distinct().alias("scope")
            stored = stored.alias("stored").join(named, matches, "left_semi")
        return stored

    def _dates(self, table: Table, new: Staged, keys: pa.Table) -> set[date]:
        """The partitions that the merge of `new` touches: where its keys go, and where they are."""
        days = _days(table, keys)
        if table.partition_by is None or table.partition_by in table.keys or new.count == 0:
            return days
        stored = self.read(table).select(*table.keys, table.partition_by)
        arriving = new.frame(self._spark).select(*table.keys)
        old = stored.join(arriving, list(table.keys), "left_semi").select(table.partition_by)
        return days | {row[0] for row in old.distinct().collect()}

    def _frame(self, delta: DeltaTable, table: Table) -> DataFrame:
        if self._reads_delta:
            reader = self._spark.read.format("delta").option("versionAsOf", delta.version())
            return reader.load(str(self.path(table)))
        fields = stored_schema.stored_schema(delta)
        ddl = ", ".join(f"{identifier(f.name)} {spark_type(f.type)}" for f in fields)
        # Paths as the log has them, in URL encoding: delta-rs would follow the links.
        paths = pa.table(delta.get_add_actions())["path"].to_pylist()
        if not (files := [str(self.path(table) / unquote(path)) for path in paths]):
            return self._spark.createDataFrame([], ddl)
        reader = self._spark.read.schema(ddl).option("basePath", str(self.path(table)))
        # A column that only stands in paths would come last.
        return reader.parquet(*files).select(*fields.names)

    def _open(self, table: Table, version: int | None = None) -> DeltaTable:
        path = self.path(table)
        if version is not None:
            return DeltaTable(str(path), version=version)
        # Kept open, and updated only where the next version is there: a night opens its tables some
        # hundred times, and an update costs a hundred times as much as a look at the disk.
        if (delta := self._opened.get(path)) is None:
            delta = self._opened[path] = DeltaTable(str(path))
        elif (path / "_delta_log" / f"{delta.version() + 1:020}.json").exists():
            delta.update_incremental()
        return delta


def _rows_of_partitions(table: Table, files: pa.Table) -> Mapping[date | None, int]:
    if table.partition_by is None:
        return {None: pc.sum(files["num_records"]).as_py() or 0}
    day = f"partition.{table.partition_by}"
    days = files.group_by(day).aggregate([("num_records", "sum")])
    return {row[day]: row["num_records_sum"] for row in days.to_pylist()}


def _days(table: Table, keys: pa.Table) -> set[date]:
    if table.partition_by is None:
        return set()
    return set(keys[table.partition_by].unique().to_pylist())
