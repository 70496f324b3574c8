"""When a job's first run of a day starts: quantiles of the time of day over recent days.

    Q(p) = order statistic number p (n + 1) of n days, linear between its neighbours

which is Hyndman and Fan's type 6 (numpy's "weibull"), the one whose levels are right for the next
exchangeable value. Decided here: the day is the UTC day; only its first run counts, since later ones
are usually repairs or the job's own repetitions; beyond the extremes the extreme is held.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.panel import RunPanel, utc_microseconds
from optimizer.quantile import LEVELS
from optimizer.result import Status, require_one_row_per_job
from optimizer.weights import DAY_US

__all__ = ["order_statistics", "start_of_day"]


def start_of_day(
    runs: pd.DataFrame, *, as_of: pd.Timestamp, days: int = 28, min_days: int = 5
) -> pd.DataFrame:
    """Starts within the last `days` days before `as_of`: one row per job, sorted by job id.

    Columns: job_id, status, reason, days (with a run), start_delay_seconds (list of 35 quantiles of
    seconds after midnight UTC at `optimizer.quantile.LEVELS`, None with fewer than `min_days` days).
    Raises ValueError for a malformed frame or a naive `as_of`.
    """
    panel = RunPanel.from_frame(runs)
    until_us = int(utc_microseconds(pd.Series([as_of]), "as_of")[0][0])
    recent = (panel.start_us < until_us) & (panel.start_us >= until_us - days * DAY_US)
    job = np.repeat(np.arange(panel.job_ids.size), np.diff(panel.offsets))[recent]
    start = panel.start_us[recent]
    day = start // DAY_US
    first = (np.diff(job, prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0)
    job, seconds = job[first], (start[first] - day[first] * DAY_US) / 1e6
    seconds = seconds[np.lexsort((seconds, job))]
    count = np.bincount(job, minlength=panel.job_ids.size)
    enough = count >= min_days

    quantiles = np.full(panel.job_ids.size, None, dtype=object)
    values = order_statistics(seconds[enough[np.sort(job)]], count[enough])
    for k, row in zip(np.flatnonzero(enough), values.tolist(), strict=True):
        quantiles[k] = row
    reason = np.full(panel.job_ids.size, None, dtype=object)
    words = count[~enough].astype(str).astype(object)
    reason[~enough] = words + f" of {days} days had a run; {min_days} are needed"
    frame = pd.DataFrame(
        {
            "job_id": panel.job_ids,
            "status": np.where(enough, Status.OK.value, Status.TOO_FEW_RUNS.value),
            "reason": reason,
            "days": count,
            "start_delay_seconds": quantiles,
        }
    )
    return require_one_row_per_job(frame, list(panel.job_ids))


def order_statistics(values: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Q at LEVELS of consecutive groups of ascending values, `count` >= 1 in each: (groups, 35)."""
    last = count[:, None] - 1
    rank = np.clip(LEVELS * (count[:, None] + 1) - 1, 0, last)
    low = np.floor(rank).astype(np.int64)
    begin = (np.cumsum(count) - count)[:, None]
    below = values[begin + low]
    above = values[begin + np.minimum(low + 1, last)]
    return np.asarray(below + (rank - low) * (above - below), dtype=np.float64)
