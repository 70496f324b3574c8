"""Silver: runs, attempts, tasks, clusters, utilisation and costs with the sources' quirks undone."""

from pipeline.tables.declaration import Table
from pipeline.tables.silver.columns import STATUSES
from pipeline.tables.silver.compute import (
    CLUSTERS,
    RUN_CLUSTER_DAYS,
    RUN_CLUSTERS,
    RUN_UTILISATION,
)
from pipeline.tables.silver.costs import PRICES, RUN_COSTS, USAGE_COSTS
from pipeline.tables.silver.dependencies import RUN_DEPENDENCIES
from pipeline.tables.silver.inputs import ATTEMPT_INPUTS
from pipeline.tables.silver.job_settings import JOB_SETTINGS, SETTINGS
from pipeline.tables.silver.jobs import JOB_TASKS, JOB_VERSIONS, TASK_VERSIONS
from pipeline.tables.silver.lineage import TABLE_USES
from pipeline.tables.silver.pipelines import PIPELINE_UPDATES, PIPELINE_VERSIONS, TASK_UPDATES
from pipeline.tables.silver.runs import ATTEMPTS, RUNS, TASK_RUNS
from pipeline.tables.silver.sla import RUN_SLA, SLA_DECISIONS

__all__ = [
    "ATTEMPTS",
    "ATTEMPT_INPUTS",
    "CLUSTERS",
    "JOB_SETTINGS",
    "JOB_TASKS",
    "JOB_VERSIONS",
    "PIPELINE_UPDATES",
    "PIPELINE_VERSIONS",
    "PRICES",
    "RUNS",
    "RUN_CLUSTERS",
    "RUN_CLUSTER_DAYS",
    "RUN_COSTS",
    "RUN_DEPENDENCIES",
    "RUN_SLA",
    "RUN_UTILISATION",
    "SETTINGS",
    "SILVER_TABLES",
    "SLA_DECISIONS",
    "STATUSES",
    "TABLE_USES",
    "TASK_RUNS",
    "TASK_UPDATES",
    "TASK_VERSIONS",
    "USAGE_COSTS",
]

SILVER_TABLES: tuple[Table, ...] = (
    JOB_VERSIONS,
    JOB_TASKS,
    TASK_VERSIONS,
    JOB_SETTINGS,
    ATTEMPTS,
    RUNS,
    TASK_RUNS,
    PIPELINE_VERSIONS,
    PIPELINE_UPDATES,
    TASK_UPDATES,
    CLUSTERS,
    RUN_CLUSTERS,
    RUN_CLUSTER_DAYS,
    RUN_UTILISATION,
    ATTEMPT_INPUTS,
    TABLE_USES,
    RUN_DEPENDENCIES,
    PRICES,
    USAGE_COSTS,
    RUN_COSTS,
    SLA_DECISIONS,
    RUN_SLA,
)
