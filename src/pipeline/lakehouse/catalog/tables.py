"""Delta tables of Unity Catalog, through Spark SQL alone: `<catalog>.<schema>.<name>`.

The caller sees to it that one writer writes at a time (the Workflow's `max_concurrent_runs: 1`). That
is checked, not trusted: each write looks for its own commit in the history, and raises where it
finds another's beside it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from uuid import uuid4

import pyarrow as pa
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.lakehouse.catalog import statements
from pipeline.lakehouse.catalog.conflicts import Overtaken, is_conflict
from pipeline.lakehouse.catalog.statements import STAGING
from pipeline.lakehouse.commits import rows_changed, touching_rows
from pipeline.lakehouse.declared_rows import as_declared, declared, structs_by_name
from pipeline.lakehouse.protocol import (
    CHANGE_TYPE,
    ChangesGone,
    Commit,
    KeyViolation,
    Written,
    missing_value,
)
from pipeline.lakehouse.schema_growth import growth_to
from pipeline.tables.declaration import Table
from pipeline.tables.derive import ddl, identifier
from pipeline.tables.types import arrow_type


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a merge may delete: stored rows that match a row of `view` in `columns`; all by default."""

    view: str = ""
    columns: tuple[str, ...] = ()
    since: date | None = None


class DeltaCatalog:
    """The lakehouse on Databricks. Spark Connect is all it needs: no RDD, no JVM, no files."""

    def __init__(
        self, catalog: str, spark: SparkSession, check: Callable[[], None] = lambda: None
    ) -> None:
        """`check` raises where it may no longer be used: a writer's lease is gone."""
        self.catalog = catalog
        self._spark = spark
        self._check = check

    def name(self, table: Table) -> str:
        return statements.target(self.catalog, table)

    def clear_staging(self) -> None:
        """Drop what nights that died left in staging. Only for the one writer, before it writes."""
        self._sql(statements.create_schema(self.catalog, STAGING))
        for row in self._sql(statements.list_tables(self.catalog, STAGING)).collect():
            # Temporary views are listed beside the tables of every schema.
            if not row["isTemporary"]:
                self._drop(identifier(self.catalog, STAGING, row["tableName"]))

    def create(self, table: Table) -> None:
        name = self.name(table)
        self._sql(statements.create_schema(self.catalog, table.layer.schema))
        self._sql(ddl(table, name))
        stored = self._stored_schema(table)
        growth = growth_to(table, stored, has_rows=lambda: self._has_rows(name))
        if growth.gained:
            self._sql(statements.add_columns(name, growth.gained))
        for column in growth.widened:
            self._sql(statements.add_fields(name, column, stored.field(column.name).type))
        for column in growth.described_anew:
            self._sql(statements.comment(name, column))
        optional = {field.name for field in stored if field.nullable}
        for column in table.columns:
            if not column.nullable and (column in growth.gained or column.name in optional):
                self._sql(statements.require(name, column))

    def exists(self, table: Table) -> bool:
        try:
            listed = self._sql(statements.table_exists(self.catalog, table)).collect()
        except AnalysisException as error:
            if error.getCondition() == "SCHEMA_NOT_FOUND":
                return False
            raise
        # A temporary view of the same name is listed as well.
        return any(not row["isTemporary"] for row in listed)

    def append(
        self,
        table: Table,
        rows: DataFrame,
        *,
        unique: bool = False,
        before_commit: Callable[[int], None] = lambda _rows: None,
    ) -> Written:
        before = self.version(table)
        with self._staged(structs_by_name(table, declared(table, rows))) as new:
            count = self._counted(table, new)
            if not unique:
                self._check_repeated(table, new)
            before_commit(count)
            # An empty append would commit an empty version.
            if count == 0:
                return Written(before)
            self._sql(statements.insert(table, self.name(table), new))
            return self._written(table, before)

    def merge(
        self,
        table: Table,
        rows: DataFrame,
        *,
        scope: DataFrame | None = None,
        since: date | None = None,
    ) -> Written:
        if scope is None:
            return self._merge(table, rows)
        with self._view(scope.distinct()) as view:
            return self._merge(table, rows, _Scope(view, tuple(scope.columns), since))

    def replace(self, table: Table, rows: DataFrame) -> Written:
        return self._merge(table, rows, _Scope())

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        at = self.version(table) if version is None else version
        stored = self._sql(statements.read(self.name(table), at))
        return as_declared(table, stored, stored.columns)

    def stored(self, table: Table) -> DataFrame:
        return self._sql(statements.read(self.name(table), self.version(table)))

    def rewrite(self, table: Table, rows: DataFrame) -> None:
        with self._staged(rows) as new:
            self._sql(statements.replace_with(table, self.name(table), new))

    def version(self, table: Table) -> int:
        return self.history(table, 1)[0].version

    def partition_rows(self, table: Table) -> Mapping[date | None, int]:
        counts = self._sql(statements.partition_rows(table, self.name(table))).collect()
        return {row["day"]: row[statements.ROWS] for row in counts}

    def days_of(self, table: Table, rows: DataFrame) -> set[date]:
        stored = self.read(table).join(rows, rows.columns, "left_semi")
        days = stored.select(str(table.partition_by)).distinct().collect()
        return {row[0] for row in days if row[0] is not None}

    def index_days(self, table: Table, columns: Sequence[str]) -> None:
        """Nothing to do: such an engine is made for searching the keys of all files."""

    def drop_before(self, table: Table, day: date) -> int:
        name, before = self.name(table), self.version(table)
        if self._sql(statements.any_before(table, name, day)).first() is None:
            return 0
        self._sql(statements.delete_before(table, name, day))
        return self._written(table, before).deleted

    def changes(self, table: Table, since: int, columns: tuple[str, ...]) -> DataFrame:
        version = self.version(table)
        if since > version:
            raise ChangesGone.made_anew(table, version, since)
        if since == version:
            # The feed refuses to be asked for what comes after the latest version.
            stored = self._sql(statements.read(self.name(table), version))
            return stored.withColumn(CHANGE_TYPE, F.lit("")).select(*columns).limit(0)
        answer = self._staging()
        first = max(since + 1, 0)
        try:
            self._sql(statements.changes(answer, self.name(table), first, version, columns))
        except PySparkException as error:
            # Whatever the reason, it is right to compute everything; a real fault shows there.
            raise ChangesGone.unreadable(table, since, error) from error
        return self._sql(statements.columns(answer))

    def changed(self, table: Table, since: int) -> bool:
        return rows_changed(self.version(table), since, lambda limit: self.history(table, limit))

    def history(self, table: Table, limit: int) -> list[Commit]:
        commits = self._sql(statements.history(self.name(table), limit))
        rows = commits.select("version", "timestamp", "operation", "operationMetrics").collect()
        return [
            Commit(
                version=row["version"],
                # A row's times are naive, in the session's zone, which is UTC.
                at=row["timestamp"].replace(tzinfo=UTC),
                operation=row["operation"],
                # A map of strings, most of them counts.
                metrics={
                    name: int(value) if value.isdigit() else value
                    for name, value in (row["operationMetrics"] or {}).items()
                },
            )
            for row in rows
        ]

    def maintain(self, table: Table, *, retain_hours: int) -> None:
        self._sql(statements.compact(self.name(table)))
        self._sql(statements.vacuum(self.name(table), retain_hours))

    def _merge(self, table: Table, rows: DataFrame, scope: "_Scope | None" = None) -> Written:
        name, before = self.name(table), self.version(table)
        with self._staged(structs_by_name(table, declared(table, rows))) as new:
            self._counted(table, new)
            self._check_repeated(table, new)
            gone = ""
            if scope is not None:
                gone = statements.gone(
                    table, name, before, new, scope.view, scope.columns, scope.since
                )
            difference = self._staging()
            try:
                self._sql(statements.difference(difference, table, name, before, new, gone))
                if not self._has_rows(difference):
                    return Written(before)
                self._sql(statements.merge(table, name, difference))
            finally:
                self._drop(difference)
        return self._written(table, before)

    def _counted(self, table: Table, staged: str) -> int:
        """The staged rows; an error where one lacks a required value."""
        counts = self._one(statements.count(table, staged))
        for column in table.columns:
            if not column.nullable and counts[column.name] > 0:
                raise missing_value(table, column.name)
        return int(counts[statements.ROWS])

    def _check_repeated(self, table: Table, staged: str) -> None:
        repeated = self._sql(statements.repeated_key(table, staged)).first()
        if repeated is not None:
            raise KeyViolation.of_copies(table, repeated[statements.ROWS])

    def _written(self, table: Table, before: int) -> Written:
        """What our commit did, in its own metrics; UserError where another wrote at the same time."""
        commits = self.history(table, 1)
        if (behind := commits[0].version - before) > 1:
            commits = self.history(table, behind)
        ours = touching_rows(commits)
        if len(ours) != 1:
            raise UserError(
                f"table {self.catalog}.{table.full_name} was written by somebody else during this"
                " night: let one night run at a time, and run it again"
            )
        metrics = ours[0].metrics

        def rows(*names: str) -> int:
            return next((int(str(metrics[name])) for name in names if name in metrics), 0)

        return Written(
            version=commits[0].version,
            inserted=rows("numTargetRowsInserted", "numOutputRows"),
            updated=rows("numTargetRowsUpdated"),
            deleted=rows("numTargetRowsDeleted", "numDeletedRows"),
        )

    def _stored_schema(self, table: Table) -> pa.Schema:
        """The stored columns in the Arrow types that declarations use, comments included."""
        schema = self._sql(statements.columns(self.name(table))).schema
        return pa.schema(
            pa.field(
                field.name,
                arrow_type(field.dataType.simpleString()),
                nullable=field.nullable,
                metadata={"comment": field.metadata.get("comment", "")},
            )
            for field in schema.fields
        )

    @contextmanager
    def stage(self, rows: DataFrame) -> Iterator[DataFrame]:
        with self._staged(rows) as name:
            yield self._sql(f"SELECT * FROM {name}")

    @contextmanager
    def _staged(self, rows: DataFrame) -> Iterator[str]:
        """`rows` computed once, in a table of the catalog until the block ends."""
        name = self._staging()
        with self._view(rows) as view:
            try:
                self._sql(statements.stage(name, view))
                yield name
            finally:
                self._drop(name)

    @contextmanager
    def _view(self, rows: DataFrame) -> Iterator[str]:
        view = f"rightrun_{uuid4().hex}"
        rows.createOrReplaceTempView(view)
        try:
            yield view
        finally:
            self._sql(statements.drop_view(view))

    def _staging(self) -> str:
        return identifier(self.catalog, STAGING, uuid4().hex)

    def _drop(self, name: str) -> None:
        self._sql(statements.drop(name))

    def _has_rows(self, name: str) -> bool:
        return self._sql(statements.any_row(name)).first() is not None

    def _one(self, statement: str) -> Mapping[str, Any]:
        row: Row | None = self._sql(statement).first()
        if row is None:
            raise RuntimeError(f"no row from: {statement}")
        return row.asDict()

    def _sql(self, statement: str) -> DataFrame:
        self._check()
        try:
            return self._spark.sql(statement)
        except PySparkException as error:
            if is_conflict(error):
                raise Overtaken(
                    f"a table of catalog {self.catalog} was written by somebody else at the same time:"
                    " let one night run at a time, and run it again"
                ) from error
            raise
