"""Which SLA holds: of what a job declares and what people have decided.

In this order: the settings file's word, the job's tag or health rule, an accepted proposal, the job's
timeout. Somebody who writes a tag later means it to count; an accepted proposal only fills a gap.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

SLA_COLUMNS = ("sla_kind", "sla_limit_seconds", "sla_time_of_day", "sla_timezone", "sla_source")
_TERMS = SLA_COLUMNS[:-1]


def decided(sla_decisions: DataFrame) -> DataFrame:
    """Decisions with `decided_until`, when the next about the same job was made; NULL for none."""
    by_job = Window.partitionBy("series_key").orderBy("decided_at")
    return sla_decisions.select(
        "workspace_id",
        "series_key",
        "decided_at",
        F.lead("decided_at").over(by_job).alias("decided_until"),
        *(F.when(F.col("is_set"), F.col(name)).alias(f"decided_{name}") for name in _TERMS),
        F.when(F.col("is_set"), F.col("source")).alias("decided_sla_source"),
    )


def with_decided(declared: DataFrame) -> DataFrame:
    """SLA columns as they hold, of rows with what the job declares and what was decided."""
    counts = (F.col("decided_sla_source") == "yaml") | (
        F.col("decided_sla_source").isNotNull()
        & (F.col("sla_kind").isNull() | (F.col("sla_source") == "timeout"))
    )
    marked = declared.withColumn("decided_counts", F.coalesce(counts, F.lit(False)))

    def held(name: str) -> Column:
        return F.when(F.col("decided_counts"), F.col(f"decided_{name}")).otherwise(F.col(name))

    for name in SLA_COLUMNS:
        marked = marked.withColumn(f"held_{name}", held(name))
    names = [f"{of}{name}" for name in SLA_COLUMNS for of in ("", "decided_")]
    dropped = marked.drop(*names, "decided_counts")
    for name in SLA_COLUMNS:
        dropped = dropped.withColumnRenamed(f"held_{name}", name)
    return dropped
