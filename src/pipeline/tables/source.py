"""The system tables of Unity Catalog, as far as RightRun reads them.

Types and meanings follow the published table reference (docs/sources.md says which copy). A column
that the source may lack carries `since`; it is read as NULL where it is absent. Columns that may
hold secrets are declared so that the next reader knows they exist, and never reach bronze.
"""

from dataclasses import replace

from pipeline.tables.declaration import Arrival, Column, Derived, Layer, SourceTable

_DEC_2025 = "December 2025"
_AUG_2024 = "August 2024"

_ACCOUNT = Column("account_id", "string", "Account", since="always, but exports may leave it out")
_WORKSPACE = Column("workspace_id", "string", "Workspace; half of every key", nullable=False)
_JOB = Column("job_id", "string", "Job; unique only inside its workspace", nullable=False)
_PIPELINE = Column("pipeline_id", "string", "Pipeline; half of its key", nullable=False)
_CHANGE = Column("change_time", "timestamp", "When this version was made", nullable=False)
_DELETE = Column(
    "delete_time", "timestamp", "When the entity was deleted", null_means="it was not deleted"
)
_PERIOD_START = Column("period_start_time", "timestamp", "Start of the slice", nullable=False)
_PERIOD_END = Column("period_end_time", "timestamp", "End of the slice", nullable=False)
_RESULT = Column(
    "result_state",
    "string",
    "Outcome; only on the last slice of an attempt",
    null_means="it has not ended",
    switches_off="outcomes: each run looks as if it had not ended",
)
_TERMINATION = Column(
    "termination_code", "string", "Why it ended; only on the last slice", since=_AUG_2024
)
_TERMINATION_TYPE = Column("termination_type", "string", "Class of the end", since=_DEC_2025)
_COMPUTE_IDS = Column(
    "compute_ids", "array<string>", "Clusters and SQL warehouses used", since=_AUG_2024
)
_COMPUTE = Column(
    "compute",
    "array<struct<type:string, cluster_id:string, warehouse_id:string>>",
    "Compute used, typed",
    since=_DEC_2025,
)
_TIMEOUT = Column(
    "timeout_seconds", "bigint", "Timeout; 0 is none", unit="seconds", since=_DEC_2025
)
_HEALTH_RULES = Column(
    "health_rules",
    "array<struct<metric:string, operator:string, value:bigint>>",
    "Health rules, such as RUN_DURATION_SECONDS GREATER_THAN a value",
    since=_DEC_2025,
)
_TAGS = Column("tags", "map<string,string>", "Custom tags; their spelling is the users'")
_JOB_TAGS = replace(_TAGS, switches_off="teams, tiers and SLAs that jobs are tagged with")


def _duration(phase: str) -> Column:
    return Column(
        f"{phase}_duration_seconds",
        "bigint",
        f"Time in {phase}; a literal 0 on runs of multi-task jobs means not reported",
        unit="seconds",
        since=_DEC_2025,
    )


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
        _ACCOUNT,
        _WORKSPACE,
        _JOB,
        Column("name", "string", "Name given by a user; not unique", switches_off="names of jobs"),
        Column("description", "string", "User text", sensitive=True, since=_AUG_2024),
        Column("creator_id", "string", "Principal that created the job"),
        _JOB_TAGS,
        _CHANGE,
        _DELETE,
        Column("run_as", "string", "Id of the principal whose rights the runs use"),
        Column(
            "trigger",
            "struct<continuous:struct<enabled:boolean>,"
            " schedule:struct<quartz_cron_expression:string, timezone_id:string>,"
            " periodic:struct<interval:int, units:string>>",
            "Trigger settings",
            since=_DEC_2025,
            switches_off="schedules, and so when a job is due to start",
        ),
        Column("trigger_type", "string", "Kind of trigger of the definition", since=_DEC_2025),
        Column("run_as_user_name", "string", "run_as as an e-mail or a name", since=_DEC_2025),
        Column("creator_user_name", "string", "Creator likewise", since=_DEC_2025),
        Column("paused", "boolean", "Whether the trigger is paused", since=_DEC_2025),
        _TIMEOUT,
        _HEALTH_RULES,
        Column("create_time", "timestamp", "When the job was created", since=_DEC_2025),
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
        _ACCOUNT,
        _WORKSPACE,
        _JOB,
        Column("task_key", "string", "Task; unique inside one job", nullable=False),
        Column("depends_on_keys", "array<string>", "Upstream tasks of the same job"),
        _CHANGE,
        _DELETE,
        _TIMEOUT,
        _HEALTH_RULES,
    ),
)

