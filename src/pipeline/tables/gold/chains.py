"""Which jobs come before which, and what follows of it for each: reach, deadline, critical path."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import SERIES, WORKSPACE
from pipeline.tables.silver.dependencies import (
    KIND,
    TABLE_NAME,
    UPSTREAM_SERIES,
    UPSTREAM_WORKSPACE,
)

JOB_DEPENDENCIES = Table(
    layer=Layer.GOLD,
    name="job_dependencies",
    grain="one job and a job that its runs of 60 days came after, with what binds them",
    keys=("workspace_id", "series_key", "upstream_series_key", "kind", "table_name"),
    columns=(
        WORKSPACE,
        SERIES,
        UPSTREAM_SERIES,
        KIND,
        TABLE_NAME,
        UPSTREAM_WORKSPACE,
        Column("runs", "bigint", "Runs that came after one of it", nullable=False, minimum=1),
        Column(
            "runs_share",
            "double",
            "The same as a share of the runs since the first of them",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column("first_seen_at", "timestamp", "Start of the first of them", nullable=False),
        Column("last_seen_at", "timestamp", "Start of the last of them", nullable=False),
        Column(
            "runs_without",
            "bigint",
            "Runs since the last of them, which did not come after it",
            nullable=False,
            minimum=0,
        ),
        Column(
            "is_current",
            "boolean",
            "Whether it still holds: fewer than 3 runs without, and neither job deleted",
            nullable=False,
        ),
        Column(
            "ready_seconds",
            "double",
            "Median time from the start of the job before until it fires, or has written the table",
            unit="seconds",
            nullable=False,
        ),
        Column(
            "wait_seconds",
            "double",
            "Median time from then to the start of the job",
            unit="seconds",
            nullable=False,
        ),
        Column(
            "wait_p90_seconds",
            "double",
            "90 % quantile of the same",
            unit="seconds",
            nullable=False,
        ),
    ),
)

MOST_NAMED = 20
"""Jobs of a cycle that are named."""
JOB_CHAINS = Table(
    layer=Layer.RECOMMENDATION,
    name="job_chains",
    grain="one job's place in its chain: what a failure would reach, by when it must run, and the way to there",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "upstream_jobs",
            "bigint",
            "Jobs that come before it, at any distance",
            nullable=False,
            minimum=0,
        ),
        Column(
            "downstream_jobs",
            "bigint",
            "Jobs that come after it, at any distance: what a failure here would reach",
            nullable=False,
            minimum=0,
        ),
        Column("downstream_slas", "bigint", "Those with an SLA", nullable=False, minimum=0),
        Column("downstream_owners", "bigint", "Owners of those", nullable=False, minimum=0),
        Column(
            "cycle",
            "array<string>",
            f"Jobs that come before and after each other, itself among them, {MOST_NAMED} at the most; NULL"
            " where it is in no cycle",
        ),
        Column(
            "expected_start_at",
            "timestamp",
            "Its first run of the next 7 days on which a deadline depends",
        ),
        Column("expected_end_at", "timestamp", "When that usually ends"),
        Column(
            "latest_start_at",
            "timestamp",
            "When it must start, at the latest, for all deadlines after it to be kept as jobs usually"
            " work and wait",
        ),
        Column("latest_end_at", "timestamp", "When it must be done, at the latest"),
        Column(
            "slack_seconds",
            "double",
            "How much later than expected it may start; negative where that is too late",
            unit="seconds",
        ),
        Column("deadline_series_key", "string", "The job whose deadline says so; it may be itself"),
        Column("deadline_at", "timestamp", "That deadline"),
        Column(
            "critical_path",
            "array<string>",
            "From the first job to that one, itself among them: of several before a job the one usually"
            " ready last; NULL where it is in no chain",
        ),
    ),
)
