"""What people decide about SLAs, written down: proposals that they accept, and the settings file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pyspark.sql import SparkSession

from pipeline.decisions.record import follow_settings, record
from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.sla.decided import KIND
from pipeline.sla.terms import Terms, read_terms

__all__ = ["ACCEPTED", "accept", "follow_slas", "terms_of"]

ACCEPTED: Final = "accepted"


def accept(
    spark: SparkSession,
    lakehouse: Lakehouse,
    series_key: str,
    terms: Terms | None,
    *,
    by: str,
    at: datetime,
    evidence: str,
) -> None:
    """Write down that a person gave a job an SLA, or with None took back what was accepted."""
    words = {series_key: None if terms is None else terms.spelled}
    record(spark, lakehouse, KIND, words, source=ACCEPTED, by=by, at=at, evidence=evidence)


def follow_slas(
    spark: SparkSession, lakehouse: Lakehouse, slas: Mapping[str, str], at: datetime
) -> None:
    """Write down what the settings file says of SLAs, where that is news; UserError naming the job
    whose SLA cannot be read."""
    words = {key: terms_of(key, text).spelled for key, text in slas.items()}
    follow_settings(spark, lakehouse, KIND, words, at)


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
