"""The runs of many jobs as flat arrays with offsets, validated and put in order once.

Job j owns the positions offsets[j] : offsets[j + 1] (the layout of a sparse matrix in compressed
rows). Kernels walk these arrays; no code loops over a frame.

Decided here:
- Order is (job, start, run id, duration, outcome), so equal starts do not depend on arrival order.
- A run ended at start + duration, rounded up to the microsecond: never earlier than it did.
- A malformed frame (a missing column, naive times, ids that are not strings) is one ValueError that
  says what to do. A bad value (no duration, an infinite or negative one, an unknown status) is a
  property of one run: it stays in the panel with outcome LEFT_OUT, trains nothing and is counted.
  A run without a start has no place in time; it is counted and left out.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "CANCELLED",
    "FAILED",
    "LEFT_OUT",
    "NEVER_US",
    "OUTCOMES",
    "SUCCEEDED",
    "TIMEOUT",
    "UNKNOWN",
    "RunPanel",
]

LEFT_OUT: Final = 0
SUCCEEDED: Final = 1
TIMEOUT: Final = 2
CANCELLED: Final = 3
FAILED: Final = 4
UNKNOWN: Final = 5

OUTCOMES: Final[dict[str, int]] = {
    "SUCCEEDED": SUCCEEDED,
    "TIMEOUT": TIMEOUT,
    "CANCELLED": CANCELLED,
    "FAILED": FAILED,
    "UNKNOWN": UNKNOWN,
}

NEVER_US: Final = int(np.iinfo(np.int64).max)
"""The end of a run that has not ended: later than any origin."""

LONGEST_US: Final = 2.0**61
"""Durations beyond 70,000 years end here, so that adding a start cannot overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class RunPanel:
    """Runs of J jobs; R of them have a place in time. Build with `from_frame`."""

    job_ids: NDArray[np.object_]
    """(J,) every job id of the frame, sorted; also those without a usable run."""
    offsets: NDArray[np.int64]
    """(J + 1,) job j owns positions offsets[j] : offsets[j + 1] of the arrays below."""
    row: NDArray[np.int64]
    """(R,) row of the given frame."""
    run_id: NDArray[np.object_]
    """(R,) run id, '' where the frame has none."""
    start_us: NDArray[np.int64]
    """(R,) start, microseconds since 1970 UTC."""
    end_us: NDArray[np.int64]
    """(R,) start + duration; NEVER_US for runs left out."""
    duration_seconds: NDArray[np.float64]
    """(R,) duration of the attempt; NaN for runs left out."""
    value: NDArray[np.float64]
    """(R,) the column under study, the duration unless another was named; NaN where unusable."""
    outcome: NDArray[np.int8]
    """(R,) one of the outcome codes."""
    by_end: NDArray[np.int64]
    """(R,) positions of each job's runs in order of their end."""
    left_out: NDArray[np.int64]
    """(J,) runs of the job that train nothing because a value is missing or unusable."""
    rows: int
    """Length of the given frame."""

    @classmethod
    def from_frame(cls, runs: pd.DataFrame, *, value: str = "duration_seconds") -> "RunPanel":
        """Validate and order `runs` (job_id, run_id, start_time, duration_seconds, status).

        Other columns are ignored; the frame is not changed. Raises ValueError naming the column
        when the frame itself is malformed.
        """
        required = ("job_id", "run_id", "start_time", "duration_seconds", "status", value)
        missing = [name for name in dict.fromkeys(required) if name not in runs.columns]
        if missing:
            raise ValueError(f"runs lack the column(s) {', '.join(missing)}; add or rename them")

        job_code, job_ids = job_codes(runs["job_id"], "runs.job_id")
        run_id = _text(runs["run_id"], "runs.run_id")
        start_us, has_start = utc_microseconds(runs["start_time"], "runs.start_time")
        duration = numbers(runs["duration_seconds"], "runs.duration_seconds")
        studied = duration if value == "duration_seconds" else numbers(runs[value], f"runs.{value}")
        outcome = runs["status"].map(OUTCOMES).fillna(LEFT_OUT).astype(np.int8).to_numpy()

        usable = has_start & np.isfinite(duration) & (duration >= 0.0) & (outcome != LEFT_OUT)
        outcome = outcome * usable.astype(np.int8)  # LEFT_OUT is zero
        duration = np.where(usable, duration, np.nan)
        studied = np.where(usable & np.isfinite(studied) & (studied >= 0.0), studied, np.nan)
        length_us = np.minimum(np.ceil(np.where(usable, duration, 0.0) * 1e6), LONGEST_US)
        end_us = np.where(usable, start_us + length_us.astype(np.int64), NEVER_US)
        left_out = np.bincount(job_code[~usable], minlength=job_ids.size).astype(np.int64)

        order = _order(job_code, start_us, run_id, duration, outcome, studied, has_start)
        counts = np.bincount(job_code[order], minlength=job_ids.size)
        ordered_end = end_us[order]
        return cls(
            job_ids=job_ids,
            offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            row=order,
            run_id=run_id[order],
            start_us=start_us[order],
            end_us=ordered_end,
            duration_seconds=duration[order],
            value=studied[order],
            outcome=outcome[order],
            # A stable sort keeps the order above among equal ends.
            by_end=np.lexsort((ordered_end, job_code[order])).astype(np.int64),
            left_out=left_out,
            rows=len(runs),
        )

    def latest(self, runs: int, since_us: int = NEVER_US) -> "RunPanel":
        """The panel of the last `runs` runs of each job, and of all that started since `since_us`."""
        counts = np.diff(self.offsets)
        since = np.concatenate(([0], np.cumsum(self.start_us >= since_us)))
        counts = np.minimum(counts, np.maximum(np.diff(since[self.offsets]), runs))
        if counts.sum() == self.row.size:
            return self
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        earlier = self.offsets[1:] - offsets[1:]
        rows = np.arange(offsets[-1]) + np.repeat(earlier, counts)
        is_latest = np.zeros(self.row.size, dtype=np.bool_)
        is_latest[rows] = True
        by_end = self.by_end[is_latest[self.by_end]]
        return replace(
            self,
            offsets=offsets,
            row=self.row[rows],
            run_id=self.run_id[rows],
            start_us=self.start_us[rows],
            end_us=self.end_us[rows],
            duration_seconds=self.duration_seconds[rows],
            value=self.value[rows],
            outcome=self.outcome[rows],
            by_end=by_end - np.repeat(earlier, counts),
        )

    def of_jobs(self, jobs: slice) -> "RunPanel":
        """The panel of consecutive jobs; `row` still counts in the whole frame."""
        first, stop = self.offsets[jobs.start], self.offsets[jobs.stop]
        runs = slice(first, stop)
        return replace(
            self,
            job_ids=self.job_ids[jobs],
            offsets=self.offsets[jobs.start : jobs.stop + 1] - first,
            row=self.row[runs],
            run_id=self.run_id[runs],
            start_us=self.start_us[runs],
            end_us=self.end_us[runs],
            duration_seconds=self.duration_seconds[runs],
            value=self.value[runs],
            outcome=self.outcome[runs],
            by_end=self.by_end[runs] - first,
            left_out=self.left_out[jobs],
        )


