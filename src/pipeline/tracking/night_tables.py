"""The tables among a night's artifacts: what it said of each job, of which it could not, what it wrote."""

import pandas as pd
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.outcome import Night
from pipeline.nightly.step_run import StepReport
from pipeline.tables import gold
from pipeline.tables.declaration import Layer

MOST_JOBS = 1000
"""A page shows no more, and a year of nights must fit a disk; Gold has them all."""
_COUNTED = (Layer.GOLD, Layer.MODEL, Layer.RECOMMENDATION)


def jobs(lakehouse: Lakehouse) -> pd.DataFrame:
    """What the night says of each job, the likeliest to miss its SLA first."""
    key = ["workspace_id", "series_key"]
    quality = lakehouse.read(gold.FORECAST_QUALITY).select(
        F.col("job_id").alias("series_key"),
        "scored_runs",
        (F.col("crps_log") / F.nullif("crps_log_rule", F.lit(0.0))).alias("crps_ratio"),
        "coverage_90",
        "brier",
    )
    baseline = lakehouse.read(gold.JOB_BASELINE).select(
        *key,
        F.col("center_seconds").alias("usual_seconds"),
        F.col("last_is_anomaly").alias("last_run_is_anomaly"),
    )
    size = lakehouse.read(gold.RIGHTSIZING).select(
        *key, "action", "workers", "recommended_workers", "saving_mid", "currency_code"
    )
    frame = (
        lakehouse.read(gold.JOB_FORECAST)
        .select(*key, F.col("status").alias("forecast_status"), "p_miss", "p95_seconds")
        .join(lakehouse.read(gold.JOBS).select(*key, "name", "team"), key, "left")
        .join(quality, "series_key", "left")
        .join(baseline, key, "left")
        .join(size, key, "left")
        .orderBy(F.col("p_miss").desc_nulls_last(), "series_key")
        .limit(MOST_JOBS)
        .select(
            "name",
            "p_miss",
            "usual_seconds",
            "p95_seconds",
            "last_run_is_anomaly",
            "action",
            "workers",
            "recommended_workers",
            F.col("saving_mid").alias("monthly_saving"),
            "currency_code",
            "scored_runs",
            "crps_ratio",
            "coverage_90",
            "brier",
            "forecast_status",
            "team",
            F.col("series_key").alias("job"),
        )
        .toPandas()
    )
    return frame.round({name: 1 if name.endswith("_seconds") else 4 for name in map(str, frame)})


def rarity(lakehouse: Lakehouse) -> pd.DataFrame:
    """How many of the latest runs were said to be so rare or rarer, by `level`: `slow` and `short` ones, as shares."""
    levels = [10.0**-exponent * digit for exponent in range(1, 5) for digit in (5, 2, 1)]
    runs = lakehouse.read(gold.RUN_BASELINE)
    [shares] = runs.agg(
        *(
            F.avg((F.col(p_value) <= level).cast("double"))
            for p_value in ("p_value", "p_value_short")
            for level in levels
        )
    ).collect()
    slow, short = shares[: len(levels)], shares[len(levels) :]
    return pd.DataFrame({"level": levels, "slow": slow, "short": short}, dtype=float)


def not_assessed(lakehouse: Lakehouse, night: Night) -> pd.DataFrame:
    """Jobs without an answer, by question and reason."""
    return (
        lakehouse.read(gold.NIGHT_ASSESSMENTS)
        .where(F.col("night_id") == night.night_id)
        .select("question", "status", "jobs", "reason")
        .orderBy("question", F.col("jobs").desc(), "reason")
        .toPandas()
    )


def tables(lakehouse: Lakehouse, night: Night) -> pd.DataFrame:
    """Each table of the night, what it came to first: its version, its rows where it is of Gold, what
    was read for it at which version, and what changed in it."""
    return pd.DataFrame([_table(lakehouse, report) for report in reversed(night.reports)])


def _table(lakehouse: Lakehouse, report: StepReport) -> dict[str, object]:
    is_counted = report.table.layer in _COUNTED
    read = (f"{name} at {version}" for name, version in sorted(report.versions_read.items()))
    return {
        "table": report.table.full_name,
        "stage": report.stage,
        "version": report.version,
        "rows": sum(lakehouse.partition_rows(report.table).values()) if is_counted else None,
        "inserted": report.inserted,
        "updated": report.updated,
        "deleted": report.deleted,
        "seconds": round(report.seconds, 3),
        "read": ", ".join(read),
    }
