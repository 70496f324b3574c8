"""Each job's usual duration, and whether its last run behaves unlike itself."""

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.baselines import latest
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.series import learned_attempts, no_answer, no_answer_reason
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver

_SCHEMA = (
    "job_id string, status string, reason string, runs bigint, center_seconds double,"
    " scale_log double, last_run_id string, last_robust_z double, last_p_value double,"
    " last_is_anomaly boolean, regime_start timestamp"
)


def job_baseline(jobs: DataFrame, attempts: DataFrame) -> DataFrame:
    """gold.job_baseline from gold.jobs and silver.attempts."""

    def score(runs: pd.DataFrame) -> pd.DataFrame:
        return latest(runs)

    # Attempts are told apart by `run_id#attempt` inside, and are named by their run outside.
    scored = (
        score_by_job(learned_attempts(attempts, jobs), score, _SCHEMA, counted=attempts)
        .withColumnRenamed("job_id", "series_key")
        .withColumnRenamed("runs", "learned")
        .withColumn("last_run_id", F.substring_index("last_run_id", "#", 1))
    )
    return (
        jobs.select("workspace_id", "series_key", "is_continuous")
        .join(scored, "series_key", "left")
        .withColumn("status", F.coalesce("status", no_answer()))
        .withColumn(
            "reason",
            F.when(F.col("learned").isNull(), no_answer_reason()).otherwise(
                F.coalesce("reason", F.lit(""))
            ),
        )
        .withColumn("runs", F.coalesce("learned", F.lit(0)).cast("bigint"))
        .select(*gold.JOB_BASELINE.column_names)
    )


STEPS = (
    RecentDays(
        name="job_baseline",
        run=job_baseline,
        reads=(gold.JOBS, silver.ATTEMPTS),
        writes=gold.JOB_BASELINE,
        days=180,
    ),
)
