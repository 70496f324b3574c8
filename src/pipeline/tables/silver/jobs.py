"""Silver of jobs: every version of a definition, of a job and of its tasks."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import JOB, SERIES, WORKSPACE
from pipeline.tables.silver.sla import SLA

SCHEDULE = (
    Column("cron", "string", "Quartz cron expression of the schedule"),
    Column("timezone", "string", "Time zone of the schedule"),
    Column(
        "periodic_seconds",
        "double",
        "Interval of a periodic trigger; NULL is none",
        unit="seconds",
        minimum=0,
    ),
)
IS_CONTINUOUS = Column(
    "is_continuous", "boolean", "Runs without end: no duration baseline", nullable=False
)
TAGGED = (
    Column("team", "string", "Team"),
    Column("team_source", "string", "The tag's key the team came from"),
    Column("owner", "string", "Owner"),
    Column("owner_source", "string", "The tag's key, or run_as, or creator"),
    Column("tier", "int", "1 critical, 2 important, 3 the rest", minimum=1, maximum=3),
    Column("tier_source", "string", "The tag's key the tier came from"),
    *SLA,
    Column("sla_problem", "string", "A declared SLA that could not be read, and why"),
)
"""What people say of a job, in its tags and elsewhere; gold.jobs says it as well."""

JOB_VERSIONS = Table(
    layer=Layer.SILVER,
    name="job_versions",
    grain="one version of a job's definition and the time it held, with team, owner, tier and SLA",
    keys=("workspace_id", "job_id", "valid_from"),
    columns=(
        WORKSPACE,
        JOB,
        SERIES,
        Column("valid_from", "timestamp", "From when it held, inclusive", nullable=False),
        Column("valid_to", "timestamp", "Until when, exclusive; NULL is the newest version"),
        Column(
            "is_first", "boolean", "Oldest version known: stands for earlier times", nullable=False
        ),
        Column("name", "string", "Name"),
        Column("creator", "string", "Who created the job"),
        Column("run_as", "string", "Whose rights its runs use"),
        Column("trigger_type", "string", "Kind of trigger"),
        *SCHEDULE,
        IS_CONTINUOUS,
        Column("is_paused", "boolean", "Trigger paused", nullable=False),
        Column("created_at", "timestamp", "When the job was created"),
        Column("deleted_at", "timestamp", "When the job was deleted"),
        Column("timeout_seconds", "double", "Kill limit; NULL is none", unit="seconds", minimum=0),
        *TAGGED,
    ),
)

TASK_VERSIONS = Table(
    layer=Layer.SILVER,
    name="task_versions",
    grain="one version of a task's definition",
    keys=("workspace_id", "job_id", "task_key", "valid_from"),
    columns=(
        WORKSPACE,
        JOB,
        SERIES,
        Column("task_key", "string", "Task", nullable=False),
        Column("valid_from", "timestamp", "From when it held, inclusive", nullable=False),
        Column("depends_on_keys", "array<string>", "Upstream tasks of the same job"),
        Column("timeout_seconds", "double", "Kill limit; NULL is none", unit="seconds", minimum=0),
        Column("deleted_at", "timestamp", "When the task was deleted"),
    ),
)

JOB_TASKS = Table(
    layer=Layer.SILVER,
    name="job_tasks",
    grain="one task of a job as last defined",
    keys=("workspace_id", "job_id", "task_key"),
    columns=(
        WORKSPACE,
        JOB,
        Column("task_key", "string", "Task", nullable=False),
        Column("depends_on_keys", "array<string>", "Upstream tasks of the same job"),
        Column("timeout_seconds", "double", "Kill limit; NULL is none", unit="seconds", minimum=0),
        Column("changed_at", "timestamp", "When last changed", nullable=False),
        Column("deleted_at", "timestamp", "When the task was deleted"),
    ),
)
