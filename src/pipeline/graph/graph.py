"""The nightly graph: what each step reads and writes, and how it is kept current.

Order and lineage derive from the declarations below. Construction refuses two writers of one table,
a cycle, and a step that reads a later layer than it writes: one way for the data is a property of
the program.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from pyspark.sql import DataFrame

from pipeline.gold import costs as gold_costs
from pipeline.gold import jobs as gold_jobs
from pipeline.gold import runs as gold_runs
from pipeline.gold import trends as gold_trends
from pipeline.scoring import baselines as scoring_baselines
from pipeline.scoring import forecasts, growing, in_flight, proposals, sizing, upcoming
from pipeline.silver import compute, costs, jobs, pipelines, runs, sla
from pipeline.sla.decided import sla_decisions
from pipeline.tables import bronze, gold, silver
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.ops import DECISION_TABLES, DECISIONS

GIVEN = ("as_of", "last_cost_day", "currency_code", "run_name_rules", "default_run_names")
"""What the night can hand to a step by name, beside its inputs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """A plain function of DataFrames, and the tables it reads and writes.

    `run` takes the tables of `reads` in their order, and what it asks for in `given` by keyword.

    `scope` names columns of the output that tell which rows belong together. When inputs change,
    the scopes of their changed rows are recomputed whole and nothing else is. An input that has
    only some of these columns stands for all scopes of the first input that share its values; one
    that has none makes the step recompute everything, as does an empty `scope`.
    `pruned` names inputs in which an entity's rows are never dated before its row in the output,
    so that older partitions need not be read.
    `spans` gives inputs whose rows stand for every date from one time to another, both included,
    where the scope names the output's date: an expression, of which NULL is always, and a column,
    of which NULL is forever, or None where no row ends. To what comes before it, when a row ends must
    not matter. `run` leaves out a row on other dates: several dates are computed in one go.
    `reopened` is a predicate on the output: rows that the passing of time alone can change.
    `window_days` reads only that many days of dated inputs.
    """

    name: str
    run: Callable[..., DataFrame]
    reads: tuple[Table, ...]
    writes: Table
    scope: tuple[str, ...] = ()
    pruned: tuple[Table, ...] = ()
    spans: Mapping[Table, tuple[str, str | None]] = field(default_factory=dict)
    reopened: str = ""
    window_days: int | None = None
    given: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    """Scope columns that some inputs call otherwise: (our name, theirs)."""

    def __post_init__(self) -> None:
        for table in self.reads:
            if table in DECISION_TABLES:  # Written between nights, by people.
                continue
            if table.layer.rank > self.writes.layer.rank:
                raise ValueError(
                    f"step {self.name} reads {table.full_name}, which is downstream of"
                    f" {self.writes.full_name}"
                )
        for column in self.scope:
            for table, name in (
                (self.writes, column),
                (self.reads[0], self.in_input(self.reads[0], column)),
            ):
                if name not in table.column_names:
                    raise ValueError(f"step {self.name}: {table.full_name} has no column {name}")
        for _, theirs in self.named:
            if not any(theirs in table.column_names for table in self.reads):
                raise ValueError(f"step {self.name}: no input has a column {theirs}")
        self._check_dates()
        if unknown := set(self.given) - set(GIVEN):
            raise ValueError(
                f"step {self.name}: the night cannot give {', '.join(sorted(unknown))}"
            )

    def _check_dates(self) -> None:
        for table in self.pruned:
            if table not in self.reads or table.partition_by is None:
                raise ValueError(f"step {self.name}: {table.full_name} is not a dated input")
        if self.pruned and self.writes.partition_by is None:
            raise ValueError(f"step {self.name}: pruning needs a dated output")
        if self.looks_up_days and set(self.reads) != set(self.pruned):
            raise ValueError(
                f"step {self.name}: its scopes name no date, so each input must be pruned or none"
            )
        for table, (_, end) in self.spans.items():
            if table not in self.reads or end not in (None, *table.column_names):
                raise ValueError(f"step {self.name}: {table.full_name} is no input with {end}")
            if not self.is_dated:
                raise ValueError(f"step {self.name}: spans need a scope that names a date")
        for table in self.reads:
            if table.kept_days is not None and not self.is_aligned(table):
                raise ValueError(
                    f"step {self.name}: {table.full_name} is dropped after {table.kept_days} days,"
                    " so its dates must be the scope's, or the output cannot be sealed"
                )

    def in_input(self, table: Table, column: str) -> str:
        """What the input `table` calls the scope column `column`."""
        theirs = dict(self.named).get(column, column)
        return theirs if theirs in table.column_names else column

    @property
    def date(self) -> str:
        """The output's date column; empty where it has none."""
        return self.writes.partition_by or ""

    @property
    def is_dated(self) -> bool:
        """Whether scopes name the output's date."""
        return self.date in self.scope

    @property
    def looks_up_days(self) -> bool:
        """Whether scopes name no date, and which rows can stand for them is looked up in the output."""
        return bool(self.pruned and self.scope) and not self.is_dated

    def is_aligned(self, table: Table) -> bool:
        """Whether the input's partitions are the dates that scopes name."""
        return (
            self.is_dated
            and table in self.pruned
            and table.partition_by == self.in_input(table, self.date)
        )

    @property
    def is_clocked(self) -> bool:
        return "as_of" in self.given or self.window_days is not None


