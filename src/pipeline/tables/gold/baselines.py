"""What is usual of each job, and how its last run compares."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import SERIES, WORKSPACE

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
