"""One night: ingest what is new, then bring each table up to date, computing again only what changed.

A night is its stages in their order and then its end, `track`: what tables keep for some days only is
dropped, the logbook is written, and MLflow is told (by `pipeline.tracking`). One process runs all of
them, or tasks run some each: a name makes them one night (`pipeline.nightly.ongoing`).

A night killed at any point and run again ends with the same tables, and a night of one process with
nothing new writes nothing at all: see `pipeline.nightly.step_run` for how a step remembers what it has
read.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

from pyspark.sql import SparkSession

from pipeline.bronze.ingest import Ingested
from pipeline.engine.side_by_side import run_side_by_side
from pipeline.errors import UserError
from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.currency import refuse_unpriced
from pipeline.nightly.ingestion import INGEST, ingest_all, report_of
from pipeline.nightly.logbook import Logbook
from pipeline.nightly.ongoing import forget, is_of_this_release, remember, resumed
from pipeline.nightly.outcome import Night, Standpoint
from pipeline.nightly.positions import Positions
from pipeline.nightly.quality import check_changed
from pipeline.nightly.reached import Reached, all_reached, last_cost_day, shared_time
from pipeline.nightly.retention import drop_old_days
from pipeline.nightly.schema_versions import settle
from pipeline.nightly.step_run import run_step
from pipeline.settings import Settings
from pipeline.sla.record import follow_slas
from pipeline.sources.home_source import HomeSource
from pipeline.sources.protocol import Source
from pipeline.steps.given import Given
from pipeline.steps.kinds import Step
from pipeline.tables import ops
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, SourceTable

TRACK = "track"
"""The stage that ends a night."""

Progress = Callable[[str, int, int], None]
"""Told the step about to run, its number and how many there are."""


def stages_of(graph: Graph = GRAPH) -> tuple[str, ...]:
    """The names that `only` and `first_stage` take, in order: a task each, where a night has several."""
    return (*graph.stages, TRACK)


def run_night(
    spark: SparkSession,
    lakehouse: Lakehouse,
    source: Source,
    settings: Settings,
    *,
    now: datetime,
    as_of: datetime | None = None,
    name: str | None = None,
    only: str | None = None,
    first_stage: str | None = None,
    home_source: HomeSource | None = None,
    graph: Graph = GRAPH,
    progress: Progress = lambda _name, _number, _total: None,
) -> Night:
    """Run the stages asked for (all by default) and return what they did.

    `only` runs one stage, `first_stage` that one and all later ones; UserError for an unknown stage, or
    for a night that has nothing to speak of yet. Calls of one `name` are parts of one night, which ends
    with the stage `track`; a call without a name is a whole night, whatever it runs. `home_source` is
    the source as the home shall remember it.
    """
    began = time.perf_counter()
    stages = _stages(graph, only, first_stage)
    steps = [step for step in graph.steps if str(step.stage) in stages]
    positions, night = _opened(spark, lakehouse, settings, name, now)
    seconds_before = night.seconds
    logbook = Logbook(spark, lakehouse, positions, night)
    deliveries: list[Ingested] = []
    if str(Layer.BRONZE) in stages:
        progress(INGEST, 1, len(steps) + 1)
        deliveries = ingest_all(lakehouse, source, positions, now, home_source)
        for delivery in deliveries:
            night.note(report_of(delivery))
            night.note_flaws(delivery.flaws)
    if deliveries or night.standpoint is None:
        times = all_reached(lakehouse, positions)
        logbook.sources(deliveries, times, now)
        # Where tasks come one by one, the steps of them all stand on the same.
        spoken_for = steps if name is None else graph.steps
        night.standpoint = night.standpoint or _standpoint(
            lakehouse, positions, times, spoken_for, as_of
        )
    if as_of not in (None, night.as_of):
        raise UserError(
            f"the night {name} speaks of {night.as_of:%Y-%m-%dT%H:%M:%SZ} since its first task: leave"
            " --as-of out, or start another night for another time"
        )
    remember(positions, night)
    positions.flush()

    if str(Layer.SILVER) in stages:
        refuse_unpriced(lakehouse, positions, settings.currency_code)
    try:
        if steps:
            _run_steps(lakehouse, positions, graph, steps, night, settings, progress)
            check_changed(spark, lakehouse, positions, [step.writes for step in steps])
        if name is None or TRACK in stages:
            _close(lakehouse, positions, logbook, graph, night)
    finally:
        # Of a night that fails, the steps that had ended stay done.
        night.seconds = seconds_before + time.perf_counter() - began
        remember(positions, night)
        positions.flush()
    return night


def _opened(
    spark: SparkSession, lakehouse: Lakehouse, settings: Settings, name: str | None, now: datetime
) -> tuple[Positions, Night]:
    """The night as the tasks before this one have left it, or a new one; its tables are all there."""
    night = None
    if name is not None and lakehouse.exists(ops.POSITIONS):
        positions = Positions(spark, lakehouse)
        night = resumed(positions, name)
        if night is not None and is_of_this_release(positions):
            return positions, night
    settle(spark, lakehouse)
    for table in TABLES:
        lakehouse.create(table)
    follow_slas(spark, lakehouse, settings.slas, now)
    positions = Positions(spark, lakehouse)
    if name is None:
        forget(positions)
    night_id = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return positions, night or Night(night_id=night_id, name=name)


def _standpoint(
    lakehouse: Lakehouse,
    positions: Positions,
    times: Mapping[SourceTable, Reached],
    steps: Sequence[Step],
    as_of: datetime | None,
) -> Standpoint | None:
    """What `steps` stand on in a night that begins now; None where nothing has been ingested yet."""
    reached_at = as_of or shared_time(times, positions)
    if reached_at is None:
        return None
    return Standpoint(
        as_of=reached_at,
        last_cost_day=last_cost_day(times, as_of),
        previous={
            table: lakehouse.version(table) for step in steps for table in step.reads_previous
        },
    )


def _close(
    lakehouse: Lakehouse, positions: Positions, logbook: Logbook, graph: Graph, night: Night
) -> None:
    """The end of a night, before MLflow is told: old days go once every step has read them."""
    ran = {report.step for report in night.reports}
    if night.as_of is not None and all(step.name in ran for step in graph.steps):
        drop_old_days(lakehouse, positions, graph.steps, night.as_of)
    logbook.write()
    night.is_closed = True


def _stages(graph: Graph, only: str | None, first_stage: str | None) -> Sequence[str]:
    if only is not None and first_stage is not None:
        raise UserError("--only runs one stage and --from several: name one of them")
    stages = stages_of(graph)
    for stage in (only, first_stage):
        if stage is not None and stage not in stages:
            raise UserError(f"there is no stage {stage!r}; stages are {', '.join(stages)}")
    if only is not None:
        return (only,)
    return stages[stages.index(first_stage) if first_stage is not None else 0 :]


def what_is_given(stands_on: Standpoint, settings: Settings) -> Given:
    """What the night gives to its steps."""
    return Given(
        as_of=stands_on.as_of,
        last_cost_day=stands_on.last_cost_day,
        currency_code=settings.currency_code,
        run_name_rules=settings.run_name_rules,
        default_run_names=settings.default_run_names,
        holidays=settings.holidays,
        left_out=settings.left_out,
        alert_floor_minutes=settings.alert_floor_minutes,
        alert_floor_cost=settings.alert_floor_cost,
    )


def _run_steps(
    lakehouse: Lakehouse,
    positions: Positions,
    graph: Graph,
    steps: Sequence[Step],
    night: Night,
    settings: Settings,
    progress: Progress,
) -> None:
    """Bring each step up to date, side by side where none waits for the other.

    UserError where nothing has been ingested yet.
    """
    stands_on = night.standpoint
    if stands_on is None:
        raise UserError(
            "nothing has been ingested yet, so there is no time to speak of:"
            " run the bronze stage first (rightrun nightly --only bronze)"
        )
    given = what_is_given(stands_on, settings)
    number = count(2)

    def run(step: Step) -> None:
        progress(step.name, next(number), len(steps) + 1)
        night.note(run_step(lakehouse, positions, step, given, stands_on.previous))

    run_side_by_side(graph.needs(steps), run)
    night.order_reports([INGEST, *(step.name for step in graph.steps)])
