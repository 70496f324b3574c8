"""One night: ingest what is new, then bring each table up to date, recomputing only what changed.

A night killed at any point and run again ends with the same tables, and a night with nothing new
writes nothing at all: see `pipeline.advance` for how a step remembers what it has read. What a table
keeps for some days only is dropped at the end, when everything made from it stands.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from pyspark.sql import SparkSession

from pipeline.abreast import abreast
from pipeline.advance import AS_OF, DROPPED, StepReport, advance
from pipeline.bronze.ingest import Ingested, Past, ingest
from pipeline.decisions import follow_settings
from pipeline.errors import UserError
from pipeline.graph import GRAPH, Graph, Step
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.logbook import Logbook
from pipeline.positions import Positions
from pipeline.quality import check_tables
from pipeline.schema_versions import settle
from pipeline.settings import Settings
from pipeline.sources.protocol import Source
from pipeline.tables import bronze
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, SourceTable, Table

_INGEST = "ingest"
_NEWEST = "newest observed"
_CHECKS = "quality"


@dataclass(slots=True)
class Night:
    """A night's outcome: what it speaks of, and what each step did."""

    night_id: str
    as_of: datetime | None = None
    reports: list[StepReport] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def changed_anything(self) -> bool:
        return any(report.written for report in self.reports)


Progress = Callable[[str, int, int], None]
"""Told the step about to run, its number and how many there are."""


