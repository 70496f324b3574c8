"""One night: ingest what is new, then bring each table up to date, recomputing only what changed.

A night killed at any point and run again ends with the same tables, and a night with nothing new
writes nothing at all: see `pipeline.nightly.step_run` for how a step remembers what it has read. What a table
keeps for some days only is dropped at the end, when everything made from it stands.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from pyspark.sql import SparkSession

from pipeline.bronze.flaws import Flaws
from pipeline.bronze.ingest import Ingested, Past, ingest
from pipeline.decisions.sla import follow_settings
from pipeline.engine.side_by_side import abreast
from pipeline.errors import UserError
from pipeline.graph.graph import GRAPH, Graph, Step
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.logbook import Logbook
from pipeline.nightly.positions import Positions
from pipeline.nightly.quality import check_tables
from pipeline.nightly.reached import Reached, last_whole_day, reached
from pipeline.nightly.schema_versions import settle
from pipeline.nightly.step_run import DROPPED, StepReport, advance
from pipeline.settings import Settings
from pipeline.sources.home_source import INPUT, READER, HomeSource
from pipeline.sources.protocol import Source
from pipeline.tables import bronze
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, SourceTable, Table
from pipeline.tables.source import LIST_PRICES, SOURCE_TABLES, USAGE

_INGEST = "ingest"
_NEWEST = "newest observed"
_CHECKS = "quality"
_CLOCKS = tuple(table for table in SOURCE_TABLES if table.required or table is USAGE)
"""Sources whose time what is said of runs, and of costs, speaks of."""
_CURRENCY = "currency"


@dataclass(slots=True)
class Night:
    """A night's outcome: what it speaks of, and what each step did."""

    night_id: str
    as_of: datetime | None = None
    given: dict[str, object] = field(default_factory=dict)
    """What it gave to steps by name."""
    reports: list[StepReport] = field(default_factory=list)
    flaws: list[Flaws] = field(default_factory=list)
    """What each table delivered in this night lacks."""
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
    feed: HomeSource | None = None,
    graph: Graph = GRAPH,
    progress: Progress = lambda _name, _number, _total: None,
) -> Night:
    """Run the stages asked for (all by default) and return what they did.

    `only` runs one stage, `start` that one and all later ones; UserError for an unknown stage, or
    for a night that has nothing to speak of yet. `feed` is the source as the home shall remember it.
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
    ingested: list[Ingested] = []
    if str(Layer.BRONZE) in stages:
        progress(_INGEST, 1, total)
        ingested = _ingest(lakehouse, source, positions, now, feed)
        night.reports += [_ingest_report(one) for one in ingested]
        night.flaws = [one.flaws for one in ingested]
    times = _times(lakehouse, positions)
    logbook.sources(ingested, times, now)
    positions.flush()
    night.as_of = as_of or _shared(times, positions)
    if night.as_of is None and steps:
        raise UserError(
            "nothing has been ingested yet, so there is no time to speak of:"
            " run the bronze stage first (rightrun nightly --only bronze)"
        )
    if str(Layer.SILVER) in stages:
        _refuse_unpriced(lakehouse, positions, settings.currency_code)
    night.given = {
        "as_of": night.as_of,
        "last_cost_day": _last_cost_day(times, as_of),
        "currency_code": settings.currency_code,
        "run_name_rules": settings.run_name_rules,
        "default_run_names": settings.default_run_names,
    }
    try:
        number = count(2)

        def one(step: Step) -> StepReport:
            progress(step.name, next(number), total)
            return advance(lakehouse, positions, step, night.given)

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
    if only is not None and start is not None:
        raise UserError("--only runs one stage and --from several: name one of them")
    for asked in (only, start):
        if asked is not None and asked not in graph.stages:
            raise UserError(f"there is no stage {asked!r}; stages are {', '.join(graph.stages)}")
    if only is not None:
        return (only,)
    return graph.stages[graph.stages.index(start) if start is not None else 0 :]


class _Read:
    """The ingestion's positions: how far each source table has been read."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions

    def get(self, name: str) -> str | None:
        return self._positions.of(_INGEST, name)

    def set(self, name: str, value: str) -> None:
        self._positions.set_all(_INGEST, {name: value})


