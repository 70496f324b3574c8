"""Costs by day and who is charged: attributed plus unattributed is all of it, to the last digit."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.expressions.money import one_unit, total, unpriced_unit
from pipeline.steps.kinds import ByDay, Lasting
from pipeline.tables import gold, silver


def cost_daily(usage_costs: DataFrame, job_versions: DataFrame) -> DataFrame:
    """gold.cost_daily from silver.usage_costs and silver.job_versions.

    The team in the job's tags at the end of that day is charged; failing that, the team in the tags of
    the pipeline when it was used; failing that, the team in the usage's own tags (its cluster's,
    warehouse's or policy's).
    """
    teams = job_versions.where("team IS NOT NULL").select(
        "workspace_id", "job_id", "team", "valid_from", "valid_to", "is_first"
    )
    days = (
        usage_costs.select("usage_date", "workspace_id", "job_id").where("job_id <> ''").distinct()
    )
    day_end = F.timestamp_add("DAY", F.lit(1), F.col("usage_date").cast("timestamp"))
    job_teams = (
        days.join(teams, ["workspace_id", "job_id"])
        .where(
            (F.col("is_first") | (F.col("valid_from") < day_end))
            & (F.col("valid_to").isNull() | (F.col("valid_to") >= day_end))
        )
        .select("usage_date", "workspace_id", "job_id", F.col("team").alias("job_team"))
    )
    charged = usage_costs.join(job_teams, ["usage_date", "workspace_id", "job_id"], "left").select(
        "usage_date",
        "workspace_id",
        "job_id",
        F.coalesce("product", F.lit("")).alias("product"),
        F.coalesce("job_team", "pipeline_team", "tag_team", F.lit("")).alias("team"),
        F.when(F.col("job_team").isNotNull(), F.lit("job_tag"))
        .when(F.col("pipeline_team").isNotNull(), F.lit("pipeline_tag"))
        .when(F.col("tag_team").isNotNull(), F.lit("usage_tag"))
        .otherwise(F.lit("none"))
        .alias("attribution"),
        "price_status",
        F.when(F.col("usage_unit") == "DBU", F.col("usage_quantity")).alias("dbu"),
        "currency_code",
        "list_cost",
        "unpriced_quantity",
        unpriced_unit().alias("unpriced_unit"),
        "job_name",
    )
    return charged.groupBy(
        "usage_date", "workspace_id", "job_id", "product", "team", "attribution", "price_status"
    ).agg(
        total("dbu").alias("dbu"),
        F.max("currency_code").alias("currency_code"),
        total("list_cost").alias("list_cost"),
        total("unpriced_quantity").alias("unpriced_quantity"),
        one_unit("unpriced_unit").alias("unpriced_unit"),
        F.max("job_name").alias("job_name"),
    )


def team_cost_daily(cost_daily: DataFrame) -> DataFrame:
    """gold.team_cost_daily from gold.cost_daily."""

    def part(attribution: str) -> Column:
        return total(F.when(F.col("attribution") == attribution, F.col("list_cost")))

    return cost_daily.groupBy("usage_date", "team").agg(
        F.max("currency_code").alias("currency_code"),
        total("list_cost").alias("list_cost"),
        part("job_tag").alias("by_job_tag"),
        part("pipeline_tag").alias("by_pipeline_tag"),
        part("usage_tag").alias("by_usage_tag"),
        total("unpriced_quantity").alias("unpriced_quantity"),
        one_unit("unpriced_unit").alias("unpriced_unit"),
        F.count_distinct(
            F.when(F.col("job_id") != "", F.concat_ws("/", "workspace_id", "job_id"))
        ).alias("jobs"),
    )


STEPS = (
    ByDay(
        name="cost_daily",
        run=cost_daily,
        days_of=silver.USAGE_COSTS,
        beside=(Lasting.version(silver.JOB_VERSIONS),),
        writes=gold.COST_DAILY,
        group=("workspace_id", "job_id"),
    ),
    ByDay(
        name="team_cost_daily",
        run=team_cost_daily,
        days_of=gold.COST_DAILY,
        writes=gold.TEAM_COST_DAILY,
    ),
)
