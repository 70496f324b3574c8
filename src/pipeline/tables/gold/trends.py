"""Gold of trends: each job beside itself some days before."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import SERIES, WORKSPACE
from pipeline.tables.silver.costs import CURRENCY, LIST_COST, UNPRICED, UNPRICED_UNIT

JOB_TRENDS = Table(
    layer=Layer.GOLD,
    name="job_trends",
    grain="one job over the last 7 or 30 days, and over as many before",
    keys=("workspace_id", "series_key", "window_days"),
    columns=(
        WORKSPACE,
        SERIES,
        Column("window_days", "int", "Length of the window: 7 or 30", unit="days", nullable=False),
        *(
            column
            for prefix, when in (("", "in the window"), ("previous_", "in the window before it"))
            for column in (
                Column(f"{prefix}runs", "bigint", f"Runs {when}", nullable=False, minimum=0),
                Column(
                    f"{prefix}success_rate",
                    "double",
                    f"Share of succeeded among succeeded, failed and timed out {when}",
                    minimum=0,
                    maximum=1,
                ),
                Column(
                    f"{prefix}mean_daily_median_seconds",
                    "double",
                    f"Mean over days of the day's median duration {when}",
                    unit="seconds",
                    minimum=0,
                ),
                Column(
                    f"{prefix}list_cost",
                    LIST_COST.type,
                    f"List cost {when}; NULL where billing does not name the job",
                ),
                Column(
                    f"{prefix}unpriced_quantity",
                    UNPRICED.type,
                    f"Quantity {when} without a price, which the list cost leaves out: where it is"
                    " not 0 the costs of both windows cannot be compared",
                    unit=f"{prefix}unpriced_unit",
                ),
                Column(f"{prefix}unpriced_unit", UNPRICED_UNIT.type, UNPRICED_UNIT.comment),
            )
        ),
        Column(
            "last_run_day",
            "date",
            "Last day of the window of runs: the last that is over",
            nullable=False,
        ),
        Column(
            "last_cost_day",
            "date",
            "Last day of the window of costs: the last billed in full; NULL without usage",
        ),
        CURRENCY,
    ),
)
