"""Delta tables in a folder: the engine reads and computes, delta-rs writes.

The engine's rows reach delta-rs as Parquet in `<home>/.staging`, streamed batch by batch, so that
no table has to fit in Python's memory, and what is written is computed once. A merge gets an
explicit list of the partitions it may touch (those of the new rows and those the same keys stood in
before) and leaves rows alone that are the same, so nothing changed means no new version.
"""

import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.exceptions import DeltaError
from pyarrow.fs import LocalFileSystem
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.engine.session import engine_name
from pipeline.errors import UserError
from pipeline.lakehouse.protocol import ChangesGone, Commit, Written
from pipeline.tables.declaration import Table
from pipeline.tables.derive import arrow_schema

_STAGING = ".staging"
_DELETED = "__deleted"
# Operations that make a version without changing a row.
_NO_ROWS = {"OPTIMIZE", "VACUUM START", "VACUUM END", "CREATE TABLE", "ADD COLUMN", "SET TBLPROPERTIES"}


class DeltaFolder:
    """The tables of one home, `<home>/<schema>/<name>` each."""

    def __init__(self, home: Path, spark: SparkSession) -> None:
        self._home = home
        self._spark = spark
        self._on_sail = engine_name(spark).startswith("sail")
        self._open: dict[Table, DeltaTable] = {}

    def path(self, table: Table) -> Path:
        return self._home / table.layer.schema / table.name

    def clear_staging(self) -> None:
        """Drop what this or a killed process staged; only the holder of the home's lock may."""
        shutil.rmtree(self._home / _STAGING, ignore_errors=True)

    def exists(self, table: Table) -> bool:
        return (self.path(table) / "_delta_log").exists()

    def create(self, table: Table) -> None:
        declared = arrow_schema(table)
        if not self.exists(table):
            self._open[table] = DeltaTable.create(
                str(self.path(table)),
                # Nullable on disk: Sail cannot read back what a merge writes into a column that is
                # not. Keys are checked before every merge, other rules by pipeline.quality.
                schema=Schema.from_arrow(pa.schema([f.with_nullable(True) for f in declared])),
                mode="ignore",
                partition_by=[table.partition_by] if table.partition_by else None,
                name=table.full_name,
                description=table.grain,
                configuration={"delta.enableChangeDataFeed": "true"},
            )
            return
        delta = self._delta(table)
        held = {field.name: pa.field(field) for field in delta.schema().to_arrow()}
        gained = []
        for field in Schema.from_arrow(declared).fields:
            if field.name not in held:
                gained.append(field)
            elif _plain(held[field.name].type) != declared.field(field.name).type:
                raise UserError(
                    f"table {table.full_name}: column {field.name} is"
                    f" {_plain(held[field.name].type)} on disk and"
                    f" {declared.field(field.name).type} in this release; use a new --home"
                )
        if gained:
            delta.alter.add_columns(gained)
            self._open.pop(table)

    def _delta(self, table: Table) -> DeltaTable:
        delta = self._open.get(table)
        if delta is None:
            delta = self._open[table] = DeltaTable(str(self.path(table)))
        else:
            delta.update_incremental()
        return delta

    def version(self, table: Table) -> int:
        return self._delta(table).version()

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        # Pinned: a lazy frame would otherwise see what its own step writes.
        version = self.version(table) if version is None else version
        if self._on_sail:
            reader = self._spark.read.format("delta").option("versionAsOf", version)
            return reader.load(str(self.path(table))).select(*table.column_names)
        # No Delta jars on the JVM: the live files, with the table's schema and partition values.
        delta = DeltaTable(str(self.path(table)), version=version)
        schema = ", ".join(f"`{column.name}` {column.type}" for column in table.columns)
        files = delta.file_uris()
        if not files:
            return self._spark.createDataFrame([], schema=schema)
        rows = self._spark.read.schema(schema).option("basePath", str(self.path(table)))
        return rows.parquet(*files).select(*table.column_names)

    def append(self, table: Table, rows: DataFrame) -> Written:
        return self._append(table, self._stage(table, rows))

    def _append(self, table: Table, staged: ds.Dataset) -> Written:
        count = staged.count_rows()
        delta = self._delta(table)
        if count:
            write_deltalake(delta, _stream(staged, arrow_schema(table)), mode="append")
        return Written(version=self.version(table), inserted=count)

    def replace(self, table: Table, rows: DataFrame) -> Written:
        return self._merge(table, rows, self.read(table))

    def merge(self, table: Table, rows: DataFrame, *, scope: DataFrame | None = None) -> Written:
        in_scope = None
        if scope is not None:
            in_scope = self.read(table).join(scope.distinct(), list(scope.columns), "left_semi")
        return self._merge(table, rows, in_scope)

    def _merge(self, table: Table, rows: DataFrame, in_scope: DataFrame | None) -> Written:
        staged = self._stage(table, rows)
        self._check_keys(table, staged)
        if not self._delta(table).get_add_actions().num_rows:
            return self._append(table, staged)
        keys = list(table.keys)
        new = self._spark.read.parquet(*staged.files) if staged.files else None
        partition = table.partition_by
        standing = [*keys, partition] if partition and partition not in keys else keys
        gone = None
        if in_scope is not None:
            gone = in_scope.select(*standing)
            if new is not None:
                gone = gone.join(new.select(*keys), keys, "left_anti")
            gone = self._stage_frame(gone)
        dates: set[date] = set()
        if partition:
            dates |= _distinct(staged, partition)
            if gone is not None:
                dates |= _distinct(gone, partition)
            if partition not in keys and new is not None:
                # A key may have stood under another date: that row must be found to be moved.
                before = self.read(table).join(new.select(*keys), keys, "left_semi")
                dates |= {row[0] for row in before.select(partition).distinct().collect()}
        count = staged.count_rows()
        if not count and (gone is None or not gone.count_rows()):
            return Written(version=self.version(table))
        schema = arrow_schema(table)
        return self._execute(table, _marked(schema, staged, gone), sorted(dates))

    def _execute(self, table: Table, source: pa.RecordBatchReader, dates: list[date]) -> Written:
        keys = " AND ".join(f't."{key}" = s."{key}"' for key in table.keys)
        if table.partition_by:
            listed = ", ".join(f"DATE '{day.isoformat()}'" for day in dates)
            keys = f't."{table.partition_by}" IN ({listed}) AND {keys}'
        differs = " OR ".join(
            f'(t."{column.name}" IS DISTINCT FROM s."{column.name}")'
            for column in table.columns
            if not column.audit and column.name not in table.keys
        )
        assigned = {f'"{name}"': f's."{name}"' for name in table.column_names}
        merge = (
            self._delta(table)
            .merge(source, predicate=keys, source_alias="s", target_alias="t")
            .when_matched_delete(predicate=f's."{_DELETED}"')
            .when_not_matched_insert(assigned, predicate=f'NOT s."{_DELETED}"')
        )
        if differs:
            kept = {
                f'"{column.name}"': f's."{column.name}"'
                for column in table.columns
                if not column.audit
            }
            merge = merge.when_matched_update(kept, predicate=f'NOT s."{_DELETED}" AND ({differs})')
        done = merge.execute()
        return Written(
            version=self.version(table),
            inserted=int(done["num_target_rows_inserted"]),
            updated=int(done["num_target_rows_updated"]),
            deleted=int(done["num_target_rows_deleted"]),
        )

    def _check_keys(self, table: Table, staged: ds.Dataset) -> None:
        """A step that makes a key twice, or none, is wrong: delta-rs would insert both rows."""
        if not staged.files:
            return
        keys = list(table.keys)
        counted = self._spark.read.parquet(*staged.files).groupBy(*keys).agg(F.count("*").alias("n"))
        missing = " OR ".join(f"`{key}` IS NULL" for key in keys)
        bad = counted.where(f"n > 1 OR {missing}").limit(1).collect()
        if bad:
            example = ", ".join(f"{key}={bad[0][key]!r}" for key in keys)
            raise ValueError(
                f"table {table.full_name}: {bad[0]['n']} rows have the key {example}; a key must be"
                " whole and unique"
            )

    def _stage(self, table: Table, rows: DataFrame) -> ds.Dataset:
        return self._stage_frame(
            rows.select(*(F.col(c.name).cast(c.type).alias(c.name) for c in table.columns))
        )

    def _staging_path(self) -> Path:
        path = self._home / _STAGING / uuid.uuid4().hex
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _stage_frame(self, rows: DataFrame) -> ds.Dataset:
        path = self._staging_path()
        rows.write.parquet(str(path))
        files = sorted(path.glob("*.parquet"))
        if not files:  # The JVM writes no file for no rows.
            return ds.FileSystemDataset([], pa.schema([]), ds.ParquetFileFormat(), LocalFileSystem())
        return ds.dataset([str(file) for file in files], format="parquet")

    def changed(self, table: Table, since: int) -> bool:
        delta = self._delta(table)
        behind = delta.version() - since
        return behind > 0 and any(
            commit["operation"] not in _NO_ROWS for commit in delta.history(behind)
        )

    def changes(self, table: Table, since: int, columns: tuple[str, ...]) -> DataFrame:
        declared = arrow_schema(table)
        schema = pa.schema([declared.field(name).with_nullable(True) for name in columns])
        path = self._staging_path()
        path.mkdir()
        try:
            feed = pa.RecordBatchReader.from_stream(
                self._delta(table).load_cdf(
                    starting_version=since + 1, columns=list(columns), allow_out_of_range=True
                )
            )
            with pq.ParquetWriter(path / "changes.parquet", schema) as writer:
                for batch in feed:
                    rows = pa.Table.from_batches([batch]).select(list(columns))
                    writer.write_table(rows.cast(schema).combine_chunks())
        except (DeltaError, OSError) as error:
            raise ChangesGone(f"{table.full_name} after version {since}: {error}") from error
        return self._spark.read.parquet(str(path)).distinct()

    def history(self, table: Table, limit: int) -> list[Commit]:
        return [_commit(entry) for entry in self._delta(table).history(limit)]

    def maintain(self, table: Table, *, retain_hours: int) -> None:
        delta = self._delta(table)
        delta.optimize.compact()
        delta.vacuum(
            retention_hours=retain_hours, dry_run=False, enforce_retention_duration=False, full=True
        )


