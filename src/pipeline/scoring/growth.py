"""Jobs that grow slowly, and the day on which a usual run will not fit its SLA any more.

The line is laid through the medians of 60 whole days; what it is held against is what the SLA allows
a run (`gold.job_forecast`). Days beyond a year are not named.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import Growth, growth
from pipeline.scoring.buckets import score_by_job
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold
from pipeline.tables.derive import spark_schema

_JOB = ["workspace_id", "series_key"]
_FARTHEST_DAYS: Final = 365.0
_MONTH_DAYS: Final = 30.0


def job_growth(
    jobs: DataFrame, job_daily: DataFrame, job_forecast: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.job_growth from gold.jobs, gold.job_daily of 60 days and gold.job_forecast."""
    today = F.lit(as_of.date())
    days = (
        job_daily.where((F.col("run_date") < today) & (F.col("median_seconds") > 0))
        .groupBy(*_JOB)
        # Neither is ever NULL, so the two lists go together.
        .agg(
            F.collect_list(F.datediff("run_date", today).cast("double")).alias("day"),
            F.collect_list("median_seconds").alias("median_seconds"),
        )
    )
    inputs = (
        jobs.select(*_JOB, "is_continuous")
        .join(days, _JOB, "left")
        .join(job_forecast.select(*_JOB, "allowed_seconds"), _JOB, "left")
        .select(
            F.col("series_key").alias("job_id"),
            "is_continuous",
            "allowed_seconds",
            *(
                F.coalesce(name, F.array().cast("array<double>")).alias(name)
                for name in ("day", "median_seconds")
            ),
        )
    )
    schema = spark_schema(gold.JOB_GROWTH).replace("`", "")
    answered = score_by_job(
        inputs, lambda rows: _grown(rows, as_of), f"job_id string, {schema}", counted=jobs
    )
    return (
        answered.withColumn("series_key", F.col("job_id"))
        .withColumn("workspace_id", F.substring_index("job_id", "/", 1))
        .withColumn("days", F.coalesce("days", F.lit(0)))
        .withColumn("reason", F.coalesce("reason", F.lit("")))
        .select(*gold.JOB_GROWTH.column_names)
    )


def _grown(rows: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    answers = [
        _row(
            job,
            bool(endless),
            float("nan") if allowed is None else float(allowed),
            day,
            median,
            as_of,
        )
        for job, endless, allowed, day, median in zip(
            rows["job_id"],
            rows["is_continuous"],
            rows["allowed_seconds"],
            rows["day"],
            rows["median_seconds"],
            strict=True,
        )
    ]
    return pd.DataFrame(answers)


def _row(
    job: str, endless: bool, allowed: float, day: Any, median: Any, as_of: datetime
) -> dict[str, Any]:
    """One job's row of gold.job_growth."""
    at, value = np.asarray(day, dtype=np.float64), np.asarray(median, dtype=np.float64)
    answer: dict[str, Any] = {"job_id": job, "days": at.size, "status": "not_assessed"}
    if endless:
        return answer | {"reason": "a continuous job runs without end"}
    line = growth(at, value)
    if line is None:
        reason = f"{at.size} days with a success in 60 are too few"
        return answer | {"status": "too_few_runs", "reason": reason}
    answer |= {"status": "ok", "state": line.state, "typical_seconds": float(np.exp(line.at(0.0)))}
    names = ("growth_30_days", "growth_30_days_lower", "growth_30_days_upper")
    for name, slope in zip(names, (line.slope, line.slope_low, line.slope_high), strict=True):
        answer[name] = float(np.expm1(np.clip(slope * _MONTH_DAYS, -50.0, 50.0)))
    if line.state == "growing" and allowed > 0:
        answer |= {"allowed_seconds": allowed} | _crossing(line, allowed, as_of)
    return answer


def _crossing(line: Growth, allowed: float, as_of: datetime) -> dict[str, Any]:
    """Days on which the line crosses what is allowed; NULL beyond a year, or where it is past."""
    if line.at(0.0) >= np.log(allowed):
        return {"is_over": True}
    names = ("crosses_on", "crosses_earliest", "crosses_latest")
    days: dict[str, Any] = {"is_over": False}
    for name, ahead in zip(names, line.crossing(float(np.log(allowed))), strict=True):
        if ahead is not None and ahead <= _FARTHEST_DAYS:
            days[name] = as_of.date() + timedelta(days=max(int(np.floor(ahead)), 0))
    return days


STEPS = (
    RecentDays(
        name="job_growth",
        run=job_growth,
        reads=(gold.JOBS, gold.JOB_DAILY, gold.JOB_FORECAST),
        writes=gold.JOB_GROWTH,
        days=60,
    ),
)