class Graph:
    """Steps in an order in which every table is written before it is read."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        writers: dict[Table, Step] = {}
        for step in steps:
            if step.writes in writers:
                raise ValueError(
                    f"{step.writes.full_name} is written by both {writers[step.writes].name}"
                    f" and {step.name}"
                )
            writers[step.writes] = step
        self._writers = writers
        before = {
            step.name: {writers[table].name for table in step.reads if table in writers}
            for step in steps
        }
        try:
            order = list(TopologicalSorter(before).static_order())
        except CycleError as error:
            raise ValueError(f"steps wait for each other: {' -> '.join(error.args[1])}") from error
        by_name = {step.name: step for step in steps}
        # Declared order breaks ties, so the order does not depend on how a set was walked.
        depth: dict[str, int] = {}
        for name in order:
            depth[name] = 1 + max((depth[other] for other in before[name]), default=0)
        self.steps: tuple[Step, ...] = tuple(
            sorted(by_name.values(), key=lambda s: (s.writes.layer.rank, depth[s.name]))
        )

    def needs(self, steps: Sequence[Step]) -> dict[Step, list[Step]]:
        """Each of `steps` with those of them that write what it reads."""
        return {step: [other for other in steps if other.writes in step.reads] for step in steps}

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """The names `--only` and `--from` take, in order."""
        found = [str(Layer.BRONZE)]
        for step in self.steps:
            if str(step.writes.layer) not in found:
                found.append(str(step.writes.layer))
        return tuple(found)

    def lineage(self) -> tuple[tuple[str, str], ...]:
        """Pairs (input, output) of full table names, sources included."""
        ingested = tuple(
            (f"source.{name}", table.full_name) for name, table in bronze.BRONZE_OF.items()
        )
        return ingested + tuple(
            (table.full_name, step.writes.full_name) for step in self.steps for table in step.reads
        )


_VERSION_HELD = ("IF(is_first, NULL, valid_from)", "valid_to")

GRAPH = Graph(
    (
        Step(
            name="job_versions",
            run=jobs.job_versions,
            reads=(bronze.JOBS,),
            writes=silver.JOB_VERSIONS,
            scope=("workspace_id", "job_id"),
        ),
        Step(
            name="job_tasks",
            run=jobs.job_tasks,
            reads=(bronze.JOB_TASKS,),
            writes=silver.JOB_TASKS,
            scope=("workspace_id", "job_id", "task_key"),
        ),
        Step(
            name="attempts",
            run=runs.attempts,
            reads=(bronze.JOB_RUN_TIMELINE, silver.TASK_RUNS),
            writes=silver.ATTEMPTS,
            scope=("workspace_id", "run_id"),
            pruned=(bronze.JOB_RUN_TIMELINE, silver.TASK_RUNS),
            given=("run_name_rules", "default_run_names"),
        ),
        Step(
            name="runs",
            run=runs.runs,
            reads=(silver.ATTEMPTS,),
            writes=silver.RUNS,
            scope=("workspace_id", "run_id"),
            pruned=(silver.ATTEMPTS,),
        ),
        Step(
            name="task_runs",
            run=runs.task_runs,
            reads=(bronze.JOB_TASK_RUN_TIMELINE,),
            writes=silver.TASK_RUNS,
            scope=("workspace_id", "task_run_id"),
            named=(("task_run_id", "run_id"),),
            pruned=(bronze.JOB_TASK_RUN_TIMELINE,),
        ),
        Step(
            name="pipeline_versions",
            run=pipelines.pipeline_versions,
            reads=(bronze.PIPELINES,),
            writes=silver.PIPELINE_VERSIONS,
            scope=("workspace_id", "pipeline_id"),
        ),
        Step(
            name="pipeline_updates",
            run=pipelines.pipeline_updates,
            reads=(bronze.PIPELINE_UPDATE_TIMELINE,),
            writes=silver.PIPELINE_UPDATES,
            scope=("workspace_id", "pipeline_id"),
            pruned=(bronze.PIPELINE_UPDATE_TIMELINE,),
        ),
        Step(
            name="task_updates",
            run=pipelines.task_updates,
            reads=(silver.PIPELINE_UPDATES, silver.TASK_RUNS),
            writes=silver.TASK_UPDATES,
            scope=("workspace_id", "task_run_id"),
        ),
        Step(
            name="clusters",
            run=compute.clusters,
            reads=(bronze.CLUSTERS,),
            writes=silver.CLUSTERS,
            scope=("workspace_id", "cluster_id"),
            pruned=(bronze.CLUSTERS,),
        ),
        Step(
            name="run_clusters",
            run=compute.run_clusters,
            reads=(silver.TASK_RUNS,),
            writes=silver.RUN_CLUSTERS,
            scope=("workspace_id", "run_id"),
            pruned=(silver.TASK_RUNS,),
        ),
        Step(
            name="run_utilisation",
            run=compute.run_utilisation,
            reads=(bronze.NODE_TIMELINE, silver.RUN_CLUSTERS),
            writes=silver.RUN_UTILISATION,
            scope=("used_date", "workspace_id", "cluster_id"),
            named=(("used_date", "source_date"),),
            pruned=(bronze.NODE_TIMELINE,),
            spans={silver.RUN_CLUSTERS: ("used_date", "used_until")},
        ),
        Step(name="prices", run=costs.prices, reads=(bronze.LIST_PRICES,), writes=silver.PRICES),
        Step(
            name="usage_costs",
            run=costs.usage_costs,
            reads=(bronze.USAGE, silver.PRICES, silver.TASK_UPDATES, silver.PIPELINE_VERSIONS),
            writes=silver.USAGE_COSTS,
            scope=("usage_date", "payer_id"),
            named=(("usage_date", "source_date"), ("payer_id", "pipeline_id")),
            pruned=(bronze.USAGE,),
            spans={
                silver.TASK_UPDATES: ("started_at", None),
                silver.PIPELINE_VERSIONS: _VERSION_HELD,
            },
            given=("currency_code",),
        ),
        Step(
            name="run_costs",
            run=costs.run_costs,
            reads=(silver.USAGE_COSTS,),
            writes=silver.RUN_COSTS,
            scope=("workspace_id", "run_id"),
            pruned=(silver.USAGE_COSTS,),
        ),
        Step(
            name="sla_decisions",
            run=sla_decisions,
            reads=(DECISIONS,),
            writes=silver.SLA_DECISIONS,
        ),
        Step(
            name="run_sla",
            run=sla.run_sla,
            reads=(silver.RUNS, silver.JOB_VERSIONS, silver.SLA_DECISIONS),
            writes=silver.RUN_SLA,
            scope=("run_date", "workspace_id", "series_key"),
            pruned=(silver.RUNS,),
            spans={
                silver.JOB_VERSIONS: _VERSION_HELD,
                silver.SLA_DECISIONS: ("decided_at", "decided_until"),
            },
            reopened="sla_status = 'PENDING'",
            given=("as_of",),
        ),
        Step(
            name="job_daily",
            run=gold_runs.job_daily,
            reads=(silver.RUNS,),
            writes=gold.JOB_DAILY,
            scope=("workspace_id", "series_key", "run_date"),
            pruned=(silver.RUNS,),
        ),
        Step(
            name="job_weekly",
            run=gold_runs.job_weekly,
            reads=(silver.RUNS,),
            writes=gold.JOB_WEEKLY,
            scope=("workspace_id", "series_key", "run_week"),
            pruned=(silver.RUNS,),
        ),
        Step(
            name="job_health",
            run=gold_runs.job_health,
            reads=(silver.RUNS,),
            writes=gold.JOB_HEALTH,
            window_days=90,
        ),
        Step(
            name="sla_daily",
            run=gold_runs.sla_daily,
            reads=(silver.RUN_SLA,),
            writes=gold.SLA_DAILY,
            scope=("workspace_id", "series_key", "run_date"),
            pruned=(silver.RUN_SLA,),
        ),
        Step(
            name="cost_daily",
            run=gold_costs.cost_daily,
            reads=(silver.USAGE_COSTS, silver.JOB_VERSIONS),
            writes=gold.COST_DAILY,
            scope=("usage_date", "workspace_id", "job_id"),
            pruned=(silver.USAGE_COSTS,),
            spans={silver.JOB_VERSIONS: _VERSION_HELD},
        ),
        Step(
            name="team_cost_daily",
            run=gold_costs.team_cost_daily,
            reads=(gold.COST_DAILY,),
            writes=gold.TEAM_COST_DAILY,
            scope=("usage_date",),
            pruned=(gold.COST_DAILY,),
        ),
        Step(
            name="jobs",
            run=gold_jobs.jobs,
            reads=(
                silver.JOB_VERSIONS,
                gold.JOB_DAILY,
                gold.COST_DAILY,
                bronze.WORKSPACES_LATEST,
                silver.SLA_DECISIONS,
            ),
            writes=gold.JOBS,
        ),
        Step(
            name="job_trends",
            run=gold_trends.job_trends,
            reads=(gold.JOB_DAILY, gold.COST_DAILY),
            writes=gold.JOB_TRENDS,
            window_days=61,
            given=("as_of", "last_cost_day", "currency_code"),
        ),
        Step(
            name="duration_states",
            run=forecasts.duration_states,
            reads=(silver.ATTEMPTS, gold.JOBS),
            writes=gold.DURATION_STATES,
            window_days=180,
            given=("as_of",),
        ),
        Step(
            name="forecast_quality",
            run=forecasts.forecast_quality,
            reads=(gold.DURATION_STATES,),
            writes=gold.FORECAST_QUALITY,
        ),
        Step(
            name="run_forecast",
            run=upcoming.run_forecast,
            reads=(gold.JOBS, gold.DURATION_STATES, silver.RUNS, silver.TASK_RUNS),
            writes=gold.RUN_FORECAST,
            window_days=30,
            given=("as_of",),
        ),
        Step(
            name="in_flight",
            run=in_flight.in_flight,
            reads=(gold.JOBS, gold.DURATION_STATES, silver.ATTEMPTS, silver.RUNS),
            writes=gold.IN_FLIGHT,
            window_days=30,
            given=("as_of",),
        ),
        Step(
            name="sla_proposals",
            run=proposals.sla_proposals,
            reads=(gold.JOBS, gold.RUN_FORECAST, silver.RUNS),
            writes=gold.SLA_PROPOSALS,
            window_days=60,
        ),
        Step(
            name="job_forecast",
            run=upcoming.job_forecast,
            reads=(gold.JOBS, gold.DURATION_STATES, gold.RUN_FORECAST),
            writes=gold.JOB_FORECAST,
        ),
        Step(
            name="job_growth",
            run=growing.job_growth,
            reads=(gold.JOBS, gold.JOB_DAILY, gold.JOB_FORECAST),
            writes=gold.JOB_GROWTH,
            window_days=60,
            given=("as_of",),
        ),
        Step(
            name="job_baseline",
            run=scoring_baselines.job_baseline,
            reads=(gold.JOBS, silver.ATTEMPTS),
            writes=gold.JOB_BASELINE,
            window_days=180,
        ),
        Step(
            name="rightsizing",
            run=sizing.rightsizing,
            reads=(
                gold.JOBS,
                silver.RUN_UTILISATION,
                silver.RUN_CLUSTERS,
                silver.TASK_RUNS,
                silver.CLUSTERS,
                silver.USAGE_COSTS,
                gold.DURATION_STATES,
                gold.JOB_FORECAST,
            ),
            writes=gold.RIGHTSIZING,
            window_days=sizing.WINDOW_DAYS,
            given=("as_of", "currency_code"),
        ),
    )
)
