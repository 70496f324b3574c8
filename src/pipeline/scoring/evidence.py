"""Why a job is flagged in a night: its strange runs and counts, in words, and how sure one is of them."""

from collections.abc import Hashable, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from optimizer.microseconds import DAY_US
from pipeline.decisions.marks import EXPECTED
from pipeline.scoring.buckets import without_nan
from pipeline.scoring.night_times import COST_METRICS, micros, night_of_score
from pipeline.scoring.severity import direction, severity
from pipeline.steps.kinds import Whole
from pipeline.tables import gold

_EVIDENCE_ALPHA: Final = 0.001
"""A run of a flagged job is named from this on, and the strangest in any case."""
_LEAST_WINDOW: Final = 30
"""Runs below which what is usual is not well known."""
_AMONG: Final = {
    "failures": "runs",
    "second_attempts": "runs",
    "missing_runs": "expected_runs",
    "restarts": "restarts",
    "uptime_share": "uptime_share",
}
"""What each count is counted among."""
_OF_RUNS_ONLY: Final = (
    *("timezone", "is_too_short", "started_us", "ended_us", "center", "usual_low", "usual_high"),
    *("excess", "window_runs"),
)
_ANOMALY_SCHEMA = (
    "series_key string, night bigint, run_id string, attempt int, metric string, started_us bigint,"
    " value double, center double, usual_low double, usual_high double, ratio double, direction string,"
    " p_value double, severity string, confidence string, confidence_reason string,"
    " is_alertable boolean, excess double"
)


def run_anomalies(
    jobs: DataFrame,
    scores: DataFrame,
    nights: DataFrame,
    *,
    as_of: datetime,
    last_cost_day: date | None,
    alert_floor_minutes: float,
    alert_floor_cost: float,
) -> DataFrame:
    """gold.run_anomalies from gold.jobs, model.run_scores and gold.job_nights: why jobs are flagged."""
    night_us = F.unix_micros("night_at")
    flagged = nights.where("is_flagged").withColumn(
        "night", F.floor((F.lit(micros(as_of)) - night_us) / DAY_US).cast("bigint")
    )
    of_runs = (
        scores.where(F.coalesce(F.col("mark") != EXPECTED, F.lit(True)))
        .withColumn("night", night_of_score(as_of, last_cost_day))
        .join(flagged.select("series_key", "night"), ["series_key", "night"])
        .join(jobs.select("series_key", "timezone"), "series_key")
        .withColumn(
            "is_too_short",
            (F.col("metric") == "duration_seconds") & (F.col("p_value_short") < F.col("p_value")),
        )
        .select(
            *("series_key", "night", "run_id", "attempt", "metric", "timezone", "is_too_short"),
            F.unix_micros("started_at").alias("started_us"),
            F.unix_micros("ended_at").alias("ended_us"),
            *("value", "center", "usual_low", "usual_high", "excess", "window_runs"),
            F.when(F.col("is_too_short"), F.col("p_value_short"))
            .otherwise(F.col("p_value"))
            .alias("p_value"),
            F.lit(None).cast("double").alias("among"),
        )
    )
    of_counts = flagged.select(
        "series_key",
        "night",
        F.explode(
            F.array(
                *(
                    F.struct(
                        F.lit(count).alias("metric"),
                        F.col(count).cast("double").alias("value"),
                        F.col(among).cast("double").alias("among"),
                        F.col(f"p_{count}").alias("p_value"),
                    )
                    for count, among in _AMONG.items()
                )
            )
        ).alias("count"),
    ).select(
        "series_key",
        "night",
        *(F.col("count")[name].alias(name) for name in ("metric", "value", "among", "p_value")),
        F.lit("").alias("run_id"),
        F.lit(0).alias("attempt"),
        *(F.lit(None).cast(of_runs.schema[name].dataType).alias(name) for name in _OF_RUNS_ONLY),
    )
    strangest_first = Window.partitionBy("series_key", "night").orderBy(
        "p_value", "metric", "run_id", "attempt"
    )
    evidence = (
        of_runs.unionByName(of_counts)
        .where("p_value IS NOT NULL")
        .withColumn("place", F.row_number().over(strangest_first))
        .where((F.col("place") == 1) | (F.col("p_value") <= _EVIDENCE_ALPHA))
        .drop("place")
    )
    billed_us = None if last_cost_day is None else int(pd.Timestamp(last_cost_day).value) // 1000

    def described(rows: pd.DataFrame) -> pd.DataFrame:
        return _described(rows, billed_us, 60.0 * alert_floor_minutes, alert_floor_cost)

    flags = evidence.groupBy("night").applyInPandas(described, _ANOMALY_SCHEMA)
    return flags.withColumns(
        {
            "workspace_id": F.substring_index("series_key", "/", 1),
            "night_at": F.timestamp_micros(F.lit(micros(as_of)) - F.col("night") * DAY_US),
            "started_at": F.timestamp_micros("started_us"),
        }
    ).select(*gold.RUN_ANOMALIES.column_names)


