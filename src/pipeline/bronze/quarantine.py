"""Rows that could not be kept, or not whole, and why: one for each distinct row and reason."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.bronze.conform import IS_KEPT, PROBLEM, ROW_HASH, ROW_JSON
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.bronze import QUARANTINE
from pipeline.tables.declaration import SourceTable


def quarantine(lakehouse: Lakehouse, table: SourceTable, rows: DataFrame, now: datetime) -> None:
    """Store rows with PROBLEM, ROW_HASH, ROW_JSON and IS_KEPT. `copies` is the most of one delivery, so
    that a delivery that is read again after a crash changes nothing."""
    counted = rows.groupBy(
        F.lit(table.name).alias("source_table"),
        F.col(ROW_HASH).alias("row_hash"),
        F.col(PROBLEM).alias("reason"),
    ).agg(
        F.max(ROW_JSON).alias("row_json"),
        F.count("*").alias("copies"),
        F.max(IS_KEPT).alias("is_kept"),
    )
    stored = (
        lakehouse.read(QUARANTINE)
        .where(F.col("source_table") == table.name)
        .select(*QUARANTINE.keys, F.col("copies").alias("stored_copies"))
    )
    more = F.col("stored_copies").isNull() | (F.col("stored_copies") < F.col("copies"))
    lakehouse.merge(
        QUARANTINE,
        counted.join(stored, list(QUARANTINE.keys), "left")
        .where(more)
        .drop("stored_copies")
        .withColumn("first_seen_at", F.lit(now)),
    )
