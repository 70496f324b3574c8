"""The registered models, each a family of statistics: the rows that it serves from, and how good it is."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import gold

_SCORES = ("crps_log", "crps_log_rule", "coverage_50", "coverage_90", "coverage_99", "brier")


@dataclass(frozen=True, slots=True)
class Family:
    """A registered model: what its models-from-code file `models/<name>.py` needs, and how good it is.

    `states` gives the rows of its artifact, `metrics` what promotion rules and reviewers ask about.
    """

    name: str
    states: Callable[[Lakehouse], DataFrame]
    metrics: Callable[[Lakehouse], dict[str, float]]


def _duration_states(lakehouse: Lakehouse) -> DataFrame:
    return lakehouse.read(gold.DURATION_STATES)


def _baseline_states(lakehouse: Lakehouse) -> DataFrame:
    return lakehouse.read(gold.JOB_BASELINE).withColumnRenamed("series_key", "job_id")


def _sizing_states(lakehouse: Lakehouse) -> DataFrame:
    """The job clusters as `optimizer.rightsizing.recommend_many` takes them."""
    curves = lakehouse.read(gold.DURATION_STATES).select(
        "job_id", F.col("quantile_seconds").alias("runtime_quantile_seconds")
    )
    allowed = lakehouse.read(gold.JOB_FORECAST).select(
        F.col("series_key").alias("job_id"), F.col("allowed_seconds").alias("limit_seconds")
    )
    return (
        lakehouse.read(gold.RIGHTSIZING)
        .where("cpu_p95_pct IS NOT NULL")
        .select(
            F.col("series_key").alias("job_id"),
            "workers",
            "worker_node_type",
            "cpu_p95_pct",
            "cpu_upper_pct",
            "mem_p99_pct",
            F.col("swap_max_pct").alias("swap"),
            "io_wait_mean_pct",
            F.col("node_minutes").alias("minutes"),
            "runs",
            F.col("list_cost_30_days").alias("list_cost"),
        )
        .join(curves, "job_id", "left")
        .join(allowed, "job_id", "left")
    )


def _share_of(condition: Column) -> Column:
    return F.avg(F.when(condition, 1.0).otherwise(0.0))


def _assessed_share() -> Column:
    return _share_of(F.col("status") == "ok").alias("jobs_assessed_share")


def _figures(rows: DataFrame, *aggregates: Column) -> dict[str, float]:
    """The aggregates by name; 0 for one that no row answers."""
    [figures] = rows.agg(*aggregates).collect()
    return {name: float(value or 0.0) for name, value in figures.asDict().items()}


def _duration_metrics(lakehouse: Lakehouse) -> dict[str, float]:
    quality = lakehouse.read(gold.FORECAST_QUALITY).select("scored_runs", *_SCORES).toPandas()
    return fleet_quality(quality) | _figures(lakehouse.read(gold.JOB_FORECAST), _assessed_share())


def _baseline_metrics(lakehouse: Lakehouse) -> dict[str, float]:
    tested = F.when(F.col("last_p_value").isNotNull(), F.col("last_is_anomaly").cast("double"))
    of_jobs = _figures(
        lakehouse.read(gold.JOB_BASELINE), F.avg(tested).alias("anomaly_share"), _assessed_share()
    )
    nights = lakehouse.read(gold.JOB_NIGHTS)
    last = nights.join(nights.agg(F.max("night_at").alias("night_at")), "night_at", "left_semi")
    of_the_night = _figures(
        last,
        F.count("*").alias("jobs_judged"),
        F.count_if("is_flagged").alias("jobs_flagged"),
        F.max("expected_false_flags").alias("expected_false_flags"),
    )
    return of_jobs | of_the_night


def _sizing_metrics(lakehouse: Lakehouse) -> dict[str, float]:
    p_miss = F.when(F.col("action") == "downsize", F.col("p_miss_recommended"))
    saved = F.col("saving_upper") / F.nullif(F.col("list_cost_30_days"), F.lit(0.0))
    return _figures(
        lakehouse.read(gold.RIGHTSIZING),
        F.max(p_miss).alias("max_p_miss_recommended"),
        F.max(saved).alias("max_saving_share"),
        _assessed_share(),
    )


FAMILIES = (
    Family("duration_forecast", _duration_states, _duration_metrics),
    Family("job_baseline", _baseline_states, _baseline_metrics),
    Family("cluster_sizing", _sizing_states, _sizing_metrics),
)


def fleet_quality(quality: pd.DataFrame) -> dict[str, float]:
    """The fleet's forecast quality: means over runs, from one row a job."""
    weight = quality["scored_runs"].astype(float)
    metrics = {"scored_runs": float(weight.sum())}
    for column in _SCORES:
        values = quality[column].astype(float)
        present = values.notna() & (weight > 0)
        if present.any():
            metrics[column] = float((values * weight)[present].sum() / weight[present].sum())
    rule = metrics.pop("crps_log_rule", 0.0)
    if rule:
        metrics["crps_ratio"] = metrics["crps_log"] / rule
    return metrics
