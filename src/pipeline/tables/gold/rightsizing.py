"""The cluster size that each job should have."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import SERIES, WORKSPACE
from pipeline.tables.silver.costs import UNPRICED_UNIT

RIGHTSIZING = Table(
    layer=Layer.RECOMMENDATION,
    name="rightsizing",
    grain="one job's recommended cluster size",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "action",
            "string",
            "keep, downsize or upsize; NULL when not assessed",
            one_of=("keep", "downsize", "upsize"),
        ),
        Column("worker_node_type", "string", "Instance type of the workers"),
        Column("workers", "int", "Workers now", minimum=0),
        Column("recommended_workers", "int", "Workers recommended", minimum=0),
        Column("runs", "bigint", "Runs with utilisation", nullable=False, minimum=0),
        Column("node_minutes", "bigint", "Worker-minutes seen", nullable=False, minimum=0),
        Column(
            "cpu_p95_pct", "double", "95 % quantile of workers' busy CPU", unit="percent", minimum=0
        ),
        Column(
            "mem_p99_pct", "double", "99 % quantile of workers' memory", unit="percent", minimum=0
        ),
        Column(
            "cpu_upper_pct", "double", "Upper bound of that quantile", unit="percent", minimum=0
        ),
        Column("swap_max_pct", "double", "Most memory swapped", unit="percent", minimum=0),
        Column("io_wait_mean_pct", "double", "Mean CPU waiting for I/O", unit="percent", minimum=0),
        Column(
            "list_cost_30_days",
            "double",
            "List cost of its clusters of this size in the last 30 days, in DBU: of what else the job"
            " costs, nothing can be saved this way",
            unit="currency_code",
        ),
        Column(
            "unpriced_quantity",
            "double",
            "Quantity without a price, which the list cost and the savings leave out",
            unit="unpriced_unit",
        ),
        UNPRICED_UNIT,
        Column("currency_code", "string", "Currency of the money columns", nullable=False),
        Column(
            "saving_lower",
            "double",
            "Monthly saving, lower end of 80 %",
            unit="currency_code",
            minimum=0,
        ),
        Column("saving_mid", "double", "Monthly saving, middle", unit="currency_code", minimum=0),
        Column(
            "saving_upper", "double", "Monthly saving, upper end", unit="currency_code", minimum=0
        ),
        *(
            Column(
                f"added_cost_{end}",
                "double",
                f"What more workers cost a month beyond the list cost, {words}; 0 unless upsize",
                unit="currency_code",
                minimum=0,
            )
            for end, words in (
                ("lower", "lower end of 80 %"),
                ("mid", "middle"),
                ("upper", "upper end"),
            )
        ),
        Column(
            "saving_part",
            "string",
            "What the saving or the added cost covers: dbu, the DBU part only",
            one_of=("dbu",),
        ),
        Column("p_miss_now", "double", "P(miss the SLA) at the size now", minimum=0, maximum=1),
        Column(
            "p_miss_recommended",
            "double",
            "P(miss the SLA) at the recommended size",
            minimum=0,
            maximum=1,
        ),
    ),
)
