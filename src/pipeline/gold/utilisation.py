"""Node-hours that jobs used, and how busy they were.

A run's use of a cluster on a day either left minutes, which silver.run_utilisation has summarised, or
none: then what its definition says is counted instead, the driver and as many workers as it has at the
least, for as long as the run's tasks used it. Of a GPU no source tells anything, so the processors of a
node that has one say nothing of how well it is used.
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.expressions.exact_sums import exact_sum
from pipeline.gold.run_days import stands_on, with_run
from pipeline.steps.kinds import ByDay, Lasting
from pipeline.tables import bronze, gold, silver
from pipeline.tables.gold.utilisation import IDLE_BELOW_PCT

_USE = ["used_date", "workspace_id", "job_id", "run_id", "cluster_id"]
_DEFINITION = ("cluster_source", "driver_node_type", "worker_node_type", "workers", "min_workers")
_HOUR_SECONDS = 3600
_HOUR_MINUTES = 60
_HALVES = 200.0
"""Halves of a percent in all of a minute: the middle of a bin of 1 % is an odd number of them."""


def utilisation_daily(
    run_cluster_days: DataFrame,
    run_utilisation: DataFrame,
    clusters: DataFrame,
    runs: DataFrame,
    node_types: DataFrame,
) -> DataFrame:
    """gold.utilisation_daily from silver.run_cluster_days, silver.run_utilisation, silver.clusters,
    silver.runs and bronze.node_types."""
    seen = run_utilisation.select(
        *_USE,
        "role",
        F.col("node_type").alias("seen_type"),
        (F.col("node_minutes") / _HOUR_MINUTES).alias("seen_hours"),
        _share("cpu_histogram", _is_idle).alias("idle_share"),
        _share("cpu_histogram", _middle).alias("cpu_share"),
        _share("mem_histogram", _middle).alias("memory_share"),
        "mem_max_pct",
    )
    types = node_types.select(
        "node_type",
        "core_count",
        "memory_mb",
        F.coalesce(F.col("gpu_count") > 0, F.lit(False)).alias("has_gpu"),
    )
    unseen_hours = F.col("nodes") * F.col("used_seconds") / _HOUR_SECONDS
    uses = (
        _by_role(with_run(run_cluster_days, runs, "used_date"), clusters)
        .join(seen, [*_USE, "role"], "left")
        .withColumn("unseen_hours", F.when(F.col("seen_hours").isNull(), unseen_hours))
        .where("seen_hours IS NOT NULL OR unseen_hours > 0")
        .withColumn("node_type", F.coalesce("seen_type", "defined_type", F.lit("")))
        .join(types, "node_type", "left")
        .withColumn("is_gpu", F.coalesce("has_gpu", F.lit(False)))
    )
    is_measured = ~F.col("is_gpu") & F.col("seen_hours").isNotNull()

    def measured(share: str | None = None) -> Column:
        hours = F.col("seen_hours") if share is None else F.col("seen_hours") * F.col(share)
        return _total(F.when(is_measured, hours))

    return uses.groupBy(
        "used_date", "workspace_id", "job_id", "series_key", "compute_kind", "node_type", "role"
    ).agg(
        F.max("is_gpu").alias("is_gpu"),
        F.max("core_count").alias("core_count"),
        F.max("memory_mb").alias("memory_mb"),
        F.count_distinct("run_id").alias("runs"),
        _total(F.coalesce("seen_hours", "unseen_hours")).alias("node_hours"),
        measured().alias("measured_node_hours"),
        _total(F.when(F.col("is_gpu"), F.col("seen_hours"))).alias("gpu_node_hours"),
        _total(F.col("unseen_hours")).alias("unseen_node_hours"),
        measured("idle_share").alias("idle_node_hours"),
        measured("cpu_share").alias("cpu_node_hours"),
        measured("memory_share").alias("memory_node_hours"),
        F.max(F.when(is_measured, F.col("mem_max_pct"))).alias("memory_max_pct"),
    )


def _total(hours: Column) -> Column:
    return F.coalesce(exact_sum(hours), F.lit(0.0))


def _is_idle(bin_pct: Column) -> Column:
    return F.when(bin_pct < IDLE_BELOW_PCT, F.lit(_HALVES)).otherwise(F.lit(0.0))


def _middle(bin_pct: Column) -> Column:
    """Halves of a percent; only what is full is in the last bin."""
    return F.least(bin_pct * 2 + 1, F.lit(int(_HALVES))).cast("double")


def _share(histogram: str, halves: Callable[[Column], Column]) -> Column:
    """The mean of a histogram's minutes, from 0 to 1; minutes that lack a number are as the others."""

    def summed(amount: Callable[[Column], Column]) -> Column:
        zero = F.lit(0.0)
        return F.aggregate(histogram, zero, lambda total, one: total + amount(one))

    minutes = summed(lambda one: one["minutes"].cast("double"))
    return summed(lambda one: one["minutes"] * halves(one["bin_pct"])) / (
        F.nullif(minutes, F.lit(0.0)) * _HALVES
    )


def _by_role(uses: DataFrame, clusters: DataFrame) -> DataFrame:
    """Each use once for the driver and once for the workers, with what the cluster's definition says."""
    source = F.col("cluster_source")
    kind = (
        F.when(source == "JOB", F.lit("job_cluster"))
        .when(source.isin("UI", "API"), F.lit("all_purpose"))
        .when(source.startswith("PIPELINE"), F.lit("pipeline"))
        .otherwise(F.lit("not_known"))
    )
    roles = F.array(
        F.struct(
            F.lit("driver").alias("role"),
            F.lit(1).cast("bigint").alias("nodes"),
            F.col("driver_node_type").alias("node_type"),
        ),
        F.struct(
            F.lit("worker").alias("role"),
            F.coalesce("workers", "min_workers", F.lit(0)).cast("bigint").alias("nodes"),
            F.col("worker_node_type").alias("node_type"),
        ),
    )
    defined = clusters.select(
        "workspace_id",
        "cluster_id",
        *_DEFINITION,
        F.col("cluster_date").alias("first_day"),
        F.to_date("deleted_at").alias("last_day"),
    )
    return (
        uses.alias("use")
        .join(
            defined.alias("cluster"),
            [
                F.col("use.workspace_id") == F.col("cluster.workspace_id"),
                F.col("use.cluster_id") == F.col("cluster.cluster_id"),
                stands_on(F.col("used_date")),
            ],
            "left",
        )
        .select(
            *(f"use.{name}" for name in (*_USE, "used_seconds", "series_key")),
            kind.alias("compute_kind"),
            F.explode(roles).alias("of_role"),
        )
        .select(
            *_USE,
            "used_seconds",
            "series_key",
            "compute_kind",
            F.col("of_role")["role"].alias("role"),
            F.col("of_role")["nodes"].alias("nodes"),
            F.col("of_role")["node_type"].alias("defined_type"),
        )
    )


STEPS = (
    ByDay(
        name="utilisation_daily",
        run=utilisation_daily,
        days_of=silver.RUN_CLUSTER_DAYS,
        beside=(
            silver.RUN_UTILISATION,
            Lasting(silver.CLUSTERS, since="cluster_date", until="deleted_at", only=_DEFINITION),
            Lasting(silver.RUNS, since="run_date", until="ended_at", only=("job_id", "series_key")),
            bronze.NODE_TYPES,
        ),
        writes=gold.UTILISATION_DAILY,
        group=("workspace_id", "job_id"),
    ),
)
