"""Statistics over full buckets of jobs of very different history, on a server.

    python -m benchmarks.scale.buckets REMOTE

One job has 50 times the runs of the others.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.scoring.baselines import job_baseline, run_scores
from pipeline.scoring.buckets import ROWS_A_BUCKET
from pipeline.scoring.forecasts import duration_states
from pipeline.tables import gold, silver
from pipeline.tables.declaration import Table
from pipeline.tables.derive import spark_schema
from pipeline.tables.ops import DECISIONS

RUNS_OF_A_JOB: Final = 500
RUNS_OF_THE_LARGEST: Final = 50 * RUNS_OF_A_JOB
JOBS: Final = (2 * ROWS_A_BUCKET - 2 * RUNS_OF_THE_LARGEST) // RUNS_OF_A_JOB
"""So that two buckets are about full."""
_AS_OF: Final = datetime(2026, 2, 1, tzinfo=UTC)
_DAYS: Final = 90
_NO_CALENDAR: Final[dict[str, Any]] = {"holidays": (), "left_out": ()}


def main() -> None:
    spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    attempts = _attempts(spark, "small", JOBS, RUNS_OF_A_JOB).unionAll(
        _attempts(spark, "large", 1, RUNS_OF_THE_LARGEST)
    )
    jobs = attempts.select("workspace_id", "series_key").distinct().select(
        "*", F.lit(1_000.0).alias("sla_limit_seconds"), F.lit(False).alias("is_continuous"),
        F.lit("UTC").alias("timezone"),
    )  # fmt: skip
    priors = _none(spark, gold.FLEET_PRIORS)
    answers: list[Callable[[], DataFrame]] = [
        lambda: duration_states(attempts, jobs, priors, as_of=_AS_OF),
        lambda: job_baseline(
            jobs,
            attempts,
            _none(spark, silver.ATTEMPT_INPUTS),
            _none(spark, DECISIONS),
            priors,
            **_NO_CALENDAR,
        ),
        lambda: run_scores(
            jobs,
            attempts,
            _none(spark, silver.ATTEMPT_INPUTS),
            _none(spark, silver.TASK_RUNS),
            _none(spark, silver.RUN_COSTS),
            _none(spark, DECISIONS),
            priors,
            as_of=_AS_OF,
            last_cost_day=None,
            **_NO_CALENDAR,
        ),
    ]
    for answer in answers:
        answer().write.format("noop").mode("overwrite").save()


def _attempts(spark: SparkSession, name: str, jobs: int, runs: int) -> DataFrame:
    """As many runs of each job, over as many days."""
    number = F.floor(F.col("id") / jobs)
    age = number * int(timedelta(days=_DAYS).total_seconds() * 1e6 / runs)
    return (
        spark.range(jobs * runs)
        .select(
            F.lit("w").alias("workspace_id"),
            F.concat(F.lit(f"w/{name}-"), F.col("id") % jobs).alias("series_key"),
            F.col("id").cast("string").alias("run_id"),
            F.lit(0).alias("attempt"),
            F.timestamp_micros(F.unix_micros(F.lit(_AS_OF)) - age).alias("started_at"),
            F.exp(5 + F.randn(7) / 2).alias("duration_seconds"),
            F.lit("SUCCEEDED").alias("status"),
            F.lit(False).alias("never_started"),
            F.lit(1.0).alias("queue_seconds"),
        )
        .withColumn(
            "ended_at",
            F.timestamp_micros(
                F.unix_micros("started_at") + (F.col("duration_seconds") * 1e6).cast("bigint")
            ),
        )
    )


def _none(spark: SparkSession, table: Table) -> DataFrame:
    return spark.createDataFrame([], schema=spark_schema(table))


if __name__ == "__main__":
    main()