def run_night(
    spark: SparkSession,
    lakehouse: Lakehouse,
    source: Source,
    settings: Settings,
    *,
    now: datetime,
    as_of: datetime | None = None,
    only: str | None = None,
    start: str | None = None,
    graph: Graph = GRAPH,
    progress: Progress = lambda _name, _number, _total: None,
) -> Night:
    """Run the stages asked for (all by default) and return what they did.

    `only` runs one stage, `start` that one and all later ones; UserError for an unknown stage, or
    for a night that has nothing to speak of yet.
    """
    began = time.perf_counter()
    stages = _stages(graph, only, start)
    settle(spark, lakehouse)
    for table in TABLES:
        lakehouse.create(table)
    follow_settings(spark, lakehouse, settings.slas, now)
    positions = Positions(spark, lakehouse)
    night = Night(night_id=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    logbook = Logbook(spark, lakehouse, positions, night.night_id)
    steps = [step for step in graph.steps if str(step.writes.layer) in stages]
    total = len(steps) + 1
    if str(Layer.BRONZE) in stages:
        progress(_INGEST, 1, total)
        done = _ingest(lakehouse, source, positions, now)
        logbook.sources(done, now)
        positions.flush()
        night.reports += [_ingest_report(one) for one in done]
    night.as_of = as_of or _remembered_as_of(positions)
    if night.as_of is None and steps:
        raise UserError(
            "nothing has been ingested yet, so there is no time to speak of:"
            " run the bronze stage first (rightrun nightly --only bronze)"
        )
    given: dict[str, object] = {
        "as_of": night.as_of,
        "currency_code": settings.currency_code,
        "run_name_rules": settings.run_name_rules,
        "default_run_names": settings.default_run_names,
    }
    try:
        number = count(2)

        def one(step: Step) -> StepReport:
            progress(step.name, next(number), total)
            return advance(lakehouse, positions, step, given)

        night.reports += abreast(graph.needs(steps), one).values()
        _check(spark, lakehouse, positions, [step.writes for step in steps])
        if night.as_of is not None and len(steps) == len(graph.steps):
            _drop(lakehouse, positions, graph, night.as_of)
        logbook.write(night.as_of, night.reports)
    finally:
        # Of a night that fails, what was done before stays done.
        positions.flush()
    night.seconds = time.perf_counter() - began
    return night


def _stages(graph: Graph, only: str | None, start: str | None) -> Sequence[str]:
    for asked in (only, start):
        if asked is not None and asked not in graph.stages:
            raise UserError(f"there is no stage {asked!r}; stages are {', '.join(graph.stages)}")
    if only is not None:
        return (only,)
    return graph.stages[graph.stages.index(start) if start is not None else 0 :]


class _Held:
    """The ingestion's positions: what a table's rows moved is kept back until their time is known.

    Written one by one, a night killed in between would remember that it has read the rows and
    forget what time they speak of, and no later night would be told again.
    """

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self._moved: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._positions.of(_INGEST, name)

    def set(self, name: str, value: str) -> None:
        self._moved[name] = value

    def release(self, as_of: datetime | None) -> None:
        if as_of is not None:
            self._moved[AS_OF] = as_of.isoformat()
        self._positions.set_all(_INGEST, self._moved)
        self._moved.clear()


def _ingest(
    lakehouse: Lakehouse, source: Source, positions: Positions, now: datetime
) -> list[Ingested]:
    newest = _remembered_as_of(positions)
    held = _Held(positions)
    found = []

    def past(table: SourceTable) -> Past:
        known = positions.of(_NEWEST, table.name)
        dropped = positions.of(DROPPED, bronze.BRONZE_OF[table.name].full_name)
        return Past(
            dropped_before=date.fromisoformat(dropped) if dropped else None,
            newest_observed_at=datetime.fromisoformat(known) if known else None,
        )

    for done in ingest(source, lakehouse, held, now=now, past=past):
        found.append(done)
        newest = max(filter(None, (newest, done.newest_observed_at)), default=None)
        held.release(newest)
        seen = filter(None, (done.newest_observed_at, past(done.table).newest_observed_at))
        if latest := max(seen, default=None):
            positions.set_all(_NEWEST, {done.table.name: latest.isoformat()})
    return found


def _ingest_report(done: Ingested) -> StepReport:
    return StepReport(
        step=_INGEST,
        stage=str(Layer.BRONZE),
        table=bronze.BRONZE_OF[done.table.name],
        mode="incremental" if done.received else "current",
        seconds=done.seconds,
        version=done.version,
        inserted=done.kept_new,
        updated=done.kept_changed,
        deleted=done.gone,
        rows_read=done.received,
        rejected=done.rejected,
        duplicates=done.duplicates,
        expired=done.expired,
        late=done.late,
    )


def _remembered_as_of(positions: Positions) -> datetime | None:
    text = positions.of(_INGEST, AS_OF)
    return datetime.fromisoformat(text) if text else None


def _check(
    spark: SparkSession, lakehouse: Lakehouse, positions: Positions, tables: Sequence[Table]
) -> None:
    """Check the tables that stand at a version not checked yet: by this night, or a killed one."""
    at = {table: str(lakehouse.version(table)) for table in tables}
    unchecked = [table for table in tables if positions.of(_CHECKS, table.full_name) != at[table]]
    check_tables(spark, lakehouse, unchecked)
    positions.set_all(_CHECKS, {table.full_name: at[table] for table in unchecked})


def _drop(lakehouse: Lakehouse, positions: Positions, graph: Graph, as_of: datetime) -> None:
    """Drop what its table no longer keeps; called when every step has read it."""
    for table in TABLES:
        if table.kept_days is None:
            continue
        day = as_of.date() - timedelta(days=table.kept_days)
        known = positions.of(DROPPED, table.full_name)
        if known is not None and known >= day.isoformat():
            continue
        # Sealed first: killed in between, a night must not take missing rows for news.
        positions.set_all(DROPPED, {table.full_name: day.isoformat()})
        positions.flush()
        before = str(lakehouse.version(table))
        if not lakehouse.drop_before(table, day):
            continue
        after = {table.full_name: str(lakehouse.version(table))}
        for step in graph.steps:
            # Rows that went are none that a step would read again: their days are sealed.
            if positions.of(step.name, table.full_name) == before:
                positions.set_all(step.name, after)
