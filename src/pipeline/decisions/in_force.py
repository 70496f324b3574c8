"""Which decisions of a kind are in force, from when to when, and which cannot be read.

A decision is in force from when it was made until the next about the same subject. One whose terms
cannot be read is left aside, and the one before it stays in force: an engine might stop at its words.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

__all__ = ["is_in_force", "left_aside", "with_end"]


def with_end(decisions: DataFrame, *, is_readable: Column) -> DataFrame:
    """Rows of ops.decisions of one kind that can be read, with `decided_until`: when the next about
    their subject was made, NULL for none."""
    by_subject = Window.partitionBy("subject").orderBy("decided_at")
    return decisions.where(is_readable).withColumn(
        "decided_until", F.lead("decided_at").over(by_subject)
    )


def left_aside(decisions: DataFrame, *, is_readable: Column) -> DataFrame:
    """Rows of ops.decisions of one kind that cannot be read, each the newest about its subject."""
    newest_first = Window.partitionBy("subject").orderBy(F.col("decided_at").desc())
    newest = decisions.withColumn("_place", F.row_number().over(newest_first)).where("_place = 1")
    return newest.where(~is_readable).drop("_place")


def is_in_force(at: Column) -> Column:
    """Whether a decision with `decided_at` and `decided_until` is in force at the time `at`."""
    until = F.col("decided_until")
    return (at >= F.col("decided_at")) & (until.isNull() | (at < until))
