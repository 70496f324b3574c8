"""System tables of clusters and their nodes."""

from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable
from pipeline.tables.source.columns import ACCOUNT, CHANGE, DELETE, TAGS, WORKSPACE

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
        ACCOUNT,
        WORKSPACE,
        Column("cluster_id", "string", "Cluster; new for every run on job compute", nullable=False),
        Column("cluster_name", "string", "Name; generated for job clusters"),
        Column("owned_by", "string", "Owner"),
        DELETE,
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
        TAGS,
        Column("cluster_source", "string", "UI, API, JOB, PIPELINE, PIPELINE_MAINTENANCE"),
        Column("dbr_version", "string", "Runtime version"),
        CHANGE,
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
        ACCOUNT,
        WORKSPACE,
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
        Column(
            "network_received_bytes", "bigint", "Received over the network", unit="bytes", minimum=0
        ),
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
        ACCOUNT,
        Column("node_type", "string", "Instance type", nullable=False),
        Column("core_count", "double", "Cores", unit="cores", switches_off="cores of a cluster"),
        Column("memory_mb", "bigint", "Memory", unit="MB", switches_off="memory of a cluster"),
        Column("gpu_count", "bigint", "GPUs"),
    ),
)
