"""Which jobs of a night are flagged: a p-value of each test, one of each job, and a choice over the jobs."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.baselines.counts import events_p_value, rank_p_value, share_p_value
from optimizer.baselines.discovery import (
    combined_p_value,
    discovery_q_value,
    expected_false_flags,
)
from pipeline.scoring.buckets import without_nan
from pipeline.tables import gold

RUN_METRICS: Final = (*gold.METRICS, *gold.CONTINUOUS_METRICS)
_WEIGHTS: Final = {
    "duration_seconds": 14.0,
    "failures": 2.0,
    "missing_runs": 1.5,
    "second_attempts": 1.0,
    "queue_seconds": 0.5,
    "setup_seconds": 0.5,
    "list_cost": 0.5,
    "dbu": 0.5,
    "hourly_list_cost": 2.0,
    "restarts": 2.0,
    "uptime_share": 2.0,
}
"""What each test of a job weighs beside its others, by where most of what is wrong with jobs shows first."""
_FAILS: Final = (0.5, 9.5)
_AGAIN: Final = (0.5, 9.5)
_STAYS_AWAY: Final = (0.01, 9.99)
"""Beta priors: one run in twenty fails, or is tried again, and one start in a thousand does not come;
each weighs as much as ten runs."""
_RESTARTS: Final = (0.5, 1.0)
"""Gamma prior: half a restart in one night."""
COUNTS: Final = ("runs", "failures", "second_attempts", "expected_runs", "missing_runs")
"""What is counted of a night's runs."""
_P_COLUMNS: Final = tuple(f"p_{name}" for name in (*RUN_METRICS, *gold.COUNTS))
NIGHT_SCHEMA = ", ".join(
    (
        "series_key string, night bigint, restarts bigint, uptime_share double",
        *(f"{name} bigint" for name in COUNTS),
        *(f"{name} double" for name in _P_COLUMNS),
        "tests bigint, p_value double, q_value double, is_flagged boolean, expected_false_flags double",
    )
)


def judged(night: pd.DataFrame) -> pd.DataFrame:
    """The jobs of one night with p-values of each test, and what is flagged of them."""
    # In order: an engine hands them over as they come.
    night = night.sort_values("series_key", kind="stable", ignore_index=True)
    jobs = len(night)
    p_values, owners, weights = [], [], []
    out = night[["series_key", "night", "restarts", "uptime_share"]].copy()
    out[[*COUNTS]] = night[[*COUNTS]].fillna(0)
    for metric in RUN_METRICS:
        values = [
            np.asarray(v, dtype=np.float64) if v is not None else np.empty(0) for v in night[metric]
        ]
        sizes = np.array([v.size for v in values])
        p = np.concatenate(values)
        job = np.repeat(np.arange(jobs), sizes)
        p_values.append(p)
        owners.append(job)
        # However many runs there were.
        weights.append(_WEIGHTS[metric] / sizes[job])
        out[f"p_{metric}"] = combined_p_value(p, job, np.ones(p.size), jobs)
    for name, p in _count_p_values(night).items():
        out[f"p_{name}"] = p
        p_values.append(p)
        owners.append(np.arange(jobs))
        weights.append(np.full(jobs, _WEIGHTS[name]))
    every, job = np.concatenate(p_values), np.concatenate(owners)
    out["tests"] = np.bincount(job[np.isfinite(every)], minlength=jobs)
    out["p_value"] = combined_p_value(every, job, np.concatenate(weights), jobs)
    out = out[out["tests"] > 0]
    weight = np.sqrt(np.maximum(out["runs"].to_numpy(dtype=np.float64), 1.0))
    out["q_value"] = discovery_q_value(out["p_value"], weight)
    out["is_flagged"] = out["q_value"] <= gold.FALSE_DISCOVERY_RATE
    out["expected_false_flags"] = expected_false_flags(out["p_value"], out["is_flagged"], weight)
    return without_nan(out)


def _count_p_values(night: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """p-values (n,) of each count; NaN where there is nothing to count."""

    def number(name: str) -> NDArray[np.int64]:
        return np.asarray(night[name].fillna(0).astype("int64"))

    def of_runs(name: str, among: str, prior: tuple[float, float]) -> NDArray[np.float64]:
        past = number(f"past_{name}"), number(f"past_{among}")
        p = share_p_value(number(name), number(among), *past, prior)
        return np.where(number(among) > 0, p, np.nan)

    is_endless = night["uptime_share"].notna().to_numpy()
    past_nights = number("past_nights")
    restarts = events_p_value(number("restarts"), number("past_restarts"), past_nights, _RESTARTS)
    return {
        "failures": of_runs("failures", "runs", _FAILS),
        "second_attempts": of_runs("second_attempts", "runs", _AGAIN),
        "missing_runs": of_runs("missing_runs", "expected_runs", _STAYS_AWAY),
        "restarts": np.where(is_endless, restarts, np.nan),
        "uptime_share": np.where(is_endless, rank_p_value(number("as_low"), past_nights), np.nan),
    }
