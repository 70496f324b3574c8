"""Runs that did not come: of a week's starts that schedules and rhythms let expect, those that nothing began at.

What is expected of the last seven nights is what `optimizer.schedule` said before them, of the schedules as
they are now. A run belongs to the expected start that begins the gap it falls in, up to half a gap early: one that
is late has come. One that has not come two hours later is missing.
"""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.microseconds import DAY_US
from optimizer.schedule import LEARNED_DAYS, next_starts
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.firing import SCHEDULE, Fired, firings

__all__ = ["missing_runs"]

_JOB = ["workspace_id", "series_key"]
_DAYS: Final = 7
_GRACE_US: Final = 2 * 3_600_000_000
_MOST_EARLY_US: Final = DAY_US // 2
_SCHEMA = (
    "job_id string, status string, reason string, expected array<bigint>, missing array<bigint>"
)


def missing_runs(
    jobs: DataFrame, runs: DataFrame, task_runs: DataFrame, *, as_of: datetime
) -> DataFrame:
    """Of each job and `night` (0 is the last) in which starts were expected: `expected_runs` and `missing_runs`."""
    begin = as_of - timedelta(days=_DAYS)
    before = runs.where(F.col("started_at") < F.lit(begin))
    start_us = F.unix_micros("started_at")
    is_learned = (F.col("started_at") < F.lit(begin)) & ~F.col("never_started")
    starts = (
        runs.where(F.col("started_at") >= F.lit(begin - timedelta(days=LEARNED_DAYS)))
        .groupBy(*_JOB)
        .agg(
            F.collect_list(F.when(is_learned, start_us)).alias("starts"),
            F.collect_list(F.when(is_learned & (F.col("trigger_type") == "CRON"), start_us)).alias(
                "cron_starts"
            ),
            F.collect_list(F.when(F.col("started_at") >= F.lit(begin), start_us)).alias("recent"),
        )
    )
    rows = (
        jobs.join(starts, _JOB)
        .join(firings(before, task_runs, jobs, as_of=begin), _JOB, "left")
        .select(
            F.col("series_key").alias("job_id"),
            *SCHEDULE,
            *(f"upstream_{name}" for name in SCHEDULE),
            F.coalesce("fired", F.array().cast("array<array<bigint>>")).alias("fired"),
            "starts",
            "cron_starts",
            "recent",
        )
    )
    learned_from, now = pd.Timestamp(begin), pd.Timestamp(as_of)
    counted = score_by_job(
        rows, lambda rows: _counted(rows, learned_from, now), _SCHEMA, counted=jobs
    )
    return (
        counted.select(
            F.col("job_id").alias("series_key"),
            F.posexplode(F.arrays_zip("expected", "missing")).alias("night", "runs"),
        )
        .select(
            "series_key",
            F.col("night").cast("bigint").alias("night"),
            F.col("runs")["expected"].alias("expected_runs"),
            F.col("runs")["missing"].alias("missing_runs"),
        )
        .where("expected_runs > 0")
    )


def _early_us(job: NDArray[np.int64], at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """How much before each expected start a run may begin that belongs to it: half the shorter gap to a
    neighbour of its job."""
    gap = np.diff(at_us, prepend=0, append=0)
    is_other = np.diff(job, prepend=-1, append=-1) != 0
    gap = np.where(is_other, 2 * _MOST_EARLY_US, gap)
    return np.asarray(np.minimum(np.minimum(gap[:-1], gap[1:]) // 2, _MOST_EARLY_US))


def _counted(rows: pd.DataFrame, begin: pd.Timestamp, now: pd.Timestamp) -> pd.DataFrame:
    """One row a job: starts expected and missing in each night, the last first."""
    rows = rows.reset_index(drop=True)
    fired = Fired.of(rows, begin)
    starts = next_starts(fired.clocks(rows), begin, fired.after_us)
    begin_us, now_us = (int(at.value) // 1000 for at in (begin, now))
    is_scheduled = (starts.basis != "gaps")[starts.job] & (starts.at_us + _GRACE_US <= now_us)
    job, at_us = starts.job[is_scheduled], starts.at_us[is_scheduled]
    recent = [np.asarray(times, dtype=np.int64) for times in rows["recent"]]
    own_job = np.repeat(np.arange(len(rows)), [times.size for times in recent])
    own_us = np.concatenate([np.empty(0, dtype=np.int64), *recent])
    # Jobs one after another on one line of time, so that one search serves all.
    stride = (_DAYS + 2) * DAY_US
    expected = job * stride + at_us - begin_us - _early_us(job, at_us)
    began = np.sort(own_job * stride + own_us - begin_us)
    nearest = np.searchsorted(expected, began, side="right") - 1
    has_come = np.zeros(expected.size, dtype=bool)
    of_a_slot = nearest >= 0
    same_job = job[nearest[of_a_slot]] == began[of_a_slot] // stride if job.size else []
    has_come[nearest[of_a_slot][np.asarray(same_job, dtype=bool)]] = True
    cell = job * _DAYS + np.minimum((now_us - at_us) // DAY_US, _DAYS - 1)

    def by_night(cells: NDArray[np.int64]) -> list[list[int]]:
        counts = np.bincount(cells, minlength=len(rows) * _DAYS)
        return list(counts.reshape(len(rows), _DAYS).tolist())

    return pd.DataFrame(
        {
            "job_id": rows["job_id"],
            "status": "ok",
            "reason": "",
            "expected": by_night(cell),
            "missing": by_night(cell[~has_come]),
        }
    )
