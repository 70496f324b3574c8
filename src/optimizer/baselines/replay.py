"""Each run compared with the runs before it: a robust score, an anomaly flag, the start of the regime.

    x = log(value)    center = median(window)    scale = max(MAD(window), floor)
    robust_z = (x - center) / scale              p_value = P(as slow or slower | window size)

The window holds the last `window_runs` scored runs of the current regime that had ended before the
run started: the run itself is never in it, nor is anything that was not known then.

A sustained change is found by the cumulative sums of Page (Biometrika 41, 1954) on the normal
scores u of the runs, one sum for each direction,

    S = max(0, S + min(u, cap) - slack)          declared when S > threshold

capped so that a single incident, however large, cannot declare one. The new regime begins with the
run at which the winning sum last left zero, and earlier runs leave the window.

Decided here: incidents stay in the window, since median and MAD resist them; values below a
thousandth count as a thousandth, so that zero has a logarithm; a TIMEOUT is scored by the duration
it reached, which makes its p-value an upper bound, and joins no window, nor do CANCELLED and FAILED
runs; of two runs that overlap neither is known to the other, so both may declare the same change.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.baselines.regime import NO_TIME_US, NOT_ASSESSED, replay_jobs
from optimizer.baselines.tail import slow_p_value
from optimizer.config import BaselineConfig
from optimizer.panel import SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.quantile import seconds_of
from optimizer.result import status_array

__all__ = ["SMALLEST_VALUE", "Scores", "replay", "replay_panel"]

SMALLEST_VALUE: Final = 1e-3
ALPHA_SHORT: Final = 0.0002
"""Of suspiciously short runs."""
_BAND_SCALES: Final = 2.33
"""Scales from the center to the 1 % and the 99 % quantile."""


def replay(
    runs: pd.DataFrame,
    *,
    value: str = "duration_seconds",
    alpha: float = 0.001,
    config: BaselineConfig | None = None,
) -> pd.DataFrame:
    """Score every run against its job's past; one row per row of `runs`, indexed like it.

    Columns: center (unit of `value`), scale (standard deviation of its logarithm), robust_z,
    p_value, is_anomaly (p_value <= alpha), shift (a sustained change was declared at this run),
    regime_start (UTC), window_runs (size of the baseline), status. Raises ValueError for a
    malformed frame or an alpha outside (0, 1).
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be in (0, 1), got {alpha!r}")
    config = config or BaselineConfig()
    panel = RunPanel.from_frame(_with_marks(runs), value=value)
    scores = replay_panel(panel, config)

    def by_row(ordered: NDArray[Any], missing: object) -> NDArray[Any]:
        out = np.full(panel.rows, missing, dtype=ordered.dtype)
        out[panel.row] = ordered
        return out

    regime = by_row(scores.regime_us, NO_TIME_US).view("datetime64[us]")
    p_short = slow_p_value(-scores.robust_z, scores.window_runs)
    is_flaggable = ~_flags(runs, "is_expected")
    width = _BAND_SCALES * scores.scale_log
    shift_ratio = np.where(scores.shift, np.exp(scores.robust_z * scores.scale_log), np.nan)
    return pd.DataFrame(
        {
            "center": by_row(seconds_of(scores.center_log), np.nan),
            "scale": by_row(scores.scale_log, np.nan),
            "robust_z": by_row(scores.robust_z, np.nan),
            "p_value": by_row(scores.p_value, np.nan),
            "p_value_short": by_row(p_short, np.nan),
            "is_anomaly": by_row(scores.p_value <= alpha, False) & is_flaggable,
            "is_short": by_row(p_short <= ALPHA_SHORT, False) & is_flaggable,
            "usual_low": by_row(np.exp(scores.center_log - width), np.nan),
            "usual_high": by_row(np.exp(scores.center_log + width), np.nan),
            "shift": by_row(scores.shift, False),
            "shift_ratio": by_row(shift_ratio, np.nan),
            "shift_from": pd.DatetimeIndex(regime, tz="UTC"),
            "regime_start": pd.DatetimeIndex(regime, tz="UTC"),
            "window_runs": by_row(scores.window_runs, 0),
            "status": status_array(by_row(scores.code, NOT_ASSESSED)),
        },
        index=runs.index,
    )


def _flags(runs: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """An optional column of flags; False where it is absent."""
    return np.asarray(runs.get(name, np.zeros(len(runs), dtype=bool)), dtype=np.bool_)


def _with_marks(runs: pd.DataFrame) -> pd.DataFrame:
    """`runs` with a status by which an incident is tested and not learned, and what is left out neither."""
    is_incident, is_left_out = _flags(runs, "is_incident"), _flags(runs, "is_left_out")
    if not (is_incident | is_left_out).any():
        return runs
    status = runs["status"].to_numpy(dtype=object, copy=True)
    status[is_incident] = "TIMEOUT"
    status[is_left_out] = "FAILED"
    return runs.assign(status=status)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Replayed panel: arrays (R,) in the panel's order, and (J,) the state after the last end."""

    center_log: NDArray[np.float64]
    scale_log: NDArray[np.float64]
    robust_z: NDArray[np.float64]
    p_value: NDArray[np.float64]
    window_runs: NDArray[np.int64]
    shift: NDArray[np.bool_]
    regime_us: NDArray[np.int64]
    code: NDArray[np.int8]
    now_center_log: NDArray[np.float64]
    now_scale_log: NDArray[np.float64]
    now_window_runs: NDArray[np.int64]
    now_regime_us: NDArray[np.int64]
    now_code: NDArray[np.int8]


def replay_panel(panel: RunPanel, config: BaselineConfig) -> Scores:
    """Score the runs of a panel in one compiled pass."""
    total = panel.row.size
    jobs = panel.job_ids.size
    center, scale, z = (np.full(total, np.nan) for _ in range(3))
    size = np.zeros(total, dtype=np.int64)
    shift = np.zeros(total, dtype=bool)
    regime_us = np.full(total, NO_TIME_US, dtype=np.int64)
    code = np.full(total, NOT_ASSESSED, dtype=np.int8)
    now_center, now_scale = (np.full(jobs, np.nan) for _ in range(2))
    now_size = np.zeros(jobs, dtype=np.int64)
    now_regime_us = np.full(jobs, NO_TIME_US, dtype=np.int64)
    now_code = np.full(jobs, NOT_ASSESSED, dtype=np.int8)
    log_value = np.log(np.maximum(panel.value, SMALLEST_VALUE))
    has_value = np.isfinite(log_value)
    joins = has_value & ((panel.outcome == SUCCEEDED) | (panel.outcome == UNKNOWN))
    tested = joins | (has_value & (panel.outcome == TIMEOUT))
    replay_jobs(
        panel.offsets, panel.start_us, panel.end_us, panel.by_end, log_value, joins, tested,
        config.window_runs, config.min_runs, config.min_scale_log,
        config.shift_slack_sd, config.shift_threshold_sd, config.shift_cap_sd,
        center, scale, z, size, shift, regime_us, code,
        now_center, now_scale, now_size, now_regime_us, now_code,
    )  # fmt: skip
    return Scores(
        center, scale, z, slow_p_value(z, size), size, shift, regime_us, code,
        now_center, now_scale, now_size, now_regime_us, now_code,
    )  # fmt: skip
