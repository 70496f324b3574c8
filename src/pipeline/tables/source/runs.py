"""System tables of what jobs and their tasks did."""

from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable
from pipeline.tables.source.columns import (
    ACCOUNT,
    AUG_2024,
    DEC_2025,
    JOB,
    PERIOD_END,
    PERIOD_START,
    RESULT,
    WORKSPACE,
)

_TERMINATION = Column(
    "termination_code", "string", "Why it ended; only on the last slice", since=AUG_2024
)
_TERMINATION_TYPE = Column("termination_type", "string", "Class of the end", since=DEC_2025)
_COMPUTE_IDS = Column(
    "compute_ids", "array<string>", "Clusters and SQL warehouses used", since=AUG_2024
)
_COMPUTE = Column(
    "compute",
    "array<struct<type:string, cluster_id:string, warehouse_id:string>>",
    "Compute used, typed",
    since=DEC_2025,
)


def _duration(phase: str) -> Column:
    return Column(
        f"{phase}_duration_seconds",
        "bigint",
        f"Time in {phase}; a literal 0 on runs of multi-task jobs means not reported",
        unit="seconds",
        since=DEC_2025,
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
        ACCOUNT,
        WORKSPACE,
        JOB,
        Column("run_id", "string", "Run; unique inside its workspace", nullable=False),
        PERIOD_START,
        PERIOD_END,
        Column("trigger_type", "string", "What fired the run"),
        RESULT,
        Column("run_type", "string", "JOB_RUN, SUBMIT_RUN or WORKFLOW_RUN; NULL on old rows"),
        Column("run_name", "string", "Name given to the run; the handle of a submitted run"),
        _COMPUTE_IDS,
        _TERMINATION,
        Column(
            "job_parameters",
            "map<string, map<string,string>>",
            "Job-level parameters",
            sensitive=True,
            since=AUG_2024,
        ),
        Column("source_task_run_id", "string", "Task run that fired this run", since=DEC_2025),
        Column("root_task_run_id", "string", "Top of that chain", since=DEC_2025),
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
        ACCOUNT,
        WORKSPACE,
        JOB,
        Column("run_id", "string", "Task run", nullable=False),
        PERIOD_START,
        PERIOD_END,
        Column("task_key", "string", "Task; unique inside one job only"),
        _COMPUTE_IDS,
        RESULT,
        Column(
            "job_run_id",
            "string",
            "Run that this task run belongs to",
            since=AUG_2024,
            switches_off="which run a task run belongs to, and so which cluster a run used",
        ),
        Column("parent_run_id", "string", "Parent run; differs when nested", since=AUG_2024),
        _TERMINATION,
        _COMPUTE,
        _TERMINATION_TYPE,
        Column(
            "task_parameters",
            "map<string, map<string,string>>",
            "Task-level parameters",
            sensitive=True,
            since=DEC_2025,
        ),
        _duration("setup"),
        _duration("cleanup"),
        _duration("execution"),
    ),
)