JOB_RUN_TIMELINE = SourceTable(
    layer=Layer.SOURCE,
    name="job_run_timeline",
    system_name="system.lakeflow.job_run_timeline",
    grain="one slice of a run's time (an attempt is one slice or several)",
    keys=("workspace_id", "run_id", "period_start_time", "period_end_time"),
    arrival=Arrival.APPEND,
    watermark="period_end_time",
    observed_at="period_end_time",
    dated_by="period_start_time",
    interval=("period_start_time", "period_end_time"),
    retention_days=365,
    required=True,
    switches_off="everything: runs are what RightRun watches",
    columns=(
        _ACCOUNT,
        _WORKSPACE,
        _JOB,
        Column("run_id", "string", "Run; unique inside its workspace", nullable=False),
        _PERIOD_START,
        _PERIOD_END,
        Column("trigger_type", "string", "What fired the run"),
        _RESULT,
        Column("run_type", "string", "JOB_RUN, SUBMIT_RUN or WORKFLOW_RUN; NULL on old rows"),
        Column("run_name", "string", "Name given to the run; the handle of a submitted run"),
        _COMPUTE_IDS,
        _TERMINATION,
        Column(
            "job_parameters",
            "map<string, map<string,string>>",
            "Job-level parameters",
            sensitive=True,
            since=_AUG_2024,
        ),
        Column("source_task_run_id", "string", "Task run that fired this run", since=_DEC_2025),
        Column("root_task_run_id", "string", "Top of that chain", since=_DEC_2025),
        _COMPUTE,
        _TERMINATION_TYPE,
        _duration("setup"),
        _duration("queue"),
        _duration("run"),
        _duration("cleanup"),
        _duration("execution"),
    ),
)

JOB_TASK_RUN_TIMELINE = SourceTable(
    layer=Layer.SOURCE,
    name="job_task_run_timeline",
    system_name="system.lakeflow.job_task_run_timeline",
    grain="one slice of a task run's time",
    keys=("workspace_id", "run_id", "period_start_time", "period_end_time"),
    arrival=Arrival.APPEND,
    watermark="period_end_time",
    observed_at="period_end_time",
    dated_by="period_start_time",
    interval=("period_start_time", "period_end_time"),
    retention_days=365,
    switches_off="task runs, which cluster a run used, utilisation and right-sizing",
    columns=(
        _ACCOUNT,
        _WORKSPACE,
        _JOB,
        Column("run_id", "string", "Task run", nullable=False),
        _PERIOD_START,
        _PERIOD_END,
        Column("task_key", "string", "Task; unique inside one job only"),
        _COMPUTE_IDS,
        _RESULT,
        Column(
            "job_run_id",
            "string",
            "Run that this task run belongs to",
            since=_AUG_2024,
            switches_off="which run a task run belongs to, and so which cluster a run used",
        ),
        Column("parent_run_id", "string", "Parent run; differs when nested", since=_AUG_2024),
        _TERMINATION,
        _COMPUTE,
        _TERMINATION_TYPE,
        Column(
            "task_parameters",
            "map<string, map<string,string>>",
            "Task-level parameters",
            sensitive=True,
            since=_DEC_2025,
        ),
        _duration("setup"),
        _duration("cleanup"),
        _duration("execution"),
    ),
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
        _ACCOUNT,
        _WORKSPACE,
        _PIPELINE,
        Column("pipeline_type", "string", "ETL_PIPELINE, MATERIALIZED_VIEW, STREAMING_TABLE, ..."),
        Column("name", "string", "Name given by a user; not unique"),
        Column("created_by", "string", "Who created it"),
        Column("run_as", "string", "Whose rights its updates use"),
        _TAGS,
        Column(
            "settings",
            "struct<photon:boolean, development:boolean, continuous:boolean, serverless:boolean,"
            " edition:string, channel:string>",
            "Settings",
        ),
        Column(
            "configuration", "map<string,string>", "Configuration of the pipeline", sensitive=True
        ),
        _CHANGE,
        _DELETE,
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
        _ACCOUNT,
        _WORKSPACE,
        _PIPELINE,
        Column("update_id", "string", "Update; unique inside its pipeline", nullable=False),
        _PERIOD_START,
        _PERIOD_END,
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
        _RESULT,
        Column("compute", "struct<type:string, cluster_id:string>", "Compute used"),
    ),
)

