"""Gold of runs: by job and day or week, and which jobs fail."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import RUN_DATE, SERIES, SERIES_BASIS, WORKSPACE


def _counts(of: str) -> tuple[Column, ...]:
    return tuple(
        Column(name, "bigint", f"{of} {meaning}", nullable=False, minimum=0)
        for name, meaning in (
            ("runs", "of any outcome, in flight included"),
            ("succeeded", "that succeeded"),
            ("failed", "that failed"),
            ("timed_out", "that hit their timeout"),
            ("cancelled", "that were cancelled"),
            ("skipped", "that were skipped, blocked or excluded"),
            ("in_flight", "not ended yet"),
            ("unknown", "that ended with a result word nobody knows"),
            ("repairs", "counted by attempts after the first"),
        )
    )


_DURATIONS = (
    Column(
        "median_seconds",
        "double",
        "Median duration of successful attempts",
        unit="seconds",
        minimum=0,
    ),
    Column("p95_seconds", "double", "95 % quantile of the same", unit="seconds", minimum=0),
    Column("busy_seconds", "double", "Time in attempts", unit="seconds", nullable=False, minimum=0),
)

JOB_DAILY = Table(
    layer=Layer.GOLD,
    name="job_daily",
    grain="one job's runs that started on one day (UTC)",
    keys=("workspace_id", "series_key", "run_date"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        SERIES,
        SERIES_BASIS,
        Column("run_name", "string", "Name given to its runs"),
        *_counts("Runs"),
        *_DURATIONS,
    ),
)

JOB_WEEKLY = Table(
    layer=Layer.GOLD,
    name="job_weekly",
    grain="one job's runs that started in one week (Monday to Sunday, UTC)",
    keys=("workspace_id", "series_key", "run_week"),
    partition_by="run_week",
    columns=(
        Column("run_week", "date", "Monday of the week", nullable=False),
        WORKSPACE,
        SERIES,
        *_counts("Runs"),
        *_DURATIONS,
    ),
)

JOB_HEALTH = Table(
    layer=Layer.GOLD,
    name="job_health",
    grain="one job's state of health over the last 90 days",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        Column("last_run_id", "string", "Last run that ended with a verdict"),
        Column("last_status", "string", "Its outcome"),
        Column("last_ended_at", "timestamp", "When it ended"),
        Column("last_termination_code", "string", "Why it ended"),
        Column("last_failure_class", "string", "Group of that code"),
        Column("last_success_at", "timestamp", "When a run last succeeded"),
        Column(
            "consecutive_failures",
            "bigint",
            "Runs that failed or timed out since the last success",
            nullable=False,
            minimum=0,
        ),
        Column("failing_since", "timestamp", "End of the first of them"),
        Column("is_failing", "boolean", "Whether the last verdict is a failure", nullable=False),
        Column("in_flight", "bigint", "Runs not ended yet", nullable=False, minimum=0),
    ),
)
