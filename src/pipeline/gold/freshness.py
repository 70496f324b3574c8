"""How fresh the tables are that jobs write: each beside its own rhythm.

A table is late when more time has passed since its last write than ever did between two in 60 days, and
than twice its median gap: weekends and month ends are among its gaps, so they are no lateness.
"""

from datetime import datetime
from typing import Final

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.gold.freshness import MOST_WRITERS

_LEAST_GAPS: Final = 5
_TIMES_USUAL: Final = 2.0
_DONE_WITH: Final = ("deleted", "paused")
_NO_WRITER: Final = "no job that has written it is there and not paused"
_TOO_FEW: Final = f"fewer than {_LEAST_GAPS + 1} runs have written it in 60 days"


def table_freshness(
    table_uses: DataFrame, runs: DataFrame, jobs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.table_freshness from silver.table_uses and silver.runs of 60 days, and gold.jobs."""
    used = table_uses.where(F.col("last_at") <= F.lit(as_of)).join(
        runs.select("workspace_id", "run_id", "series_key"), ["workspace_id", "run_id"]
    )
    states = jobs.select("series_key", (~F.col("state").isin(*_DONE_WITH)).alias("is_writing"))
    in_order = Window.partitionBy("table_name").orderBy("last_at", "run_id")
    before = F.lag("last_at").over(in_order)
    writes = (
        used.where("action = 'write'")
        .join(states, "series_key", "left")
        .withColumn("gap", (F.unix_micros("last_at") - F.unix_micros(before)) / 1e6)
    )
    readers = (
        used.where("action = 'read'")
        .select("table_name", "series_key")
        .distinct()
        .join(
            writes.select("table_name", "series_key", F.lit(True).alias("writes")).distinct(),
            ["table_name", "series_key"],
            "left",
        )
        .where("writes IS NULL")
        .groupBy("table_name")
        .agg(F.count("*").alias("reader_jobs"))
    )
    written = writes.groupBy("table_name").agg(
        F.slice(
            F.array_sort(F.array_distinct(F.collect_list("series_key"))), 1, MOST_WRITERS
        ).alias("writers"),
        F.count("*").alias("writes"),
        F.max("last_at").alias("last_written_at"),
        F.percentile("gap", F.lit(0.5)).alias("gap_seconds"),
        F.max("gap").alias("longest_gap_seconds"),
        F.count("gap").alias("gaps"),
        F.max(F.coalesce("is_writing", F.lit(False))).alias("is_writing"),
    )
    last_us = F.unix_micros("last_written_at")
    allowed = F.greatest("longest_gap_seconds", F.lit(_TIMES_USUAL) * F.col("gap_seconds"))
    tells = F.col("is_writing") & (F.col("gaps") >= _LEAST_GAPS)
    late_us = F.when(tells, last_us + F.round(allowed * 1e6).cast("bigint"))
    now_us = F.unix_micros(F.lit(as_of))
    return (
        written.join(readers, "table_name", "left")
        .withColumns(
            {
                "status": F.when(~F.col("is_writing"), F.lit("not_assessed"))
                .when(~tells, F.lit("too_few_runs"))
                .otherwise(F.lit("ok")),
                "reason": F.when(~F.col("is_writing"), F.lit(_NO_WRITER))
                .when(~tells, F.lit(_TOO_FEW))
                .otherwise(F.lit("")),
                "reader_jobs": F.coalesce("reader_jobs", F.lit(0)).cast("bigint"),
                "age_seconds": (now_us - last_us) / 1e6,
                "late_after": F.timestamp_micros(late_us),
                "is_late": late_us < now_us,
            }
        )
        .select(*gold.TABLE_FRESHNESS.column_names)
    )


STEPS = (
    RecentDays(
        name="table_freshness",
        run=table_freshness,
        reads=(silver.TABLE_USES, silver.RUNS, gold.JOBS),
        writes=gold.TABLE_FRESHNESS,
        days=60,
    ),
)
