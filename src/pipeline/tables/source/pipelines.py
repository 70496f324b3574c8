"""System tables of pipelines and their updates."""

from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable
from pipeline.tables.source.columns import (
    ACCOUNT,
    CHANGE,
    DELETE,
    PERIOD_END,
    PERIOD_START,
    PIPELINE,
    RESULT,
    TAGS,
    WORKSPACE,
)

PIPELINES = SourceTable(
    layer=Layer.SOURCE,
    name="pipelines",
    system_name="system.lakeflow.pipelines",
    grain="one version of a pipeline's definition",
    keys=("workspace_id", "pipeline_id", "change_time"),
    arrival=Arrival.APPEND,
    watermark="change_time",
    observed_at="change_time",
    switches_off="whom to charge for pipelines that no job started",
    columns=(
        ACCOUNT,
        WORKSPACE,
        PIPELINE,
        Column("pipeline_type", "string", "ETL_PIPELINE, MATERIALIZED_VIEW, STREAMING_TABLE, ..."),
        Column("name", "string", "Name given by a user; not unique"),
        Column("created_by", "string", "Who created it"),
        Column("run_as", "string", "Whose rights its updates use"),
        TAGS,
        Column(
            "settings",
            "struct<photon:boolean, development:boolean, continuous:boolean, serverless:boolean,"
            " edition:string, channel:string>",
            "Settings",
        ),
        Column(
            "configuration", "map<string,string>", "Configuration of the pipeline", sensitive=True
        ),
        CHANGE,
        DELETE,
        Column("create_time", "timestamp", "When the pipeline was created"),
    ),
)

PIPELINE_UPDATE_TIMELINE = SourceTable(
    layer=Layer.SOURCE,
    name="pipeline_update_timeline",
    system_name="system.lakeflow.pipeline_update_timeline",
    grain="one slice of the time of a pipeline's update",
    keys=("workspace_id", "pipeline_id", "update_id", "period_start_time", "period_end_time"),
    arrival=Arrival.APPEND,
    watermark="period_end_time",
    observed_at="period_end_time",
    dated_by="period_start_time",
    interval=("period_start_time", "period_end_time"),
    retention_days=365,
    switches_off="costs of a job's pipeline tasks, which are billed under the pipeline",
    columns=(
        ACCOUNT,
        WORKSPACE,
        PIPELINE,
        Column("update_id", "string", "Update; unique inside its pipeline", nullable=False),
        PERIOD_START,
        PERIOD_END,
        Column("update_type", "string", "FULL_REFRESH, REFRESH or VALIDATE"),
        Column("request_id", "string", "Request; its retries share it"),
        Column("run_as_user_name", "string", "Whose rights it used"),
        Column("trigger_type", "string", "What started it"),
        Column(
            "trigger_details",
            "struct<job_task:struct<job_id:string, job_task_run_id:string,"
            " performance_target:string>>",
            "The task run that started it",
            switches_off="costs of a job's pipeline tasks: none can be told to a run",
        ),
        RESULT,
        Column("compute", "struct<type:string, cluster_id:string>", "Compute used"),
    ),
)
