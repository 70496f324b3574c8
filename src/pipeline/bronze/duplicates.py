"""One row for each key of a delivery: copies are counted, weaker rows are separated."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.bronze.conform import CONTENT_HASH, KEY_HASH, strength, with_key_hash
from pipeline.tables.declaration import SourceTable

_ROLE = "role"
_KEPT, _COPY, _WEAKER = "kept", "copy", "weaker"


@dataclass(frozen=True)
class OnePerKey:
    """The row to keep for each key, the weaker rows with the same keys, and the counts."""

    rows: DataFrame
    weaker: DataFrame | None = None
    count: int = 0
    copies: int = 0
    weaker_count: int = 0


def one_per_key(
    table: SourceTable, good: DataFrame, count: int, stage: Callable[[DataFrame], DataFrame]
) -> OnePerKey:
    """The strongest row of each key in `good`, which has `count` rows.

    Only the few keys that come more than once are sorted. `stage` computes a frame once: an engine that
    knows how few rows it has keeps those in memory for a join, and not all the others.
    """
    hashed = with_key_hash(table, good)
    repeated = stage(
        hashed.groupBy(KEY_HASH).agg(F.count("*").alias("n")).where("n > 1").select(KEY_HASH)
    )
    single = hashed.join(repeated, KEY_HASH, "left_anti").drop(KEY_HASH)
    together = hashed.join(repeated, KEY_HASH, "left_semi").drop(KEY_HASH)
    # Columns, not one struct of them: Sail sorts by a struct in a window, and then fails on it.
    strongest_first = Window.partitionBy(*table.identity).orderBy(
        *(column.desc() for column in strength(table))
    )
    in_key = strongest_first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    ranked = stage(
        together.withColumn("place", F.row_number().over(in_key))
        .withColumn("best", F.first(CONTENT_HASH).over(in_key))
        .withColumn(
            _ROLE,
            F.when(F.col("place") == 1, _KEPT)
            .when(F.col(CONTENT_HASH) == F.col("best"), _COPY)
            .otherwise(_WEAKER),
        )
        .drop("place", "best")
    )
    counts = {
        row[_ROLE]: row["n"] for row in ranked.groupBy(_ROLE).agg(F.count("*").alias("n")).collect()
    }
    kept_rows = ranked.where(F.col(_ROLE) == _KEPT).select(*good.columns)
    return OnePerKey(
        rows=single.unionByName(kept_rows),
        weaker=ranked.where(F.col(_ROLE) == _WEAKER).drop(_ROLE),
        count=count - counts.get(_COPY, 0) - counts.get(_WEAKER, 0),
        copies=counts.get(_COPY, 0),
        weaker_count=counts.get(_WEAKER, 0),
    )
