"""Why a run took longer, or shorter, than usual: its excess in parts that add up to it exactly.

Of a run that was flagged, missed its SLA, or where a shift was declared, the seconds from the start of
what fired it (else from when it was queued) to its last end are compared with what is usual:

    excess = upstream + queue + setup + retries + work

each less its median over the last runs before that succeeded at once; the usual length of an attempt is the
baseline's where it has one, which knows the job's rhythm. Work is what is left of the first attempt, and is
split in this order, no part beyond what is left:

- input: usual work * (input / usual input) ^ e. The exponent e is the slope of log(work) over log(input)
  among the job's own runs, shrunk to 1 (as much input, as much work) as far as these do not tell it;
- cluster: on another cluster than most runs, what the job's runs on this one take more at the median;
- task: what one task takes beyond its median times the factor by which the other tasks differ from theirs;
- unexplained: the rest.

Everything is counted in whole milliseconds, so the parts add up exactly, in whatever order rows come.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.gold.cluster_words import clusters_of
from pipeline.gold.compared_runs import OF_JUDGED, compared_runs, judged_runs
from pipeline.gold.excess import parts_of_excess
from pipeline.gold.run_measures import JUDGED, MS, measured_runs, task_tries
from pipeline.gold.usual_runs import AT_WORK, odd_tasks, usual_of_judged, whole
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.gold.causes import PARTS, SECONDS_TYPE

_DAYS = 60
_LEAST_COMPARED = 3
_RUN = ["workspace_id", "run_id"]


def run_causes(
    run_baseline: DataFrame,
    run_sla: DataFrame,
    runs: DataFrame,
    attempts: DataFrame,
    task_runs: DataFrame,
    run_clusters: DataFrame,
    clusters: DataFrame,
    inputs: DataFrame,
    *,
    as_of: datetime,
) -> DataFrame:
    """gold.run_causes from gold.run_baseline, silver.run_sla, silver.runs, silver.attempts,
    silver.task_runs, silver.run_clusters, silver.clusters and silver.attempt_inputs."""
    pairs = compared_runs(judged_runs(run_baseline, run_sla, as_of), runs)
    tries = task_tries(pairs, attempts, task_runs)
    measured = measured_runs(tries, runs, task_runs, inputs).join(
        clusters_of(run_clusters, clusters), _RUN, "left"
    )
    judged = pairs.where("is_self").select(*JUDGED, *OF_JUDGED)
    usual = (
        judged.join(usual_of_judged(measured), JUDGED)
        .join(odd_tasks(tries), JUDGED, "left")
        .withColumn("is_known", F.col("compared_runs") >= _LEAST_COMPARED)
    )
    return _rows(parts_of_excess(usual))


def _rows(split: DataFrame) -> DataFrame:
    """A row for each part of each run that is not nothing, and for what is not explained."""
    each = split.withColumn("part", F.explode(F.array(*map(F.lit, PARTS)))).withColumns(
        {
            "ms": _by_part({part: F.col(f"{part}_ms") for part in PARTS}),
            "actual_seconds": _by_part({part: _took(part, "own") for part in PARTS}) / MS,
            "usual_seconds": _by_part({part: _took(part, "usual") for part in PARTS}) / MS,
            "number": _by_part({part: F.lit(number) for number, part in enumerate(PARTS)}),
        }
    )
    is_rest = F.col("part") == "unexplained"
    shown = each.where(is_rest | (F.col("is_known") & (F.col("ms") != 0)))
    most = Window.partitionBy(*JUDGED).orderBy(
        F.when(F.col("excess_ms") < 0, -F.col("ms")).otherwise(F.col("ms")).desc(), "number"
    )
    known = F.col("is_known")

    def of(part: str, value: Column) -> Column:
        return F.when(F.col("part") == part, value)

    def seconds(name: str) -> Column:
        return F.when(known, (F.col(name) / MS).cast(SECONDS_TYPE))

    named = {
        "run_id": F.col("judged_run_id"),
        "excess_seconds": seconds("excess_ms"),
        "run_usual_seconds": seconds("run_usual_ms"),
        "seconds": seconds("ms"),
        "share": F.when(known, F.col("ms") / F.nullif(F.col("excess_ms"), F.lit(0))),
        "place": F.row_number().over(most),
        "usual_seconds": F.when(known, F.col("usual_seconds")),
        "task_key": of("task", F.col("odd_task_key")),
        "input_bytes": of("input", F.col("own_input_bytes")),
        "usual_input_bytes": of("input", whole(F.col("usual_input_bytes"))),
        "cluster": of("cluster", F.col("own_cluster")),
        "usual_cluster": of("cluster", F.col("usual_cluster")),
        "attempts": of("retries", F.col("attempts")),
        "upstream_run_id": of("upstream", F.col("upstream_run_id")),
    }
    return shown.select(
        *(named.get(name, F.col(name)).alias(name) for name in gold.RUN_CAUSES.column_names)
    )


def _by_part(values: dict[str, Column]) -> Column:
    """The value of the row's part."""
    chosen = F.lit(None)
    for part, value in values.items():
        chosen = F.when(F.col("part") == part, value).otherwise(chosen)
    return chosen


def _took(part: str, whose: str) -> Column:
    """What a part took of the run itself (`own`), or usually takes, in milliseconds."""
    if part == "task":
        return F.col(f"odd_{whose}_ms").cast("double")
    name = part if part in AT_WORK else "work"
    return F.col(f"{whose}_{name}_ms").cast("double")


STEPS = (
    RecentDays(
        name="run_causes",
        run=run_causes,
        reads=(
            gold.RUN_BASELINE,
            silver.RUN_SLA,
            silver.RUNS,
            silver.ATTEMPTS,
            silver.TASK_RUNS,
            silver.RUN_CLUSTERS,
            silver.CLUSTERS,
            silver.ATTEMPT_INPUTS,
        ),
        writes=gold.RUN_CAUSES,
        days=_DAYS,
    ),
)
