"""Versions of pipelines, their updates, and which run of a job started which update.

A job's pipeline task is billed under the pipeline, without the job: only the update knows the task
run that started it, and only the task run knows the run. A retry of an update has the request of the
first one and no task of its own, so the task of its request stands for it.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.expressions.tags import tagged
from pipeline.silver.outcome import micros_between, status
from pipeline.silver.tags import TEAM_KEYS, team_name
from pipeline.steps.kinds import ByDatedKey, ByKey
from pipeline.tables import bronze, silver

_UPDATE = ("workspace_id", "pipeline_id", "update_id")
_MICROS = 1e6


def pipeline_versions(versions: DataFrame) -> DataFrame:
    """silver.pipeline_versions from bronze.pipelines: each version and the time it held, the oldest
    known also standing for earlier times, as for jobs."""
    in_time = Window.partitionBy("workspace_id", "pipeline_id").orderBy("change_time")
    team = tagged(F.col("tags"), TEAM_KEYS)
    settings = F.col("settings")
    return versions.select(
        "workspace_id",
        "pipeline_id",
        F.col("change_time").alias("valid_from"),
        F.lead("change_time").over(in_time).alias("valid_to"),
        (F.row_number().over(in_time) == 1).alias("is_first"),
        "name",
        "pipeline_type",
        F.coalesce("run_as", "created_by").alias("owner"),
        team_name(team.value).alias("team"),
        team.key.alias("team_source"),
        F.coalesce(settings["serverless"], F.lit(False)).alias("is_serverless"),
        F.coalesce(settings["continuous"], F.lit(False)).alias("is_continuous"),
        F.col("delete_time").alias("deleted_at"),
    )


def pipeline_updates(slices: DataFrame) -> DataFrame:
    """silver.pipeline_updates from bronze.pipeline_update_timeline."""
    task = F.col("trigger_details")["job_task"]
    # The outcome is on the last slice only; should two have one, the later speaks.
    ending = F.when(F.col("result_state").isNotNull(), F.col("period_end_time"))
    gathered = slices.groupBy(*_UPDATE).agg(
        F.to_date(F.min("period_start_time")).alias("update_date"),
        F.max("request_id").alias("request_id"),
        F.max("update_type").alias("update_type"),
        F.max("trigger_type").alias("trigger_type"),
        F.max(task["job_id"]).alias("own_job_id"),
        F.max(task["job_task_run_id"]).alias("own_task_run_id"),
        F.min("period_start_time").alias("started_at"),
        F.max("period_end_time").alias("seen_until"),
        F.sum(micros_between(F.col("period_start_time"), F.col("period_end_time"))).alias("micros"),
        status(F.max_by("result_state", ending)).alias("status"),
    )
    of_request = Window.partitionBy(
        "workspace_id", "pipeline_id", F.coalesce("request_id", "update_id")
    )
    return gathered.select(
        "update_date",
        *_UPDATE,
        F.coalesce("own_job_id", F.max("own_job_id").over(of_request)).alias("job_id"),
        F.coalesce("own_task_run_id", F.max("own_task_run_id").over(of_request)).alias(
            "task_run_id"
        ),
        "request_id",
        "update_type",
        "trigger_type",
        "started_at",
        F.when(F.col("status") != "IN_FLIGHT", F.col("seen_until")).alias("ended_at"),
        "seen_until",
        (F.col("micros") / _MICROS).alias("duration_seconds"),
        "status",
    )


def task_updates(updates: DataFrame, task_runs: DataFrame) -> DataFrame:
    """silver.task_updates from silver.pipeline_updates and silver.task_runs."""
    started = task_runs.select("workspace_id", "task_run_id", "run_id")
    return (
        updates.where("task_run_id IS NOT NULL")
        .join(started, ["workspace_id", "task_run_id"], "left")
        .select(
            *_UPDATE,
            "task_run_id",
            "job_id",
            "run_id",
            "started_at",
        )
    )


STEPS = (
    ByKey(
        name="pipeline_versions",
        run=pipeline_versions,
        reads=(bronze.PIPELINES,),
        writes=silver.PIPELINE_VERSIONS,
        key=("workspace_id", "pipeline_id"),
    ),
    ByDatedKey(
        name="pipeline_updates",
        run=pipeline_updates,
        reads=(bronze.PIPELINE_UPDATE_TIMELINE,),
        writes=silver.PIPELINE_UPDATES,
        key=("workspace_id", "pipeline_id"),
    ),
    ByKey(
        name="task_updates",
        run=task_updates,
        reads=(silver.PIPELINE_UPDATES, silver.TASK_RUNS),
        writes=silver.TASK_UPDATES,
        key=("workspace_id", "task_run_id"),
    ),
)
