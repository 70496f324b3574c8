"""How jobs are set up: what the Jobs API leaves out is its default, and -1 retries are without end."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.steps.kinds import ByKey
from pipeline.tables import bronze, silver

_LATE = "on_duration_warning_threshold_exceeded"


def job_settings(settings: DataFrame) -> DataFrame:
    """silver.job_settings from bronze.job_settings."""
    is_known = F.col("error").isNull()

    def known(value: Column) -> Column:
        return F.when(is_known, value)

    retries = F.transform("tasks", lambda task: F.coalesce(task["max_retries"], F.lit(0)))
    is_endless = F.coalesce(F.array_min(retries) < 0, F.lit(False))
    late = F.get(
        F.filter(
            "health_rules",
            lambda rule: (rule["metric"] == "RUN_DURATION_SECONDS") & (rule["value"] > 0),
        ),
        F.lit(0),
    )
    told_by_tasks = _sum_of("tasks", lambda task: task["failure_recipients"])
    return settings.select(
        "workspace_id",
        "job_id",
        F.concat_ws("/", "workspace_id", "job_id").alias("series_key"),
        F.col("error").alias("settings_problem"),
        known(F.when(is_endless, F.lit(-1)).otherwise(F.coalesce(F.array_max(retries), F.lit(0))))
        .cast("bigint")
        .alias("max_retries"),
        known(F.coalesce("max_concurrent_runs", F.lit(1))).alias("max_concurrent_runs"),
        known(F.coalesce("queue_enabled", F.lit(False))).alias("is_queued"),
        known(_recipients("on_failure") + told_by_tasks).alias("failure_recipients"),
        F.when(F.col("timeout_seconds") > 0, F.col("timeout_seconds").cast("double")).alias(
            "timeout_seconds"
        ),
        late["value"].cast("double").alias("late_seconds"),
        known(_recipients(_LATE)).alias("late_recipients"),
        known(_size("tasks")).alias("tasks"),
        known(_size(F.filter(retries, lambda times: times != 0))).alias("retried_tasks"),
        known(F.coalesce(F.col("pause_status") == "PAUSED", F.lit(False))).alias("is_paused"),
        "trigger_type",
        "run_as",
        "performance_target",
        F.transform("clusters", _cluster).alias("clusters"),
    )


def _cluster(cluster: Column) -> Column:
    is_autoscaling = cluster["max_workers"].isNotNull()
    return F.struct(
        F.coalesce(cluster["job_cluster_key"], cluster["task_key"]).alias("key"),
        cluster["job_cluster_key"].isNotNull().alias("is_shared"),
        cluster["spark_version"].alias("runtime"),
        cluster["node_type_id"].alias("node_type"),
        F.coalesce(cluster["driver_node_type_id"], cluster["node_type_id"]).alias(
            "driver_node_type"
        ),
        F.coalesce(cluster["min_workers"], cluster["num_workers"]).alias("min_workers"),
        F.coalesce(cluster["max_workers"], cluster["num_workers"]).alias("max_workers"),
        is_autoscaling.alias("is_autoscaling"),
        F.coalesce(cluster["runtime_engine"] == "PHOTON", F.lit(False)).alias("is_photon"),
        F.coalesce(cluster["availability"].contains("SPOT"), F.lit(False)).alias("is_spot"),
        cluster["instance_pool_id"].isNotNull().alias("is_pooled"),
        cluster["policy_id"].alias("policy_id"),
    )


def _recipients(event: str) -> Column:
    """How many the job itself tells of an event."""
    of_event = F.filter("notifications", lambda one: one["event"] == event)
    return _sum_of(of_event, lambda one: one["emails"]) + _sum_of(
        of_event, lambda one: one["destinations"]
    )


def _sum_of(array: Column | str, value: Callable[[Column], Column]) -> Column:
    numbers = F.transform(array, lambda one: F.coalesce(value(one), F.lit(0)).cast("bigint"))
    zero = F.lit(0).cast("bigint")
    return F.coalesce(F.aggregate(numbers, zero, lambda total, number: total + number), zero)


def _size(array: Column | str) -> Column:
    return F.coalesce(F.array_size(array), F.lit(0)).cast("bigint")


STEPS = (
    ByKey(
        name="job_settings",
        run=job_settings,
        reads=(bronze.JOB_SETTINGS,),
        writes=silver.JOB_SETTINGS,
        key=("workspace_id", "job_id"),
    ),
)
