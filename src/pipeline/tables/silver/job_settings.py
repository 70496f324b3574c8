"""Silver of how jobs are set up."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import JOB, SERIES, WORKSPACE

SETTINGS = (
    Column(
        "max_retries",
        "bigint",
        "Most times that a failed task is tried again; -1 is without end",
        minimum=-1,
    ),
    Column("max_concurrent_runs", "bigint", "Runs at once", minimum=0),
    Column("is_queued", "boolean", "Whether a run beyond these waits; else it is skipped"),
    Column(
        "failure_recipients",
        "bigint",
        "Addresses and destinations told of a failed run or task; 0 is nobody",
        minimum=0,
    ),
)
"""What gold.jobs says as well."""

JOB_SETTINGS = Table(
    layer=Layer.SILVER,
    name="job_settings",
    grain="one job as the Jobs API last told it",
    keys=("workspace_id", "job_id"),
    columns=(
        WORKSPACE,
        JOB,
        SERIES,
        Column("settings_problem", "string", "Why what it does not say is not known"),
        *SETTINGS,
        Column("timeout_seconds", "double", "Kill limit; NULL is none", unit="seconds", minimum=0),
        Column(
            "late_seconds",
            "double",
            "Length of a run beyond which a health rule warns; NULL is none",
            unit="seconds",
            minimum=0,
        ),
        Column("late_recipients", "bigint", "Addresses and destinations told of that", minimum=0),
        Column("tasks", "bigint", "Tasks", minimum=0),
        Column("retried_tasks", "bigint", "Tasks that are tried again", minimum=0),
        Column("is_paused", "boolean", "Whether what starts it is paused"),
        Column("trigger_type", "string", "What starts it; NULL is nothing by itself"),
        Column("run_as", "string", "User or service principal that the settings name"),
        Column("performance_target", "string", "Of serverless"),
        Column(
            "clusters",
            "array<struct<key:string, is_shared:boolean, runtime:string, node_type:string,"
            " driver_node_type:string, min_workers:bigint, max_workers:bigint,"
            " is_autoscaling:boolean, is_photon:boolean, is_spot:boolean, is_pooled:boolean,"
            " policy_id:string>>",
            "Clusters that its runs make: key is that of the job's cluster, which tasks share, or of the"
            " task that has its own",
        ),
    ),
)
