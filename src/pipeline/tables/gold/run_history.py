"""Gold of single runs: each run of the last 90 days with all that pages show of it."""

from dataclasses import replace

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import (
    FAILURE_CLASS,
    JOB,
    RUN,
    RUN_DATE,
    SERIES,
    STATUS,
    TERMINATION_CODE,
    WORKSPACE,
)
from pipeline.tables.silver.costs import CURRENCY, LIST_COST, UNPRICED, UNPRICED_UNIT
from pipeline.tables.silver.sla import SLA

RUN_HISTORY_DAYS = 90
COMPUTE = ("cluster", "warehouse", "both", "none_named")
FAILED_TASK = Column(
    "failed_task_key",
    "string",
    "Task that failed first in its first attempt that failed, retries of the task included",
)

RUN_HISTORY = Table(
    layer=Layer.GOLD,
    name="run_history",
    grain=f"one run that started in the last {RUN_HISTORY_DAYS} days; what is known of its job, gold.jobs has",
    keys=("workspace_id", "run_id"),
    partition_by="run_date",
    kept_days=RUN_HISTORY_DAYS,
    columns=(
        RUN_DATE,
        WORKSPACE,
        JOB,
        SERIES,
        RUN,
        Column("run_name", "string", "Name given to the run"),
        Column("trigger_type", "string", "What fired the run"),
        Column("started_at", "timestamp", "First start", nullable=False),
        Column("ended_at", "timestamp", "Last end; NULL while in flight"),
        STATUS,
        Column(
            "busy_seconds",
            "double",
            "Time in attempts; so far, while in flight",
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
            "first_success_seconds",
            "double",
            "Duration of its first attempt that succeeded: what forecasts and bands speak of",
            unit="seconds",
            minimum=0,
        ),
        Column(
            "queue_seconds", "double", "Queue time, where the source reports it", unit="seconds"
        ),
        Column("setup_seconds", "double", "Longest setup of its tasks", unit="seconds", minimum=0),
        Column("attempts", "int", "Attempts", nullable=False, minimum=1),
        Column(
            "failed_attempts",
            "bigint",
            "Of these, attempts that failed or timed out",
            nullable=False,
            minimum=0,
        ),
        Column(
            "lost_seconds",
            "double",
            "Time in attempts that failed or timed out",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        TERMINATION_CODE,
        FAILURE_CLASS,
        Column(
            "first_termination_code",
            "string",
            "Why the first of its attempts that failed or timed out did so, as the source says it",
        ),
        replace(
            FAILURE_CLASS,
            name="first_failure_class",
            comment="Group of that code; NULL where no attempt failed",
        ),
        FAILED_TASK,
        *SLA,
        Column("due_at", "timestamp", "When a success is due, for a deadline"),
        Column(
            "margin_seconds",
            "double",
            "Time to spare; negative is how much the SLA was missed by; NULL where there is no end",
            unit="seconds",
        ),
        Column(
            "sla_status",
            "string",
            "MET, MISSED, PENDING until it is decided, EXEMPT when cancelled or skipped; NULL without an"
            " SLA",
            one_of=("MET", "MISSED", "PENDING", "EXEMPT"),
        ),
        replace(
            LIST_COST,
            nullable=True,
            comment="List cost as billed so far: in full where the run has ended by"
            " gold.job_trends.last_cost_day; NULL where billing does not name the run",
        ),
        replace(CURRENCY, nullable=True),
        replace(UNPRICED, nullable=True),
        UNPRICED_UNIT,
        Column("last_usage_date", "date", "Last day it was billed for"),
        Column(
            "compute",
            "string",
            "What its tasks name: a cluster, a SQL warehouse, both, or none_named, as tasks on serverless"
            " compute and pipelines; NULL where no task is known",
            one_of=COMPUTE,
        ),
    ),
)
