"""What people have decided about SLAs, read: from ops.decisions to silver.sla_decisions.

The terms of such a decision are the words that `pipeline.sla.terms` reads; it is in force for runs that
start after it was made.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.decisions.in_force import left_aside, with_end
from pipeline.sla.declared import with_terms
from pipeline.tables import silver

__all__ = ["KIND", "sla_decisions", "unreadable"]

KIND: Final = "sla"
"""The kind of those decisions."""


def sla_decisions(decisions: DataFrame) -> DataFrame:
    """silver.sla_decisions from ops.decisions: those that can be read, and how long each is in force.

    The SLA's columns are NULL where it takes one back.
    """
    return (
        with_end(_read(decisions), is_readable=_is_readable())
        .withColumn("workspace_id", F.substring_index("subject", "/", 1))
        .withColumn("series_key", F.col("subject"))
        .withColumn("sla_source", F.when(F.col("terms").isNotNull(), F.col("source")))
        .select(*silver.SLA_DECISIONS.column_names)
    )


def unreadable(decisions: DataFrame) -> DataFrame:
    """Rows of ops.decisions about SLAs that are left aside, each the newest about its job."""
    return left_aside(_read(decisions), is_readable=_is_readable()).select(*decisions.columns)


def _read(decisions: DataFrame) -> DataFrame:
    """Those about SLAs, with the columns that their words say."""
    about_slas = decisions.where(F.col("kind") == KIND)
    return with_terms(
        about_slas, "terms", zone=F.lit("UTC"), unit_seconds=F.lit(None).cast("double")
    )


def _is_readable() -> Column:
    return F.col("terms").isNull() | F.col("sla_kind").isNotNull()