USAGE = SourceTable(
    layer=Layer.SOURCE,
    name="usage",
    system_name="system.billing.usage",
    grain="one usage record, or its retraction or restatement",
    keys=("record_id", "record_type"),
    arrival=Arrival.APPEND,
    watermark="ingestion_date",
    observed_at="usage_end_time",
    late_hours=12,
    dated_by="usage_date",
    interval=("usage_start_time", "usage_end_time"),
    retention_days=365,
    switches_off="costs, attribution and savings",
    derived=(
        Derived(
            Column(
                "payer_id",
                "string",
                "Whom it is billed under: its pipeline, else its job, its cluster or its warehouse;"
                " empty where it names none",
                nullable=False,
            ),
            "coalesce(usage_metadata.dlt_pipeline_id, nullif(usage_metadata.job_id, ''),"
            " usage_metadata.cluster_id, usage_metadata.warehouse_id, '')",
        ),
        Derived(
            Column(
                "correction",
                "string",
                "What tells a record's corrections apart, which may bear its id: quantity and day of"
                " landing; empty for the original",
                nullable=False,
            ),
            # As far as costs are taken: a quantity that came by way of a double is the same.
            "if(record_type = 'ORIGINAL', '', concat_ws(' ',"
            " cast(cast(usage_quantity as decimal(38,9)) as string),"
            " cast(ingestion_date as string)))",
            is_key=True,
        ),
    ),
    columns=(
        _ACCOUNT,
        Column("workspace_id", "string", "Workspace; NULL for usage of the account itself"),
        Column("record_id", "string", "Usage record", nullable=False),
        Column("sku_name", "string", "What was used", nullable=False),
        Column("cloud", "string", "AWS, AZURE or GCP"),
        Column("usage_start_time", "timestamp", "Start of the usage", nullable=False),
        Column("usage_end_time", "timestamp", "End of the usage", nullable=False),
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column(
            "custom_tags",
            "map<string,string>",
            "Tags of the compute, the job, the workspace",
            switches_off="teams that usage is tagged with",
        ),
        Column("usage_unit", "string", "Mostly DBU", nullable=False),
        Column(
            "usage_quantity",
            "decimal(38,18)",
            "Quantity; negative on a retraction",
            nullable=False,
            # Beyond this a product with a price leaves decimal(38,18).
            minimum=-1e8,
            maximum=1e8,
        ),
        Column(
            "usage_metadata",
            "struct<cluster_id:string, job_id:string, job_run_id:string, job_name:string,"
            " node_type:string, instance_pool_id:string, warehouse_id:string, notebook_id:string,"
            " dlt_pipeline_id:string, dlt_update_id:string, budget_policy_id:string>",
            "What the usage belongs to; the struct grows, so fields are named",
            switches_off="costs of jobs and runs: no cost can be told to a job",
        ),
        Column(
            "identity_metadata",
            "struct<run_as:string, created_by:string, owned_by:string>",
            "Who ran or owns it",
        ),
        Column("record_type", "string", "ORIGINAL, RETRACTION or RESTATEMENT", nullable=False),
        Column(
            "ingestion_date",
            "date",
            "Day the row landed; corrections land late",
            since="always, but exports may leave it out",
        ),
        Column("billing_origin_product", "string", "JOBS, DLT, SQL, ALL_PURPOSE, INTERACTIVE, ..."),
        Column(
            "product_features",
            "struct<jobs_tier:string, is_serverless:boolean, is_photon:boolean,"
            " performance_target:string>",
            "Features that set the price",
        ),
        Column("usage_type", "string", "COMPUTE_TIME, STORAGE_SPACE, ..."),
    ),
)

LIST_PRICES = SourceTable(
    layer=Layer.SOURCE,
    name="list_prices",
    system_name="system.billing.list_prices",
    grain="the price of one SKU in one currency over one time window",
    keys=("sku_name", "cloud", "currency_code", "usage_unit", "price_start_time"),
    arrival=Arrival.SNAPSHOT,
    switches_off="money: usage stays in DBU",
    columns=(
        _ACCOUNT,
        Column("price_start_time", "timestamp", "Effective from", nullable=False),
        Column(
            "price_end_time",
            "timestamp",
            "Effective until; NULL is current",
            null_means="it is current",
        ),
        Column("sku_name", "string", "What is priced", nullable=False),
        Column("cloud", "string", "AWS, AZURE or GCP", nullable=False),
        Column("currency_code", "string", "Currency", nullable=False),
        Column("usage_unit", "string", "Unit that is priced", nullable=False),
        Column(
            "pricing",
            "struct<default:decimal(38,18), promotional:struct<default:decimal(38,18)>,"
            " effective_list:struct<default:decimal(38,18)>>",
            "default is the list price, effective_list the list or promotional one",
            switches_off="money: no cost can be told, and usage stays in DBU",
        ),
    ),
)

