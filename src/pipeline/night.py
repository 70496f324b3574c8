"""One night: ingest what is new, then bring each table up to date, recomputing only what changed.

A step remembers the Delta version it has read of each input. It asks for the rows changed since,
recomputes the scopes they belong to, and merges; the memory is written after the merge. So a night
killed at any point and run again ends with the same tables, and a night with nothing new writes
nothing at all.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.bronze.ingest import Ingested, ingest
from pipeline.errors import UserError
from pipeline.graph import GRAPH, Graph, Step
from pipeline.lakehouse.protocol import ChangesGone, Lakehouse, Written
from pipeline.positions import Positions
from pipeline.quality import check_tables
from pipeline.settings import Settings
from pipeline.sources.protocol import Source
from pipeline.tables import bronze, ops
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.derive import spark_schema

_INGEST = "ingest"
_AS_OF = "as_of"
_CHECKS = "quality"


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did to one table."""

    step: str
    stage: str
    table: Table
    mode: str
    seconds: float
    version: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows_read: int = 0
    rejected: int = 0
    duplicates: int = 0

    @property
    def written(self) -> int:
        return self.inserted + self.updated + self.deleted


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
    for table in TABLES:
        lakehouse.create(table)
    positions = Positions(spark, lakehouse)
    night = Night(night_id=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    steps = [step for step in graph.steps if str(step.writes.layer) in stages]
    total = len(steps) + 1
    if str(Layer.BRONZE) in stages:
        progress(_INGEST, 1, total)
        night.reports += _ingest(lakehouse, source, positions, now)
    night.as_of = as_of or _remembered_as_of(positions)
    if night.as_of is None and steps:
        raise UserError(
            "nothing has been ingested yet, so there is no time to speak of:"
            " run the bronze stage first (rightrun nightly --only bronze)"
        )
    given: dict[str, object] = {"as_of": night.as_of, "currency_code": settings.currency_code}
    for number, step in enumerate(steps, start=2):
        progress(step.name, number, total)
        night.reports.append(_advance(lakehouse, positions, step, given))
    _check(spark, lakehouse, positions, [step.writes for step in steps])
    if night.changed_anything:
        _remember(spark, lakehouse, night)
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
        return self._positions.get(name)

    def set(self, name: str, value: str) -> None:
        self._moved[name] = value

    def release(self, as_of: datetime | None) -> None:
        if as_of is not None:
            self._moved[_AS_OF] = as_of.isoformat()
        self._positions.set_all(_INGEST, self._moved)
        self._moved.clear()


def _ingest(
    lakehouse: Lakehouse, source: Source, positions: Positions, now: datetime
) -> list[StepReport]:
    newest = _remembered_as_of(positions)
    held = _Held(positions)
    reports = []
    for done in ingest(source, lakehouse, held, now=now):
        reports.append(_ingest_report(done))
        newest = max(filter(None, (newest, done.newest_observed_at)), default=None)
        held.release(newest)
    return reports


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
    )


def _remembered_as_of(positions: Positions) -> datetime | None:
    text = positions.of(_INGEST, _AS_OF)
    return datetime.fromisoformat(text) if text else None


def _advance(
    lakehouse: Lakehouse, positions: Positions, step: Step, given: dict[str, object]
) -> StepReport:
    """Bring the step's output up to date with its inputs and the clock."""
    began = time.perf_counter()
    versions = {table: lakehouse.version(table) for table in step.reads}
    now_at = {table.full_name: str(version) for table, version in versions.items()}
    if step.is_clocked:
        now_at[_AS_OF] = str(given["as_of"])
    for name in step.given:
        now_at[name] = str(given[name])
    was_at = {name: positions.of(step.name, name) for name in now_at}

    def report(mode: str, written: Written | None = None, rows_read: int = 0) -> StepReport:
        return StepReport(
            step=step.name,
            stage=str(step.writes.layer),
            table=step.writes,
            mode=mode,
            seconds=time.perf_counter() - began,
            version=written.version if written else lakehouse.version(step.writes),
            inserted=written.inserted if written else 0,
            updated=written.updated if written else 0,
            deleted=written.deleted if written else 0,
            rows_read=rows_read,
        )

    if was_at == now_at:
        return report("current")
    seen = {
        table: int(position) if (position := was_at[table.full_name]) is not None else None
        for table in step.reads
    }
    clock_moved = any(
        was_at[name] != now_at[name] for name in now_at if name == _AS_OF or name in step.given
    )
    changed = [
        table
        for table in step.reads
        if (last := seen[table]) is None
        or (versions[table] > last and lakehouse.changed(table, last))
    ]
    if not changed and not clock_moved:
        positions.set_all(step.name, now_at)
        return report("current")

    arguments = {name: given[name] for name in step.given}
    affected = _affected(lakehouse, step, seen, changed, clock_moved) if step.scope else None
    if affected is None:
        inputs = [_windowed(lakehouse.read(table), table, step, given) for table in step.reads]
        written = lakehouse.replace(step.writes, step.run(*inputs, **arguments))
        mode = "full"
    else:
        scopes, earliest = affected
        inputs = [
            _in_scope(lakehouse.read(table), table, step, scopes, earliest) for table in step.reads
        ]
        written = lakehouse.merge(step.writes, step.run(*inputs, **arguments), scope=scopes)
        mode = "incremental"
    rows_read = sum(frame.count() for frame in inputs)
    positions.set_all(step.name, now_at)
    return report(mode, written, rows_read)


