"""A night in three sentences: as of when and how many jobs, what it said of them, which models it promoted."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import gold
from pipeline.tables.declaration import Table
from pipeline.tracking.model_versions import Registered

_MORE_LIKELY_THAN_NOT = 0.5


def spelled(as_of: datetime) -> str:
    """The time that a night speaks of, as descriptions say it."""
    return f"{as_of:%Y-%m-%d %H:%M} UTC"


def description(
    lakehouse: Lakehouse, as_of: datetime, registered: Sequence[Registered], currency_code: str
) -> str:
    """The three sentences."""
    return " ".join(
        (_assessed(lakehouse, as_of), _said(lakehouse, currency_code), promotions(registered))
    )


def _assessed(lakehouse: Lakehouse, as_of: datetime) -> str:
    jobs = sum(lakehouse.partition_rows(gold.JOBS).values())
    forecast, compared, sized = (
        _rows(lakehouse, table, "status = 'ok'") for table in gold.QUESTIONS.values()
    )
    return (
        f"As of {spelled(as_of)}, of {jobs:,} jobs {forecast:,} were forecast, {compared:,} were compared"
        f" with their baseline, and of {sized:,} the cluster size was assessed."
    )


def _said(lakehouse: Lakehouse, currency_code: str) -> str:
    likely = _rows(lakehouse, gold.JOB_FORECAST, f"p_miss >= {_MORE_LIKELY_THAN_NOT}")
    unlike = _rows(lakehouse, gold.JOB_BASELINE, "last_is_anomaly")
    smaller = lakehouse.read(gold.RIGHTSIZING).where("action = 'downsize'")
    [(fewer, saved)] = smaller.agg(F.count("*"), F.sum("saving_mid")).collect()
    saving = f", for {saved:,.2f} {currency_code} less a month (DBU part)" if fewer else ""
    return (
        f"More likely than not to miss their SLA next time: {likely:,}; last run unlike the job: {unlike:,};"
        f" fewer workers recommended: {fewer:,}{saving}."
    )


def _rows(lakehouse: Lakehouse, table: Table, condition: str) -> int:
    return lakehouse.read(table).where(condition).count()


def promotions(registered: Sequence[Registered]) -> str:
    """Which versions became champion and which did not, and why."""
    if len({version.reason for version in registered}) == 1 and registered[0].is_champion:
        return f"All models became champion: {registered[0].reason}."
    clauses = (
        f"{version.family} {'became' if version.is_champion else 'did not become'} champion"
        f" ({version.reason})"
        for version in registered
    )
    return f"{'; '.join(clauses)}."
