"""How the columns of tables change that jobs write: each night's list of columns beside what nights saw before.

The list says only what is so now, so what was seen is remembered (ops.columns_seen): a row for each column as it
was first seen and a row whenever it is otherwise, with the table itself as a column without a name. A table
that is not listed any more has lost none of its columns, as far as is known: it is no longer visible, and
beside what was seen of it last once it is again.
"""

from datetime import datetime
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import Appended, Whole
from pipeline.tables import bronze, gold, ops, source
from pipeline.tables.gold.schemas import MOST_JOBS

_COLUMN: Final = ["table_name", "column_name"]
_SEEN: Final = ["is_there", "data_type", "is_nullable"]
_SOURCE: Final = source.TABLE_COLUMNS.system_name
_NOT_READ: Final = f"{_SOURCE} was not read"
_NEVER_SEEN: Final = f"{_SOURCE} does not list it to whoever reads"
_NOT_VISIBLE: Final = "it is gone, or no longer listed to whoever reads"
_FIRST_NIGHT: Final = "no night before this one has seen its columns"


def columns_seen(
    table_columns: DataFrame, table_freshness: DataFrame, previous: DataFrame, *, as_of: datetime
) -> DataFrame:
    """ops.columns_seen from bronze.table_columns, gold.table_freshness and what nights saw before.

    A night that speaks of no later time than one before it adds nothing: it would come before what is
    remembered.
    """
    written = table_freshness.select("table_name")
    columns = table_columns.select(
        _table_name(),
        "column_name",
        "full_data_type",
        (F.col("is_nullable") != "NO").alias("may_be_null"),
    ).join(written, "table_name", "left_semi")
    listed = columns.select("table_name").distinct()
    there = F.lit(True).alias("is_there")
    now = columns.select(
        *_COLUMN,
        there,
        F.col("full_data_type").alias("data_type"),
        F.col("may_be_null").alias("is_nullable"),
    ).unionByName(
        listed.select(
            "table_name",
            F.lit("").alias("column_name"),
            there,
            F.lit(None).cast("string").alias("data_type"),
            F.lit(None).cast("boolean").alias("is_nullable"),
        )
    )
    last = _last_seen(previous).select(
        *_COLUMN, *(F.col(name).alias(f"last_{name}") for name in _SEEN)
    )
    is_table = F.col("column_name") == ""
    # Of a table that is not listed only that is news, and only while jobs write it.
    is_missed = F.when(is_table, F.col("is_written")).otherwise(F.col("is_listed"))
    is_gone = (
        F.col("is_there").isNull() & F.col("last_is_there") & F.coalesce(is_missed, F.lit(False))
    )
    is_otherwise = F.col("is_there") & ~_same(_SEEN)
    return (
        now.join(last, _COLUMN, "full")
        .join(listed.withColumn("is_listed", F.lit(True)), "table_name", "left")
        .join(written.withColumn("is_written", F.lit(True)), "table_name", "left")
        .crossJoin(previous.agg(F.max("night_at").alias("last_night_at")))
        .where(F.col("last_night_at").isNull() | (F.col("last_night_at") < F.lit(as_of)))
        .where(is_gone | is_otherwise)
        .select(
            *_COLUMN,
            F.lit(as_of).alias("night_at"),
            F.coalesce("is_there", F.lit(False)).alias("is_there"),
            "data_type",
            "is_nullable",
        )
    )


def table_schema_changes(
    seen: DataFrame, table_freshness: DataFrame, job_dependencies: DataFrame
) -> DataFrame:
    """gold.table_schema_changes from ops.columns_seen, gold.table_freshness and gold.job_dependencies."""
    in_order = Window.partitionBy(*_COLUMN).orderBy("night_at")
    first = F.min("night_at").over(Window.partitionBy("table_name"))
    before = {f"last_{name}": F.lag(name).over(in_order) for name in _SEEN}
    later = (
        seen.withColumns(before | {"first_night_at": first})
        .where("night_at > first_night_at")
        .withColumn("was_there", F.coalesce("last_is_there", F.lit(False)))
    )
    changes = later.withColumn("change", F.explode(F.array_compact(F.array(*_changes())))).select(
        *_COLUMN,
        "night_at",
        "change",
        F.col("last_data_type").alias("old_type"),
        F.col("data_type").alias("new_type"),
        F.col("last_is_nullable").alias("was_nullable"),
        "is_nullable",
    )
    readers = (
        job_dependencies.where("is_current AND kind = 'feeds'")
        .groupBy("table_name")
        .agg(F.array_sort(F.collect_set("series_key")).alias("every_reader"))
    )
    nobody = F.array().cast("array<string>")
    every_reader = F.coalesce("every_reader", nobody)
    return (
        changes.join(table_freshness.select("table_name", "writers"), "table_name", "left")
        .join(readers, "table_name", "left")
        .withColumns(
            {
                "writers": F.coalesce("writers", nobody),
                "readers": F.slice(every_reader, 1, MOST_JOBS),
                "reader_jobs": F.array_size(every_reader).cast("bigint"),
            }
        )
        .select(*gold.TABLE_SCHEMA_CHANGES.column_names)
    )


