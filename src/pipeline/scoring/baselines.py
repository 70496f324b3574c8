"""Each job's usual duration, and whether its latest runs behave unlike themselves."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from optimizer.baselines import latest, replay
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.series import learned_attempts, no_answer, no_answer_reason
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver

_SCHEMA = (
    "job_id string, status string, reason string, runs bigint, center_seconds double,"
    " scale_log double, last_run_id string, last_robust_z double, last_p_value double,"
    " last_is_anomaly boolean, regime_start timestamp"
)

_FIGURES = ("center_seconds", "ratio", "robust_z", "p_value")
_FLAGS = ("is_anomaly", "is_shift")
_RUNS_SCHEMA = ", ".join(
    [
        "job_id string",
        "status string",
        "reason string",
        "attempt_key array<string>",
        *(f"{name} array<double>" for name in _FIGURES),
        *(f"{name} array<boolean>" for name in _FLAGS),
    ]
)


def job_baseline(jobs: DataFrame, attempts: DataFrame, inputs: DataFrame) -> DataFrame:
    """gold.job_baseline from gold.jobs, silver.attempts and silver.attempt_inputs."""

    def score(runs: pd.DataFrame) -> pd.DataFrame:
        return latest(runs)

    # Attempts are told apart by `run_id#attempt` inside, and are named by their run outside.
    scored = (
        score_by_job(learned_attempts(attempts, jobs, inputs), score, _SCHEMA, counted=attempts)
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


def run_baseline(
    jobs: DataFrame, attempts: DataFrame, inputs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.run_baseline from gold.jobs, silver.attempts and silver.attempt_inputs."""
    since = pd.Timestamp(as_of) - pd.Timedelta(days=gold.RUN_BASELINE_DAYS)
    scored = score_by_job(
        learned_attempts(attempts, jobs, inputs),
        lambda runs: _recent(runs, since),
        _RUNS_SCHEMA,
        counted=attempts,
    )
    columns = ("attempt_key", *_FIGURES, *_FLAGS)
    each = scored.select(F.explode(F.arrays_zip(*columns)).alias("run"), "job_id").select(
        "job_id", *(F.col("run")[name].alias(name) for name in columns)
    )
    recent = attempts.where(
        F.col("started_at") >= F.lit(as_of - timedelta(days=gold.RUN_BASELINE_DAYS))
    ).select(
        "workspace_id",
        "run_id",
        "attempt",
        "series_key",
        "started_at",
        "duration_seconds",
        F.concat_ws("#", "run_id", "attempt").alias("attempt_key"),
    )
    is_its_own = (F.col("a.series_key") == F.col("e.job_id")) & (
        F.col("a.attempt_key") == F.col("e.attempt_key")
    )
    return (
        recent.alias("a")
        .join(each.alias("e"), is_its_own)
        .select(*(_column(name) for name in gold.RUN_BASELINE.column_names))
    )


def _column(name: str) -> Column:
    side = "e" if name in (*_FIGURES, *_FLAGS) else "a"
    return F.col(f"{side}.{name}").alias(name)


def _recent(runs: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    """One row a job: what was usual before each of its runs since then that could be judged."""
    scores = replay(runs)
    judged = runs[["job_id", "run_id", "duration_seconds"]].assign(
        center_seconds=scores["center"],
        ratio=runs["duration_seconds"] / scores["center"],
        robust_z=scores["robust_z"],
        p_value=scores["p_value"],
        is_anomaly=scores["is_anomaly"],
        is_shift=scores["shift"],
    )[(runs["start_time"] >= since) & scores["center"].notna()]
    by_job = judged.groupby("job_id", sort=True)
    out = pd.DataFrame({"job_id": np.sort(runs["job_id"].unique())})
    for name, column in (
        ("attempt_key", "run_id"),
        *((figure, figure) for figure in (*_FIGURES, *_FLAGS)),
    ):
        lists = by_job[column].agg(list)
        out[name] = [lists.get(job, []) for job in out["job_id"]]
    return out.assign(status="ok", reason="")


STEPS = (
    RecentDays(
        name="job_baseline",
        run=job_baseline,
        reads=(gold.JOBS, silver.ATTEMPTS, silver.ATTEMPT_INPUTS),
        writes=gold.JOB_BASELINE,
        days=180,
    ),
    RecentDays(
        name="run_baseline",
        run=run_baseline,
        reads=(gold.JOBS, silver.ATTEMPTS, silver.ATTEMPT_INPUTS),
        writes=gold.RUN_BASELINE,
        days=180,
    ),
)
