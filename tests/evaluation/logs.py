"""Logs of runs as files, good and bad, for the evaluation."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.strategies.runs import lognormal_runs

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "{{ 7 * 7 }}",
    "\x1b[31mred\x1b[0m",
    "=HYPERLINK(\"http://evil.example\")",
    "\u202egnihton",
)  # fmt: skip


def log(jobs: int = 8, runs: int = 45, *, gap_hours: float = 24.0) -> pd.DataFrame:
    """Jobs with a weekly season and a shift, some runs failed or timed out; names that are hostile."""
    frame = lognormal_runs(jobs, runs, sd_log=0.15, seed=9, gap_hours=gap_hours)
    number = np.arange(len(frame))
    job = frame["job_id"].str[-4:].astype(int)
    weekend = frame["start_time"].dt.dayofweek >= 5
    shifted = (number % runs > runs // 2) & (job % 2 == 0)
    frame["duration_seconds"] *= np.exp(0.3 * job) * np.where(weekend, 0.6, 1.0) * (1 + shifted)
    frame.loc[number % 17 == 0, "status"] = "FAILED"
    frame.loc[number % 23 == 0, "status"] = "TIMEOUT"
    frame["job_id"] = [f"w/{HOSTILE[k % len(HOSTILE)]}/{k}" for k in job]
    return frame


def written(folder: Path, frame: pd.DataFrame, name: str = "runs.parquet") -> Path:
    file = folder / name
    frame.to_parquet(file, index=False)
    return file