def _ingest(
    lakehouse: Lakehouse,
    source: Source,
    positions: Positions,
    now: datetime,
    feed: HomeSource | None,
) -> list[Ingested]:
    ingested = []

    def past(table: SourceTable) -> Past:
        known = positions.of(_NEWEST, table.name)
        dropped = positions.of(DROPPED, bronze.BRONZE_OF[table.name].full_name)
        return Past(
            dropped_before=date.fromisoformat(dropped) if dropped else None,
            newest_observed_at=datetime.fromisoformat(known) if known else None,
        )

    for done in ingest(source, lakehouse, _Read(positions), now=now, past=past):
        if done.table.required and done.flaws.nothing_kept:
            raise UserError(stopped(done.flaws))
        seen = filter(None, (done.newest_observed_at, past(done.table).newest_observed_at))
        newest = max(seen, default=None)
        ingested.append(replace(done, newest_observed_at=newest))
        if newest is not None:
            # Of a row that is ahead of the clock, all others would be late.
            positions.set_all(_NEWEST, {done.table.name: min(newest, now).isoformat()})
        if feed is not None and (done.received or done.table.required):
            _remember(positions, feed)
    return ingested


def _times(lakehouse: Lakehouse, positions: Positions) -> dict[SourceTable, Reached]:
    """How far the sources have come that verdicts stand on."""
    times = {table: reached(lakehouse, positions, table) for table in _CLOCKS}
    return {table: reach for table, reach in times.items() if reach is not None}


def _shared(times: Mapping[SourceTable, Reached], positions: Positions) -> datetime | None:
    """The newest time that the required sources share; of an account without runs, of all others."""
    required = [reach.at for table, reach in times.items() if table.required]
    if required:
        return min(required)
    newest = filter(None, (positions.of(_NEWEST, table.name) for table in SOURCE_TABLES))
    return max(map(datetime.fromisoformat, newest), default=None)


def _last_cost_day(times: Mapping[SourceTable, Reached], as_of: datetime | None) -> date | None:
    """The last day whose usage has been billed in full, and that is over at the time asked for."""
    if USAGE not in times:
        return None
    day = last_whole_day(USAGE, times[USAGE].at)
    return day if as_of is None else min(day, as_of.date() - timedelta(days=1))


def _remember(positions: Positions, feed: HomeSource) -> None:
    """At once: rows whose source a killed night had forgotten would not keep another's away."""
    if positions.of(READER, INPUT) != feed.position:
        positions.set_all(READER, {INPUT: feed.position})
        positions.flush()


def _refuse_unpriced(lakehouse: Lakehouse, positions: Positions, currency_code: str) -> None:
    """UserError where there are prices and none in the currency: every cost would be nought."""
    prices = bronze.BRONZE_OF[LIST_PRICES.name]
    stand = f"{currency_code} at version {lakehouse.version(prices)}"
    if positions.of(_CURRENCY, prices.full_name) == stand:
        return
    rows = lakehouse.read(prices).select("currency_code").distinct().collect()
    priced = sorted(row["currency_code"] for row in rows if row["currency_code"])
    if priced and currency_code not in priced:
        raise UserError(
            f"setting currency_code is {currency_code}, and the source has prices in"
            f" {', '.join(priced)} only: set one of those"
        )
    positions.set_all(_CURRENCY, {prices.full_name: stand})


def stopped(flaws: Flaws) -> str:
    """Why a night cannot go on without a table that is required."""
    return (
        f"{flaws.sentences()[0]}; the table is required ({flaws.table.switches_off}),"
        " so the night stops here: mend what the reason names and run it again"
    )


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
