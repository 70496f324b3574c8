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
        f"As of {spelled(as_of)}, {forecast:,} of {jobs:,} jobs were forecast, {compared:,} were compared"
        f" with their baseline, and {sized:,} had their cluster size assessed."
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
    """Which models have a new champion, and why the others have none."""
    promoted = [version for version in registered if version.is_champion]
    refused = [version for version in registered if not version.is_champion]
    clauses = []
    if promoted:
        names = "all models" if not refused else " and ".join(each.family for each in promoted)
        reasons = list(dict.fromkeys(version.reason for version in promoted))
        clauses.append(f"{names} became champion ({', '.join(reasons)})")
    clauses += [f"{each.family} did not become champion: {each.reason}" for each in refused]
    sentence = f"{'; '.join(clauses)}."
    return sentence[0].upper() + sentence[1:] if not refused else sentence
