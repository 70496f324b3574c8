"""Which runs a reason is asked for, and which runs of the same job each is compared with."""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.tables import gold

_COMPARED = 30
"""Runs before that tell what is usual, at the most."""
_LOOKED_BACK = 60
"""Runs of any outcome among which they are looked for."""
_RUN = ["workspace_id", "run_id"]
OF_JUDGED = (
    "series_key",
    "started_at",
    "attempts",
    "is_flagged",
    "is_late",
    "is_shift",
    "center_seconds",
)
"""What is known of a judged run beside its id."""


def flagged_runs(run_baseline: DataFrame) -> DataFrame:
    """The runs of gold.run_baseline: whether any attempt was flagged or shifted, and what was usual of the
    first."""
    is_first = F.col("attempt") == 0
    return run_baseline.groupBy(*_RUN).agg(
        F.max("is_anomaly").alias("is_flagged"),
        F.max("is_shift").alias("is_shift"),
        F.max(F.when(is_first, F.col("center_seconds"))).alias("center_seconds"),
    )


def judged_runs(run_baseline: DataFrame, run_sla: DataFrame, as_of: datetime) -> DataFrame:
    """The runs of the last days that were flagged, late, or where a shift was declared."""
    since = as_of - timedelta(days=gold.RUN_BASELINE_DAYS)
    late = (
        run_sla.where("sla_status = 'MISSED'")
        .where(F.col("started_at") >= F.lit(since))
        .select(*_RUN, F.lit(True).alias("is_late"))
    )
    no = F.lit(False)
    marked = (
        flagged_runs(run_baseline)
        .join(late, _RUN, "full_outer")
        .select(
            *_RUN,
            "center_seconds",
            *(F.coalesce(name, no).alias(name) for name in ("is_flagged", "is_late", "is_shift")),
        )
    )
    return marked.where("is_flagged OR is_late OR is_shift")


def compared_runs(judged: DataFrame, runs: DataFrame) -> DataFrame:
    """A row for each judged run that has ended and each run that it is compared with, itself among them
    (`is_self`): those of its series before it that succeeded at once, the latest of them.

    From one window over the runs, and no join of runs with runs: a plan that names the judged runs many
    times would find them out as often.
    """
    is_judged = F.col("is_flagged").isNotNull()
    series = Window.partitionBy("workspace_id", "series_key")
    at_once = F.expr("status = 'SUCCEEDED' AND repairs = 0")
    before = series.orderBy("started_at", "run_id").rowsBetween(-_LOOKED_BACK, -1)
    marked = (
        runs.where("status NOT IN ('IN_FLIGHT', 'SKIPPED') AND NOT never_started")
        .join(judged, _RUN, "left")
        .withColumn("is_of_judged", F.max(is_judged).over(series))
        .where("is_of_judged")
        .withColumn("earlier", F.collect_list(F.when(at_once, F.col("run_id"))).over(before))
        .where(is_judged)
        # Over a window Sail's lists hold the NULLs, which Spark's leave out.
        .withColumn("earlier", F.array_compact("earlier"))
    )
    # Of no rows engines make an empty list, or none.
    no_runs = F.array().cast("array<string>")
    latest = F.coalesce(F.slice(F.reverse("earlier"), 1, _COMPARED), no_runs)
    return marked.select(
        "workspace_id",
        F.col("run_id").alias("judged_run_id"),
        *OF_JUDGED,
        F.explode(F.array_append(latest, F.col("run_id"))).alias("run_id"),
    ).withColumn("is_self", F.col("run_id") == F.col("judged_run_id"))
