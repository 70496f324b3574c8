"""Which runs began on a holiday, and which in a freeze or a backfill, by the clock of their own job."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.steps.given import LeftOut

__all__ = ["with_calendar"]


def with_calendar(
    runs: pd.DataFrame, holidays: Sequence[date], left_out: Sequence[LeftOut]
) -> pd.DataFrame:
    """`runs` with `is_holiday` and `is_left_out`, by the local date of `start_time` (UTC) in `timezone`.

    A zone that is not known counts as UTC.
    """
    if not holidays and not left_out:
        return runs.assign(is_holiday=False, is_left_out=False)
    days = _local_dates(runs)
    is_left_out = np.zeros(len(runs), dtype=bool)
    for window in left_out:
        first, last = np.datetime64(window.first_day), np.datetime64(window.last_day)
        is_inside = (days >= first) & (days <= last)
        if window.jobs:
            is_inside &= runs["job_id"].isin(window.jobs).to_numpy()
        is_left_out |= is_inside
    is_holiday = np.isin(days, np.asarray(holidays, dtype="datetime64[D]"))
    return runs.assign(is_holiday=is_holiday, is_left_out=is_left_out)


def _local_dates(runs: pd.DataFrame) -> NDArray[np.datetime64]:
    """The date that clocks of each run's job show when it starts."""
    days: NDArray[np.datetime64] = (
        runs["start_time"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    )
    for zone, starts in runs["start_time"].groupby(runs["timezone"]):
        try:
            local = starts.dt.tz_convert(str(zone))
        except (KeyError, ValueError):
            continue
        days[runs.index.get_indexer(starts.index)] = (
            local.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
        )
    return days
