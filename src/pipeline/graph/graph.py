"""The nightly graph: every family's steps, in an order in which each table is written before it is read.

Order and lineage derive from the declarations. Construction refuses two writers of one table, two
steps of one name and a cycle, and a step refuses to read a later layer than it writes: one way for the
data is a property of the program. Only what a step reads as it stood before the night
(`reads_previous`) makes no arrow.
"""

from collections.abc import Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from pipeline.gold import (
    causes,
    changes,
    coverage,
    dependencies,
    freshness,
    receipts,
    run_history,
    said,
    schemas,
    tasks,
    trends,
    utilisation,
    verdicts,
)
from pipeline.gold import costs as gold_costs
from pipeline.gold import jobs as gold_jobs
from pipeline.gold import runs as gold_runs
from pipeline.scoring import (
    baselines,
    chains,
    evidence,
    fleet_priors,
    forecasts,
    growth,
    in_flight,
    nights,
    proposals,
    regimes,
    sizing,
    tripwires,
    upcoming,
)
from pipeline.silver import (
    compute,
    costs,
    inputs,
    job_settings,
    jobs,
    lineage,
    pipelines,
    runs,
    sla,
)
from pipeline.silver import dependencies as silver_dependencies
from pipeline.steps.kinds import Step
from pipeline.tables import bronze
from pipeline.tables.declaration import Layer, Table


class Graph:
    """Steps in an order in which every table is written before it is read."""

    def __init__(self, steps: Sequence[Step]) -> None:
        writers: dict[Table, Step] = {}
        names: set[str] = set()
        for step in steps:
            if step.name in names:
                raise ValueError(
                    f"two steps are called {step.name}: what each has read is kept by name"
                )
            names.add(step.name)
            if step.writes in writers:
                raise ValueError(
                    f"{step.writes.full_name} is written by both {writers[step.writes].name}"
                    f" and {step.name}"
                )
            writers[step.writes] = step
        before = {
            step.name: {writers[table].name for table in step.reads if table in writers}
            for step in steps
        }
        try:
            order = list(TopologicalSorter(before).static_order())
        except CycleError as error:
            raise ValueError(f"steps wait for each other: {' -> '.join(error.args[1])}") from error
        # Declared order breaks ties, so the order does not depend on how a set was walked.
        depth: dict[str, int] = {}
        for name in order:
            depth[name] = 1 + max((depth[other] for other in before[name]), default=0)
        self.steps: tuple[Step, ...] = tuple(
            sorted(steps, key=lambda step: (step.stage.rank, depth[step.name]))
        )

    def needs(self, steps: Sequence[Step]) -> dict[Step, list[Step]]:
        """Each of `steps` with those of them that write what it reads."""
        return {step: [other for other in steps if other.writes in step.reads] for step in steps}

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """The names `--only` and `--from` take, in order."""
        layers = (str(step.stage) for step in self.steps)
        return tuple(dict.fromkeys((str(Layer.BRONZE), *layers)))

    def lineage(self) -> tuple[tuple[str, str], ...]:
        """Pairs (input, output) of full table names, sources included."""
        ingested = tuple(
            (f"source.{name}", table.full_name) for name, table in bronze.BRONZE_OF.items()
        )
        return ingested + tuple(
            (table.full_name, step.writes.full_name) for step in self.steps for table in step.reads
        )


GRAPH = Graph(
    (
        *jobs.STEPS,
        *job_settings.STEPS,
        *runs.STEPS,
        *pipelines.STEPS,
        *compute.STEPS,
        *inputs.STEPS,
        *lineage.STEPS,
        *silver_dependencies.STEPS,
        *costs.STEPS,
        *sla.STEPS,
        *gold_runs.STEPS,
        *gold_costs.STEPS,
        *gold_jobs.STEPS,
        *trends.STEPS,
        *run_history.STEPS,
        *tasks.STEPS,
        *utilisation.STEPS,
        *dependencies.STEPS,
        *freshness.STEPS,
        *schemas.STEPS,
        *forecasts.STEPS,
        *fleet_priors.STEPS,
        *coverage.STEPS,
        *upcoming.STEPS,
        *in_flight.STEPS,
        *proposals.STEPS,
        *growth.STEPS,
        *chains.STEPS,
        *baselines.STEPS,
        *regimes.STEPS,
        *nights.STEPS,
        *evidence.STEPS,
        *causes.STEPS,
        *changes.STEPS,
        *sizing.STEPS,
        *tripwires.STEPS,
        *verdicts.STEPS,
        *said.STEPS,
        *receipts.STEPS,
    )
)
