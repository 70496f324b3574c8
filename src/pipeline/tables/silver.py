"""Silver: runs, attempts, tasks, clusters, utilisation and costs with the sources' quirks undone.

`series_key` is what the statistics follow through time: `workspace_id/job_id`, and
`workspace_id/run_name` for submitted runs, whose job id is new each time; what of the name counts, and
what else does where it says nothing, `pipeline.silver.series` decides.
"""

from dataclasses import replace

from pipeline.tables.declaration import Column, Layer, Table

WORKSPACE = Column("workspace_id", "string", "Workspace; half of every key", nullable=False)
JOB = Column("job_id", "string", "Job; unique only inside its workspace", nullable=False)
SERIES = Column(
    "series_key",
    "string",
    "workspace_id/job_id, or workspace_id/run_name for submitted runs",
    nullable=False,
)
SERIES_BASES = (
    "job_id",
    "run_name",
    "run_name_by_rules",
    "run_name_and_tasks",
    "tasks",
    "shared_run_name",
    "nothing",
)
SERIES_BASIS = Column(
    "series_basis",
    "string",
    "How its runs are known to be one series: job_id; run_name of submitted runs; run_name_by_rules,"
    " without what is new in it each time; run_name_and_tasks, a default name and the tasks that began"
    " first; tasks, of runs without a name; shared_run_name, a default name and nothing to tell unlike"
    " works apart; nothing, a run by itself",
    nullable=False,
    one_of=SERIES_BASES,
)
RUN = Column("run_id", "string", "Run; unique inside its workspace", nullable=False)
RUN_DATE = Column("run_date", "date", "UTC date of the run's first start", nullable=False)

STATUSES = (
    "SUCCEEDED",
    "FAILED",
    "TIMEOUT",
    "CANCELLED",
    "SKIPPED",
    "IN_FLIGHT",
    "UNKNOWN",
)
STATUS = Column(
    "status",
    "string",
    "Outcome; SKIPPED covers blocked and excluded, UNKNOWN a result we do not know",
    nullable=False,
    one_of=STATUSES,
)
FAILURE_CLASSES = ("infrastructure", "configuration", "permission", "capacity", "code", "other")
FAILURE_CLASS = Column(
    "failure_class",
    "string",
    "Group of the termination code; NULL unless failed",
    one_of=FAILURE_CLASSES,
)
TERMINATION_CODE = Column("termination_code", "string", "Why it ended, as the source says it")
PERIODIC = Column(
    "periodic_seconds",
    "double",
    "Interval of a periodic trigger; NULL is none",
    unit="seconds",
    minimum=0,
)
SLA_KINDS = ("limit", "deadline")
SLA = (
    Column(
        "sla_kind",
        "string",
        "limit: seconds an attempt may take; deadline: clock time a success is due",
        one_of=SLA_KINDS,
    ),
    Column("sla_limit_seconds", "double", "The limit", unit="seconds", minimum=0),
    Column("sla_time_of_day", "string", "The deadline's local clock time, HH:MM"),
    Column("sla_timezone", "string", "The deadline's time zone"),
    Column(
        "sla_source",
        "string",
        "Where it was declared: yaml (rightrun.yml), the tag's key, health_rule, accepted (a"
        " proposal), or timeout, in this order",
    ),
)

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
        Column("cron", "string", "Quartz cron expression of the schedule"),
        Column("timezone", "string", "Time zone of the schedule"),
        PERIODIC,
        Column(
            "is_continuous", "boolean", "Runs without end: no duration baseline", nullable=False
        ),
        Column("is_paused", "boolean", "Trigger paused", nullable=False),
        Column("created_at", "timestamp", "When the job was created"),
        Column("deleted_at", "timestamp", "When the job was deleted"),
        Column("timeout_seconds", "double", "Kill limit; NULL is none", unit="seconds", minimum=0),
        Column("team", "string", "Team"),
        Column("team_source", "string", "The tag's key the team came from"),
        Column("owner", "string", "Owner"),
        Column("owner_source", "string", "The tag's key, or run_as, or creator"),
        Column("tier", "int", "1 critical, 2 important, 3 the rest", minimum=1, maximum=3),
        Column("tier_source", "string", "The tag's key the tier came from"),
        *SLA,
        Column("sla_problem", "string", "A declared SLA that could not be read, and why"),
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

