"""What tables keep for some days only, dropped at the end of a night, when everything made from it stands.

Each table's day is sealed before its rows go: no step computes again what it has made of earlier days,
and a row that arrives for one has expired.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.positions import Positions
from pipeline.nightly.quality import READER as CHECKER
from pipeline.steps.kinds import Step
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Table

_READER = "dropped before"


def dropped_before(positions: Positions, table: Table) -> date | None:
    """The day before which the table's rows have been dropped; None where all still stand."""
    day = positions.of(_READER, table.full_name)
    return date.fromisoformat(day) if day else None


def first_day_kept(table: Table, as_of: datetime) -> date | None:
    """The first day that a night which speaks of `as_of` keeps of the table; None for all days."""
    return None if table.kept_days is None else as_of.date() - timedelta(days=table.kept_days)


def drop_old_days(
    lakehouse: Lakehouse, positions: Positions, steps: Iterable[Step], as_of: datetime
) -> None:
    """Drop what tables no longer keep; called when every one of `steps` has read it."""
    for table in TABLES:
        day = first_day_kept(table, as_of)
        if day is None:
            continue
        last = dropped_before(positions, table)
        if last is not None and last >= day:
            continue
        # Sealed first: killed in between, a night must not take missing rows for news.
        positions.set_all(_READER, {table.full_name: day.isoformat()})
        positions.flush()
        before = str(lakehouse.version(table))
        if not lakehouse.drop_before(table, day):
            continue
        after = {table.full_name: str(lakehouse.version(table))}
        for reader in (*(step.name for step in steps), CHECKER):
            # Rows that went are none that a step would read again, as their days are sealed, nor any
            # that a rule would find at fault now.
            if positions.of(reader, table.full_name) == before:
                positions.set_all(reader, after)