def _commit(entry: dict[str, object]) -> Commit:
    found = entry.get("operationMetrics")
    metrics = found if isinstance(found, dict) else {}

    def metric(*names: str) -> int | None:
        return next((int(metrics[name]) for name in names if name in metrics), None)

    return Commit(
        version=int(str(entry["version"])),
        at=datetime.fromtimestamp(int(str(entry["timestamp"])) / 1000, UTC),
        operation=str(entry["operation"]),
        inserted=metric("num_target_rows_inserted", "num_added_rows"),
        updated=metric("num_target_rows_updated"),
        deleted=metric("num_target_rows_deleted"),
    )


def _plain(found: pa.DataType) -> pa.DataType:
    """An Arrow type as we declare it: delta-rs may answer with its large and view twins."""
    if pa.types.is_large_string(found) or pa.types.is_string_view(found):
        return pa.string()
    if pa.types.is_struct(found):
        return pa.struct([pa.field(f.name, _plain(f.type)) for f in found])
    if pa.types.is_map(found):
        return pa.map_(_plain(found.key_type), _plain(found.item_type))
    if pa.types.is_list(found) or pa.types.is_large_list(found):
        return pa.list_(_plain(found.value_type))
    return found


def _distinct(staged: ds.Dataset, column: str) -> set[date]:
    days: set[date] = set()
    if staged.schema.names:
        for batch in staged.to_batches(columns=[column]):
            days.update(batch.column(0).unique().to_pylist())
    return days


def _stream(staged: ds.Dataset, schema: pa.Schema) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for batch in staged.to_batches():
            yield from pa.Table.from_batches([batch]).select(schema.names).cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


def _marked(schema: pa.Schema, staged: ds.Dataset, gone: ds.Dataset | None) -> pa.RecordBatchReader:
    """New rows marked to keep, then keys marked to delete with every other column NULL."""
    wide = pa.schema([*(field.with_nullable(True) for field in schema), pa.field(_DELETED, pa.bool_())])

    def batches() -> Iterator[pa.RecordBatch]:
        for dataset, is_deleted in ((staged, False), (gone, True)):
            if dataset is None or not dataset.schema.names:
                continue
            for batch in dataset.to_batches():
                columns = [
                    batch.column(field.name).cast(field.type)
                    if field.name in batch.schema.names
                    else pa.nulls(len(batch), field.type)
                    for field in wide
                    if field.name != _DELETED
                ]
                marks = pa.array([is_deleted] * len(batch), pa.bool_())
                yield pa.RecordBatch.from_arrays([*columns, marks], schema=wide)

    return pa.RecordBatchReader.from_batches(wide, batches())
