"""The levels that a metric of a job has had, one after another: what has changed, when, and by how much."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import Whole
from pipeline.tables import gold

_SERIES = ("workspace_id", "series_key", "metric")


def job_regimes(scores: DataFrame) -> DataFrame:
    """gold.job_regimes from model.run_scores.

    A level is the one before it times the ratio found; runs that overlap find the same change, and the
    first of them says it.
    """
    by_start = Window.partitionBy(*_SERIES, "regime_start").orderBy(
        "started_at", "run_id", "attempt"
    )
    in_time = Window.partitionBy(*_SERIES).orderBy("regime_start")
    found = (
        scores.where("is_shift AND regime_start IS NOT NULL")
        .withColumn("place", F.row_number().over(by_start))
        .where("place = 1")
        .withColumn("number", F.row_number().over(in_time))
        .withColumn("to_at", F.lead("regime_start").over(in_time))
    )
    later = found.select(
        *_SERIES,
        F.col("number").cast("int").alias("regime"),
        "first_run_id",
        F.col("regime_start").alias("from_at"),
        "to_at",
        (F.col("center") * F.col("shift_ratio")).alias("level"),
        F.col("shift_ratio").alias("ratio"),
        F.when(F.col("shift_ratio") >= 1, F.lit("up")).otherwise(F.lit("down")).alias("direction"),
        F.col("started_at").alias("found_at"),
    )
    nothing = F.lit(None)
    first = found.where("number = 1").select(
        *_SERIES,
        F.lit(0).alias("regime"),
        nothing.cast("string").alias("first_run_id"),
        nothing.cast("timestamp").alias("from_at"),
        F.col("regime_start").alias("to_at"),
        F.col("center").alias("level"),
        nothing.cast("double").alias("ratio"),
        nothing.cast("string").alias("direction"),
        nothing.cast("timestamp").alias("found_at"),
    )
    return first.unionByName(later).select(*gold.JOB_REGIMES.column_names)


STEPS = (
    Whole(
        name="job_regimes",
        run=job_regimes,
        reads=(gold.RUN_SCORES,),
        writes=gold.JOB_REGIMES,
    ),
)
