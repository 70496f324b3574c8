"""System tables of what was used, and of prices."""

from pipeline.tables.declaration import Arrival, Column, Derived, Layer, SourceTable
from pipeline.tables.source.columns import ACCOUNT

USAGE = SourceTable(
    layer=Layer.SOURCE,
    name="usage",
    system_name="system.billing.usage",
    is_global=True,
    grain="one usage record, or its retraction or restatement",
    keys=("record_id", "record_type"),
    arrival=Arrival.APPEND,
    watermark="ingestion_date",
    observed_at="usage_end_time",
    late_hours=12,
    dated_by="usage_date",
    interval=("usage_start_time", "usage_end_time"),
    retention_days=365,
    switches_off="costs, attribution and savings",
    derived=(
        Derived(
            Column(
                "payer_id",
                "string",
                "Whom it is billed under: its pipeline, else its job, its cluster or its warehouse;"
                " empty where it names none",
                nullable=False,
            ),
            "coalesce(usage_metadata.dlt_pipeline_id, nullif(usage_metadata.job_id, ''),"
            " usage_metadata.cluster_id, usage_metadata.warehouse_id, '')",
        ),
        Derived(
            Column(
                "correction",
                "string",
                "What tells a record's corrections apart, which may bear its id: quantity and day of"
                " landing; empty for the original",
                nullable=False,
            ),
            # As far as costs are taken: a quantity that came by way of a double is the same.
            "if(record_type = 'ORIGINAL', '', concat_ws(' ',"
            " cast(cast(usage_quantity as decimal(38,9)) as string),"
            " cast(ingestion_date as string)))",
            is_key=True,
        ),
    ),
    columns=(
        ACCOUNT,
        Column("workspace_id", "string", "Workspace; NULL for usage of the account itself"),
        Column("record_id", "string", "Usage record", nullable=False),
        Column("sku_name", "string", "What was used", nullable=False),
        Column("cloud", "string", "AWS, AZURE or GCP"),
        Column("usage_start_time", "timestamp", "Start of the usage", nullable=False),
        Column("usage_end_time", "timestamp", "End of the usage", nullable=False),
        Column("usage_date", "date", "Day of the usage", nullable=False),
        Column(
            "custom_tags",
            "map<string,string>",
            "Tags of the compute, the job, the workspace",
            switches_off="teams that usage is tagged with",
        ),
        Column("usage_unit", "string", "Mostly DBU", nullable=False),
        Column(
            "usage_quantity",
            "decimal(38,18)",
            "Quantity; negative on a retraction",
            nullable=False,
            # Beyond this a product with a price leaves decimal(38,18).
            minimum=-1e8,
            maximum=1e8,
        ),
        Column(
            "usage_metadata",
            "struct<cluster_id:string, job_id:string, job_run_id:string, job_name:string,"
            " node_type:string, instance_pool_id:string, warehouse_id:string, notebook_id:string,"
            " dlt_pipeline_id:string, dlt_update_id:string, budget_policy_id:string>",
            "What the usage belongs to; the struct grows, so fields are named",
            switches_off="costs of jobs and runs: no cost can be told to a job",
        ),
        Column(
            "identity_metadata",
            "struct<run_as:string, created_by:string, owned_by:string>",
            "Who ran or owns it",
        ),
        Column("record_type", "string", "ORIGINAL, RETRACTION or RESTATEMENT", nullable=False),
        Column(
            "ingestion_date",
            "date",
            "Day the row landed; corrections land late",
            since="always, but exports may leave it out",
        ),
        Column("billing_origin_product", "string", "JOBS, DLT, SQL, ALL_PURPOSE, INTERACTIVE, ..."),
        Column(
            "product_features",
            "struct<jobs_tier:string, is_serverless:boolean, is_photon:boolean,"
            " performance_target:string>",
            "Features that set the price",
        ),
        Column("usage_type", "string", "COMPUTE_TIME, STORAGE_SPACE, ..."),
    ),
)

LIST_PRICES = SourceTable(
    layer=Layer.SOURCE,
    name="list_prices",
    system_name="system.billing.list_prices",
    is_global=True,
    grain="the price of one SKU in one currency over one time window",
    keys=("sku_name", "cloud", "currency_code", "usage_unit", "price_start_time"),
    arrival=Arrival.SNAPSHOT,
    switches_off="money: usage stays in DBU",
    columns=(
        ACCOUNT,
        Column("price_start_time", "timestamp", "Effective from", nullable=False),
        Column(
            "price_end_time",
            "timestamp",
            "Effective until; NULL is current",
            null_means="it is current",
        ),
        Column("sku_name", "string", "What is priced", nullable=False),
        Column("cloud", "string", "AWS, AZURE or GCP", nullable=False),
        Column("currency_code", "string", "Currency", nullable=False),
        Column("usage_unit", "string", "Unit that is priced", nullable=False),
        Column(
            "pricing",
            "struct<default:decimal(38,18), promotional:struct<default:decimal(38,18)>,"
            " effective_list:struct<default:decimal(38,18)>>",
            "default is the list price, effective_list the list or promotional one",
            switches_off="money: no cost can be told, and usage stays in DBU",
        ),
    ),
)
