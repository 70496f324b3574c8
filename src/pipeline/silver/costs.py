"""Costs from billing alone: usage times the price that held, corrections included.

list_cost = sum over all records (originals, retractions, restatements) of
quantity x effective price, both taken to 9 decimals so that their product is exact in
decimal(38,18) on every engine. A run's cost needs no join to its timeline: joining hours to slices
counts a usage hour once for each slice it touches. What a job's pipeline task uses is billed under
the pipeline, and is the job's by way of the update that the task started, however long after the
update's end: compute may be kept for the next. The team in the pipeline's tags at that hour is told
beside it, for usage that no job started.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.expressions.money import one_unit, total, unpriced_unit
from pipeline.expressions.tags import tagged
from pipeline.silver.tags import TEAM_KEYS, team_name
from pipeline.steps.kinds import ByDatedKey, ByDay, Lasting, Whole
from pipeline.tables import bronze, silver

_FACTOR = "decimal(18,9)"
_PRICED = ("sku_name", "cloud", "usage_unit")
# What tells the usage of one day apart: who it was for, and what was used.
_PAYER = (
    "workspace_id",
    "job_id",
    "run_id",
    "cluster_id",
    "warehouse_id",
    "pipeline_id",
    "product",
    "sku_name",
    "cloud",
    "usage_unit",
    "is_serverless",
    "run_as",
    "tag_team",
    "tag_team_key",
    "pipeline_team",
    "price_status",
)


def _told(text: Column) -> Column:
    return F.concat(F.length(text).cast("string"), F.lit(":"), text)


def prices(list_prices: DataFrame) -> DataFrame:
    """silver.prices from bronze.list_prices: at each instant the window that started last holds, of
    those that hold; a window without length never does.

    Windows overlap and nest in the source. Of two with one start the one that ends first holds, and
    after it the other.
    """
    sku = [*_PRICED, "currency_code"]
    pricing = F.col("pricing")
    windows = list_prices.where(
        "price_end_time IS NULL OR price_end_time > price_start_time"
    ).select(
        *sku,
        "price_start_time",
        "price_end_time",
        pricing["default"].try_cast(_FACTOR).alias("list_price"),
        F.coalesce(pricing["effective_list"]["default"], pricing["default"])
        .try_cast(_FACTOR)
        .alias("effective_price"),
    )
    in_order = Window.partitionBy(*sku).orderBy(
        "price_start_time",
        F.col("price_end_time").desc_nulls_first(),
        "effective_price",
        "list_price",
    )
    windows = windows.withColumn("place", F.row_number().over(in_order))
    times = F.array("price_start_time", "price_end_time")
    cuts = windows.select(*sku, F.explode(times).alias("valid_from")).where(
        "valid_from IS NOT NULL"
    )
    holds = (F.col("price_start_time") <= F.col("valid_from")) & (
        F.col("price_end_time").isNull() | (F.col("price_end_time") > F.col("valid_from"))
    )
    by_time = Window.partitionBy(*sku).orderBy("valid_from")
    in_force = (
        cuts.distinct()
        .join(windows, sku)
        .groupBy(*sku, "valid_from")
        .agg(F.max(F.when(holds, F.col("place"))).alias("place"))
        .withColumn("place_before", F.lag("place").over(by_time))
        .where(~F.col("place").eqNullSafe(F.col("place_before")))
        .withColumn("valid_to", F.lead("valid_from").over(by_time))
        # Without a place no window holds until the next.
        .where("place IS NOT NULL")
    )
    return in_force.join(windows, [*sku, "place"]).select(
        *sku, "valid_from", "valid_to", "list_price", "effective_price"
    )


def usage_costs(
    usage: DataFrame,
    prices: DataFrame,
    task_updates: DataFrame,
    pipeline_versions: DataFrame,
    *,
    currency_code: str,
) -> DataFrame:
    """silver.usage_costs from bronze.usage, silver.prices, silver.task_updates and
    silver.pipeline_versions, in one currency."""
    metadata, identity = F.col("usage_metadata"), F.col("identity_metadata")
    team = tagged(F.col("custom_tags"), TEAM_KEYS)
    started = task_updates.select(
        F.col("workspace_id").alias("started_in"),
        F.col("pipeline_id").alias("started_pipeline_id"),
        F.col("update_id").alias("started_update_id"),
        F.to_date("started_at").alias("started_on"),
        F.col("job_id").alias("started_job_id"),
        F.col("run_id").alias("started_run_id"),
    )
    by_update = (
        (F.col("workspace_id") == F.col("started_in"))
        & (metadata["dlt_pipeline_id"] == F.col("started_pipeline_id"))
        & (metadata["dlt_update_id"] == F.col("started_update_id"))
        & (F.col("usage_date") >= F.col("started_on"))
    )
    tagged_pipelines = pipeline_versions.where("team IS NOT NULL").select(
        F.col("workspace_id").alias("tagged_in"),
        F.col("pipeline_id").alias("tagged_pipeline_id"),
        F.col("team").alias("pipeline_team"),
        "is_first",
        "valid_from",
        "valid_to",
    )
    by_pipeline = (
        (F.col("workspace_id") == F.col("tagged_in"))
        & (metadata["dlt_pipeline_id"] == F.col("tagged_pipeline_id"))
        & (F.col("is_first") | (F.col("usage_start_time") >= F.col("valid_from")))
        & (F.col("valid_to").isNull() | (F.col("usage_start_time") < F.col("valid_to")))
    )
    attributed = usage.join(started, by_update, "left").join(tagged_pipelines, by_pipeline, "left")
    used = attributed.select(
        "usage_date",
        "usage_start_time",
        F.coalesce("workspace_id", F.lit("")).alias("workspace_id"),
        F.coalesce(metadata["job_id"], "started_job_id", F.lit("")).alias("job_id"),
        F.coalesce(metadata["job_run_id"], "started_run_id", F.lit("")).alias("run_id"),
        metadata["cluster_id"].alias("cluster_id"),
        metadata["warehouse_id"].alias("warehouse_id"),
        metadata["dlt_pipeline_id"].alias("pipeline_id"),
        F.col("billing_origin_product").alias("product"),
        "sku_name",
        "cloud",
        "usage_unit",
        F.col("product_features")["is_serverless"].alias("is_serverless"),
        F.coalesce(identity["run_as"], identity["owned_by"], identity["created_by"]).alias(
            "run_as"
        ),
        team_name(team.value).alias("tag_team"),
        team.key.alias("tag_team_key"),
        "pipeline_team",
        metadata["job_name"].alias("job_name"),
        metadata["instance_pool_id"].alias("instance_pool_id"),
        F.col("usage_quantity").cast(_FACTOR).alias("quantity"),
    )
    valid = prices.where(F.col("currency_code") == currency_code).select(
        *_PRICED, "valid_from", "valid_to", "effective_price"
    )
    # Priced once for each hour of a SKU, so that the join of windows is small.
    prices_by_hour = (
        used.select(*_PRICED, "usage_start_time")
        .distinct()
        .join(valid, list(_PRICED))
        .where(
            "usage_start_time >= valid_from AND (valid_to IS NULL OR usage_start_time < valid_to)"
        )
        .select(*_PRICED, "usage_start_time", "effective_price")
    )
    priced = used.join(prices_by_hour, [*_PRICED, "usage_start_time"], "left").withColumn(
        "price_status",
        F.when(F.col("effective_price").isNotNull(), F.lit("priced"))
        .when(F.col("sku_name").contains("FREE_USAGE"), F.lit("free"))
        .otherwise(F.lit("unpriced")),
    )
    # Each value with its length before it: no name can hold what ends it.
    told_apart = F.concat_ws(
        "/", *(F.coalesce(_told(F.col(name).cast("string")), F.lit("-")) for name in _PAYER)
    )
    unpriced = F.when(F.col("price_status") == "unpriced", F.col("quantity"))
    return (
        priced.groupBy("usage_date", *_PAYER)
        .agg(
            total("quantity").alias("usage_quantity"),
            total(F.col("quantity") * F.col("effective_price")).alias("list_cost"),
            total(unpriced).alias("unpriced_quantity"),
            F.count("*").alias("records"),
            F.max("job_name").alias("job_name"),
            F.max("instance_pool_id").alias("instance_pool_id"),
        )
        .withColumn("usage_key", F.sha2(told_apart, 256))
        # As bronze tells it: a job that a pipeline's update leads to is not billed itself.
        .withColumn(
            "payer_id",
            F.coalesce(
                "pipeline_id",
                F.nullif(F.col("job_id"), F.lit("")),
                "cluster_id",
                "warehouse_id",
                F.lit(""),
            ),
        )
        .withColumn("currency_code", F.lit(currency_code))
    )


def run_costs(usage_costs: DataFrame) -> DataFrame:
    """silver.run_costs from silver.usage_costs."""
    return (
        usage_costs.where("run_id <> ''")
        .groupBy("workspace_id", "run_id")
        .agg(
            F.min("usage_date").alias("cost_date"),
            F.max("job_id").alias("job_id"),
            total(F.when(F.col("usage_unit") == "DBU", F.col("usage_quantity"))).alias(
                "usage_quantity"
            ),
            F.max("currency_code").alias("currency_code"),
            total("list_cost").alias("list_cost"),
            total("unpriced_quantity").alias("unpriced_quantity"),
            one_unit(unpriced_unit()).alias("unpriced_unit"),
            F.max("usage_date").alias("last_usage_date"),
        )
    )


STEPS = (
    Whole(name="prices", run=prices, reads=(bronze.LIST_PRICES,), writes=silver.PRICES),
    ByDay(
        name="usage_costs",
        run=usage_costs,
        days_of=bronze.USAGE,
        beside=(
            silver.PRICES,
            Lasting(silver.TASK_UPDATES, since="started_at"),
            Lasting.version(silver.PIPELINE_VERSIONS),
        ),
        writes=silver.USAGE_COSTS,
        group=("payer_id",),
        called={"payer_id": "pipeline_id"},
    ),
    ByDatedKey(
        name="run_costs",
        run=run_costs,
        reads=(silver.USAGE_COSTS,),
        writes=silver.RUN_COSTS,
        key=("workspace_id", "run_id"),
    ),
)