ATTEMPTS = Table(
    layer=Layer.SILVER,
    name="attempts",
    grain="one attempt of a run: the first, or a repair",
    keys=("workspace_id", "run_id", "attempt"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        JOB,
        SERIES,
        SERIES_BASIS,
        RUN,
        Column(
            "attempt", "int", "0 for the first, then one for each repair", nullable=False, minimum=0
        ),
        Column("run_type", "string", "JOB_RUN, SUBMIT_RUN, WORKFLOW_RUN", nullable=False),
        Column("run_name", "string", "Name given to the run"),
        Column("trigger_type", "string", "What fired the run"),
        Column(
            "source_task_run_id",
            "string",
            "Task run that fired it, of a Run Job task of another job",
        ),
        Column("started_at", "timestamp", "Start of the attempt", nullable=False),
        Column("ended_at", "timestamp", "End; NULL while in flight"),
        Column("seen_until", "timestamp", "End of its last slice", nullable=False),
        Column(
            "duration_seconds",
            "double",
            "Sum of its slices; so far, while in flight",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column(
            "queue_seconds", "double", "Queue time, where the source reports it", unit="seconds"
        ),
        STATUS,
        Column(
            "unknown_result", "string", "The source's word for it, where nobody knows that word"
        ),
        TERMINATION_CODE,
        FAILURE_CLASS,
        Column(
            "never_started", "boolean", "Zero length: no duration to learn from", nullable=False
        ),
        Column("slices", "bigint", "Slices it arrived in", nullable=False, minimum=1),
    ),
)

RUNS = Table(
    layer=Layer.SILVER,
    name="runs",
    grain="one run, all its attempts together",
    keys=("workspace_id", "run_id"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        Column("run_week", "date", "Monday of the week of run_date", nullable=False),
        WORKSPACE,
        JOB,
        SERIES,
        SERIES_BASIS,
        RUN,
        Column("run_type", "string", "JOB_RUN, SUBMIT_RUN, WORKFLOW_RUN", nullable=False),
        Column("run_name", "string", "Name given to the run"),
        Column("trigger_type", "string", "What fired the run"),
        Column(
            "source_task_run_id",
            "string",
            "Task run that fired it, of a Run Job task of another job",
        ),
        Column("started_at", "timestamp", "First start", nullable=False),
        Column("ended_at", "timestamp", "Last end; NULL while in flight"),
        Column(
            "busy_seconds",
            "double",
            "Time in attempts, gaps before repairs left out",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column(
            "wall_seconds",
            "double",
            "First start to last end",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column(
            "queue_seconds", "double", "Queue time, where the source reports it", unit="seconds"
        ),
        Column("attempts", "int", "Attempts", nullable=False, minimum=1),
        Column("repairs", "int", "Attempts after the first", nullable=False, minimum=0),
        STATUS,
        TERMINATION_CODE,
        FAILURE_CLASS,
        Column("never_started", "boolean", "Never began: no duration", nullable=False),
        Column("first_success_at", "timestamp", "End of the first attempt that succeeded"),
        Column(
            "first_success_seconds", "double", "Duration of that attempt", unit="seconds", minimum=0
        ),
    ),
)

TASK_RUNS = Table(
    layer=Layer.SILVER,
    name="task_runs",
    grain="one task run",
    keys=("workspace_id", "task_run_id"),
    partition_by="task_run_date",
    columns=(
        Column("task_run_date", "date", "UTC date of its first start", nullable=False),
        WORKSPACE,
        JOB,
        Column("task_run_id", "string", "Task run; unique inside its workspace", nullable=False),
        Column("run_id", "string", "Run it belongs to; NULL on rows before August 2024"),
        Column("task_key", "string", "Task"),
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
        Column("setup_seconds", "double", "Time in setup", unit="seconds", minimum=0),
        Column("execution_seconds", "double", "Time at work", unit="seconds", minimum=0),
        STATUS,
        TERMINATION_CODE,
        FAILURE_CLASS,
        Column("cluster_ids", "array<string>", "Clusters used", nullable=False),
        Column("warehouse_ids", "array<string>", "SQL warehouses used", nullable=False),
    ),
)

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

CLUSTERS = Table(
    layer=Layer.SILVER,
    name="clusters",
    grain="one cluster as last defined",
    keys=("workspace_id", "cluster_id"),
    partition_by="cluster_date",
    columns=(
        Column("cluster_date", "date", "UTC date of its first version", nullable=False),
        WORKSPACE,
        Column("cluster_id", "string", "Cluster", nullable=False),
        Column("cluster_name", "string", "Name; generated for job clusters"),
        Column("cluster_source", "string", "UI, API, JOB, PIPELINE, ..."),
        Column("driver_node_type", "string", "Instance type of the driver"),
        Column("worker_node_type", "string", "Instance type of the workers"),
        Column(
            "workers",
            "bigint",
            "Workers of a fixed size; NULL when autoscaling, or not known",
            minimum=0,
        ),
        Column("min_workers", "bigint", "Least workers when autoscaling", minimum=0),
        Column("max_workers", "bigint", "Most workers when autoscaling", minimum=0),
        Column(
            "sizes",
            "array<struct<valid_from:timestamp, valid_to:timestamp, workers:bigint,"
            " is_autoscaling:boolean, worker_node_type:string>>",
            "Each size it had, the oldest first, and from when to when; versions less than a second"
            " apart are one edit",
            nullable=False,
        ),
        Column("instance_pool_id", "string", "Pool that its workers, or its driver, come from"),
        Column("dbr_version", "string", "Runtime version"),
        Column("is_photon", "boolean", "Whether the runtime is Photon", nullable=False),
        Column("first_seen_change_at", "timestamp", "Time of its first version", nullable=False),
        Column("deleted_at", "timestamp", "When it was deleted"),
    ),
)

RUN_CLUSTERS = Table(
    layer=Layer.SILVER,
    name="run_clusters",
    grain="one cluster that a run used, and from when to when",
    keys=("workspace_id", "run_id", "cluster_id"),
    partition_by="used_date",
    columns=(
        Column("used_date", "date", "UTC date of used_from", nullable=False),
        WORKSPACE,
        JOB,
        RUN,
        Column("cluster_id", "string", "Cluster", nullable=False),
        Column("used_from", "timestamp", "First start of a task of the run on it", nullable=False),
        Column("used_until", "timestamp", "Last end of a task of the run on it", nullable=False),
        Column("task_runs", "bigint", "Task runs on it", nullable=False, minimum=1),
    ),
)

HISTOGRAM_TYPE = "array<struct<bin_pct:int, minutes:bigint>>"

RUN_UTILISATION = Table(
    layer=Layer.SILVER,
    name="run_utilisation",
    grain="one day's node-minutes of one run on one cluster in one role, summarised so that sums merge",
    keys=("used_date", "workspace_id", "run_id", "cluster_id", "role"),
    partition_by="used_date",
    columns=(
        Column("used_date", "date", "UTC date of the node-minutes", nullable=False),
        WORKSPACE,
        JOB,
        RUN,
        Column("cluster_id", "string", "Cluster", nullable=False),
        Column("role", "string", "Driver or workers", nullable=False, one_of=("driver", "worker")),
        Column("node_type", "string", "Instance type seen"),
        Column("node_minutes", "bigint", "Node-minutes seen", nullable=False, minimum=1),
        Column("clock_minutes", "bigint", "Minutes of the clock seen", nullable=False, minimum=1),
        Column("nodes_max", "bigint", "Most nodes in one minute", nullable=False, minimum=1),
        Column(
            "cpu_histogram", HISTOGRAM_TYPE, "Node-minutes by busy CPU, 1 % bins", nullable=False
        ),
        Column(
            "mem_histogram", HISTOGRAM_TYPE, "Node-minutes by memory used, 1 % bins", nullable=False
        ),
        Column("cpu_mean_pct", "double", "Mean busy CPU", unit="percent", minimum=0),
        Column("mem_max_pct", "double", "Most memory used", unit="percent", minimum=0),
        Column("swap_max_pct", "double", "Most memory swapped", unit="percent", minimum=0),
        Column("io_wait_mean_pct", "double", "Mean CPU waiting for I/O", unit="percent", minimum=0),
    ),
)

MONEY_TYPE = "decimal(38,18)"
CURRENCY = Column("currency_code", "string", "Currency of list_cost", nullable=False)
LIST_COST = Column(
    "list_cost",
    MONEY_TYPE,
    "Quantity times list or promotional price; corrections included; not an invoice",
    unit="currency_code",
    nullable=False,
)
UNPRICED = Column(
    "unpriced_quantity",
    MONEY_TYPE,
    "Quantity without a price, which list_cost leaves out",
    unit="unpriced_unit",
    nullable=False,
)
UNPRICED_UNIT = Column(
    "unpriced_unit",
    "string",
    "Unit of unpriced_quantity, `several units` where it adds up more than one; NULL where all has a"
    " price",
)

PRICES = Table(
    layer=Layer.SILVER,
    name="prices",
    grain="the price of one SKU in one currency over one window; windows do not overlap",
    keys=("sku_name", "cloud", "usage_unit", "currency_code", "valid_from"),
    columns=(
        Column("sku_name", "string", "SKU", nullable=False),
        Column("cloud", "string", "Cloud", nullable=False),
        Column("usage_unit", "string", "Unit", nullable=False),
        CURRENCY,
        Column("valid_from", "timestamp", "From when, inclusive", nullable=False),
        Column("valid_to", "timestamp", "Until when, exclusive; NULL is current"),
        Column("list_price", "decimal(18,9)", "List price of one unit", unit="currency_code"),
        Column(
            "effective_price",
            "decimal(18,9)",
            "List or promotional price of one unit: the one costs use",
            unit="currency_code",
        ),
    ),
)

USAGE_COSTS = Table(
    layer=Layer.SILVER,
    name="usage_costs",
    grain="one day's usage of one SKU by one job run, cluster, warehouse or other payer, priced",
    keys=("usage_date", "usage_key"),
    partition_by="usage_date",
    columns=(
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column(
            "usage_key",
            "string",
            "Hash of the columns that tell rows of a day apart",
            nullable=False,
        ),
        Column("workspace_id", "string", "Workspace; empty for the account itself", nullable=False),
        Column(
            "payer_id",
            "string",
            "Whom it is billed under: the pipeline, else the job, the cluster or the warehouse; empty"
            " where the usage names none",
            nullable=False,
        ),
        Column(
            "job_id",
            "string",
            "Job, also of a pipeline update that it started; empty where the usage has none",
            nullable=False,
        ),
        Column("run_id", "string", "Run, likewise; empty where the usage has none", nullable=False),
        Column("cluster_id", "string", "Cluster"),
        Column("warehouse_id", "string", "SQL warehouse"),
        Column("pipeline_id", "string", "Pipeline"),
        Column("product", "string", "billing_origin_product"),
        Column("sku_name", "string", "SKU", nullable=False),
        Column("cloud", "string", "Cloud"),
        Column("usage_unit", "string", "Unit", nullable=False),
        Column("is_serverless", "boolean", "Whether serverless"),
        Column("run_as", "string", "Who ran or owns it"),
        Column("tag_team", "string", "Team in the usage's own tags"),
        Column("tag_team_key", "string", "The tag's key"),
        Column("pipeline_team", "string", "Team in the pipeline's tags when it was used"),
        Column("usage_quantity", MONEY_TYPE, "Quantity, corrections included", nullable=False),
        CURRENCY,
        LIST_COST,
        replace(UNPRICED, unit="usage_unit"),
        Column(
            "price_status",
            "string",
            "priced; free: a free SKU without a price; unpriced: a gap in the prices",
            nullable=False,
            one_of=("priced", "free", "unpriced"),
        ),
        Column(
            "records", "bigint", "Usage records, corrections included", nullable=False, minimum=1
        ),
        Column("job_name", "string", "Name of the job, as billing has it"),
        Column("instance_pool_id", "string", "Pool that the nodes came from"),
    ),
)

RUN_COSTS = Table(
    layer=Layer.SILVER,
    name="run_costs",
    grain="the cost of one run, from billing alone",
    keys=("workspace_id", "run_id"),
    partition_by="cost_date",
    columns=(
        Column("cost_date", "date", "First day it was billed for", nullable=False),
        WORKSPACE,
        JOB,
        RUN,
        Column("usage_quantity", MONEY_TYPE, "DBU used", unit="DBU", nullable=False),
        CURRENCY,
        LIST_COST,
        UNPRICED,
        UNPRICED_UNIT,
        Column("last_usage_date", "date", "Last day it was billed for", nullable=False),
    ),
)

RUN_SLA = Table(
    layer=Layer.SILVER,
    name="run_sla",
    grain="one run of a job with an SLA, against the SLA that held at its first start",
    keys=("workspace_id", "run_id"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        JOB,
        SERIES,
        RUN,
        Column("started_at", "timestamp", "First start", nullable=False),
        *SLA,
        Column("due_at", "timestamp", "When a success is due, for a deadline"),
        Column(
            "measured_seconds", "double", "What is held against a limit", unit="seconds", minimum=0
        ),
        Column(
            "margin_seconds",
            "double",
            "Time to spare; negative is how much it was missed by; NULL where there is no end",
            unit="seconds",
        ),
        Column(
            "sla_status",
            "string",
            "MET, MISSED, PENDING until it is decided, EXEMPT when cancelled or skipped",
            nullable=False,
            one_of=("MET", "MISSED", "PENDING", "EXEMPT"),
        ),
    ),
)

SILVER_TABLES: tuple[Table, ...] = (
    JOB_VERSIONS,
    JOB_TASKS,
    ATTEMPTS,
    RUNS,
    TASK_RUNS,
    PIPELINE_VERSIONS,
    PIPELINE_UPDATES,
    TASK_UPDATES,
    CLUSTERS,
    RUN_CLUSTERS,
    RUN_UTILISATION,
    PRICES,
    USAGE_COSTS,
    RUN_COSTS,
    RUN_SLA,
)
