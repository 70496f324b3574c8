"""A person's mark of a run, written down."""

from datetime import datetime
from typing import Final

from pyspark.sql import SparkSession

from pipeline.decisions.marks import KIND
from pipeline.decisions.record import record
from pipeline.lakehouse.protocol import Lakehouse

__all__ = ["mark_run"]

_MARKED: Final = "marked"


def mark_run(
    spark: SparkSession,
    lakehouse: Lakehouse,
    run_key: str,
    mark: str | None,
    *,
    by: str,
    at: datetime,
    why: str,
) -> None:
    """Write down that a person marked the run `run_key` (workspace_id/run_id), or with None took the mark back."""
    record(spark, lakehouse, KIND, {run_key: mark}, source=_MARKED, by=by, at=at, evidence=why)
