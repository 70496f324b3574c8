"""Silver of runs: attempts, runs and task runs, each one row."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import (
    FAILURE_CLASS,
    JOB,
    RUN,
    RUN_DATE,
    SERIES,
    SERIES_BASIS,
    STATUS,
    TERMINATION_CODE,
    WORKSPACE,
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
