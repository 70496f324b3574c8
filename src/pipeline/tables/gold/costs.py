"""Gold of costs: by day, job and team."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.costs import CURRENCY, LIST_COST, UNPRICED, UNPRICED_UNIT

COST_DAILY = Table(
    layer=Layer.GOLD,
    name="cost_daily",
    grain="one day's cost of one workspace, job (or none), product, price status, and team by one way",
    keys=(
        "usage_date",
        "workspace_id",
        "job_id",
        "product",
        "team",
        "attribution",
        "price_status",
    ),
    partition_by="usage_date",
    columns=(
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column("workspace_id", "string", "Workspace; empty for the account itself", nullable=False),
        Column("job_id", "string", "Job; empty where the usage has none", nullable=False),
        Column("product", "string", "billing_origin_product", nullable=False),
        Column(
            "team", "string", "Who is charged; empty when nobody could be named", nullable=False
        ),
        Column(
            "attribution",
            "string",
            "job_tag: team in the job's tags that day; pipeline_tag: in those of the pipeline when it"
            " was used; usage_tag: in the usage's own tags; none: unattributed",
            nullable=False,
            one_of=("job_tag", "pipeline_tag", "usage_tag", "none"),
        ),
        Column(
            "price_status",
            "string",
            "priced, free or unpriced",
            nullable=False,
            one_of=("priced", "free", "unpriced"),
        ),
        Column("dbu", LIST_COST.type, "Usage measured in DBU", unit="DBU", nullable=False),
        CURRENCY,
        LIST_COST,
        UNPRICED,
        UNPRICED_UNIT,
        Column("job_name", "string", "Name of the job, as billing has it"),
    ),
)

TEAM_COST_DAILY = Table(
    layer=Layer.GOLD,
    name="team_cost_daily",
    grain="one day's cost of one team; the team with an empty name is what could not be attributed",
    keys=("usage_date", "team"),
    partition_by="usage_date",
    columns=(
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column("team", "string", "Team; empty for unattributed cost", nullable=False),
        CURRENCY,
        LIST_COST,
        Column("by_job_tag", LIST_COST.type, "Part attributed by the job's tags", nullable=False),
        Column(
            "by_pipeline_tag",
            LIST_COST.type,
            "Part attributed by the pipeline's tags",
            nullable=False,
        ),
        Column(
            "by_usage_tag", LIST_COST.type, "Part attributed by the usage's tags", nullable=False
        ),
        UNPRICED,
        UNPRICED_UNIT,
        Column("jobs", "bigint", "Jobs with cost", nullable=False, minimum=0),
    ),
)
