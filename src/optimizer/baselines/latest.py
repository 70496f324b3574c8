"""Each job's baseline now, which its next run is compared with, and the score of its last run.

The baseline includes the last run, because the next one will be compared with it; the score of the
last run is the one it had against the runs before it. Both come from one pass of `replay`.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.baselines.regime import DEGENERATE, NO_TIME_US, TOO_FEW_RUNS
from optimizer.baselines.replay import Replayed, replay_panel
from optimizer.baselines.tail import LAW
from optimizer.config import BaselineConfig
from optimizer.panel import RunPanel
from optimizer.priors import FleetPriors
from optimizer.quantile import seconds_of
from optimizer.result import require_one_row_per_job, status_array

__all__ = ["latest"]


def latest(
    runs: pd.DataFrame,
    *,
    value: str = "duration_seconds",
    alpha: float = 0.001,
    config: BaselineConfig | None = None,
    priors: FleetPriors | None = None,
) -> pd.DataFrame:
    """The current baseline of every job in `runs`: one row per job, sorted by job id.

    Columns: job_id, status, reason (None when ok), runs (in the baseline), center_seconds (in the
    unit of `value`) and the band usual_low_seconds to usual_high_seconds around it, scale_log, stretch and
    law (what `rarity` needs), last_run_id,
    last_start_time (UTC), last_robust_z, last_p_value, last_p_value_short, last_is_anomaly, last_is_short,
    last_shift, last_shift_ratio, regime_start (UTC), left_out_runs. The band is that of a run in the hour and
    weekday of the last one. The last run is the latest
    started one that has a score or would have had one with more history; its columns are null
    when the job has none. `priors` are as of `replay`. Raises ValueError for a malformed frame or an alpha outside (0, 1).
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be in (0, 1), got {alpha!r}")
    config = config or BaselineConfig()
    panel = RunPanel.from_frame(runs, value=value)
    replayed = replay_panel(panel, config, runs, priors)
    each, now = replayed.each, replayed.now

    # The last testable run of each job: one with a baseline size, scored or not.
    position = np.where(each.code <= DEGENERATE, np.arange(panel.row.size), -1)
    last = np.full(panel.job_ids.size, -1, dtype=np.int64)
    has_runs = np.diff(panel.offsets) > 0
    if position.size:
        last[has_runs] = np.maximum.reduceat(position, panel.offsets[:-1][has_runs])
    is_tested = last >= 0
    last_tested = last[is_tested]

    def of_last(values: NDArray[Any], missing: object) -> NDArray[Any]:
        out = np.full(panel.job_ids.size, missing, dtype=values.dtype)
        out[is_tested] = values[last_tested]
        return out

    frame = pd.DataFrame(
        {
            "job_id": panel.job_ids,
            "status": status_array(now.code),
            "reason": _reasons(now.code, now.runs, config),
            "runs": now.runs,
            "center_seconds": seconds_of(now.center),
            "usual_low_seconds": seconds_of(now.low),
            "usual_high_seconds": seconds_of(now.high),
            "scale_log": now.scale,
            "stretch": now.stretch,
            "law": _laws(replayed),
            "last_run_id": of_last(panel.run_id, None),
            "last_start_time": _utc(of_last(panel.start_us, NO_TIME_US)),
            "last_robust_z": of_last(replayed.robust_z, np.nan),
            "last_p_value": of_last(each.p_slow, np.nan),
            "last_p_value_short": of_last(each.p_short, np.nan),
            "last_is_anomaly": of_last(replayed.is_slow(alpha), False),
            "last_is_short": of_last(replayed.is_short(config.alpha_short), False),
            "last_shift": of_last(~np.isnan(each.shift), False),
            "last_shift_ratio": np.exp(of_last(each.shift, np.nan)),
            "regime_start": _utc(now.regime_us),
            "left_out_runs": panel.left_out,
        }
    )
    return require_one_row_per_job(frame, list(panel.job_ids))


def _laws(replayed: Replayed) -> NDArray[np.object_]:
    """The law of each job's residuals as a list of numbers; None where there is none."""
    laws = np.full(replayed.now.stretch.size, None, dtype=object)
    has_law = np.flatnonzero(np.isfinite(replayed.now.stretch))
    numbers = replayed.now_law.reshape(-1, LAW[0] * LAW[1])[has_law].tolist()
    for job, law in zip(has_law, numbers, strict=True):
        laws[job] = law
    return laws


def _utc(microseconds: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Times of microseconds since 1970; NaT for NO_TIME_US."""
    return pd.DatetimeIndex(microseconds.view("datetime64[us]"), tz="UTC")


def _reasons(
    code: NDArray[np.int8], window_runs: NDArray[np.int64], config: BaselineConfig
) -> NDArray[np.object_]:
    """A sentence where the status is not ok, None elsewhere."""
    out = np.full(code.size, None, dtype=object)
    few = code == TOO_FEW_RUNS
    counts = window_runs.astype(str).astype(object)
    out[few] = np.where(
        window_runs[few] < config.min_runs,
        counts[few] + f" successful runs to learn from; {config.min_runs} are needed",
        counts[few] + " successful runs to learn from do not tell yet how much the job varies",
    )
    flat = code == DEGENERATE
    out[flat] = (
        f"the earlier runs do not vary; a spread of {config.min_scale_log:g} of the log is assumed"
    )
    return out