def _check(
    spark: SparkSession, lakehouse: Lakehouse, positions: Positions, tables: Sequence[Table]
) -> None:
    """Check the tables that stand at a version not checked yet: by this night, or a killed one."""
    at = {table: str(lakehouse.version(table)) for table in tables}
    unchecked = [table for table in tables if positions.of(_CHECKS, table.full_name) != at[table]]
    check_tables(spark, lakehouse, unchecked)
    positions.set_all(_CHECKS, {table.full_name: at[table] for table in unchecked})


def _affected(
    lakehouse: Lakehouse,
    step: Step,
    seen: dict[Table, int | None],
    changed: list[Table],
    clock_moved: bool,
) -> tuple[DataFrame, date | None] | None:
    """The scopes to recompute and the earliest date their rows can have; None means everything."""
    if any(last is None for last in seen.values()) or (clock_moved and not step.reopened):
        return None
    scopes: list[DataFrame] = []
    dates: list[DataFrame] = []
    for table in changed:
        theirs = _shared(step, table)
        last = seen[table]
        if not theirs or last is None:
            return None
        date_column = table.partition_by if table in step.pruned else None
        wanted = tuple(dict.fromkeys((*theirs.values(), *filter(None, (date_column,)))))
        try:
            rows = lakehouse.changes(table, last, wanted)
        except ChangesGone:
            return None
        if date_column is not None:
            dates.append(rows.select(F.min(date_column).alias("earliest")))
        rows = rows.select(*(F.col(name).alias(ours) for ours, name in theirs.items()))
        if date_column is None:
            # Its rows may stand for older rows of a dated input than the output has ever held.
            dates += [
                _scoped(lakehouse.read(dated), step, dated, rows).select(
                    F.min(str(dated.partition_by)).alias("earliest")
                )
                for dated in step.pruned
            ]
        if len(theirs) < len(step.scope):
            first = step.reads[0]
            rows = _scoped(lakehouse.read(first), step, first, rows).select(
                *(F.col(step.in_input(ours)).alias(ours) for ours in step.scope)
            )
        scopes.append(rows)
    output = lakehouse.read(step.writes)
    if step.reopened:
        scopes.append(output.where(step.reopened).select(*step.scope))
    affected = reduce(DataFrame.union, scopes).distinct()
    earliest = None
    if step.pruned:
        known = output.join(affected, list(step.scope), "left_semi")
        dates.append(known.select(F.min(str(step.writes.partition_by)).alias("earliest")))
        earliest = reduce(DataFrame.union, dates).select(F.min("earliest")).collect()[0][0]
    return affected, earliest


def _shared(step: Step, table: Table) -> dict[str, str]:
    """The step's scope columns that `table` has: our name to the table's."""
    named = {ours: step.in_input(ours) for ours in step.scope}
    return {ours: theirs for ours, theirs in named.items() if theirs in table.column_names}


def _scoped(rows: DataFrame, step: Step, table: Table, scopes: DataFrame) -> DataFrame:
    """The rows of `table` that belong to `scopes`, as far as the two share columns."""
    shared = {o: t for o, t in _shared(step, table).items() if o in scopes.columns}
    if not shared:
        return rows
    wanted = scopes.select(*(F.col(ours).alias(theirs) for ours, theirs in shared.items()))
    return rows.join(wanted.distinct(), list(shared.values()), "left_semi")


def _in_scope(
    rows: DataFrame, table: Table, step: Step, scopes: DataFrame, earliest: date | None
) -> DataFrame:
    if table in step.pruned and earliest is not None:
        rows = rows.where(F.col(str(table.partition_by)) >= F.lit(earliest))
    return _scoped(rows, step, table, scopes)


def _windowed(rows: DataFrame, table: Table, step: Step, given: dict[str, object]) -> DataFrame:
    as_of = given["as_of"]
    if step.window_days is None or table.partition_by is None or not isinstance(as_of, datetime):
        return rows
    start = as_of.date() - timedelta(days=step.window_days)
    return rows.where(F.col(table.partition_by) >= F.lit(start))


def _remember(spark: SparkSession, lakehouse: Lakehouse, night: Night) -> None:
    rows = [
        (
            night.night_id,
            report.step,
            report.table.full_name,
            report.stage,
            night.as_of,
            report.mode,
            report.rows_read,
            report.inserted,
            report.updated,
            report.deleted,
            report.rejected,
            report.duplicates,
            report.seconds,
            report.version,
        )
        for report in night.reports
    ]
    lakehouse.merge(
        ops.NIGHT_STEPS, spark.createDataFrame(rows, schema=spark_schema(ops.NIGHT_STEPS))
    )
