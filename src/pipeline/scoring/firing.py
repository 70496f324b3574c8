"""Which job starts which, and how long after its own start.

A run that a Run Job task has fired names that task's run, which belongs to a run of the other job. A
job is said to be started by another when at least five of its starts in 28 days, and four fifths of
all, came from there. It then starts

    start of the other + the time until the task fires it + its own wait

The time until it fires is what the tasks before it take, so it is forecast as durations are: it
follows a level that shifts. A run is due by when it usually starts, 28 days' median after the
other: one that has begun to come late is late for the day it was meant for. Jobs that merely start after others end are not taken for started by
them: in a large account something has always just ended.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast import fit
from optimizer.quantile import LEVELS
from optimizer.schedule import LEARNED_DAYS, Starts, delay_quantiles, summed_quantiles

__all__ = ["SCHEDULE", "Fired", "firings"]

SCHEDULE: Final = ("state", "is_continuous", "cron", "timezone", "periodic_seconds")
"""Columns of gold.jobs that say when a job starts."""
_LEAST: Final = 5
_SHARE: Final = 0.8
_LEAST_SECONDS: Final = 1.0
_MEDIAN: Final = int(np.flatnonzero(LEVELS == 0.5)[0])


def firings(
    runs: DataFrame, task_runs: DataFrame, jobs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """Of each pair of jobs: `fired`, for each run of the first that a task of the other has fired,
    the microseconds of the other's start, of that task's and of its own; and the other's schedule.

    At most one other of each job: nearly all its starts come from there.
    """
    since = F.lit(as_of - timedelta(days=LEARNED_DAYS))
    began = runs.where(~F.col("never_started") & (F.col("started_at") >= since))
    tasks = task_runs.select(
        "workspace_id",
        F.col("task_run_id").alias("source_task_run_id"),
        F.col("run_id").alias("upstream_run_id"),
        F.unix_micros("started_at").alias("fires_us"),
    )
    others = runs.select(
        "workspace_id",
        F.col("run_id").alias("upstream_run_id"),
        F.col("series_key").alias("upstream_series_key"),
        F.unix_micros("started_at").alias("upstream_us"),
    )
    schedules = jobs.select(
        "workspace_id",
        F.col("series_key").alias("upstream_series_key"),
        *(F.col(name).alias(f"upstream_{name}") for name in SCHEDULE),
    )
    all_starts = began.groupBy("workspace_id", "series_key").agg(F.count("*").alias("starts"))
    return (
        began.where("source_task_run_id IS NOT NULL")
        .select(
            "workspace_id",
            "series_key",
            "source_task_run_id",
            F.unix_micros("started_at").alias("own_us"),
        )
        .join(tasks, ["workspace_id", "source_task_run_id"])
        .join(others, ["workspace_id", "upstream_run_id"])
        .where("upstream_series_key <> series_key")
        .groupBy("workspace_id", "series_key", "upstream_series_key")
        .agg(F.collect_list(F.array("upstream_us", "fires_us", "own_us")).alias("fired"))
        .where(F.size("fired") >= _LEAST)
        .join(all_starts, ["workspace_id", "series_key"])
        .where(F.size("fired") >= _SHARE * F.col("starts"))
        .drop("starts")
        .join(schedules, ["workspace_id", "upstream_series_key"])
    )


@dataclass(frozen=True, slots=True, eq=False)
class Fired:
    """How J jobs are started by others; those without another (`is_fired` False) at once."""

    is_fired: NDArray[np.bool_]
    """(J,)"""
    after_us: NDArray[np.int64]
    """(J,) from the other's start to the task that starts this one, as it has usually been."""
    until_seconds: NDArray[np.float64]
    """(J, 35) quantiles at LEVELS of what that time will be, less what it has usually been."""
    wait_seconds: NDArray[np.float64]
    """(J, 35) quantiles of the time from there to its own start."""

    @classmethod
    def of(cls, jobs: pd.DataFrame, as_of: pd.Timestamp) -> "Fired":
        """From `jobs`, one row each: job_id, and `fired` of `firings`, empty where none starts it.

        A job whose time until it is fired cannot be forecast yet counts as started by none.
        """
        size = len(jobs)
        # In order: an engine lists them as they come.
        rows = [
            np.asarray(sorted(map(tuple, pairs)), dtype=np.int64).reshape(-1, 3)
            for pairs in jobs["fired"]
        ]
        of = np.repeat(np.arange(size), [len(pairs) for pairs in rows])
        every = np.concatenate([np.empty((0, 3), dtype=np.int64), *rows])
        none = np.zeros((size, LEVELS.size))
        if not len(every):
            return cls(none[:, 0] > 0, np.zeros(size, dtype=np.int64), none, none)
        upstream, fires, own = every.T
        lasted = pd.DataFrame(
            {
                "job_id": jobs["job_id"].to_numpy()[of],
                "run_id": np.arange(of.size).astype(str),
                "start_time": pd.to_datetime(upstream, unit="us", utc=True),
                "duration_seconds": np.maximum((fires - upstream) / 1e6, _LEAST_SECONDS),
                "status": "SUCCEEDED",
            }
        )
        usual = delay_quantiles((fires - upstream) / 1e6, of, size, least=_LEAST)[:, _MEDIAN]
        whenever = jobs[["job_id"]].assign(start_time=pd.Series(pd.NaT, index=jobs.index))
        until = fit(lasted, as_of=as_of, origin="nightly").predict(whenever).quantile(LEVELS)
        is_fired = ~np.isnan(usual) & ~np.isnan(until[:, _MEDIAN])
        wait = delay_quantiles(np.maximum((own - fires) / 1e6, 0.0), of, size, least=_LEAST)
        return cls(
            is_fired,
            np.round(np.where(is_fired, usual, 0.0) * 1e6).astype(np.int64),
            np.where(is_fired[:, None], until - usual[:, None], 0.0),
            np.where(is_fired[:, None], wait, 0.0),
        )

    def clocks(self, jobs: pd.DataFrame) -> pd.DataFrame:
        """`jobs` with the schedule, and the starts, of the job that starts each."""
        clocks = jobs.copy()
        fired = self.is_fired & (jobs["state"] != "deleted").to_numpy()
        for name in SCHEDULE:
            own, theirs = (jobs[column].to_numpy(object) for column in (name, f"upstream_{name}"))
            clocks[name] = np.where(fired, theirs, own)
        given = [
            np.unique([row[0] for row in rows]) if here else starts
            for here, rows, starts in zip(fired, jobs["fired"], jobs["starts"], strict=True)
        ]
        clocks["starts"] = pd.Series(given, index=jobs.index, dtype=object)
        clocks["cron_starts"] = pd.Series(
            [
                theirs if here else starts
                for here, theirs, starts in zip(fired, given, jobs["cron_starts"], strict=True)
            ],
            index=jobs.index,
            dtype=object,
        )
        return clocks

    def delays(self, starts: Starts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Quantiles (J, 35) of how late jobs are started, and of how late they start then.

        What a job without a schedule is spread over is no delay.
        """
        own = np.where((starts.basis == "gaps")[:, None], 0.0, starts.delay_seconds)
        upstream = np.zeros_like(own)
        fired = np.flatnonzero(self.is_fired)
        upstream[fired] = summed_quantiles(own[fired], self.until_seconds[fired])
        own[fired] = self.wait_seconds[fired]
        return upstream, own