def table_schemas(
    table_freshness: DataFrame, table_columns: DataFrame, seen: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.table_schemas from gold.table_freshness, bronze.table_columns and ops.columns_seen."""
    last = _last_seen(seen)
    tables = (
        last.where("column_name = ''")
        .select("table_name", F.col("is_there").alias("is_visible"))
        .join(seen.groupBy("table_name").agg(F.min("night_at").alias("known_since")), "table_name")
        .join(
            last.where("is_there AND column_name <> ''")
            .groupBy("table_name")
            .agg(F.count("*").alias("columns")),
            "table_name",
            "left",
        )
    )
    is_read = table_columns.agg((F.count("*") > 0).alias("is_read"))
    reason = (
        F.when(~F.col("is_read"), F.lit(_NOT_READ))
        .when(F.col("known_since").isNull(), F.lit(_NEVER_SEEN))
        .when(~F.col("is_visible"), F.lit(_NOT_VISIBLE))
        .when(F.col("known_since") >= F.lit(as_of), F.lit(_FIRST_NIGHT))
        .otherwise(F.lit(""))
    )
    return (
        table_freshness.select("table_name")
        .join(tables, "table_name", "left")
        .crossJoin(is_read)
        .withColumn("reason", reason)
        .withColumns(
            {
                "status": F.when(F.col("reason") == "", F.lit("ok")).otherwise(
                    F.lit("not_assessed")
                ),
                "columns": F.coalesce("columns", F.lit(0)).cast("bigint"),
            }
        )
        .select(*gold.TABLE_SCHEMAS.column_names)
    )


def _table_name() -> Column:
    return F.concat_ws(".", "table_catalog", "table_schema", "table_name").alias("table_name")


def _last_seen(seen: DataFrame) -> DataFrame:
    """Each column, and each table, as it was seen last."""
    newest = F.max(F.struct("night_at", *_SEEN)).alias("newest")
    return (
        seen.groupBy(*_COLUMN)
        .agg(newest)
        .select(*_COLUMN, *(F.col("newest")[name].alias(name) for name in _SEEN))
    )


def _same(names: list[str]) -> Column:
    """Whether what is seen is what was seen last; not where nothing was."""
    same = F.lit(True)
    for name in names:
        same = same & F.col(name).eqNullSafe(F.col(f"last_{name}"))
    return same


def _changes() -> list[Column]:
    """The changes that a row of ops.columns_seen can be beside the row before it, each NULL where it is not."""
    is_table, is_there, was_there = (
        F.col("column_name") == "",
        F.col("is_there"),
        F.col("was_there"),
    )
    both = ~is_table & is_there & was_there
    conditions = {
        "column_added": ~is_table & is_there & ~was_there,
        "column_removed": ~is_table & ~is_there,
        "type_changed": both & ~_same(["data_type"]),
        "nullability_changed": both & ~_same(["is_nullable"]),
        "not_visible": is_table & ~is_there,
        "visible_again": is_table & is_there,
    }
    return [F.when(condition, F.lit(change)) for change, condition in conditions.items()]


STEPS = (
    Appended(
        name="columns_seen",
        run=columns_seen,
        reads=(bronze.TABLE_COLUMNS, gold.TABLE_FRESHNESS),
        reads_previous=(ops.COLUMNS_SEEN,),
        writes=ops.COLUMNS_SEEN,
    ),
    Whole(
        name="table_schema_changes",
        run=table_schema_changes,
        reads=(ops.COLUMNS_SEEN, gold.TABLE_FRESHNESS, gold.JOB_DEPENDENCIES),
        writes=gold.TABLE_SCHEMA_CHANGES,
    ),
    Whole(
        name="table_schemas",
        run=table_schemas,
        reads=(gold.TABLE_FRESHNESS, bronze.TABLE_COLUMNS, ops.COLUMNS_SEEN),
        writes=gold.TABLE_SCHEMAS,
    ),
)
