"""The version of each table's schema in a home, and the way from an older release's to this one's.

`ops.schema_versions` holds them. A migration is one commit that rewrites the table, and then a note
of its version; killed in between it is run again, finds its columns in place, and only takes the
note.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import ops
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Table
from pipeline.tables.derive import spark_schema
from pipeline.tables.migration import (
    MIGRATIONS,
    Add,
    Change,
    Drop,
    Migration,
    Recompute,
    Rename,
    Retype,
)
from pipeline.tables.types import arrow_type

if TYPE_CHECKING:  # every reading command looks at versions, and none of them runs a step
    from pipeline.graph.graph import Graph

_FIRST = 1
"""What a table without a note is at: notes began with the first release."""


def settle(spark: SparkSession, lakehouse: Lakehouse, tables: Sequence[Table] = TABLES) -> None:
    """Before a night: note the version of tables that are about to be made.

    UserError for a home of another release.
    """
    lakehouse.create(ops.SCHEMA_VERSIONS)
    noted = _noted(lakehouse)
    unknown = [table for table in tables if table.full_name not in noted]
    made = {t.full_name: _FIRST if lakehouse.exists(t) else t.version for t in unknown}
    _refuse_other(noted | made, tables)
    _note(spark, lakehouse, made)


def refuse_other_release(lakehouse: Lakehouse, tables: Sequence[Table] = TABLES) -> None:
    """Before reading: UserError for a home whose tables are not as this release declares them."""
    if lakehouse.exists(ops.SCHEMA_VERSIONS):
        _refuse_other(_noted(lakehouse), tables)


def _refuse_other(noted: dict[str, int], tables: Iterable[Table]) -> None:
    """UserError for the first table noted at another version than it is declared at."""
    _refuse_newer(noted, tables)
    for table in tables:
        if (version := noted.get(table.full_name, table.version)) < table.version:
            raise UserError(
                f"table {table.full_name} is at version {version} of an older release, and this one"
                f" needs {table.version}: run rightrun migrate"
            )


def _refuse_newer(noted: dict[str, int], tables: Iterable[Table]) -> None:
    """UserError for the first table noted at a later version than it is declared at."""
    for table in tables:
        if (version := noted.get(table.full_name, table.version)) > table.version:
            raise UserError(
                f"table {table.full_name} is at version {version}, and this release knows"
                f" {table.version}: install the newer release that wrote it"
            )


def planned(
    lakehouse: Lakehouse,
    tables: Sequence[Table] = TABLES,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> list[Migration]:
    """The migrations that `lakehouse` needs, in order; UserError where a newer release wrote it."""
    noted = _noted(lakehouse) if lakehouse.exists(ops.SCHEMA_VERSIONS) else {}
    _refuse_newer(noted, tables)
    wanted = []
    for table in tables:
        mine = [migration for migration in migrations if migration.table == table.full_name]
        if not mine or (table.full_name not in noted and not lakehouse.exists(table)):
            continue
        version = noted.get(table.full_name, _FIRST)
        wanted += [migration for migration in mine if migration.to > version]
    return wanted


def migrate(
    spark: SparkSession,
    lakehouse: Lakehouse,
    graph: "Graph",
    tables: Sequence[Table] = TABLES,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> list[Migration]:
    """Run the migrations that `lakehouse` needs, under its lock, and return them."""
    done = planned(lakehouse, tables, migrations)
    lakehouse.create(ops.SCHEMA_VERSIONS)
    declared = {table.full_name: table for table in tables}
    for migration in done:
        table = declared[migration.table]
        if lakehouse.exists(table):
            _run(lakehouse, table, migration, graph)
        _note(spark, lakehouse, {migration.table: migration.to})
    for name in dict.fromkeys(migration.table for migration in done):
        # Comments, and what else a rewritten table lacks of its declaration.
        lakehouse.create(declared[name])
    return done


def _run(lakehouse: Lakehouse, table: Table, migration: Migration, graph: "Graph") -> None:
    stored = lakehouse.stored(table)
    changed = stored
    for change in migration.changes:
        changed = _changed(changed, change)
    if changed is not stored:
        lakehouse.rewrite(table, changed)
    if Recompute() in migration.changes:
        _forget(lakehouse, [step.name for step in graph.steps if step.writes == table])


def _changed(rows: DataFrame, change: Change) -> DataFrame:
    """`rows` after `change`; `rows` itself where it is already made."""
    types = {field.name: field.dataType.simpleString() for field in rows.schema.fields}
    match change:
        case Add(column, kind, value) if column not in types:
            return rows.withColumn(column, F.expr(value).cast(kind))
        case Rename(column, new, kind, value) if column in types:
            return rows.withColumn(new, F.expr(value or f"`{column}`").cast(kind)).drop(column)
        case Retype(column, kind, value) if arrow_type(types[column]) != arrow_type(kind):
            return rows.withColumn(column, F.expr(value).cast(kind))
        case Drop(column) if column in types:
            return rows.drop(column)
    return rows


def _forget(lakehouse: Lakehouse, readers: Sequence[str]) -> None:
    positions = lakehouse.read(ops.POSITIONS)
    theirs = positions.where(F.col("reader").isin(*readers)).select("reader")
    lakehouse.merge(ops.POSITIONS, positions.limit(0), scope=theirs)


def _noted(lakehouse: Lakehouse) -> dict[str, int]:
    rows = lakehouse.read(ops.SCHEMA_VERSIONS).collect()
    return {row["table_name"]: row["version"] for row in rows}


def _note(spark: SparkSession, lakehouse: Lakehouse, versions: dict[str, int]) -> None:
    if versions:
        rows = spark.createDataFrame([*versions.items()], spark_schema(ops.SCHEMA_VERSIONS))
        lakehouse.merge(ops.SCHEMA_VERSIONS, rows)
