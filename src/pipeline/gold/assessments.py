"""How many jobs could not be assessed, and why."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def not_assessed(answers: Mapping[str, DataFrame]) -> DataFrame:
    """Jobs by question, status and reason; `answers` has for each question one row a job."""
    counted = []
    for question, rows in answers.items():
        # Numbers in a reason differ from job to job; the reason is the same.
        reason = F.regexp_replace("reason", "[0-9]+(\\.[0-9]+)?", "N")
        counted.append(
            rows.where("status <> 'ok'")
            .groupBy("status", reason.alias("reason"))
            .agg(F.count("*").alias("jobs"))
            .select(F.lit(question).alias("question"), "status", "jobs", "reason")
        )
    return reduce(DataFrame.unionByName, counted)
