"""Each run compared with the runs before it: how rare it is, what was usual, the start of its regime.

    x = log(value)        p_value = P(as slow or slower)        p_value_short = P(as short or shorter)

both said before the run started, from runs that had ended by then: the run itself is never in its baseline,
nor is anything that was not known. What is usual has a level and a rhythm of the week, the month and the
input volume (`optimizer.baselines.rhythm`), which compete in forecasting the job
(`optimizer.baselines.candidates`), and a law of what is left (`optimizer.baselines.tail`).

A sustained change is found by the cumulative sums of Page (Biometrika 41, 1954) on the normal
scores u of the runs, one sum for each direction,

    S = max(0, S + min(u, cap) - slack)          declared when S > threshold

capped so that a single incident, however large, cannot declare one. The rhythm is out of these scores, and so is
slow growth. The new regime begins with the run at which the winning sum last left zero: its level is that
of the runs since, while rhythm and tails, which are relative, stay.

Any run may come with a new level: a share of each p-value is that of one, as often and as large as the job's
changes have been. With eight runs behind it that is one in ninety and a factor of two, so that a young job, or one
that works in sessions, is not flagged for its next level; with hundreds it is next to nothing.

Decided here: an incident counts for no more than a bounded part of itself, and a few leave the law of what is left to
the others (`optimizer.baselines.incidents`); values below a
thousandth count as a thousandth, so that zero has a logarithm; a TIMEOUT is scored by the duration
it reached, which makes its p-value an upper bound, and teaches nothing, nor do CANCELLED and FAILED
runs; of two runs that overlap neither is known to the other, so both may declare the same change.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.baselines.calendar import calendar_of
from optimizer.baselines.regime import (
    NO_TIME_US,
    NOT_ASSESSED,
    Limits,
    Runs,
    Said,
    memory,
    replay_jobs,
    said,
)
from optimizer.baselines.rhythm import usual_effects
from optimizer.baselines.tail import LAW
from optimizer.config import BaselineConfig
from optimizer.panel import SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.priors import FleetPriors
from optimizer.quantile import seconds_of
from optimizer.result import status_array

__all__ = ["SMALLEST_VALUE", "Replayed", "replay", "replay_panel"]

SMALLEST_VALUE: Final = 1e-3


def replay(
    runs: pd.DataFrame,
    *,
    value: str = "duration_seconds",
    alpha: float = 0.001,
    config: BaselineConfig | None = None,
    priors: FleetPriors | None = None,
) -> pd.DataFrame:
    """Score every run against its job's past; one row per row of `runs`, indexed like it.

    Columns: center, usual_low and usual_high (unit of `value`; median, 1 % and 99 % quantile of this run as
    said before it), scale (standard deviation of its logarithm), robust_z, p_value, p_value_short,
    is_anomaly (p_value <= alpha), is_short (p_value_short <= the setting alpha_short), shift (a sustained
    change was declared at this run), shift_ratio (new level over old, NaN without one), regime_start (UTC),
    window_runs (size of the baseline), status.

    `runs` may also hold timezone (IANA name; hours and weekdays are its), input_bytes (NaN where not
    known), and the flags is_holiday (a day like a Sunday), is_incident (never learned), is_expected
    (never flagged) and is_left_out (neither tested nor learned). Raises ValueError for a malformed frame
    or an alpha outside (0, 1).

    `priors` are what the jobs of an account have taught of the turn of the month; None: nothing.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be in (0, 1), got {alpha!r}")
    config = config or BaselineConfig()
    panel = RunPanel.from_frame(runs, value=value)
    replayed = replay_panel(panel, config, runs, priors)
    each = replayed.each

    def by_row(ordered: NDArray[Any], missing: object) -> NDArray[Any]:
        out = np.full(panel.rows, missing, dtype=ordered.dtype)
        out[panel.row] = ordered
        return out

    regime = by_row(each.regime_us, NO_TIME_US).view("datetime64[us]")
    return pd.DataFrame(
        {
            "center": by_row(seconds_of(each.center), np.nan),
            "usual_low": by_row(seconds_of(each.low), np.nan),
            "usual_high": by_row(seconds_of(each.high), np.nan),
            "scale": by_row(each.scale, np.nan),
            "robust_z": by_row(replayed.robust_z, np.nan),
            "p_value": by_row(each.p_slow, np.nan),
            "p_value_short": by_row(each.p_short, np.nan),
            "is_anomaly": by_row(replayed.is_slow(alpha), False),
            "is_short": by_row(replayed.is_short(config.alpha_short), False),
            "shift": by_row(~np.isnan(each.shift), False),
            "shift_ratio": by_row(np.exp(each.shift), np.nan),
            "regime_start": pd.DatetimeIndex(regime, tz="UTC"),
            "window_runs": by_row(each.runs, 0),
            "status": status_array(by_row(each.code, NOT_ASSESSED)),
        },
        index=runs.index,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A replayed panel."""

    each: Said
    """Of the panel's runs (R,), in its order."""
    now: Said
    """Of a run of each job (J,) that starts after all have ended."""
    now_law: NDArray[np.float64]
    """(J, 8, 5) the law of its residuals (`optimizer.baselines.tail`)."""
    robust_z: NDArray[np.float64]
    is_expected: NDArray[np.bool_]

    def is_slow(self, alpha: float) -> NDArray[np.bool_]:
        """(R,) runs that are flagged as slow."""
        return (self.each.p_slow <= alpha) & ~self.is_expected

    def is_short(self, alpha: float) -> NDArray[np.bool_]:
        """(R,) runs that are flagged as strangely short."""
        return (self.each.p_short <= alpha) & ~self.is_expected


def replay_panel(
    panel: RunPanel, config: BaselineConfig, runs: pd.DataFrame, priors: FleetPriors | None = None
) -> Replayed:
    """Score the runs of a panel, made from `runs`, in one compiled pass."""

    def flag(name: str) -> NDArray[np.bool_]:
        if name not in runs.columns:
            return np.zeros(panel.row.size, dtype=np.bool_)
        return runs[name].fillna(False).to_numpy(dtype=np.bool_)[panel.row]

    timezone = runs["timezone"].to_numpy(object)[panel.row] if "timezone" in runs.columns else None
    slot, month = calendar_of(panel.start_us, timezone, flag("is_holiday"))
    log_value = np.log(np.maximum(panel.value, SMALLEST_VALUE))
    is_left_out = flag("is_left_out")
    has_value = np.isfinite(log_value) & ~is_left_out
    succeeded = has_value & ((panel.outcome == SUCCEEDED) | (panel.outcome == UNKNOWN))
    walked = Runs(
        start_us=panel.start_us,
        end_us=panel.end_us,
        by_end=panel.by_end,
        log_value=log_value,
        slot=slot,
        month=month,
        log_volume=_log_volume(runs)[panel.row],
        joins=succeeded & ~flag("is_incident"),
        tested=succeeded | (has_value & (panel.outcome == TIMEOUT)),
    )
    limits = Limits(
        config.window_runs, config.min_runs, config.min_scale_log,
        config.shift_slack_sd, config.shift_threshold_sd, config.shift_cap_sd,
    )  # fmt: skip
    each, now = said(panel.row.size), said(panel.job_ids.size)
    now_law = np.zeros((panel.job_ids.size, *LAW))
    longest = int(np.diff(panel.offsets).max(initial=0))
    replay_jobs(
        panel.offsets, walked, limits, memory(longest, usual_effects(priors)), each, now, now_law
    )
    return Replayed(each, now, now_law, (log_value - each.center) / each.scale, flag("is_expected"))


def _log_volume(runs: pd.DataFrame) -> NDArray[np.float64]:
    """Logarithm of the input of each row; NaN where it is not known, or nothing."""
    if "input_bytes" not in runs.columns:
        return np.full(len(runs), np.nan)
    volume = runs["input_bytes"].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(np.log(np.where(volume > 0.0, volume, np.nan)), dtype=np.float64)
