"""The bronze stage of a night: what the source has delivered is read, and how far is remembered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from pipeline.bronze.flaws import Flaws
from pipeline.bronze.ingest import Ingested, Past, ingest
from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.positions import Positions
from pipeline.nightly.retention import dropped_before
from pipeline.nightly.step_run import StepReport
from pipeline.sources.home_source import INPUT, READER, HomeSource
from pipeline.sources.protocol import Source
from pipeline.tables import bronze
from pipeline.tables.declaration import Layer, SourceTable

INGEST = "ingest"
_NEWEST = "newest observed"


class _TablePositions:
    """How far each source table has been read, as `pipeline.bronze.ingest` asks for it."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions

    def get(self, name: str) -> str | None:
        return self._positions.of(INGEST, name)

    def set(self, name: str, value: str) -> None:
        self._positions.set_all(INGEST, {name: value})


def ingest_all(
    lakehouse: Lakehouse,
    source: Source,
    positions: Positions,
    now: datetime,
    home_source: HomeSource | None,
) -> list[Ingested]:
    """Read every table of the source; UserError where no row of a required one could be kept.

    `home_source` is the source as the home shall remember it.
    """
    past = _past(positions)
    ingested = []
    for delivery in ingest(source, lakehouse, _TablePositions(positions), now=now, past=past):
        table = delivery.table
        if table.required and delivery.flaws.nothing_kept:
            raise UserError(why_stopped(delivery.flaws))
        times = (delivery.newest_observed_at, newest_observed_at(positions, table))
        newest = max(filter(None, times), default=None)
        ingested.append(replace(delivery, newest_observed_at=newest))
        if newest is not None:
            # Of a row that is ahead of the clock, all others would be late.
            positions.set_all(_NEWEST, {table.name: min(newest, now).isoformat()})
        if home_source is not None and (delivery.received or table.required):
            _remember(positions, home_source)
    return ingested


def newest_observed_at(positions: Positions, table: SourceTable) -> datetime | None:
    """The newest time that rows of a source table have told, of those not ahead of the clock."""
    newest = positions.of(_NEWEST, table.name)
    return datetime.fromisoformat(newest) if newest else None


def why_stopped(flaws: Flaws) -> str:
    """Why a night cannot go on without a table that is required."""
    return (
        f"{flaws.sentences()[0]}; the table is required ({flaws.table.switches_off}),"
        " so the night stops here: mend what the reason names and run it again"
    )


def report_of(delivery: Ingested) -> StepReport:
    """One table's ingestion, as one step of the night."""
    return StepReport(
        step=INGEST,
        stage=str(Layer.BRONZE),
        table=bronze.BRONZE_OF[delivery.table.name],
        mode="incremental" if delivery.received else "current",
        seconds=delivery.seconds,
        version=delivery.version,
        inserted=delivery.kept_new,
        updated=delivery.kept_changed,
        deleted=delivery.gone,
        rows_read=delivery.received,
        rejected=delivery.rejected,
        duplicates=delivery.duplicates,
        expired=delivery.expired,
        late=delivery.late,
    )


def _past(positions: Positions) -> Callable[[SourceTable], Past]:
    def past(table: SourceTable) -> Past:
        return Past(
            dropped_before=dropped_before(positions, bronze.BRONZE_OF[table.name]),
            newest_observed_at=newest_observed_at(positions, table),
        )

    return past


def _remember(positions: Positions, home_source: HomeSource) -> None:
    """At once: rows whose source a killed night had forgotten would not keep another's away."""
    if positions.of(READER, INPUT) != home_source.position:
        positions.set_all(READER, {INPUT: home_source.position})
        positions.flush()
