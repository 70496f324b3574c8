"""From a source into bronze: each row received is kept, known already, or quarantined with a reason.

    received = new + changed + rejected + duplicates

holds for every table of every night, and a night in which it does not stops: a row that is lost
without a trace is the worst thing a monitor can do.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Protocol

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.bronze.conform import CONTENT_HASH, PROBLEM, ROW_JSON, conform
from pipeline.lakehouse.protocol import Lakehouse, Written
from pipeline.sources.protocol import Source
from pipeline.tables import bronze
from pipeline.tables.declaration import Arrival, SourceTable
from pipeline.tables.source import SOURCE_TABLES

_CONFLICT = "another row with the same key was kept"
_COPY = "copy"
_RANK = "rank_in_key"


class Positions(Protocol):
    """Remembers how far each source table has been read."""

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one delivery of one table."""

    table: SourceTable
    seconds: float
    version: int
    received: int = 0
    kept_new: int = 0
    kept_changed: int = 0
    gone: int = 0
    rejected: int = 0
    duplicates: int = 0
    newest_observed_at: datetime | None = None


def ingest(
    source: Source,
    lakehouse: Lakehouse,
    positions: Positions,
    *,
    now: datetime,
    tables: tuple[SourceTable, ...] = SOURCE_TABLES,
) -> Iterator[Ingested]:
    """Ingest each table in turn; UserError from the source before its first row is written."""
    for table in tables:
        yield _ingest_table(source, lakehouse, positions, table, now)


def _ingest_table(
    source: Source,
    lakehouse: Lakehouse,
    positions: Positions,
    table: SourceTable,
    now: datetime,
) -> Ingested:
    began = time.perf_counter()
    target = bronze.BRONZE_OF[table.name]
    delivery = source.read(table, positions.get(table.name))
    if delivery is None:
        return Ingested(table, time.perf_counter() - began, lakehouse.version(target))
    rows = reduce(DataFrame.unionByName, (conform(table, part, now=now) for part in delivery.parts))
    observed = F.max(F.col(table.observed_at)) if table.observed_at else F.lit(None).cast("timestamp")
    good = F.col(PROBLEM).isNull()
    counted = rows.groupBy(good.alias("good")).agg(F.count("*").alias("n"), observed.alias("newest"))
    by_good = {row["good"]: row for row in counted.collect()}
    received = sum(row["n"] for row in by_good.values())
    unique, conflicts, copies = _once_per_key(table, rows.where(good))
    rejected_rows = rows.where(~good)
    rejected = by_good[False]["n"] if False in by_good else 0
    if conflicts is not None:
        rejected_rows = rejected_rows.unionByName(conflicts)
        rejected += conflicts.count()
    if rejected:
        _quarantine(lakehouse, table, rejected_rows, now)
    kept = unique.select(
        *(name for name in target.column_names if name in unique.columns),
        F.lit(None).cast("string").alias("region"),
        F.lit(None).cast("string").alias("metastore_id"),
        F.lit(now).alias("first_seen_at"),
    )
    written: Written
    if table.arrival is Arrival.SNAPSHOT:
        written = lakehouse.replace(target, kept)
    else:
        written = lakehouse.merge(target, kept)
    positions.set(table.name, delivery.position)
    known = received - rejected - copies - written.inserted - written.updated
    if known < 0:
        raise RuntimeError(
            f"{table.system_name}: {received} rows received, but {written.inserted} inserted,"
            f" {written.updated} updated, {rejected} rejected and {copies} repeated"
        )
    newest = by_good[True]["newest"] if True in by_good else None
    return Ingested(
        table,
        time.perf_counter() - began,
        written.version,
        received=received,
        kept_new=written.inserted,
        kept_changed=written.updated,
        gone=written.deleted,
        rejected=rejected,
        duplicates=known + copies,
        newest_observed_at=newest.replace(tzinfo=UTC) if newest is not None else None,
    )


def _once_per_key(
    table: SourceTable, rows: DataFrame
) -> tuple[DataFrame, DataFrame | None, int]:
    """One row a key, the losers of conflicts as rejected rows, and how many exact copies there were.

    Of rows with one key and different content the one with an outcome wins, then the larger hash:
    any order of delivery keeps the same row.
    """
    keys = list(table.keys)
    repeated = rows.groupBy(*keys).agg(F.count("*").alias("n")).where("n > 1").drop("n")
    if not repeated.limit(1).collect():
        return rows, None, 0
    has_outcome = (
        F.col("result_state").isNotNull() if "result_state" in rows.columns else F.lit(True)
    )
    in_key = Window.partitionBy(*keys).orderBy(has_outcome.desc(), F.col(CONTENT_HASH).desc())
    ranked = rows.join(repeated, keys, "left_semi").select(
        "*",
        F.dense_rank().over(in_key).alias(_RANK),
        F.row_number()
        .over(Window.partitionBy(*keys, CONTENT_HASH).orderBy(CONTENT_HASH))
        .alias(_COPY),
    )
    winners = ranked.where(f"{_RANK} = 1 AND {_COPY} = 1").drop(_RANK, _COPY)
    losers = ranked.where(f"{_RANK} > 1 AND {_COPY} = 1").drop(_RANK, _COPY)
    copies = ranked.where(f"{_COPY} > 1").count()
    single = rows.join(repeated, keys, "left_anti")
    return single.unionByName(winners), losers.withColumn(PROBLEM, F.lit(_CONFLICT)), copies


def _quarantine(
    lakehouse: Lakehouse, table: SourceTable, rows: DataFrame, now: datetime
) -> None:
    lakehouse.merge(
        bronze.QUARANTINE,
        rows.groupBy(
            F.lit(table.name).alias("source_table"),
            F.hex(F.col(CONTENT_HASH)).alias("row_hash"),
            F.col(PROBLEM).alias("reason"),
        )
        .agg(F.max(ROW_JSON).alias("row_json"), F.count("*").alias("copies"))
        .withColumn("first_seen_at", F.lit(now)),
    )
