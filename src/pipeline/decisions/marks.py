"""What a person has said of a run: that it was as expected, or an incident. It decides what is learned of it."""

from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.decisions.in_force import with_end

__all__ = ["EXPECTED", "INCIDENT", "KIND", "marks_in_force"]

KIND: Final = "run_mark"
"""The kind of those decisions; their subject is workspace_id/run_id."""
EXPECTED: Final = "expected"
"""Learned as normal, and never flagged."""
INCIDENT: Final = "incident"
"""Never learned."""


def marks_in_force(decisions: DataFrame) -> DataFrame:
    """workspace_id, run_id and `mark` of each run that has one, from ops.decisions."""
    of_runs = decisions.where(F.col("kind") == KIND)
    is_readable = F.col("terms").isNull() | F.col("terms").isin(EXPECTED, INCIDENT)
    return (
        with_end(of_runs, is_readable=is_readable)
        .where("decided_until IS NULL AND terms IS NOT NULL")
        .select(
            F.substring_index("subject", "/", 1).alias("workspace_id"),
            F.substring_index("subject", "/", -1).alias("run_id"),
            F.col("terms").alias("mark"),
        )
    )
