"""How often a failed attempt is tried again, and how long that takes to begin.

What is known is of runs: one whose first attempt failed and that got another was tried again, by a
retry or a repair. A job's own runs of 30 days speak, and the fleet's where it has few.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.quantile import LEVELS
from optimizer.schedule import delay_quantiles

__all__ = ["Retries", "retries_of_the_fleet", "retry_habits", "with_retries"]

_PRIOR_FAILURES: Final = 5.0
"""Failed runs that the fleet's habit counts for."""


def with_retries(runs: DataFrame) -> DataFrame:
    """Runs, with whether the first attempt failed, whether there was another, and after how long."""
    is_retried = F.col("attempts") > 1
    gave_up = ~is_retried & F.col("status").isin("FAILED", "TIMEOUT") & ~F.col("never_started")
    return (
        runs.withColumn("is_retried", is_retried.cast("int"))
        .withColumn("is_failed_first", (is_retried | gave_up).cast("int"))
        .withColumn(
            "wait_seconds",
            F.when(
                F.col("attempts") == 2,
                F.greatest(F.col("wall_seconds") - F.col("busy_seconds"), F.lit(0.0)),
            ),
        )
    )


@dataclass(frozen=True, slots=True)
class Retries:
    """How the fleet tries again: the share of failed runs that it does, and the wait before it."""

    share: float
    wait_seconds: tuple[float, ...]
    """35 quantiles at `optimizer.quantile.LEVELS`."""


def retries_of_the_fleet(runs: DataFrame) -> Retries:
    """Over all runs given; nobody tries again where no run shows it."""
    levels = F.array(*(F.lit(float(level)) for level in LEVELS))
    row = (
        with_retries(runs)
        .agg(
            F.sum("is_failed_first").alias("failed"),
            F.sum("is_retried").alias("retried"),
            F.percentile("wait_seconds", levels).alias("waits"),
        )
        .collect()[0]
    )
    failed = int(row["failed"] or 0)
    waits = row["waits"] if row["waits"] is not None and len(row["waits"]) else [0.0] * LEVELS.size
    return Retries(int(row["retried"] or 0) / failed if failed else 0.0, tuple(waits))


def retry_habits(
    rows: pd.DataFrame, fleet: Retries
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each row's job: P(a failed attempt is tried again), (n,), and the wait's quantiles (n, 35).

    Columns: failed_first, retried, waits.
    """
    failed, retried = (
        rows[name].astype("float64").to_numpy() for name in ("failed_first", "retried")
    )
    again = (retried + _PRIOR_FAILURES * fleet.share) / (failed + _PRIOR_FAILURES)
    sizes = rows["waits"].map(len).to_numpy()
    values = np.concatenate([np.empty(0), *(np.asarray(waits) for waits in rows["waits"])])
    waits = delay_quantiles(values, np.repeat(np.arange(len(rows)), sizes), len(rows))
    return np.clip(again, 0.0, 1.0), np.where(np.isnan(waits), np.array(fleet.wait_seconds), waits)
