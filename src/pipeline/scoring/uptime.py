"""How long continuous jobs were up in each night, and how often they began."""

from datetime import datetime, timedelta
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.microseconds import DAY_US
from pipeline.scoring.night_times import micros, night_of

_JOB: Final = ["workspace_id", "series_key"]


def uptime(jobs: DataFrame, attempts: DataFrame, as_of: datetime) -> DataFrame:
    """Of each continuous job and night since its first start: starts, and the share of it that it was up."""
    active = jobs.where("is_continuous AND state = 'active'").select(*_JOB)
    of_them = attempts.join(active, _JOB, "left_semi")
    is_going = F.col("ended_at").isNull() & (F.col("seen_until") > F.lit(as_of - timedelta(days=1)))
    until = F.coalesce("ended_at", F.when(is_going, F.lit(as_of)), "seen_until")
    spans = of_them.select(
        "series_key",
        "attempt",
        "started_at",
        F.unix_micros("started_at").alias("begin_us"),
        F.least(F.unix_micros(until), F.lit(micros(as_of))).alias("end_us"),
    ).where("end_us > begin_us")
    first = F.floor((F.lit(micros(as_of)) - F.col("end_us")) / DAY_US).cast("bigint")
    night_end = F.lit(micros(as_of)) - F.col("night") * DAY_US
    inside = F.least("end_us", night_end) - F.greatest("begin_us", night_end - DAY_US)
    nights = spans.withColumn(
        "night", F.explode(F.sequence(first, night_of(F.col("started_at"), as_of)))
    )
    up = nights.groupBy("series_key", "night").agg(
        F.sum(F.greatest(inside, F.lit(0))).alias("up_us"),
        F.count_if(night_of(F.col("started_at"), as_of) == F.col("night")).alias("restarts"),
    )
    since = up.groupBy("series_key").agg((F.max("night") - 1).alias("oldest"))
    every = since.where("oldest >= 0").select(
        "series_key", F.explode(F.sequence(F.lit(0).cast("bigint"), "oldest")).alias("night")
    )
    shares = every.join(up, ["series_key", "night"], "left").select(
        "series_key",
        "night",
        F.coalesce("restarts", F.lit(0)).alias("restarts"),
        F.least(F.lit(1.0), F.coalesce("up_us", F.lit(0)) / DAY_US).alias("uptime_share"),
    )
    earlier = shares.select(
        "series_key",
        F.col("night").alias("earlier_night"),
        F.col("uptime_share").alias("earlier_share"),
    )
    as_low = (
        shares.join(earlier, "series_key")
        .where("earlier_night > night")
        .groupBy("series_key", "night")
        .agg(F.count_if(F.col("earlier_share") <= F.col("uptime_share")).alias("as_low"))
    )
    return shares.join(as_low, ["series_key", "night"], "left")
