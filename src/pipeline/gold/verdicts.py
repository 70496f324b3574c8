"""What is said of each job in a word, to each question, and since when: so what changed can be listed."""

from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.steps.kinds import Continued
from pipeline.tables import gold

_JOB = ["workspace_id", "series_key"]


def job_verdicts(
    job_health: DataFrame,
    job_forecast: DataFrame,
    job_nights: DataFrame,
    rightsizing: DataFrame,
    jobs: DataFrame,
    previous: DataFrame,
    *,
    as_of: datetime,
) -> DataFrame:
    """gold.job_verdicts from what is said of gold.jobs now, and what was `previous` to this night.

    A verdict that is the previous one keeps its time. So a night that is run again over its own
    verdicts says the same.
    """
    verdicts = (
        jobs.select(*_JOB)
        .join(job_health.select(*_JOB, _failing().alias("failing")), _JOB, "left")
        .join(job_forecast.select(*_JOB, _likely_to_miss().alias("likely_to_miss")), _JOB, "left")
        .join(_unlike_itself(job_nights), _JOB, "left")
        .join(rightsizing.select(*_JOB, "action"), _JOB, "left")
        .withColumn("size", F.coalesce("action", F.lit("not_assessed")))
    )
    questions = gold.JOB_VERDICTS.column("question").one_of
    by_question = reduce(
        DataFrame.unionByName,
        (
            verdicts.select(
                *_JOB,
                F.lit(question).alias("question"),
                F.coalesce(question, F.lit("unknown")).alias("verdict"),
            )
            for question in questions
        ),
    )
    before = previous.select(
        *_JOB,
        "question",
        F.col("verdict").alias("last_verdict"),
        F.col("previous_verdict").alias("last_previous"),
        F.col("since_at").alias("last_since_at"),
    )
    is_same = F.col("verdict") == F.col("last_verdict")
    return by_question.join(before, [*_JOB, "question"], "left").select(
        *_JOB,
        "question",
        "verdict",
        F.when(is_same, F.col("last_previous"))
        .otherwise(F.col("last_verdict"))
        .alias("previous_verdict"),
        F.when(is_same, F.col("last_since_at")).otherwise(F.lit(as_of)).alias("since_at"),
    )


def _failing() -> Column:
    """Unknown before a run has ended with a verdict."""
    return F.when(
        F.col("last_status").isNotNull(),
        F.when(F.col("is_failing"), "failing").otherwise("ok"),
    )


def _likely_to_miss() -> Column:
    is_likely = F.col("p_miss") >= gold.LIKELY_TO_MISS
    return F.when(F.col("sla_status") == "no_sla", "no_sla").when(
        F.col("sla_status") == "ok", F.when(is_likely, "likely").otherwise("unlikely")
    )


def _unlike_itself(job_nights: DataFrame) -> DataFrame:
    """Of each job whether the last night that tested it has flagged it."""
    last = F.max_by("is_flagged", "night_at")
    return job_nights.groupBy(*_JOB).agg(
        F.when(last, "unlike").otherwise("like").alias("unlike_itself")
    )


STEPS = (
    Continued(
        name="job_verdicts",
        run=job_verdicts,
        reads=(
            gold.JOB_HEALTH,
            gold.JOB_FORECAST,
            gold.JOB_NIGHTS,
            gold.RIGHTSIZING,
            gold.JOBS,
        ),
        writes=gold.JOB_VERDICTS,
        reads_previous=(gold.JOB_VERDICTS,),
        remembers=("previous_verdict", "since_at"),
    ),
)
