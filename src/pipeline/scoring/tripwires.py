"""How long a run of each job may take before somebody should be told while it still runs.

People set these times on their jobs, so a time stays until it is off by more than a tenth, or what it
stands on has become another.
"""

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import Distribution, p_told_in_vain, tripwire_seconds
from optimizer.quantile import LEVELS
from pipeline.scoring.buckets import score_by_job
from pipeline.steps.kinds import Continued
from pipeline.tables import gold

_JOB = ["workspace_id", "series_key"]
_BOUNDS: Final = {1: 0.5, 2: 0.8}
_BOUND_OF_THE_REST: Final = 0.9
_MOVES_BY: Final = 0.1
_LONGEST_SECONDS: Final = 7 * 86_400
"""Serverless ends a run after as long."""
_SCHEMA = (
    "job_id string, status string, reason string, basis string, bound double, allowed_seconds double,"
    " threshold_seconds bigint, false_alarms double, is_kept boolean"
)


def tripwires(
    jobs: DataFrame,
    states: DataFrame,
    run_forecast: DataFrame,
    regimes: DataFrame,
    previous: DataFrame,
    *,
    as_of: datetime,
) -> DataFrame:
    """gold.tripwires from gold.jobs, model.duration_states, gold.run_forecast and gold.job_regimes, and
    what was `previous` to this night."""
    allowed = run_forecast.groupBy(*_JOB).agg(F.min("allowed_seconds").alias("least_allowed"))
    levels = (
        regimes.where("metric = 'duration_seconds'")
        .groupBy(*_JOB)
        .agg(F.max("from_at").alias("regime_from_at"))
    )
    learned = states.select(
        F.col("job_id").alias("series_key"), "status", "reason", "quantile_seconds"
    )
    before = previous.select(
        *_JOB,
        *(
            F.col(name).alias(f"last_{name}")
            for name in ("basis", "bound", "threshold_seconds", "since_at", "regime_from_at")
        ),
    )
    inputs = (
        jobs.join(learned, "series_key", "left")
        .join(allowed, _JOB, "left")
        .join(levels, _JOB, "left")
        .join(before, _JOB, "left")
        .withColumn(
            "obstacle",
            F.when(F.col("is_continuous"), F.lit("a continuous job runs without end"))
            .when(F.col("state") == "deleted", F.lit("the job is deleted"))
            .when(
                F.col("job_id").isNull(), F.lit("runs that are submitted have no job to set it on")
            )
            .when(
                F.col("sla_source") == "health_rule",
                F.lit("its SLA is its own health rule, of which people are told as it is"),
            )
            .when(F.col("status").isNull(), F.lit("not seen by the last fit"))
            .when(
                (F.col("sla_kind") == "deadline") & F.col("least_allowed").isNull(),
                F.lit("no run is expected that would show what its deadline leaves one"),
            ),
        )
        .withColumn(
            "is_same_level", F.col("regime_from_at").eqNullSafe(F.col("last_regime_from_at"))
        )
    )
    answered = score_by_job(
        inputs.select(
            F.col("series_key").alias("job_id"),
            F.coalesce("status", F.lit("not_assessed")).alias("status"),
            F.coalesce("reason", F.lit("")).alias("reason"),
            "obstacle",
            "quantile_seconds",
            F.when(
                F.col("sla_kind").isNotNull(), F.coalesce("sla_limit_seconds", "least_allowed")
            ).alias("allowed_seconds"),
            "tier",
            F.when(F.col("is_same_level"), F.col("last_threshold_seconds"))
            .cast("double")
            .alias("last_seconds"),
            "last_basis",
            "last_bound",
        ),
        _wires,
        _SCHEMA,
        counted=jobs,
    ).withColumnRenamed("job_id", "series_key")
    since = F.when(F.col("is_kept"), F.col("last_since_at")).otherwise(F.lit(as_of))
    return (
        inputs.select(*_JOB, "regime_from_at", "last_since_at")
        .join(answered, "series_key")
        .withColumn("since_at", F.when(F.col("threshold_seconds").isNotNull(), since))
        .select(*gold.TRIPWIRES.column_names)
    )


def _wires(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a job; `is_kept` where the time is that of the night before."""
    curves = _curves(rows)
    allowed = rows["allowed_seconds"].astype("float64").to_numpy()
    # A schedule may start a run when it is due: that leaves it nothing.
    limit = np.where(np.isnan(allowed), np.nan, np.maximum(allowed, 1.0))
    bound = rows["tier"].map(_BOUNDS).astype("float64").fillna(_BOUND_OF_THE_REST).to_numpy()
    new = tripwire_seconds(curves, limit, bound)
    basis = np.where(np.isnan(limit), "usual", "sla")
    last = rows["last_seconds"].astype("float64").to_numpy()
    is_kept = (
        (np.abs(new - last) <= _MOVES_BY * last)
        & (rows["last_basis"].to_numpy() == basis)
        & ((basis == "usual") | (rows["last_bound"].astype("float64").to_numpy() == bound))
        & ~(last > np.maximum(limit, new))
    )
    seconds = np.where(is_kept, last, new)
    in_vain = p_told_in_vain(curves, seconds, limit)
    status, reason = _answered(rows, new)
    is_ok = status == "ok"
    shown_basis = basis.astype(object)
    shown_basis[~is_ok] = None
    return pd.DataFrame(
        {
            "job_id": rows["job_id"].to_numpy(),
            "status": status,
            "reason": reason,
            "basis": shown_basis,
            "bound": np.where(is_ok & (basis == "sla"), bound, np.nan),
            "allowed_seconds": np.where(is_ok, allowed, np.nan),
            "threshold_seconds": pd.Series(np.where(is_ok, seconds, np.nan)).astype("Int64"),
            "false_alarms": np.where(is_ok, 1000.0 * in_vain, np.nan),
            "is_kept": is_kept & is_ok,
        }
    )


def _answered(
    rows: pd.DataFrame, seconds: NDArray[np.float64]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Status and reason of each job."""
    status = rows["status"].to_numpy(dtype=object)
    reason = rows["reason"].to_numpy(dtype=object)
    is_endless = seconds > _LONGEST_SECONDS
    status = np.where(is_endless, "degenerate", status)
    reason = np.where(is_endless, "its runs differ so much that no time is too long", reason)
    is_hindered = rows["obstacle"].notna().to_numpy()
    status = np.where(is_hindered, "not_assessed", status)
    return status, np.where(is_hindered, rows["obstacle"].to_numpy(dtype=object), reason)


def _curves(rows: pd.DataFrame) -> Distribution:
    """NaN rows for jobs of which nothing was learned."""
    none = np.full(LEVELS.size, np.nan)
    quantiles = [
        none if value is None else np.asarray(value, dtype=np.float64)
        for value in rows["quantile_seconds"]
    ]
    return Distribution.from_seconds(np.array(quantiles).reshape(len(rows), LEVELS.size))


STEPS = (
    Continued(
        name="tripwires",
        run=tripwires,
        reads=(gold.JOBS, gold.DURATION_STATES, gold.RUN_FORECAST, gold.JOB_REGIMES),
        reads_previous=(gold.TRIPWIRES,),
        writes=gold.TRIPWIRES,
        remembers=("threshold_seconds", "false_alarms", "since_at"),
    ),
)
