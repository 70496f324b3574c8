"""Which SLA holds: of what a job declares and what people have decided.

In this order: the settings file's word, the job's tag or health rule, an accepted proposal, the job's
timeout. Somebody who writes a tag later means it to count; an accepted proposal only fills a gap.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.sla.time_zones import time_zones

SLA_COLUMNS = ("sla_kind", "sla_limit_seconds", "sla_time_of_day", "sla_timezone", "sla_source")
_TERMS = SLA_COLUMNS[:-1]
_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _is_readable() -> Column:
    """Whether a decision takes an SLA back, or sets one that can be judged."""
    zone = F.coalesce("sla_timezone", F.lit("UTC"))
    by_clock = F.col("sla_time_of_day").rlike(_TIME_OF_DAY) & zone.isin(*sorted(time_zones()))
    term = F.when(F.col("sla_kind") == "deadline", by_clock).otherwise(
        F.col("sla_limit_seconds") > 0
    )
    return F.coalesce(~F.col("is_set") | term, F.lit(False))


def unreadable(sla_decisions: DataFrame) -> DataFrame:
    """Decisions left aside, each the last about its job: an engine would stop at their time zone."""
    by_job = Window.partitionBy("series_key").orderBy(F.col("decided_at").desc())
    newest = sla_decisions.withColumn("_place", F.row_number().over(by_job)).where("_place = 1")
    return newest.where(~_is_readable()).drop("_place")


def decided(sla_decisions: DataFrame) -> DataFrame:
    """Decisions with `decided_until`, when the next about the same job was made; NULL for none.
    Those that cannot be read are left aside: the one before still holds."""
    by_job = Window.partitionBy("series_key").orderBy("decided_at")
    return sla_decisions.where(_is_readable()).select(
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
