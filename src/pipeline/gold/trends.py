"""Each job over the last 7 and 30 whole days, beside as many days before.

Runs are compared up to the last day that is over at `as_of`, costs up to the last day that has been
billed in full, which is some days earlier: a day that is not complete would make every trend look
like a fall.
"""

from datetime import date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.expressions.exact_sums import exact_mean
from pipeline.expressions.money import one_unit
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold
from pipeline.tables.silver.costs import MONEY_TYPE

WINDOWS_DAYS = (7, 30)


def job_trends(
    job_daily: DataFrame,
    cost_daily: DataFrame,
    *,
    as_of: datetime,
    last_cost_day: date | None,
    currency_code: str,
) -> DataFrame:
    """gold.job_trends from gold.job_daily and gold.cost_daily of the last 60 days."""
    last_run_day = as_of.date() - timedelta(days=1)
    windows = F.explode(F.array(*(F.lit(days) for days in WINDOWS_DAYS))).alias("window_days")
    key = ["workspace_id", "series_key", "window_days"]

    def aged(frame: DataFrame, day: str, last: date | None) -> DataFrame:
        """Rows once for each window they fall in, `is_now` telling it from the one before."""
        age_days = F.datediff(F.lit(last).cast("date"), F.col(day))
        return (
            frame.select("*", windows, age_days.alias("age_days"))
            .where("age_days >= 0 AND age_days < 2 * window_days")
            .withColumn("is_now", F.col("age_days") < F.col("window_days"))
        )

    def both(aggregate: dict[str, Column]) -> list[Column]:
        return [
            _within(F.col("is_now") if not prefix else ~F.col("is_now"), column).alias(
                prefix + name
            )
            for prefix in ("", "previous_")
            for name, column in aggregate.items()
        ]

    counted = (
        aged(job_daily, "run_date", last_run_day)
        .groupBy(*key)
        .agg(
            *both({"runs": F.col("runs"), "succeeded": F.col("succeeded")}),
            *both({"verdicts": F.col("succeeded") + F.col("failed") + F.col("timed_out")}),
            *(
                exact_mean(F.when(when, F.col("median_seconds"))).alias(
                    f"{prefix}mean_daily_median_seconds"
                )
                for prefix, when in (("", F.col("is_now")), ("previous_", ~F.col("is_now")))
            ),
        )
    )
    job_costs = cost_daily.where("job_id <> ''").withColumn(
        "series_key", F.concat_ws("/", "workspace_id", "job_id")
    )
    cost = (
        aged(job_costs, "usage_date", last_cost_day)
        .groupBy(*key)
        .agg(
            *(
                column.alias(prefix + name)
                for prefix, when in (("", F.col("is_now")), ("previous_", ~F.col("is_now")))
                for name, column in (
                    ("list_cost", F.sum(F.when(when, F.col("list_cost"))).cast(MONEY_TYPE)),
                    (
                        "unpriced_quantity",
                        F.sum(F.when(when, F.col("unpriced_quantity"))).cast(MONEY_TYPE),
                    ),
                    ("unpriced_unit", one_unit(F.when(when, F.col("unpriced_unit")))),
                )
            )
        )
    )
    joined = counted.join(cost, key, "left")
    return joined.select(
        *key,
        *(
            column
            for prefix in ("", "previous_")
            for column in (
                F.col(f"{prefix}runs"),
                (
                    F.col(f"{prefix}succeeded") / F.nullif(F.col(f"{prefix}verdicts"), F.lit(0))
                ).alias(f"{prefix}success_rate"),
                F.col(f"{prefix}mean_daily_median_seconds"),
                F.col(f"{prefix}list_cost"),
                F.col(f"{prefix}unpriced_quantity"),
                F.col(f"{prefix}unpriced_unit"),
            )
        ),
        F.lit(last_run_day).alias("last_run_day"),
        F.lit(last_cost_day).cast("date").alias("last_cost_day"),
        F.lit(currency_code).alias("currency_code"),
    )


def _within(when: Column, amount: Column) -> Column:
    return F.sum(F.when(when, amount).otherwise(0)).cast("bigint")


STEPS = (
    RecentDays(
        name="job_trends",
        run=job_trends,
        reads=(gold.JOB_DAILY, gold.COST_DAILY),
        writes=gold.JOB_TRENDS,
        days=61,
    ),
)
