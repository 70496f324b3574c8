"""What people decide about SLAs, kept in ops.sla_decisions: a row a decision, never changed.

The newest decision about a job counts, and a decision holds for runs that start after it. Those of
the settings file are written down by the next night, so that everything later reads one table, and
who decided what and when stays known after the file has changed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.sla.terms import Terms, read_terms
from pipeline.tables import ops
from pipeline.tables.derive import spark_schema

__all__ = ["ACCEPTED", "YAML", "decide", "follow_settings"]

ACCEPTED: Final = "accepted"
YAML: Final = "yaml"
_FILE: Final = "rightrun.yml"


def decide(
    spark: SparkSession,
    lakehouse: Lakehouse,
    decided: Mapping[str, Terms | None],
    *,
    source: str,
    by: str,
    at: datetime,
    evidence: str = "",
) -> None:
    """Write a decision for each series key: its terms, or None for no SLA any more."""
    rows = [
        (
            key.split("/", 1)[0],
            key,
            at,
            source,
            terms is not None,
            terms.kind if terms else None,
            terms.limit_seconds if terms else None,
            terms.time_of_day if terms else None,
            terms.timezone if terms else None,
            by,
            evidence,
        )
        for key, terms in decided.items()
    ]
    if rows:
        frame = spark.createDataFrame(rows, schema=spark_schema(ops.SLA_DECISIONS))
        lakehouse.merge(ops.SLA_DECISIONS, frame)


def follow_settings(
    spark: SparkSession, lakehouse: Lakehouse, slas: Mapping[str, str], now: datetime
) -> None:
    """Write down what the settings file says of SLAs, where it differs from what is written."""
    newest: dict[str, Any] = {}
    for row in lakehouse.read(ops.SLA_DECISIONS).collect():
        known = newest.get(row["series_key"])
        if known is None or row["decided_at"] > known["decided_at"]:
            newest[row["series_key"]] = row
    wanted = {key: terms_of(key, text) for key, text in slas.items()}
    decided: dict[str, Terms | None] = {
        key: terms
        for key, terms in wanted.items()
        if key not in newest or newest[key]["source"] != YAML or _held(newest[key]) != terms
    }
    decided |= {
        key: None
        for key, row in newest.items()
        if key not in wanted and row["source"] == YAML and row["is_set"]
    }
    decide(spark, lakehouse, decided, source=YAML, by=_FILE, at=now)


def terms_of(key: str, text: str) -> Terms:
    """The terms that the settings file gives a job; UserError naming the job."""
    if "/" not in key:
        raise UserError(
            f"setting slas names {key!r}, which is no key of a job: write workspace_id/job_id"
        )
    try:
        return read_terms(text)
    except ValueError as error:
        raise UserError(f"setting slas of {key}: {error}") from error


def _held(row: Any) -> Terms | None:
    if not row["is_set"]:
        return None
    return Terms(
        row["sla_kind"], row["sla_limit_seconds"], row["sla_time_of_day"], row["sla_timezone"]
    )
