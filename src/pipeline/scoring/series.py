"""What statistics are told of each job: its attempts, and the jobs they must answer for."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# UNKNOWN is not among them: what ended with a word that nobody knows may have been cut short.
_LEARNED_FROM = ("SUCCEEDED", "FAILED", "TIMEOUT", "CANCELLED")


def learned_attempts(
    attempts: DataFrame, jobs: DataFrame, inputs: DataFrame | None = None
) -> DataFrame:
    """Attempts as `optimizer` takes runs: ended in a known way, begun at all, and of jobs that do end.

    With `inputs` (silver.attempt_inputs), their input_bytes as well, NULL where not known.
    """
    finite = jobs.where("NOT is_continuous").select(
        "workspace_id", "series_key", "sla_limit_seconds"
    )
    columns = [
        F.col("series_key").alias("job_id"),
        F.concat_ws("#", "run_id", "attempt").alias("run_id"),
        F.col("started_at").alias("start_time"),
        F.col("duration_seconds"),
        F.col("status"),
        F.col("sla_limit_seconds").alias("limit_seconds"),
    ]
    learned = attempts.where(F.col("status").isin(*_LEARNED_FROM) & ~F.col("never_started"))
    if inputs is not None:
        key = ["workspace_id", "run_id", "attempt"]
        learned = learned.join(inputs.select(*key, "input_bytes"), key, "left")
        columns.append(F.col("input_bytes").cast("double").alias("input_bytes"))
    return learned.join(finite, ["workspace_id", "series_key"]).select(*columns)


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
