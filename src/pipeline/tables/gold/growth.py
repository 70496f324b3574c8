"""How each job slowly grows."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import SERIES, WORKSPACE

JOB_GROWTH = Table(
    layer=Layer.RECOMMENDATION,
    name="job_growth",
    grain="one job's slow growth over 60 days, and when a usual run will not fit its SLA any more",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column("days", "bigint", "Days with a success", nullable=False, minimum=0),
        Column(
            "state",
            "string",
            "growing: surely slower day by day; stepped: slower since one day; steady: neither",
            one_of=("growing", "stepped", "steady"),
        ),
        Column(
            "typical_seconds",
            "double",
            "Usual duration today, by the line",
            unit="seconds",
            minimum=0,
        ),
        Column("growth_30_days", "double", "Share that it grows by in 30 days", minimum=-1),
        Column("growth_30_days_lower", "double", "Lower end of 80 %", minimum=-1),
        Column("growth_30_days_upper", "double", "Upper end", minimum=-1),
        Column("allowed_seconds", "double", "What the SLA leaves a run", unit="seconds", minimum=0),
        Column("is_over", "boolean", "Whether a usual run does not fit it already"),
        Column("crosses_on", "date", "Day on which a usual run will not fit it any more"),
        Column("crosses_earliest", "date", "Earliest such day, of an interval of 80 %"),
        Column("crosses_latest", "date", "Latest; NULL is beyond a year"),
    ),
)