CLUSTERS = SourceTable(
    layer=Layer.SOURCE,
    name="clusters",
    system_name="system.compute.clusters",
    grain="one version of a cluster's definition",
    keys=("workspace_id", "cluster_id", "change_time"),
    arrival=Arrival.APPEND,
    watermark="change_time",
    observed_at="change_time",
    dated_by="change_time",
    switches_off="cluster sizes and right-sizing",
    columns=(
        _ACCOUNT,
        _WORKSPACE,
        Column("cluster_id", "string", "Cluster; new for every run on job compute", nullable=False),
        Column("cluster_name", "string", "Name; generated for job clusters"),
        Column("owned_by", "string", "Owner"),
        _DELETE,
        Column("driver_node_type", "string", "Instance type of the driver"),
        Column(
            "worker_node_type",
            "string",
            "Instance type of the workers",
            switches_off="right-sizing: what a worker has and costs is not known",
        ),
        Column(
            "worker_count",
            "bigint",
            "Workers of a fixed-size cluster; 0 is single-node",
            switches_off="right-sizing of clusters of a fixed size",
        ),
        Column("min_autoscale_workers", "bigint", "Least workers of an autoscaling cluster"),
        Column("max_autoscale_workers", "bigint", "Most workers of an autoscaling cluster"),
        _TAGS,
        Column("cluster_source", "string", "UI, API, JOB, PIPELINE, PIPELINE_MAINTENANCE"),
        Column("dbr_version", "string", "Runtime version"),
        _CHANGE,
        Column("data_security_mode", "string", "Access mode"),
        Column("policy_id", "string", "Compute policy"),
        Column(
            "driver_instance_pool_id",
            "string",
            "Pool the driver comes from",
            since="always, but exports may leave it out",
        ),
        Column(
            "worker_instance_pool_id",
            "string",
            "Pool the workers come from",
            since="always, but exports may leave it out",
        ),
    ),
)

NODE_TIMELINE = SourceTable(
    layer=Layer.SOURCE,
    name="node_timeline",
    system_name="system.compute.node_timeline",
    grain="one minute of one instance",
    keys=("workspace_id", "cluster_id", "instance_id", "start_time"),
    arrival=Arrival.APPEND,
    watermark="end_time",
    observed_at="end_time",
    dated_by="start_time",
    interval=("start_time", "end_time"),
    retention_days=90,
    switches_off="utilisation and right-sizing",
    columns=(
        _ACCOUNT,
        _WORKSPACE,
        Column("cluster_id", "string", "Cluster", nullable=False),
        Column("instance_id", "string", "Cloud instance", nullable=False),
        Column("start_time", "timestamp", "Start of the minute", nullable=False),
        Column("end_time", "timestamp", "End of the minute", nullable=False),
        Column("driver", "boolean", "Whether the node is the driver", nullable=False),
        Column(
            "cpu_user_percent",
            "double",
            "CPU in userland",
            unit="percent",
            switches_off="CPU utilisation, and so right-sizing",
        ),
        Column("cpu_system_percent", "double", "CPU in the kernel", unit="percent"),
        Column("cpu_wait_percent", "double", "CPU waiting for I/O", unit="percent"),
        Column(
            "mem_used_percent",
            "double",
            "Memory used, background included",
            unit="percent",
            switches_off="memory utilisation, and so right-sizing",
        ),
        Column("mem_swap_percent", "double", "Memory swapped", unit="percent"),
        Column("node_type", "string", "Instance type"),
    ),
)

NODE_TYPES = SourceTable(
    layer=Layer.SOURCE,
    name="node_types",
    system_name="system.compute.node_types",
    grain="one instance type on offer",
    keys=("node_type",),
    arrival=Arrival.SNAPSHOT,
    switches_off="cores and memory of a cluster",
    columns=(
        _ACCOUNT,
        Column("node_type", "string", "Instance type", nullable=False),
        Column("core_count", "double", "Cores", unit="cores", switches_off="cores of a cluster"),
        Column("memory_mb", "bigint", "Memory", unit="MB", switches_off="memory of a cluster"),
        Column("gpu_count", "bigint", "GPUs"),
    ),
)

WORKSPACES_LATEST = SourceTable(
    layer=Layer.SOURCE,
    name="workspaces_latest",
    system_name="system.access.workspaces_latest",
    grain="one workspace as it is now",
    keys=("workspace_id",),
    arrival=Arrival.SNAPSHOT,
    switches_off="workspace names and links",
    columns=(
        _ACCOUNT,
        _WORKSPACE,
        Column("workspace_name", "string", "Name"),
        Column("workspace_url", "string", "Address; may end in a slash"),
        Column("status", "string", "RUNNING, BANNED, ..."),
    ),
)

SOURCE_TABLES: tuple[SourceTable, ...] = (
    JOBS,
    JOB_TASKS,
    JOB_RUN_TIMELINE,
    JOB_TASK_RUN_TIMELINE,
    PIPELINES,
    PIPELINE_UPDATE_TIMELINE,
    USAGE,
    LIST_PRICES,
    CLUSTERS,
    NODE_TIMELINE,
    NODE_TYPES,
    WORKSPACES_LATEST,
)
