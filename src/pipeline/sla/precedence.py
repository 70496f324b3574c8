"""Which SLA holds for a job: of what it declares and what people have decided.

In this order: the settings file's word, the job's tag or health rule, an accepted proposal, the job's
timeout. Somebody who writes a tag later means it to count; an accepted proposal only fills a gap.
`sla_source` says which of them it is.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.decisions.in_force import is_in_force
from pipeline.tables.ops import YAML
from pipeline.tables.silver.sla import SLA

__all__ = ["SLA_COLUMNS", "by_precedence", "renamed_decided", "with_sla_at", "with_sla_now"]

SLA_COLUMNS: Final = tuple(column.name for column in SLA)
_JOB: Final = ["workspace_id", "series_key"]


def with_sla_at(
    rows: DataFrame, job_versions: DataFrame, sla_decisions: DataFrame, *, at: str
) -> DataFrame:
    """`rows` of jobs with the columns of the SLA that held at their time `at`, NULL for none.

    From silver.job_versions, of which the version of that time counts, the oldest for times before
    it, and silver.sla_decisions.
    """
    when = F.col(f"r.{at}")
    versions = job_versions.select(*_JOB, "valid_from", "valid_to", "is_first", *SLA_COLUMNS)
    is_valid = ((when >= F.col("v.valid_from")) | F.col("v.is_first")) & (
        F.col("v.valid_to").isNull() | (when < F.col("v.valid_to"))
    )
    declared = (
        rows.alias("r")
        .join(versions.alias("v"), _of_one_job("v") & is_valid, "left")
        .select("r.*", *(f"v.{name}" for name in SLA_COLUMNS))
    )
    decided = renamed_decided(sla_decisions)
    return by_precedence(
        declared.alias("r")
        .join(decided.alias("d"), _of_one_job("d") & is_in_force(when), "left")
        .select("r.*", *(f"d.decided_{name}" for name in SLA_COLUMNS))
    )


def with_sla_now(jobs: DataFrame, sla_decisions: DataFrame) -> DataFrame:
    """`jobs` with the columns of the SLA that holds now, of the one that each declares in columns of
    the same names and of silver.sla_decisions."""
    newest = renamed_decided(sla_decisions).where("decided_until IS NULL")
    decided = newest.select(*_JOB, *(f"decided_{name}" for name in SLA_COLUMNS))
    return by_precedence(jobs.join(decided, _JOB, "left"))


def renamed_decided(sla_decisions: DataFrame) -> DataFrame:
    """Rows of silver.sla_decisions whose SLA stands in columns `decided_sla_...`."""
    return sla_decisions.withColumnsRenamed({name: f"decided_{name}" for name in SLA_COLUMNS})


def by_precedence(rows: DataFrame) -> DataFrame:
    """The SLA's columns as they hold, of rows with what is declared in them and what was decided in
    columns `decided_sla_...`."""
    counts = (F.col("decided_sla_source") == YAML) | (
        F.col("decided_sla_source").isNotNull()
        & (F.col("sla_kind").isNull() | (F.col("sla_source") == "timeout"))
    )
    marked = rows.withColumn("_decided_counts", F.coalesce(counts, F.lit(False)))
    return marked.withColumns(
        {
            name: F.when(F.col("_decided_counts"), F.col(f"decided_{name}")).otherwise(F.col(name))
            for name in SLA_COLUMNS
        }
    ).drop("_decided_counts", *(f"decided_{name}" for name in SLA_COLUMNS))


def _of_one_job(other: str) -> Column:
    return (F.col("r.workspace_id") == F.col(f"{other}.workspace_id")) & (
        F.col("r.series_key") == F.col(f"{other}.series_key")
    )
