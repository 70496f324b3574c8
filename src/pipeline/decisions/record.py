"""Decisions written down: one by one, and as the settings file comes to say something else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import ops
from pipeline.tables.derive import spark_schema

__all__ = ["follow_settings", "record"]

_FILE: Final = "rightrun.yml"


def record(
    spark: SparkSession,
    lakehouse: Lakehouse,
    kind: str,
    terms: Mapping[str, str | None],
    *,
    source: str,
    by: str,
    at: datetime,
    evidence: str = "",
) -> None:
    """Write a decision about each subject: its terms in words, or None to take back what was decided."""
    rows = [(kind, subject, at, source, words, by, evidence) for subject, words in terms.items()]
    if rows:
        frame = spark.createDataFrame(rows, schema=spark_schema(ops.DECISIONS))
        lakehouse.merge(ops.DECISIONS, frame)


def follow_settings(
    spark: SparkSession,
    lakehouse: Lakehouse,
    kind: str,
    terms: Mapping[str, str],
    at: datetime,
) -> None:
    """Write down what the settings file says of each subject, where it differs from the newest decision;
    and take back what it said before and says no longer.

    So everything later reads one table, and who decided what and when stays known after the file has
    changed.
    """
    newest: dict[str, Any] = {}
    decisions = lakehouse.read(ops.DECISIONS).where(F.col("kind") == kind)
    for row in decisions.orderBy("decided_at").collect():
        newest[row["subject"]] = row
    news: dict[str, str | None] = {
        subject: words
        for subject, words in terms.items()
        if subject not in newest
        or (newest[subject]["source"], newest[subject]["terms"]) != (ops.YAML, words)
    }
    news |= {
        subject: None
        for subject, row in newest.items()
        if subject not in terms and row["source"] == ops.YAML and row["terms"] is not None
    }
    record(spark, lakehouse, kind, news, source=ops.YAML, by=_FILE, at=at)
