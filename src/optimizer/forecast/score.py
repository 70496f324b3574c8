"""How good forecasts were, by proper scores: one row per job.

    pinball(x, Q, q) = max(q (x - Q), (q - 1)(x - Q))             Koenker and Bassett, 1978
    CRPS(F, x)       = 2 * integral of pinball(x, F^-1(q), q) dq  Gneiting and Raftery, 2007
    coverage(q)      = share of runs with x <= Q(q)               should be q
    Brier            = mean (p_breach - [x > limit])^2

x and Q are log1p of seconds, so that a job of seconds and one of hours weigh alike. Decided here:
the integral is a sum over the given levels, each standing for the levels nearest to it; failed
and cancelled runs are not scored, nor are runs without a forecast; a timeout at c is scored below c only, which is the
CRPS of min(T, c), and counts in the Brier score only where c is over the limit, but not in the
coverage, since which quantiles its full duration would have stayed below is not known.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from optimizer.forecast.backtest import per_run
from optimizer.panel import OUTCOMES, SUCCEEDED, TIMEOUT, UNKNOWN, job_codes, numbers
from optimizer.quantile import logit
from optimizer.result import Status, require_one_row_per_job

__all__ = [
    "crps_from_quantiles",
    "level_weights",
    "pinball",
    "quality",
    "quality_of_runs",
    "summary",
]


def pinball(observed: ArrayLike, forecast: ArrayLike, level: ArrayLike) -> NDArray[np.float64]:
    """Pinball loss of quantile forecasts; the arguments broadcast."""
    error = np.asarray(observed, dtype=np.float64) - np.asarray(forecast, dtype=np.float64)
    q = np.asarray(level, dtype=np.float64)
    return np.asarray(np.maximum(q * error, (q - 1.0) * error))


def level_weights(levels: ArrayLike) -> NDArray[np.float64]:
    """The share of (0, 1) nearest to each level, (m,), for ascending levels; they add up to 1."""
    q = np.asarray(levels, dtype=np.float64)
    if q.ndim != 1 or q.size == 0 or np.any(np.diff(q) <= 0.0):
        raise ValueError("levels must be one or more ascending numbers in (0, 1)")
    logit(q)
    edges = np.concatenate(([0.0], 0.5 * (q[1:] + q[:-1]), [1.0]))
    return np.diff(edges)


def crps_from_quantiles(
    observed: ArrayLike, quantiles: ArrayLike, levels: ArrayLike
) -> NDArray[np.float64]:
    """CRPS (n,) of observations (n,) under quantiles (n, m) at ascending levels (m,)."""
    x = np.asarray(observed, dtype=np.float64)[:, None]
    loss = pinball(x, quantiles, np.asarray(levels, dtype=np.float64))
    return np.asarray(2.0 * loss @ level_weights(levels))


def quality(
    backtest_frame: pd.DataFrame,
    runs: pd.DataFrame,
    *,
    limits: ArrayLike | pd.Series | None = None,
) -> pd.DataFrame:
    """Score the result of `backtest` on the same `runs`: one row per job, sorted by job id.

    Columns: job_id, status, reason, runs_scored, runs_answered (share of the scorable runs that had
    a forecast), crps_log1p (mean), `coverage_<level>` for each level (mean), brier (mean; NaN
    without limits), breaches (share). Raises ValueError if the frames do not have the same index or
    the first has no quantile columns.
    """
    if not backtest_frame.index.equals(runs.index):
        raise ValueError("backtest_frame and runs must have the same index")
    levels = sorted(float(n) for n in backtest_frame.columns if isinstance(n, float))
    if not levels:
        raise ValueError("backtest_frame has no quantile columns (named by a float)")
    code, job_ids = job_codes(runs["job_id"], "runs.job_id")
    has_limits = limits is not None and "p_breach" in backtest_frame.columns
    return quality_of_runs(
        code,
        job_ids,
        numbers(runs["duration_seconds"], "runs.duration_seconds"),
        np.asarray(runs["status"].map(OUTCOMES).fillna(0), dtype=np.int8),
        backtest_frame[pd.Index(levels, dtype=object)].to_numpy(dtype=np.float64),
        levels,
        per_run(limits, runs.index, "limits") if limits is not None and has_limits else None,
        backtest_frame["p_breach"].to_numpy(dtype=np.float64) if has_limits else None,
    )


def quality_of_runs(
    code: NDArray[np.int64],
    job_ids: NDArray[np.object_],
    seconds: NDArray[np.float64],
    outcome: NDArray[np.int8],
    quantile_seconds: NDArray[np.float64],
    levels: Sequence[float],
    limit_seconds: NDArray[np.float64] | None = None,
    p_breach: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """`quality` of runs (n,) of the jobs with these codes, forecast by quantiles (n, m)."""
    whole = (outcome == SUCCEEDED) | (outcome == UNKNOWN)
    scorable = (whole | (outcome == TIMEOUT)) & np.isfinite(seconds) & (seconds >= 0.0)
    scored = scorable & np.isfinite(quantile_seconds).all(axis=1)

    x = np.log1p(np.where(scored, seconds, 0.0))
    q = np.log1p(np.where(scored[:, None], quantile_seconds, 0.0))
    below = np.where(whole[:, None], q, np.minimum(q, x[:, None]))
    crps = crps_from_quantiles(x, below, levels)
    covered = (x[:, None] <= q).astype(np.float64)

    def mean(values: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        total = np.bincount(code[rows], weights=values[rows], minlength=job_ids.size)
        count = np.bincount(code[rows], minlength=job_ids.size)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    runs_scored = np.bincount(code[scored], minlength=job_ids.size)
    reason = np.full(job_ids.size, None, dtype=object)
    reason[runs_scored == 0] = "no finished run of this job had a forecast"
    columns: dict[str, object] = {
        "job_id": job_ids,
        "status": np.where(runs_scored > 0, Status.OK.value, Status.TOO_FEW_RUNS.value),
        "reason": reason,
        "runs_scored": runs_scored,
        "runs_answered": mean(scored.astype(np.float64), scorable),
        "crps_log1p": mean(crps, scored),
    }
    for k, level in enumerate(levels):
        columns[f"coverage_{level:g}"] = mean(covered[:, k], scored & whole)
    columns["brier"] = columns["breaches"] = np.full(job_ids.size, np.nan)
    if limit_seconds is not None and p_breach is not None:
        over = np.where(scored, seconds, 0.0) > limit_seconds
        judged = scored & np.isfinite(p_breach) & np.isfinite(limit_seconds) & (whole | over)
        columns["brier"] = mean((np.where(judged, p_breach, 0.0) - over) ** 2, judged)
        columns["breaches"] = mean(over.astype(np.float64), judged)
    return require_one_row_per_job(pd.DataFrame(columns), list(job_ids))


def summary(per_job: pd.DataFrame) -> Mapping[str, float]:
    """A fleet's quality from the rows of `quality`: means over runs, not over jobs.

    Keys: jobs, jobs_assessed (share), runs_scored, crps_log1p, coverage_<level>, brier. A mean with
    nothing behind it is NaN.
    """
    weight = per_job["runs_scored"].to_numpy(dtype=np.float64)
    names = ["crps_log1p", "brier", *(n for n in per_job.columns if n.startswith("coverage_"))]
    out = {
        "jobs": float(len(per_job)),
        "jobs_assessed": float((weight > 0.0).mean()) if len(per_job) else float("nan"),
        "runs_scored": float(weight.sum()),
    }
    for name in names:
        values = per_job[name].to_numpy(dtype=np.float64)
        present = np.isfinite(values) & (weight > 0.0)
        mass = weight[present].sum()
        out[name] = float(values[present] @ weight[present] / mass) if mass else float("nan")
    return out
