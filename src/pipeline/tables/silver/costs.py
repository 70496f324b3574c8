"""Silver of costs: prices, usage priced, and what each run cost."""

from dataclasses import replace

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import JOB, RUN, WORKSPACE

MONEY_TYPE = "decimal(38,18)"
SEVERAL_UNITS = "several units"
"""In place of a unit where quantities of more than one were added: only whether it is 0 says much."""
CURRENCY = Column("currency_code", "string", "Currency of list_cost", nullable=False)
LIST_COST = Column(
    "list_cost",
    MONEY_TYPE,
    "Quantity times list or promotional price; corrections included; not an invoice",
    unit="currency_code",
    nullable=False,
)
UNPRICED = Column(
    "unpriced_quantity",
    MONEY_TYPE,
    "Quantity without a price, which list_cost leaves out",
    unit="unpriced_unit",
    nullable=False,
)
UNPRICED_UNIT = Column(
    "unpriced_unit",
    "string",
    "Unit of unpriced_quantity, `several units` where it adds up more than one; NULL where all has a"
    " price",
)

PRICES = Table(
    layer=Layer.SILVER,
    name="prices",
    grain="the price of one SKU in one currency over one window; windows do not overlap",
    keys=("sku_name", "cloud", "usage_unit", "currency_code", "valid_from"),
    columns=(
        Column("sku_name", "string", "SKU", nullable=False),
        Column("cloud", "string", "Cloud", nullable=False),
        Column("usage_unit", "string", "Unit", nullable=False),
        CURRENCY,
        Column("valid_from", "timestamp", "From when, inclusive", nullable=False),
        Column("valid_to", "timestamp", "Until when, exclusive; NULL is current"),
        Column("list_price", "decimal(18,9)", "List price of one unit", unit="currency_code"),
        Column(
            "effective_price",
            "decimal(18,9)",
            "List or promotional price of one unit: the one costs use",
            unit="currency_code",
        ),
    ),
)

USAGE_COSTS = Table(
    layer=Layer.SILVER,
    name="usage_costs",
    grain="one day's usage of one SKU by one job run, cluster, warehouse or other payer, priced",
    keys=("usage_date", "usage_key"),
    partition_by="usage_date",
    columns=(
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column(
            "usage_key",
            "string",
            "Hash of the columns that tell rows of a day apart",
            nullable=False,
        ),
        Column("workspace_id", "string", "Workspace; empty for the account itself", nullable=False),
        Column(
            "payer_id",
            "string",
            "Whom it is billed under: the pipeline, else the job, the cluster or the warehouse; empty"
            " where the usage names none",
            nullable=False,
        ),
        Column(
            "job_id",
            "string",
            "Job, also of a pipeline update that it started; empty where the usage has none",
            nullable=False,
        ),
        Column("run_id", "string", "Run, likewise; empty where the usage has none", nullable=False),
        Column("cluster_id", "string", "Cluster"),
        Column("warehouse_id", "string", "SQL warehouse"),
        Column("pipeline_id", "string", "Pipeline"),
        Column("product", "string", "billing_origin_product"),
        Column("sku_name", "string", "SKU", nullable=False),
        Column("cloud", "string", "Cloud"),
        Column("usage_unit", "string", "Unit", nullable=False),
        Column("is_serverless", "boolean", "Whether serverless"),
        Column("run_as", "string", "Who ran or owns it"),
        Column("tag_team", "string", "Team in the usage's own tags"),
        Column("tag_team_key", "string", "The tag's key"),
        Column("pipeline_team", "string", "Team in the pipeline's tags when it was used"),
        Column("usage_quantity", MONEY_TYPE, "Quantity, corrections included", nullable=False),
        CURRENCY,
        LIST_COST,
        replace(UNPRICED, unit="usage_unit"),
        Column(
            "price_status",
            "string",
            "priced; free: a free SKU without a price; unpriced: a gap in the prices",
            nullable=False,
            one_of=("priced", "free", "unpriced"),
        ),
        Column(
            "records", "bigint", "Usage records, corrections included", nullable=False, minimum=1
        ),
        Column("job_name", "string", "Name of the job, as billing has it"),
        Column("instance_pool_id", "string", "Pool that the nodes came from"),
    ),
)

RUN_COSTS = Table(
    layer=Layer.SILVER,
    name="run_costs",
    grain="the cost of one run, from billing alone",
    keys=("workspace_id", "run_id"),
    partition_by="cost_date",
    columns=(
        Column("cost_date", "date", "First day it was billed for", nullable=False),
        WORKSPACE,
        JOB,
        RUN,
        Column("usage_quantity", MONEY_TYPE, "DBU used", unit="DBU", nullable=False),
        CURRENCY,
        LIST_COST,
        UNPRICED,
        UNPRICED_UNIT,
        Column("last_usage_date", "date", "Last day it was billed for", nullable=False),
    ),
)
