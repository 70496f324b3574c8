"""Job and task definitions: from appended versions to the time each version held.

Version i of a job holds from its `change_time` to that of version i+1. The oldest known version
also stands for earlier times: the source keeps only the newest version of old jobs, and a run
before it is better judged by that definition than by none.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.silver.tags import (
    OWNER_KEYS,
    TEAM_KEYS,
    TIER_KEYS,
    declared_sla,
    known_zone,
    tagged,
    tier,
)


def _positive_seconds(column: str) -> Column:
    """A timeout of 0 means none."""
    return F.when(F.col(column) > 0, F.col(column).cast("double"))


def job_versions(jobs: DataFrame) -> DataFrame:
    """silver.job_versions from bronze.jobs."""
    by_job = Window.partitionBy("workspace_id", "job_id").orderBy("change_time")
    schedule = F.col("trigger")["schedule"]
    tags = F.col("tags")
    team, owner, tier_tag = (tagged(tags, keys) for keys in (TEAM_KEYS, OWNER_KEYS, TIER_KEYS))
    sla = declared_sla(tags, F.col("health_rules"), schedule["timezone_id"])
    tier_number = tier(tier_tag.value)
    return jobs.select(
        "workspace_id",
        "job_id",
        F.concat_ws("/", "workspace_id", "job_id").alias("series_key"),
        F.col("change_time").alias("valid_from"),
        F.lead("change_time").over(by_job).alias("valid_to"),
        (F.row_number().over(by_job) == 1).alias("is_first"),
        "name",
        F.coalesce("creator_user_name", "creator_id").alias("creator"),
        F.coalesce("run_as_user_name", "run_as").alias("run_as"),
        "trigger_type",
        schedule["quartz_cron_expression"].alias("cron"),
        known_zone(schedule["timezone_id"]).alias("timezone"),
        F.coalesce(
            (F.col("trigger_type") == "CONTINUOUS") | F.col("trigger")["continuous"]["enabled"],
            F.lit(False),
        ).alias("is_continuous"),
        F.coalesce("paused", F.lit(False)).alias("is_paused"),
        F.col("create_time").alias("created_at"),
        F.col("delete_time").alias("deleted_at"),
        _positive_seconds("timeout_seconds").alias("timeout_seconds"),
        team.value.alias("team"),
        team.key.alias("team_source"),
        F.coalesce(owner.value, "run_as_user_name", "creator_user_name").alias("owner"),
        F.coalesce(
            owner.key,
            F.when(F.col("run_as_user_name").isNotNull(), F.lit("run_as")),
            F.when(F.col("creator_user_name").isNotNull(), F.lit("creator")),
        ).alias("owner_source"),
        tier_number.alias("tier"),
        F.when(tier_number.isNotNull(), tier_tag.key).alias("tier_source"),
        sla.kind.alias("sla_kind"),
        sla.limit_seconds.alias("sla_limit_seconds"),
        sla.time_of_day.alias("sla_time_of_day"),
        sla.timezone.alias("sla_timezone"),
        sla.source.alias("sla_source"),
        sla.problem.alias("sla_problem"),
    )


def job_tasks(tasks: DataFrame) -> DataFrame:
    """silver.job_tasks from bronze.job_tasks: the newest version of each task."""
    newest = Window.partitionBy("workspace_id", "job_id", "task_key").orderBy(
        F.col("change_time").desc()
    )
    return (
        tasks.withColumn("recency", F.row_number().over(newest))
        .where("recency = 1")
        .select(
            "workspace_id",
            "job_id",
            "task_key",
            "depends_on_keys",
            _positive_seconds("timeout_seconds").alias("timeout_seconds"),
            F.col("change_time").alias("changed_at"),
            F.col("delete_time").alias("deleted_at"),
        )
    )
