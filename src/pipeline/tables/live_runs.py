"""Runs between nights, as the Jobs API shows them long before the system tables do. Written while nights run."""

from pipeline.tables.declaration import Column, Layer, Part, Table
from pipeline.tables.silver.columns import (
    FAILURE_CLASS,
    JOB,
    RUN,
    SERIES,
    STATUS,
    TERMINATION_CODE,
    WORKSPACE,
)

STATES = ("queued", "running", "terminating", "ended")

LIVE_RUNS = Table(
    layer=Layer.OPS,
    name="live_runs",
    grain="one run of a job as the Jobs API last showed it, kept until the system tables have told of it",
    keys=("workspace_id", "run_id"),
    part=Part.LIVE_RUNS,
    columns=(
        WORKSPACE,
        JOB,
        SERIES,
        RUN,
        Column(
            "attempt", "int", "0 for the first, then one for each repair", nullable=False, minimum=0
        ),
        Column("started_at", "timestamp", "First start", nullable=False),
        Column(
            "attempt_started_at",
            "timestamp",
            "Start of that attempt; of a run in the queue the time it was seen, as it begins then or later",
            nullable=False,
        ),
        Column("ended_at", "timestamp", "End; NULL while in flight"),
        Column("state", "string", "Where it stands", nullable=False, one_of=STATES),
        STATUS,
        TERMINATION_CODE,
        FAILURE_CLASS,
        *(
            Column(
                f"{part}_seconds",
                "double",
                f"{what}, where the API reports it",
                unit="seconds",
                minimum=0,
            )
            for part, what in (
                ("queue", "Time in the queue"),
                ("setup", "Setup of its cluster"),
                ("execution", "Execution"),
            )
        ),
        Column("failed_task_key", "string", "Task that failed first, of a run that failed"),
        Column(
            "error_line",
            "string",
            "First line of that task's error, without what may be a secret or a person's",
        ),
        Column("due_at", "timestamp", "When a success is due, for a deadline"),
        Column(
            "elapsed_seconds",
            "double",
            "How long the attempt has lasted",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column(
            "p_miss",
            "double",
            "P(it misses the SLA), given how long it has lasted; NULL for one that has ended or has no SLA",
            minimum=0,
            maximum=1,
        ),
        Column("seen_at", "timestamp", "When the API showed it so", nullable=False),
    ),
)

SWEEPS = Table(
    layer=Layer.OPS,
    name="sweeps",
    grain="one workspace whose Jobs API is asked for runs, and how far that has come",
    keys=("place",),
    part=Part.LIVE_RUNS,
    columns=(
        Column(
            "place",
            "string",
            "Profile or address that it is asked by; empty for the workspace that the environment names",
            nullable=False,
        ),
        Column("workspace_id", "string", "Workspace; NULL until it has told"),
        Column("asked_at", "timestamp", "When it was last asked", nullable=False),
        Column(
            "ended_until", "timestamp", "Runs that ended before are known; NULL before the first"
        ),
        Column("requests", "int", "Requests that this took", nullable=False, minimum=0),
        Column("problem", "string", "Why not all was told; empty where all was", nullable=False),
        Column(
            "problems",
            "int",
            "Times in a row that not all was told",
            nullable=False,
            minimum=0,
        ),
        Column("problem_since", "timestamp", "The first of these"),
        Column(
            "overdue_at",
            "timestamp",
            "From when on the watch has stopped if nobody asks again; NULL after a first look",
        ),
    ),
)

LIVE_TABLES: tuple[Table, ...] = (LIVE_RUNS, SWEEPS)
