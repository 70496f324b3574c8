"""Columns that Silver's tables share, and Gold's with them.

`series_key` is what the statistics follow through time: `workspace_id/job_id`, and
`workspace_id/run_name` for submitted runs, whose job id is new each time; what of the name counts, and
what else does where it says nothing, `pipeline.silver.series` decides.
"""

from pipeline.tables.declaration import Column

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
