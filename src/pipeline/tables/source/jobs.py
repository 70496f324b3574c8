"""System tables of jobs' definitions."""

from dataclasses import replace

from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable
from pipeline.tables.source.columns import (
    ACCOUNT,
    AUG_2024,
    CHANGE,
    DEC_2025,
    DELETE,
    JOB,
    TAGS,
    WORKSPACE,
)

_TIMEOUT = Column("timeout_seconds", "bigint", "Timeout; 0 is none", unit="seconds", since=DEC_2025)
_HEALTH_RULES = Column(
    "health_rules",
    "array<struct<metric:string, operator:string, value:bigint>>",
    "Health rules, such as RUN_DURATION_SECONDS GREATER_THAN a value",
    since=DEC_2025,
)
_JOB_TAGS = replace(TAGS, switches_off="teams, tiers and SLAs that jobs are tagged with")

JOBS = SourceTable(
    layer=Layer.SOURCE,
    name="jobs",
    system_name="system.lakeflow.jobs",
    grain="one version of a job's definition",
    keys=("workspace_id", "job_id", "change_time"),
    arrival=Arrival.APPEND,
    watermark="change_time",
    observed_at="change_time",
    switches_off="job names, owners, teams, SLAs and schedules",
    columns=(
        ACCOUNT,
        WORKSPACE,
        JOB,
        Column("name", "string", "Name given by a user; not unique", switches_off="names of jobs"),
        Column("description", "string", "User text", sensitive=True, since=AUG_2024),
        Column("creator_id", "string", "Principal that created the job"),
        _JOB_TAGS,
        CHANGE,
        DELETE,
        Column("run_as", "string", "Id of the principal whose rights the runs use"),
        Column(
            "trigger",
            "struct<continuous:struct<enabled:boolean>,"
            " schedule:struct<quartz_cron_expression:string, timezone_id:string>,"
            " periodic:struct<interval:int, units:string>>",
            "Trigger settings",
            since=DEC_2025,
            switches_off="schedules, and so when a job is due to start",
        ),
        Column("trigger_type", "string", "Kind of trigger of the definition", since=DEC_2025),
        Column("run_as_user_name", "string", "run_as as an e-mail or a name", since=DEC_2025),
        Column("creator_user_name", "string", "Creator likewise", since=DEC_2025),
        Column("paused", "boolean", "Whether the trigger is paused", since=DEC_2025),
        _TIMEOUT,
        _HEALTH_RULES,
        Column("create_time", "timestamp", "When the job was created", since=DEC_2025),
    ),
)

JOB_TASKS = SourceTable(
    layer=Layer.SOURCE,
    name="job_tasks",
    system_name="system.lakeflow.job_tasks",
    grain="one version of a task's definition",
    keys=("workspace_id", "job_id", "task_key", "change_time"),
    arrival=Arrival.APPEND,
    watermark="change_time",
    observed_at="change_time",
    switches_off="the task graph of a job",
    columns=(
        ACCOUNT,
        WORKSPACE,
        JOB,
        Column("task_key", "string", "Task; unique inside one job", nullable=False),
        Column("depends_on_keys", "array<string>", "Upstream tasks of the same job"),
        CHANGE,
        DELETE,
        _TIMEOUT,
        _HEALTH_RULES,
    ),
)
