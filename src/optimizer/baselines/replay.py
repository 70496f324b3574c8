"""Each run against the runs before it: a robust score, an anomaly flag, and where the regime began.

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
runs; two runs that overlap cannot know of each other, so both may declare the same change.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.baselines.tail import normal_score, slow_p_value
from optimizer.config import BaselineConfig
from optimizer.kernel import kernel
from optimizer.panel import NEVER_US, SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.quantile import seconds_of
from optimizer.result import status_array
from optimizer.robust import MAD_TO_SD, sorted_mad, sorted_median

__all__ = ["SMALLEST_VALUE", "Scores", "replay", "replay_panel"]

SMALLEST_VALUE: Final = 1e-3
NO_TIME_US: Final = int(np.iinfo(np.int64).min)

OK, TOO_FEW_RUNS, DEGENERATE, NOT_ASSESSED = 0, 1, 2, 3


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
    panel = RunPanel.from_frame(runs, value=value)
    scores = replay_panel(panel, config)

    def by_row(ordered: NDArray[Any], missing: object) -> NDArray[Any]:
        out = np.full(panel.rows, missing, dtype=ordered.dtype)
        out[panel.row] = ordered
        return out

    regime = by_row(scores.regime_us, NO_TIME_US).view("datetime64[us]")
    return pd.DataFrame(
        {
            "center": by_row(seconds_of(scores.center_log), np.nan),
            "scale": by_row(scores.scale_log, np.nan),
            "robust_z": by_row(scores.robust_z, np.nan),
            "p_value": by_row(scores.p_value, np.nan),
            "is_anomaly": by_row(scores.p_value <= alpha, False),
            "shift": by_row(scores.shift, False),
            "regime_start": pd.DatetimeIndex(regime, tz="UTC"),
            "window_runs": by_row(scores.window_runs, 0),
            "status": status_array(by_row(scores.code, NOT_ASSESSED)),
        },
        index=runs.index,
    )


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
    _replay_jobs(
        panel.offsets, panel.start_us, panel.end_us, panel.by_end, panel.outcome, log_value,
        config.window_runs, config.min_runs, config.min_scale_log,
        config.shift_slack_sd, config.shift_threshold_sd, config.shift_cap_sd,
        center, scale, z, size, shift, regime_us, code,
        now_center, now_scale, now_size, now_regime_us, now_code,
    )  # fmt: skip
    return Scores(
        center, scale, z, slow_p_value(z, size), size, shift, regime_us, code,
        now_center, now_scale, now_size, now_regime_us, now_code,
    )  # fmt: skip


@kernel
def _insert(ordered: NDArray[np.float64], size: int, x: float) -> None:
    """Put x into the first `size` sorted values, which become size + 1."""
    k = size
    while k > 0 and ordered[k - 1] > x:
        ordered[k] = ordered[k - 1]
        k -= 1
    ordered[k] = x


@kernel
def _remove(ordered: NDArray[np.float64], size: int, x: float) -> None:
    """Take one x out of the first `size` sorted values, which become size - 1."""
    k = np.searchsorted(ordered[:size], x)
    for i in range(k, size - 1):
        ordered[i] = ordered[i + 1]


@kernel
def _replay_jobs(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    outcome: NDArray[np.int8],
    log_value: NDArray[np.float64],
    window_runs: int,
    min_runs: int,
    min_scale: float,
    slack: float,
    threshold: float,
    cap: float,
    center: NDArray[np.float64],
    scale: NDArray[np.float64],
    robust_z: NDArray[np.float64],
    size: NDArray[np.int64],
    shift: NDArray[np.bool_],
    regime_us: NDArray[np.int64],
    code: NDArray[np.int8],
    now_center: NDArray[np.float64],
    now_scale: NDArray[np.float64],
    now_size: NDArray[np.int64],
    now_regime_us: NDArray[np.int64],
    now_code: NDArray[np.int8],
) -> None:
    """Walk each job once in order of start, admitting runs to the window in order of their end."""
    ordered = np.empty(window_runs + 1)
    for job in range(offsets.shape[0] - 1):
        first = offsets[job]
        last = offsets[job + 1]
        # Scored runs of the job in order of end, the window being members[oldest : count].
        members = np.empty(last - first, dtype=np.int64)
        regime_of = np.full(last - first, -1)
        score = np.full(last - first, np.nan)
        count = 0
        oldest = 0
        held = 0
        regime = 0
        regime_start = NO_TIME_US
        slow_sum = 0.0
        fast_sum = 0.0
        slow_from = 0  # member at which the sum last left zero
        fast_from = 0
        next_end = first
        # One step past the last run admits everything that has ended: where the job stands now.
        for i in range(first, last + 1):
            origin_us = start_us[i] if i < last else NEVER_US
            while next_end < last and end_us[by_end[next_end]] < origin_us:
                j = by_end[next_end]
                next_end += 1
                scored = outcome[j] == SUCCEEDED or outcome[j] == UNKNOWN
                if not scored or np.isnan(log_value[j]):
                    continue
                if count == 0:
                    regime_start = start_us[j]
                members[count] = j
                count += 1
                _insert(ordered, held, log_value[j])
                held += 1
                # A score from before the current regime says nothing about it.
                if regime_of[j - first] == regime and not np.isnan(score[j - first]):
                    u = score[j - first]
                    if slow_sum == 0.0:
                        slow_from = count - 1
                    if fast_sum == 0.0:
                        fast_from = count - 1
                    slow_sum = max(0.0, slow_sum + min(u, cap) - slack)
                    fast_sum = max(0.0, fast_sum + min(-u, cap) - slack)
                    if slow_sum > threshold or fast_sum > threshold:
                        oldest = slow_from if slow_sum > threshold else fast_from
                        regime += 1
                        regime_start = start_us[members[oldest]]
                        slow_sum = 0.0
                        fast_sum = 0.0
                        oldest = max(oldest, count - window_runs)
                        held = 0
                        for k in range(oldest, count):
                            _insert(ordered, held, log_value[members[k]])
                            held += 1
                if held > window_runs:
                    _remove(ordered, held, log_value[members[oldest]])
                    held -= 1
                    oldest += 1
            middle = sorted_median(ordered, held)
            spread = sorted_mad(ordered, held, middle) * MAD_TO_SD
            state = OK if spread > 0.0 else DEGENERATE
            if held < min_runs:
                state = TOO_FEW_RUNS
                middle = np.nan
            spread = max(spread, min_scale) if held >= min_runs else np.nan
            if i == last:
                now_center[job] = middle
                now_scale[job] = spread
                now_size[job] = held
                now_regime_us[job] = regime_start
                now_code[job] = state
                break
            regime_us[i] = regime_start
            x = log_value[i]
            testable = outcome[i] == SUCCEEDED or outcome[i] == UNKNOWN or outcome[i] == TIMEOUT
            if not testable or np.isnan(x):
                continue
            size[i] = held
            code[i] = state
            if state == TOO_FEW_RUNS:
                continue
            center[i] = middle
            scale[i] = spread
            robust_z[i] = (x - middle) / spread
            if outcome[i] == TIMEOUT:
                continue
            u = normal_score(robust_z[i], held)
            score[i - first] = u
            regime_of[i - first] = regime
            slow = slow_sum + min(u, cap) - slack
            fast = fast_sum + min(-u, cap) - slack
            if slow > threshold or fast > threshold:
                shift[i] = True
                begun = slow_sum > 0.0 if slow > threshold else fast_sum > 0.0
                begin = slow_from if slow > threshold else fast_from
                regime_us[i] = start_us[members[begin]] if begun else start_us[i]
