"""Gold of tasks: what each did on a day, and which of them failed and why."""

from dataclasses import replace

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.run_history import FAILED_TASK, RUN_HISTORY_DAYS
from pipeline.tables.silver.columns import (
    FAILURE_CLASS,
    FAILURE_CLASSES,
    JOB,
    RUN_DATE,
    SERIES,
    TERMINATION_CODE,
    WORKSPACE,
)

TASK_DAILY = Table(
    layer=Layer.GOLD,
    name="task_daily",
    grain="one task's tries that started on one day (UTC)",
    keys=("task_run_date", "workspace_id", "job_id", "task_key"),
    partition_by="task_run_date",
    columns=(
        Column("task_run_date", "date", "UTC date of the tries' start", nullable=False),
        WORKSPACE,
        replace(
            JOB,
            comment="Job; of submitted runs new each time, so their days are added up by series_key",
        ),
        SERIES,
        Column("task_key", "string", "Task", nullable=False),
        *(
            Column(name, "bigint", meaning, nullable=False, minimum=0)
            for name, meaning in (
                ("runs", "Runs of the job in which the task was tried on the day"),
                ("tries", "Times it was tried"),
                ("retries", "Of these, tries after the first of its run on the day"),
                ("succeeded", "Tries that succeeded"),
                ("failures", "Tries that failed or timed out"),
            )
        ),
        Column(
            "median_seconds",
            "double",
            "Median duration of tries that succeeded",
            unit="seconds",
            minimum=0,
        ),
        Column("p95_seconds", "double", "95 % quantile of the same", unit="seconds", minimum=0),
        Column(
            "succeeded_seconds",
            "double",
            "Time in tries that succeeded, 0 where none did",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column(
            "busy_seconds", "double", "Time in tries", unit="seconds", nullable=False, minimum=0
        ),
        Column(
            "run_seconds",
            "double",
            "Time in attempts of the runs in which it was tried: of tasks that run side by side the shares"
            " of it add up to more than all; NULL where no run is known",
            unit="seconds",
            minimum=0,
        ),
    ),
)

FAILURES_DAILY = Table(
    layer=Layer.GOLD,
    name="failures_daily",
    grain="one job's runs of one day of which an attempt failed or timed out, by cause and task",
    keys=(
        "run_date",
        "workspace_id",
        "series_key",
        "termination_code",
        "failure_class",
        "failed_task_key",
    ),
    partition_by="run_date",
    kept_days=RUN_HISTORY_DAYS,
    columns=(
        RUN_DATE,
        WORKSPACE,
        SERIES,
        replace(
            TERMINATION_CODE,
            nullable=False,
            comment="Why the first attempt that failed did so, as the source says it; empty where it does"
            " not",
        ),
        replace(
            FAILURE_CLASS,
            nullable=False,
            comment="Group of that code",
            one_of=FAILURE_CLASSES,
        ),
        replace(
            FAILED_TASK, nullable=False, comment=f"{FAILED_TASK.comment}; empty where none is known"
        ),
        *(
            Column(name, "bigint", meaning, nullable=False, minimum=0)
            for name, meaning in (
                ("runs_failed", "Runs that ended so"),
                ("runs_repaired", "Runs of which a later attempt succeeded"),
                ("attempts_failed", "Attempts of all these runs that failed or timed out"),
            )
        ),
        Column(
            "lost_seconds",
            "double",
            "Time in these attempts",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
    ),
)
