"""Silver of pipelines: versions, updates, and which of those a job's task started."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import STATUS, WORKSPACE

_PIPELINE = Column("pipeline_id", "string", "Pipeline; half of its key", nullable=False)
_UPDATE = Column("update_id", "string", "Update; unique inside its pipeline", nullable=False)

PIPELINE_VERSIONS = Table(
    layer=Layer.SILVER,
    name="pipeline_versions",
    grain="one version of a pipeline's definition and the time it held",
    keys=("workspace_id", "pipeline_id", "valid_from"),
    columns=(
        WORKSPACE,
        _PIPELINE,
        Column("valid_from", "timestamp", "From when it held, inclusive", nullable=False),
        Column("valid_to", "timestamp", "Until when, exclusive; NULL is the newest version"),
        Column(
            "is_first", "boolean", "Oldest version known: stands for earlier times", nullable=False
        ),
        Column("name", "string", "Name"),
        Column("pipeline_type", "string", "ETL_PIPELINE, MATERIALIZED_VIEW, STREAMING_TABLE, ..."),
        Column("owner", "string", "Whose rights its updates use, or who created it"),
        Column("team", "string", "Team, from its tags"),
        Column("team_source", "string", "The tag's key the team came from"),
        Column("is_serverless", "boolean", "Whether it runs on serverless", nullable=False),
        Column("is_continuous", "boolean", "Updates without end", nullable=False),
        Column("deleted_at", "timestamp", "When it was deleted"),
    ),
)

PIPELINE_UPDATES = Table(
    layer=Layer.SILVER,
    name="pipeline_updates",
    grain="one update of a pipeline",
    keys=("workspace_id", "pipeline_id", "update_id"),
    partition_by="update_date",
    columns=(
        Column("update_date", "date", "UTC date of its start", nullable=False),
        WORKSPACE,
        _PIPELINE,
        _UPDATE,
        Column("job_id", "string", "Job whose task started it, or the update that it retries"),
        Column("task_run_id", "string", "Task run that started it, likewise"),
        Column("request_id", "string", "Request; its retries share it"),
        Column("update_type", "string", "FULL_REFRESH, REFRESH or VALIDATE"),
        Column("trigger_type", "string", "What started it"),
        Column("started_at", "timestamp", "Start", nullable=False),
        Column("ended_at", "timestamp", "End; NULL while in flight"),
        Column("seen_until", "timestamp", "End of its last slice", nullable=False),
        Column(
            "duration_seconds",
            "double",
            "Sum of its slices",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        STATUS,
    ),
)

TASK_UPDATES = Table(
    layer=Layer.SILVER,
    name="task_updates",
    grain="one update that a job's task started, with the run it belongs to",
    keys=("workspace_id", "pipeline_id", "update_id"),
    columns=(
        WORKSPACE,
        _PIPELINE,
        _UPDATE,
        Column("task_run_id", "string", "Task run that started it", nullable=False),
        Column("job_id", "string", "Job"),
        Column("run_id", "string", "Run of the job; NULL while its task run is not known"),
        Column("started_at", "timestamp", "Start", nullable=False),
    ),
)