def _order(
    job_code: NDArray[np.int64],
    start_us: NDArray[np.int64],
    run_id: NDArray[np.object_],
    duration: NDArray[np.float64],
    outcome: NDArray[np.int8],
    studied: NDArray[np.float64],
    has_start: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Rows with a start, ordered by job, start, run id and then by everything else that differs."""
    started = np.flatnonzero(has_start)
    order = started[np.lexsort((start_us[started], job_code[started]))]
    same = (np.diff(job_code[order]) == 0) & (np.diff(start_us[order]) == 0)
    if not same.any():
        return np.asarray(order, dtype=np.int64)
    # Sorting a million strings is slow and rarely needed: only runs that start together compare.
    tied = np.zeros(order.size, dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    rank = np.zeros(job_code.size, dtype=np.int64)
    rows = order[tied]
    rank[rows] = np.unique(run_id[rows].astype(str), return_inverse=True)[1]
    keys = (studied, outcome, duration, rank, start_us, job_code)
    return np.asarray(started[np.lexsort(tuple(key[started] for key in keys))], dtype=np.int64)


def job_codes(column: pd.Series, name: str) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Number the distinct ids of a column by their sorted order: codes (n,), ids (J,)."""
    if column.isna().any():
        raise ValueError(f"{name} has missing ids; drop those rows or give them an id")
    text = _text(column, name)
    codes, ids = pd.factorize(text, sort=True)
    return codes.astype(np.int64), np.asarray(ids, dtype=object)


def _text(column: pd.Series, name: str) -> NDArray[np.object_]:
    """The strings of a column, '' where missing."""
    if len(column) and pd.api.types.infer_dtype(column, skipna=True) not in ("string", "empty"):
        raise ValueError(f"{name} must hold strings, got {column.dtype}; convert with astype(str)")
    filled: NDArray[np.object_] = column.astype(object).where(column.notna(), "").to_numpy()
    return filled


def utc_microseconds(column: pd.Series, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since 1970 UTC (0 where missing) and which rows have a time."""
    present = column.notna().to_numpy(dtype=bool)
    if not present.any():
        return np.zeros(len(column), dtype=np.int64), present
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        raise ValueError(
            f"{name} must be timezone-aware UTC, got {column.dtype}; "
            "use tz_localize('UTC') if the values are UTC already"
        )
    micro = column.dt.tz_convert("UTC").dt.as_unit("us").astype("int64").to_numpy()
    return np.where(present, micro, 0), present


def numbers(column: pd.Series, name: str) -> NDArray[np.float64]:
    """A column as float64, NaN where missing; a copy."""
    try:
        return pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers, got {column.dtype}") from None
