"""Silver of compute: clusters, which runs used them, and how busy they were."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import JOB, RUN, WORKSPACE

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

RUN_CLUSTER_DAYS = Table(
    layer=Layer.SILVER,
    name="run_cluster_days",
    grain="one day on which a run used a cluster, whether or not its nodes left any minutes",
    keys=("used_date", "workspace_id", "run_id", "cluster_id"),
    partition_by="used_date",
    columns=(
        Column("used_date", "date", "UTC date of the use", nullable=False),
        WORKSPACE,
        JOB,
        RUN,
        Column("cluster_id", "string", "Cluster", nullable=False),
        Column(
            "used_seconds",
            "double",
            "From the first start of a task of the run on it to the last end, what of it is on the day",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
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
        Column(
            "network_received_bytes",
            "bigint",
            "Received over the network; NULL where another run used the cluster on that day too",
            unit="bytes",
            minimum=0,
        ),
    ),
)
