"""The run that something dated belongs to: a run counts for the days on which it ran."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_RUN = ("workspace_id", "job_id", "run_id")


def with_run(rows: DataFrame, runs: DataFrame, day: str, **of_run: str) -> DataFrame:
    """`rows` of jobs' runs, dated by the column `day`, with `series_key` and under new names columns
    `of_run`.

    What has no run, or one that did not run on that day, belongs to its job by number.
    """
    spans = runs.select(
        *_RUN,
        F.col("series_key").alias("run_series"),
        *(F.col(theirs).alias(name) for name, theirs in of_run.items()),
        F.col("run_date").alias("first_day"),
        F.to_date("ended_at").alias("last_day"),
    )
    is_its_run = [F.col(f"dated.{name}") == F.col(f"run.{name}") for name in _RUN]
    by_number = F.concat_ws("/", "dated.workspace_id", "dated.job_id")
    return (
        rows.alias("dated")
        .join(spans.alias("run"), [*is_its_run, stands_on(F.col(day))], "left")
        .select("dated.*", F.coalesce("run_series", by_number).alias("series_key"), *of_run)
    )


def stands_on(day: Column) -> Column:
    """Whether what has a `first_day` and a `last_day`, NULL while it lasts, says anything of `day`."""
    last_day = F.col("last_day")
    return (day >= F.col("first_day")) & (last_day.isNull() | (day <= last_day))
