"""Job and task definitions: from appended versions to the time each version held.

Version i of a job holds from its `change_time` to that of version i+1. The oldest known version
also stands for earlier times: the source keeps only the newest version of old jobs, and a run
before it is better judged by that definition than by none.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.expressions.tags import tagged
from pipeline.silver.tags import OWNER_KEYS, TEAM_KEYS, TIER_KEYS, team_name, tier
from pipeline.sla.declared import known_zone, with_declared_sla
from pipeline.steps.kinds import ByKey
from pipeline.tables import bronze, silver

_PERIOD_UNIT_SECONDS = {"HOURS": 3_600, "DAYS": 86_400, "WEEKS": 604_800}


def _positive_seconds(column: str) -> Column:
    """A timeout of 0 means none."""
    return F.when(F.col(column) > 0, F.col(column).cast("double"))


def _periodic_seconds() -> Column:
    """The interval of a periodic trigger; NULL where there is none, or its unit is not known."""
    periodic = F.col("trigger")["periodic"]
    unit_seconds = F.lit(None).cast("double")
    for unit, length in _PERIOD_UNIT_SECONDS.items():
        unit_seconds = F.when(F.upper(periodic["units"]) == unit, float(length)).otherwise(
            unit_seconds
        )
    seconds = periodic["interval"] * unit_seconds
    return F.when(seconds > 0, seconds)


def job_versions(jobs: DataFrame) -> DataFrame:
    """silver.job_versions from bronze.jobs."""
    by_job = Window.partitionBy("workspace_id", "job_id").orderBy("change_time")
    schedule = F.col("trigger")["schedule"]
    zone = F.col("schedule_zone")
    read = jobs.withColumn("schedule_zone", known_zone(schedule["timezone_id"]))
    for name, tag_keys in (("team", TEAM_KEYS), ("owner", OWNER_KEYS), ("tier", TIER_KEYS)):
        tag = tagged(F.col("tags"), tag_keys)
        read = read.withColumn(f"{name}_tag", tag.value).withColumn(f"{name}_key", tag.key)
    read = read.withColumn("tier_number", tier(F.col("tier_tag")))
    endless = F.coalesce(
        (F.col("trigger_type") == "CONTINUOUS") | F.col("trigger")["continuous"]["enabled"],
        F.lit(False),
    )
    read = with_declared_sla(
        read,
        tags="tags",
        health_rules="health_rules",
        timeout=F.when(~endless, _positive_seconds("timeout_seconds")),
        schedule_zone=zone,
    )
    return read.withColumns(
        {
            "series_key": F.concat_ws("/", "workspace_id", "job_id"),
            "valid_from": F.col("change_time"),
            "valid_to": F.lead("change_time").over(by_job),
            "is_first": F.row_number().over(by_job) == 1,
            "creator": F.coalesce("creator_user_name", "creator_id"),
            "run_as": F.coalesce("run_as_user_name", "run_as"),
            "cron": schedule["quartz_cron_expression"],
            "timezone": zone,
            "periodic_seconds": _periodic_seconds(),
            "is_continuous": endless,
            "is_paused": F.coalesce("paused", F.lit(False)),
            "created_at": F.col("create_time"),
            "deleted_at": F.col("delete_time"),
            "timeout_seconds": _positive_seconds("timeout_seconds"),
            "team": team_name(F.col("team_tag")),
            "team_source": F.col("team_key"),
            "owner": F.coalesce("owner_tag", "run_as_user_name", "creator_user_name"),
            "owner_source": F.coalesce(
                "owner_key",
                F.when(F.col("run_as_user_name").isNotNull(), "run_as"),
                F.when(F.col("creator_user_name").isNotNull(), "creator"),
            ),
            "tier": F.col("tier_number"),
            "tier_source": F.when(F.col("tier_number").isNotNull(), F.col("tier_key")),
        }
    ).select(*silver.JOB_VERSIONS.column_names)


def task_versions(tasks: DataFrame) -> DataFrame:
    """silver.task_versions from bronze.job_tasks."""
    return tasks.select(
        "workspace_id",
        "job_id",
        F.concat_ws("/", "workspace_id", "job_id").alias("series_key"),
        "task_key",
        F.col("change_time").alias("valid_from"),
        "depends_on_keys",
        _positive_seconds("timeout_seconds").alias("timeout_seconds"),
        F.col("delete_time").alias("deleted_at"),
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


STEPS = (
    ByKey(
        name="job_versions",
        run=job_versions,
        reads=(bronze.JOBS,),
        writes=silver.JOB_VERSIONS,
        key=("workspace_id", "job_id"),
    ),
    ByKey(
        name="task_versions",
        run=task_versions,
        reads=(bronze.JOB_TASKS,),
        writes=silver.TASK_VERSIONS,
        key=("workspace_id", "job_id", "task_key"),
    ),
    ByKey(
        name="job_tasks",
        run=job_tasks,
        reads=(bronze.JOB_TASKS,),
        writes=silver.JOB_TASKS,
        key=("workspace_id", "job_id", "task_key"),
    ),
)