def _described(
    rows: pd.DataFrame, last_billed_us: int | None, floor_seconds: float, floor_cost: float
) -> pd.DataFrame:
    """Evidence in words. Row by row: these are the few that a night flags."""
    is_short = rows["is_too_short"].eq(True)
    usual = rows["center"].where(rows["center"].notna(), rows["among"])
    is_count = rows["metric"].isin(gold.COUNTS)
    is_cost = rows["metric"].isin(COST_METRICS)
    hours = np.where(rows["metric"] == "hourly_list_cost", 24.0, 1.0)
    floor = np.where(is_cost, floor_cost, floor_seconds)
    reasons = [_doubt(row, last_billed_us) for row in rows.to_dict("records")]
    out = rows.assign(
        ratio=rows["value"] / rows["center"].where(rows["center"] > 0),
        direction=[
            direction(metric, is_short=short)
            for metric, short in zip(rows["metric"], is_short, strict=True)
        ],
        severity=[
            severity(metric, value, None if pd.isna(middle) else middle, weekday, p_value)
            for metric, value, middle, weekday, p_value in zip(
                rows["metric"], rows["value"], usual, _weekdays(rows), rows["p_value"], strict=True
            )
        ],
        confidence=["low" if reason else "high" for reason in reasons],
        confidence_reason=reasons,
        is_alertable=is_count | (rows["excess"].abs() * hours >= floor),
    )
    return without_nan(out[[part.split()[0] for part in _ANOMALY_SCHEMA.split(", ")]])


def _weekdays(rows: pd.DataFrame) -> list[str | None]:
    """On which day of the week each run began by its job's clock; None for a count."""
    days: list[str | None] = []
    for started_us, zone in zip(rows["started_us"], rows["timezone"], strict=True):
        if pd.isna(started_us):
            days.append(None)
            continue
        at = pd.Timestamp(int(started_us), unit="us", tz="UTC")
        with suppress(KeyError, ValueError, TypeError):  # No zone, or none that is known: UTC.
            at = at.tz_convert(zone)
        days.append(at.day_name())
    return days


def _doubt(row: Mapping[Hashable, Any], last_billed_us: int | None) -> str:
    """Why one is not sure of it; empty where one is."""
    if row["metric"] in gold.COUNTS:
        is_late = row["metric"] in ("missing_runs", "uptime_share") and row["night"] == 0
        return "rows of the last night may still arrive" if is_late else ""
    if row["window_runs"] < _LEAST_WINDOW:
        return f"it was compared with {row['window_runs']:.0f} runs only"
    is_newest = row["metric"] in COST_METRICS and row["ended_us"] >= (last_billed_us or 0)
    return "corrections of its last day's costs may still arrive" if is_newest else ""


STEPS = (
    Whole(
        name="run_anomalies",
        run=run_anomalies,
        reads=(gold.JOBS, gold.RUN_SCORES, gold.JOB_NIGHTS),
        writes=gold.RUN_ANOMALIES,
    ),
)
