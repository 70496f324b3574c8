"""One night: ingest what is new, then bring each table up to date, computing again only what changed.

A night killed at any point and run again ends with the same tables, and a night with nothing new
writes nothing at all: see `pipeline.nightly.step_run` for how a step remembers what it has read.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from pyspark.sql import SparkSession

from pipeline.bronze.flaws import Flaws
from pipeline.bronze.ingest import Ingested
from pipeline.engine.side_by_side import run_side_by_side
from pipeline.errors import UserError
from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.currency import refuse_unpriced
from pipeline.nightly.ingestion import INGEST, ingest_all, report_of
from pipeline.nightly.logbook import Logbook
from pipeline.nightly.positions import Positions
from pipeline.nightly.quality import check_changed
from pipeline.nightly.reached import all_reached, last_cost_day, shared_time
from pipeline.nightly.retention import drop_old_days
from pipeline.nightly.schema_versions import settle
from pipeline.nightly.step_run import StepReport, run_step
from pipeline.settings import Settings
from pipeline.sla.record import follow_slas
from pipeline.sources.home_source import HomeSource
from pipeline.sources.protocol import Source
from pipeline.steps.given import Given
from pipeline.steps.kinds import Step
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer


@dataclass(slots=True)
class Night:
    """A night's outcome: what it speaks of, and what each step did."""

    night_id: str
    as_of: datetime | None = None
    given: Given | None = None
    """What it gave to steps; None where nothing has been ingested yet."""
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
    first_stage: str | None = None,
    home_source: HomeSource | None = None,
    graph: Graph = GRAPH,
    progress: Progress = lambda _name, _number, _total: None,
) -> Night:
    """Run the stages asked for (all by default) and return what they did.

    `only` runs one stage, `first_stage` that one and all later ones; UserError for an unknown stage, or
    for a night that has nothing to speak of yet. `home_source` is the source as the home shall remember it.
    """
    began = time.perf_counter()
    stages = _stages(graph, only, first_stage)
    steps = [step for step in graph.steps if str(step.writes.layer) in stages]
    total = len(steps) + 1
    settle(spark, lakehouse)
    for table in TABLES:
        lakehouse.create(table)
    follow_slas(spark, lakehouse, settings.slas, now)
    positions = Positions(spark, lakehouse)
    night = Night(night_id=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    logbook = Logbook(spark, lakehouse, positions, night.night_id)

    ingested: list[Ingested] = []
    if str(Layer.BRONZE) in stages:
        progress(INGEST, 1, total)
        ingested = ingest_all(lakehouse, source, positions, now, home_source)
        night.reports += [report_of(delivery) for delivery in ingested]
        night.flaws = [delivery.flaws for delivery in ingested]
    times = all_reached(lakehouse, positions)
    logbook.sources(ingested, times, now)
    positions.flush()

    night.as_of = as_of or shared_time(times, positions)
    if night.as_of is not None:
        night.given = Given(
            as_of=night.as_of,
            last_cost_day=last_cost_day(times, as_of),
            currency_code=settings.currency_code,
            run_name_rules=settings.run_name_rules,
            default_run_names=settings.default_run_names,
        )
    elif steps:
        raise UserError(
            "nothing has been ingested yet, so there is no time to speak of:"
            " run the bronze stage first (rightrun nightly --only bronze)"
        )
    if str(Layer.SILVER) in stages:
        refuse_unpriced(lakehouse, positions, settings.currency_code)
    try:
        if night.given is not None:
            night.reports += _run_steps(lakehouse, positions, graph, steps, night.given, progress)
            check_changed(spark, lakehouse, positions, [step.writes for step in steps])
            if len(steps) == len(graph.steps):
                drop_old_days(lakehouse, positions, steps, night.given.as_of)
        logbook.write(night.as_of, night.reports)
    finally:
        # Of a night that fails, the steps that had ended stay done.
        positions.flush()
    night.seconds = time.perf_counter() - began
    return night


def _stages(graph: Graph, only: str | None, first_stage: str | None) -> Sequence[str]:
    if only is not None and first_stage is not None:
        raise UserError("--only runs one stage and --from several: name one of them")
    for stage in (only, first_stage):
        if stage is not None and stage not in graph.stages:
            raise UserError(f"there is no stage {stage!r}; stages are {', '.join(graph.stages)}")
    if only is not None:
        return (only,)
    return graph.stages[graph.stages.index(first_stage) if first_stage is not None else 0 :]


def _run_steps(
    lakehouse: Lakehouse,
    positions: Positions,
    graph: Graph,
    steps: Sequence[Step],
    given: Given,
    progress: Progress,
) -> list[StepReport]:
    """Bring each step up to date, side by side where none waits for the other."""
    number = count(2)
    # No step has written yet: this is how tables stood before the night.
    previous = {t: lakehouse.version(t) for step in steps for t in step.reads_previous}

    def run(step: Step) -> StepReport:
        progress(step.name, next(number), len(steps) + 1)
        return run_step(lakehouse, positions, step, given, previous)

    return list(run_side_by_side(graph.needs(steps), run).values())
