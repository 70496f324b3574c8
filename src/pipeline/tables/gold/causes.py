"""Why runs were slow, and what was changed before."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import RUN, SERIES, WORKSPACE

SECONDS_TYPE = "decimal(18,3)"
"""Thousandths that add up exactly."""
PARTS = ("queue", "setup", "retries", "upstream", "input", "cluster", "task", "unexplained")
NONE_KNOWN = "none_known"
ASPECTS = (
    "name",
    "run_as",
    "schedule",
    "timeout",
    "task_added",
    "task_removed",
    "task_dependencies",
    "task_timeout",
    "task_definition",
    "cluster_size",
    "node_type",
    "runtime",
    "upstream_shift",
    NONE_KNOWN,
)
_STARTED = Column("started_at", "timestamp", "First start of the run", nullable=False)
_IS_FLAGGED = Column(
    "is_flagged", "boolean", "Whether the run behaved unlike its job", nullable=False
)
_IS_SHIFT = Column(
    "is_shift",
    "boolean",
    "Whether with it another duration was found to have become usual",
    nullable=False,
)

RUN_CAUSES = Table(
    layer=Layer.RECOMMENDATION,
    name="run_causes",
    grain="one part of how much longer, or shorter, than usual a run took that was flagged, late, or where"
    " another duration became usual; the parts of a run add up to its excess",
    keys=("workspace_id", "run_id", "part"),
    columns=(
        WORKSPACE,
        RUN,
        Column(
            "part",
            "string",
            "What it is put down to: queue; setup of the cluster; retries, of tasks and as repairs; upstream,"
            " the run that fired it having taken longer up to there; input, more or less of it; cluster,"
            " another size, node type or runtime; task, one that took longer than the others did;"
            " unexplained, the rest",
            nullable=False,
            one_of=PARTS,
        ),
        SERIES,
        _STARTED,
        _IS_FLAGGED,
        Column("is_late", "boolean", "Whether it missed its SLA", nullable=False),
        _IS_SHIFT,
        Column(
            "excess_seconds",
            SECONDS_TYPE,
            "How much longer than usual the run took, from the start of what fired it, or else from"
            " when it was queued, to its last end; NULL where too few runs tell what is usual",
            unit="seconds",
        ),
        Column("run_usual_seconds", SECONDS_TYPE, "What is usual of that", unit="seconds"),
        Column("seconds", SECONDS_TYPE, "What of the excess this part is", unit="seconds"),
        Column("share", "double", "The same as a share of the excess"),
        Column("place", "int", "1 for the part that explains most", nullable=False, minimum=1),
        Column(
            "actual_seconds", "double", "How long that took: the queue, the task", unit="seconds"
        ),
        Column("usual_seconds", "double", "How long that usually takes", unit="seconds"),
        Column("task_key", "string", "The task that took longer than the others did"),
        Column("input_bytes", "bigint", "What the run read", unit="bytes", minimum=0),
        Column("usual_input_bytes", "bigint", "What it usually reads", unit="bytes", minimum=0),
        Column("cluster", "string", "The cluster it ran on: node type, workers, runtime"),
        Column("usual_cluster", "string", "The one it usually runs on"),
        Column("attempts", "int", "Attempts of the run", minimum=1),
        Column("upstream_run_id", "string", "The run that fired it"),
        Column(
            "compared_runs",
            "bigint",
            "Earlier successful runs that tell what is usual",
            nullable=False,
            minimum=0,
        ),
    ),
)

JOB_CHANGES = Table(
    layer=Layer.RECOMMENDATION,
    name="job_changes",
    grain="one change before a run that was flagged or where another duration became usual, or that none is"
    " known",
    keys=("workspace_id", "run_id", "place"),
    columns=(
        WORKSPACE,
        RUN,
        Column("place", "int", "1 for the change whose time fits best", nullable=False, minimum=1),
        SERIES,
        _STARTED,
        _IS_FLAGGED,
        _IS_SHIFT,
        Column(
            "affected_since",
            "timestamp",
            "Start of the first run of the job that it may have affected",
            nullable=False,
        ),
        Column(
            "aspect",
            "string",
            f"What was changed; {NONE_KNOWN} where no change is known",
            nullable=False,
            one_of=ASPECTS,
        ),
        Column("changed_at", "timestamp", "When, as far as is known"),
        Column("task_key", "string", "The task that was changed"),
        Column("before", "string", "What it was, cut to 200 characters; NULL where not told"),
        Column("after", "string", "What it is since, likewise"),
        Column(
            "runs_between",
            "bigint",
            "Runs of the job between the change and the first affected one",
            minimum=0,
        ),
        Column("fit", "double", "1 / (1 + runs_between)", minimum=0, maximum=1),
    ),
)
