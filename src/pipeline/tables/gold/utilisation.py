"""Gold of utilisation: the hours of nodes that runs used, and what is known of what they did."""

from dataclasses import replace

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import JOB, SERIES, WORKSPACE

IDLE_BELOW_PCT = 5
"""A node-minute whose processors are less busy than this is idle."""
COMPUTE_KINDS = ("job_cluster", "all_purpose", "pipeline", "not_known")


def _hours(name: str, meaning: str) -> Column:
    return Column(name, "double", meaning, unit="node-hours", nullable=False, minimum=0)


UTILISATION_DAILY = Table(
    layer=Layer.GOLD,
    name="utilisation_daily",
    grain="one day's node-hours of one job on one kind of compute, node type and role; a node that several"
    " runs use at once counts for each",
    keys=("used_date", "workspace_id", "job_id", "series_key", "compute_kind", "node_type", "role"),
    partition_by="used_date",
    columns=(
        Column("used_date", "date", "UTC date of the node-hours", nullable=False),
        WORKSPACE,
        replace(
            JOB,
            comment="Job; of submitted runs new each time, so their days are added up by series_key",
        ),
        SERIES,
        Column(
            "compute_kind",
            "string",
            "Who made the cluster: job_cluster, a job for its run; all_purpose, a person; pipeline;"
            " not_known, where system.compute.clusters does not say",
            nullable=False,
            one_of=COMPUTE_KINDS,
        ),
        Column("node_type", "string", "Instance type; empty where not known", nullable=False),
        Column("role", "string", "Driver or workers", nullable=False, one_of=("driver", "worker")),
        Column("is_gpu", "boolean", "Whether the node type has a GPU", nullable=False),
        Column("core_count", "double", "Cores of one node", unit="cores", minimum=0),
        Column("memory_mb", "bigint", "Memory of one node", unit="MB", minimum=0),
        Column("runs", "bigint", "Runs that used them", nullable=False, minimum=1),
        _hours("node_hours", "All of them: measured, GPU and unseen together"),
        _hours("measured_node_hours", "Those of which there are minutes, GPU nodes left out"),
        _hours(
            "gpu_node_hours", "Those of GPU nodes: not measured, since no source tells of a GPU"
        ),
        _hours(
            "unseen_node_hours",
            "Those that left no minutes: the time of a run's use on a day of which there is not one in that"
            " role, times the nodes that the cluster's definition has at the least",
        ),
        _hours(
            "idle_node_hours",
            f"Of those measured, minutes whose processors were less than {IDLE_BELOW_PCT} % busy",
        ),
        _hours("cpu_node_hours", "Those measured, times the share that their processors were busy"),
        _hours("memory_node_hours", "Those measured, times the share that their memory was used"),
        Column(
            "memory_max_pct",
            "double",
            "Most memory used of those measured",
            unit="percent",
            minimum=0,
        ),
    ),
)
