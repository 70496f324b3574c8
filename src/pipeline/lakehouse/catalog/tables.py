"""Delta tables of Unity Catalog, through Spark SQL alone: `<catalog>.<schema>.<name>`.

The caller sees to it that one writer writes at a time (the Workflow's `max_concurrent_runs: 1`). That
is checked, not trusted: each write looks for its own commit in the history, and raises where it
finds another's beside it. So what has been seen of a table, its version and the rows of its days, is
remembered until it is written again: each question is a round trip.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession
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
from pipeline.lakehouse.schema_growth import Growth, growth_to
from pipeline.tables.declaration import Part, Table
from pipeline.tables.derive import ddl, identifier
from pipeline.tables.types import arrow_type

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a merge may delete: stored rows that match a row of `view` in `columns`; all by default."""

    view: str = ""
    columns: tuple[str, ...] = ()
    since: date | None = None


class DeltaCatalog:
    """The lakehouse on Databricks. Spark Connect is all it needs: no RDD, no JVM, no files."""

    def __init__(
        self,
        catalog: str,
        spark: SparkSession,
        check: Callable[[], None] = lambda: None,
        prefix: str = "",
        part: Part = Part.TABLES,
    ) -> None:
        """`check` raises where it may no longer be used: a writer's lease is gone. `prefix` stands before
        the names of its schemas, `part` is what is written through it, if anything is."""
        self.catalog = catalog
        self._prefix = prefix
        self._part = part
        self._spark = spark
        self._check = check
        self._tables: dict[str, set[str]] = {}
        """By schema, those that exist."""
        self._versions: dict[str, int] = {}
        self._rows_of_days: dict[str, dict[date | None, int]] = {}
        """By table, at the version remembered. Steps run side by side, but one alone writes a table."""

    def name(self, table: Table) -> str:
        return statements.target(self.catalog, table, self._prefix)

    def clear_staging(self) -> None:
        """Drop what writers of this part that died left in staging. Only for the one writer, before it writes."""
        self._sql(statements.create_schema(self.catalog, self._prefix + STAGING))
        schema = self._prefix + STAGING
        # Names are listed in quotes, whose last stands behind what each writer has drawn.
        ours = identifier(self.catalog, schema, f"{self._part}_").removesuffix("`")
        for name in self._listed(schema):
            if name.startswith(ours):
                self._drop(name)

    def create(self, table: Table) -> None:
        name = self.name(table)
        if not self.exists(table):
            schema = self._prefix + table.layer.schema
            tables = self._tables[schema]
            if not tables:
                self._sql(statements.create_schema(self.catalog, schema))
            self._sql(ddl(table, name))
            tables.add(name)
            self._versions[name], self._rows_of_days[name] = 0, {}
            return
        stored = self._stored_schema(table)
        growth = growth_to(table, stored, has_rows=lambda: self._has_rows(name))
        optional = {field.name for field in stored if field.nullable}
        required = [
            column
            for column in table.columns
            if not column.nullable and (column in growth.gained or column.name in optional)
        ]
        if growth.gained:
            self._sql(statements.add_columns(name, growth.gained))
        for column in growth.widened:
            self._sql(statements.add_fields(name, column, stored.field(column.name).type))
        for column in growth.described_anew:
            self._sql(statements.comment(name, column))
        for column in required:
            self._sql(statements.require(name, column))
        if required or growth != Growth():
            self._forget(name)

    def exists(self, table: Table) -> bool:
        schema = self._prefix + table.layer.schema
        if schema not in self._tables:
            self._tables[schema] = self._listed(schema)
        return self.name(table) in self._tables[schema]

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
            staged = self._checked(table, new, unique=unique)
            count = sum(staged.values())
            before_commit(count)
            # An empty append would commit an empty version.
            if count == 0:
                return Written(before)
            return self._insert(table, before, new, staged)

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
        self._forget(self.name(table))

    def version(self, table: Table) -> int:
        name = self.name(table)
        if name not in self._versions:
            self._versions[name] = self.history(table, 1)[0].version
        return self._versions[name]

    def partition_rows(self, table: Table) -> Mapping[date | None, int]:
        name = self.name(table)
        if name not in self._rows_of_days:
            at = statements.read(name, self.version(table))
            counts = self._sql(statements.partition_rows(table, f"({at})")).collect()
            self._rows_of_days[name] = {row[statements.DAY]: row[statements.ROWS] for row in counts}
        return self._rows_of_days[name]

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
        # A row's times come naive, in the zone of this process.
        at_us = F.unix_micros("timestamp").alias("at_us")
        rows = commits.select("version", at_us, "operation", "operationMetrics").collect()
        return [
            Commit(
                version=row["version"],
                at=_EPOCH + timedelta(microseconds=row["at_us"]),
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
        self._forget(self.name(table))

    def _merge(self, table: Table, rows: DataFrame, scope: "_Scope | None" = None) -> Written:
        name, before = self.name(table), self.version(table)
        with self._staged(structs_by_name(table, declared(table, rows))) as new:
            staged = self._checked(table, new, unique=False)
            if not any(self.partition_rows(table).values()):
                if not staged:
                    return Written(before)
                return self._insert(table, before, new, staged)
            gone = ""
            if scope is not None:
                gone = statements.gone(
                    table, name, before, new, scope.view, scope.columns, scope.since
                )
            difference = self._staging()
            try:
                days = [day for day in staged if day is not None]
                self._sql(statements.difference(difference, table, name, before, new, gone, days))
                touched = self._sql(statements.touched_days(table, difference)).collect()
                if not touched:
                    return Written(before)
                days = [row[0] for row in touched if row[0] is not None]
                self._sql(statements.merge(table, name, difference, days))
            finally:
                self._drop(difference)
        return self._written(table, before)

    def _insert(
        self, table: Table, before: int, staged: str, rows: Mapping[date | None, int]
    ) -> Written:
        """Add staged rows, of which there are so many by date."""
        stored = self._rows_of_days.get(self.name(table))
        self._sql(statements.insert(table, self.name(table), staged))
        written = self._written(table, before)
        if stored is not None:
            both = Counter(stored) + Counter(rows)
            self._rows_of_days[self.name(table)] = dict(both)
        return written

    def _checked(self, table: Table, staged: str, *, unique: bool) -> dict[date | None, int]:
        """The staged rows by date; an error where one lacks a required value, or two share a key."""
        days = self._sql(statements.profile(table, staged, unique=unique)).collect()
        for column in table.columns:
            if not column.nullable and any(day[column.name] > 0 for day in days):
                raise missing_value(table, column.name)
        copies = max((day[statements.COPIES] for day in days), default=1)
        if copies > 1:
            raise KeyViolation.of_copies(table, copies)
        return {day[statements.DAY]: day[statements.ROWS] for day in days}

    def _written(self, table: Table, before: int) -> Written:
        """What our commit did, in its own metrics; UserError where another wrote at the same time."""
        commits = self.history(table, 1)
        if (behind := commits[0].version - before) > 1:
            commits = self.history(table, behind)
        ours = touching_rows(commits)
        self._forget(self.name(table))
        if len(ours) != 1:
            raise UserError(
                f"table {self.catalog}.{table.full_name} was written by somebody else during this"
                " night: let one night run at a time, and run it again"
            )
        metrics = ours[0].metrics
        self._versions[self.name(table)] = commits[0].version

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

    def _listed(self, schema: str) -> set[str]:
        """The tables of a schema, by their quoted names; none where there is no such schema."""
        try:
            rows = self._sql(statements.list_tables(self.catalog, schema)).collect()
        except AnalysisException as error:
            if error.getCondition() == "SCHEMA_NOT_FOUND":
                return set()
            raise
        # Temporary views are listed beside the tables of every schema.
        return {
            identifier(self.catalog, schema, row["tableName"])
            for row in rows
            if not row["isTemporary"]
        }

    def _forget(self, name: str) -> None:
        self._versions.pop(name, None)
        self._rows_of_days.pop(name, None)

    def _staging(self) -> str:
        return identifier(self.catalog, self._prefix + STAGING, f"{self._part}_{uuid4().hex}")

    def _drop(self, name: str) -> None:
        self._sql(statements.drop(name))

    def _has_rows(self, name: str) -> bool:
        return self._sql(statements.any_row(name)).first() is not None

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
