"""The system tables of Unity Catalog, as far as RightRun reads them, and what an API tells beside them.

Types and meanings follow the published table reference (docs/sources.md says which copy). A column
that the source may lack carries `since`; it is read as NULL where it is absent. Columns that may
hold secrets are declared so that the next reader knows they exist, and never reach bronze.
"""

from pipeline.tables.declaration import SourceTable
from pipeline.tables.source.compute import CLUSTERS, NODE_TIMELINE, NODE_TYPES
from pipeline.tables.source.costs import LIST_PRICES, USAGE
from pipeline.tables.source.job_settings import JOB_SETTINGS
from pipeline.tables.source.jobs import JOB_TASKS, JOBS
from pipeline.tables.source.lineage import TABLE_LINEAGE
from pipeline.tables.source.pipelines import PIPELINE_UPDATE_TIMELINE, PIPELINES
from pipeline.tables.source.queries import QUERY_HISTORY
from pipeline.tables.source.runs import JOB_RUN_TIMELINE, JOB_TASK_RUN_TIMELINE
from pipeline.tables.source.schemas import TABLE_COLUMNS
from pipeline.tables.source.workspaces import WORKSPACES_LATEST

__all__ = [
    "CLUSTERS",
    "JOBS",
    "JOB_RUN_TIMELINE",
    "JOB_SETTINGS",
    "JOB_TASKS",
    "JOB_TASK_RUN_TIMELINE",
    "LIST_PRICES",
    "NODE_TIMELINE",
    "NODE_TYPES",
    "PIPELINES",
    "PIPELINE_UPDATE_TIMELINE",
    "QUERY_HISTORY",
    "SOURCE_TABLES",
    "TABLE_COLUMNS",
    "TABLE_LINEAGE",
    "USAGE",
    "WORKSPACES_LATEST",
]

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
    QUERY_HISTORY,
    TABLE_LINEAGE,
    TABLE_COLUMNS,
    WORKSPACES_LATEST,
    JOB_SETTINGS,
)
