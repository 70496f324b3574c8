"""Runs of jobs as frames: drawn by hypothesis with everything that goes wrong, or simulated."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

STATUSES = ("SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "UNKNOWN", "TIMEOUT", "CANCELLED", "FAILED")
BAD_STATUSES = ("SKIPPED", "BLOCKED", "", None)
BAD_SECONDS = (float("nan"), float("inf"), -1.0)
EPOCH = pd.Timestamp("2026-03-23", tz="UTC")


def runs_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A frame with the columns of the contract, in their types, also when there are no rows."""
    columns = ["job_id", "run_id", "start_time", "duration_seconds", "status"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["start_time"] = pd.to_datetime(frame["start_time"], utc=True)
    frame["duration_seconds"] = frame["duration_seconds"].astype("float64")
    return frame.astype({"job_id": object, "run_id": object, "status": object})


def one_job(seconds: list[float], *, job_id: str = "w/1", gap_hours: float = 24.0) -> pd.DataFrame:
    """Successful runs of one job at a regular gap, with the given durations."""
    return runs_frame(
        [
            {
                "job_id": job_id,
                "run_id": f"{k:05d}",
                "start_time": EPOCH + pd.Timedelta(hours=gap_hours * k),
                "duration_seconds": one,
                "status": "SUCCEEDED",
            }
            for k, one in enumerate(seconds)
        ]
    )


def lognormal_runs(
    jobs: int, runs: int, *, sd_log: float = 0.2, seed: int = 0, gap_hours: float = 24.0
) -> pd.DataFrame:
    """Stationary jobs: log durations normal around log 300 seconds, one run every gap."""
    rng = np.random.default_rng(seed)
    number = np.tile(np.arange(runs), jobs)
    return pd.DataFrame(
        {
            "job_id": np.repeat([f"w/{j:04d}" for j in range(jobs)], runs),
            "run_id": [f"{k:07d}" for k in range(jobs * runs)],
            "start_time": EPOCH + pd.to_timedelta(number * gap_hours, unit="h"),
            "duration_seconds": 300.0 * np.exp(sd_log * rng.standard_normal(jobs * runs)),
            "status": "SUCCEEDED",
        }
    )


@st.composite
def histories(
    draw: st.DrawFn, *, max_runs: int = 40, max_jobs: int = 3, bad: bool = False
) -> pd.DataFrame:
    """Runs of up to three jobs that overlap, tie, fail and arrive in any order.

    `bad` adds values that cannot be used: no or an infinite duration, an unknown status, no start.
    """
    statuses = STATUSES + BAD_STATUSES if bad else STATUSES
    seconds = st.sampled_from((30.0, 60.0, 3600.0)) | st.floats(0.0, 2e5)
    start = st.integers(0, 40 * 24).map(lambda hour: EPOCH + pd.Timedelta(hours=hour))
    if bad:
        seconds |= st.sampled_from(BAD_SECONDS)
        start |= st.just(pd.NaT)
    size = draw(st.integers(0, max_runs))
    rows = [
        {
            "job_id": f"w/{draw(st.integers(1, max_jobs))}",
            "run_id": str(k),
            "start_time": draw(start),
            "duration_seconds": draw(seconds),
            "status": draw(st.sampled_from(statuses)),
        }
        for k in range(size)
    ]
    return runs_frame(rows)
