"""What is usual of each job, and how its last run compares."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import RUN, SERIES, WORKSPACE

JOB_BASELINE = Table(
    layer=Layer.RECOMMENDATION,
    name="job_baseline",
    grain="one job's usual duration and how its last run compares",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "runs", "bigint", "Successful attempts it was learned from", nullable=False, minimum=0
        ),
        Column("center_seconds", "double", "Usual duration", unit="seconds", minimum=0),
        Column("scale_log", "double", "Usual spread of log(duration)", minimum=0),
        Column("last_run_id", "string", "The run compared"),
        Column("last_robust_z", "double", "Its distance from usual in scales"),
        Column("last_p_value", "double", "P(a usual run is this slow)", minimum=0, maximum=1),
        Column("last_is_anomaly", "boolean", "Whether it behaves unlike its job"),
        Column("regime_start", "timestamp", "Since when the usual holds"),
    ),
)

RUN_BASELINE_DAYS = 8
"""How long a run is kept in gold.run_baseline: a week, and the day before it."""
RUN_BASELINE = Table(
    layer=Layer.RECOMMENDATION,
    name="run_baseline",
    grain=f"one attempt of the last {RUN_BASELINE_DAYS} days beside what was usual of its job when it began",
    keys=("workspace_id", "run_id", "attempt"),
    columns=(
        WORKSPACE,
        RUN,
        Column("attempt", "int", "Which attempt of the run, from 0", nullable=False, minimum=0),
        SERIES,
        Column("started_at", "timestamp", "When it began", nullable=False),
        Column(
            "duration_seconds",
            "double",
            "How long it took",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column("center_seconds", "double", "What was usual before it", unit="seconds", minimum=0),
        Column("ratio", "double", "Its duration over what was usual", minimum=0),
        Column("robust_z", "double", "Its distance from usual in scales"),
        Column("p_value", "double", "P(a usual run is this slow)", minimum=0, maximum=1),
        Column("is_anomaly", "boolean", "Whether it behaves unlike its job", nullable=False),
        Column(
            "is_shift",
            "boolean",
            "Whether with it another duration was found to have become usual",
            nullable=False,
        ),
    ),
)
