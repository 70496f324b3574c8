"""The version of each table's schema in a home, and the way from an older release's to this one's.

`ops.schema_versions` holds them. A migration is one commit that rewrites the table, and then a note
of its version; killed in between it is run again, finds its columns in place, and only takes the
note.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

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
from pipeline.tables.releases import refuse_newer, refuse_other
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
    versions = {t.full_name: _FIRST if lakehouse.exists(t) else t.version for t in unknown}
    refuse_other(noted | versions, tables)
    _note(spark, lakehouse, versions)


def refuse_other_release(lakehouse: Lakehouse, tables: Sequence[Table] = TABLES) -> None:
    """Before reading: UserError for a home whose tables are not as this release declares them."""
    if lakehouse.exists(ops.SCHEMA_VERSIONS):
        refuse_other(_noted(lakehouse), tables)


def planned(
    lakehouse: Lakehouse,
    tables: Sequence[Table] = TABLES,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> list[Migration]:
    """The migrations that `lakehouse` needs, in order; UserError where a newer release wrote it."""
    noted = _noted(lakehouse) if lakehouse.exists(ops.SCHEMA_VERSIONS) else {}
    refuse_newer(noted, tables)
    needed = []
    for table in tables:
        of_table = [migration for migration in migrations if migration.table == table.full_name]
        if not of_table or (table.full_name not in noted and not lakehouse.exists(table)):
            continue
        version = noted.get(table.full_name, _FIRST)
        needed += [migration for migration in of_table if migration.to > version]
    return needed


def migrate(
    spark: SparkSession,
    lakehouse: Lakehouse,
    graph: "Graph",
    tables: Sequence[Table] = TABLES,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> list[Migration]:
    """Run the migrations that `lakehouse` needs, under its lock, and return them."""
    needed = planned(lakehouse, tables, migrations)
    lakehouse.create(ops.SCHEMA_VERSIONS)
    declared = {table.full_name: table for table in tables}
    for migration in needed:
        table = declared[migration.table]
        if lakehouse.exists(table):
            _run(lakehouse, table, migration, graph)
        _note(spark, lakehouse, {migration.table: migration.to})
    for name in dict.fromkeys(migration.table for migration in needed):
        # Comments, and what else a rewritten table lacks of its declaration.
        lakehouse.create(declared[name])
    return needed


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
