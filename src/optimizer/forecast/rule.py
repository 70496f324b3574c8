"""The seven-day rule that many use, as a control: quantiles of the runs of the last seven days.

    Q(q) = the q-quantile (linear between order statistics, Hyndman and Fan 1996, type 7) of the
    durations of successful runs that started within seven days of the origin and had ended by it

Decided here: with no run in the window the last successful run stands alone, so that the rule
has a forecast wherever ours has one, and both are scored on the same runs.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.forecast.backtest import Origin, origins_us
from optimizer.kernel import kernel
from optimizer.microseconds import WEEK_US
from optimizer.panel import SUCCEEDED, UNKNOWN, RunPanel
from optimizer.result import Status

__all__ = ["rule_of_runs", "seven_day_rule"]


def seven_day_rule(
    runs: pd.DataFrame, quantiles: Sequence[float], *, origin: Origin = "start"
) -> pd.DataFrame:
    """Quantiles of every run by the rule; indexed like `runs`, a column per level and `status`.

    Origins are those of `optimizer.forecast.backtest`. Raises ValueError for a malformed frame or an
    unknown origin.
    """
    panel = RunPanel.from_frame(runs)
    levels = [float(q) for q in quantiles]
    seconds = np.full((panel.rows, len(levels)), np.nan)
    positions = np.arange(panel.row.size)
    at_us = origins_us(panel.start_us, origin, 0)
    seconds[panel.row] = rule_of_runs(panel, levels, positions, at_us)
    out = pd.DataFrame(seconds, columns=pd.Index(levels, dtype=object), index=runs.index)
    is_forecast = np.isfinite(seconds).all(axis=1) if levels else np.zeros(panel.rows, dtype=bool)
    out["status"] = np.where(is_forecast, Status.OK.value, Status.TOO_FEW_RUNS.value)
    return out


def rule_of_runs(
    panel: RunPanel,
    levels: Sequence[float],
    positions: NDArray[np.int64],
    origin_us: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Seconds (n, m) at the levels, of the runs at these ascending `positions` (n,) of a panel, from
    the runs that had ended before their origins (n,)."""
    trains = (panel.outcome == SUCCEEDED) | (panel.outcome == UNKNOWN)
    out = np.full((positions.size, len(levels)), np.nan)
    first = panel.offsets[np.searchsorted(panel.offsets, positions, side="right") - 1]
    _fill(
        first, positions, origin_us, panel.start_us, panel.end_us, panel.value, trains,
        np.asarray(levels), out,
    )  # fmt: skip
    return out


@kernel
def _fill(
    first_of_job: NDArray[np.int64],
    positions: NDArray[np.int64],
    origin_us: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    value: NDArray[np.float64],
    trains: NDArray[np.bool_],
    levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for row in range(positions.size):
        i, first = positions[row], first_of_job[row]
        window = np.empty(i - first + 1)
        size = 0
        newest = -1
        for j in range(i - 1, first - 1, -1):
            if not trains[j] or end_us[j] >= origin_us[row]:
                continue
            if newest < 0:
                newest = j
            if origin_us[row] - start_us[j] > WEEK_US:
                break
            window[size] = value[j]
            size += 1
        if size == 0:
            if newest < 0:
                continue
            window[0] = value[newest]
            size = 1
        ordered = np.sort(window[:size])
        for k in range(levels.size):
            at = levels[k] * (size - 1)
            low = int(np.floor(at))
            high = min(low + 1, size - 1)
            out[row, k] = ordered[low] + (at - low) * (ordered[high] - ordered[low])
