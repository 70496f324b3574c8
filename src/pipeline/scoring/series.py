"""What statistics are told of each job: its attempts, and the jobs they must answer for."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# UNKNOWN is not among them: what ended with a word that nobody knows may have been cut short.
LEARNED_FROM = ("SUCCEEDED", "FAILED", "TIMEOUT", "CANCELLED")


def learned_attempts(attempts: DataFrame, jobs: DataFrame) -> DataFrame:
    """Attempts as `optimizer` takes runs: ended in a known way, begun at all, and of jobs that do end."""
    finite = jobs.where("NOT is_continuous").select(
        "workspace_id", "series_key", "sla_limit_seconds"
    )
    return (
        attempts.where(F.col("status").isin(*LEARNED_FROM) & ~F.col("never_started"))
        .join(finite, ["workspace_id", "series_key"])
        .select(
            F.col("series_key").alias("job_id"),
            F.concat_ws("#", "run_id", "attempt").alias("run_id"),
            F.col("started_at").alias("start_time"),
            "duration_seconds",
            "status",
            F.col("sla_limit_seconds").alias("limit_seconds"),
        )
    )


def no_answer(jobs_continuous: str = "is_continuous") -> Column:
    """The status of a job that statistics were told nothing of."""
    return F.when(F.col(jobs_continuous), F.lit("not_assessed")).otherwise(F.lit("too_few_runs"))


def no_answer_reason(jobs_continuous: str = "is_continuous") -> Column:
    """The same in a sentence."""
    return F.when(
        F.col(jobs_continuous), F.lit("a continuous job has no duration to learn")
    ).otherwise(
        F.lit(
            "no attempt of this job that started has ended with a known result in the time looked at"
        )
    )
