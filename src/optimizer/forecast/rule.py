"""The usual rule, as a control: quantiles of the runs of the last seven days.

    Q(q) = the q-quantile (linear between order statistics, Hyndman and Fan 1996, type 7) of the
    durations of successful runs that started within seven days of the origin and had ended by it

Decided here: with no run in the window the last successful run stands alone, so that the control
answers wherever a forecast can, and both are scored on the same runs.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.kernel import kernel
from optimizer.panel import SUCCEEDED, UNKNOWN, RunPanel
from optimizer.result import Status
from optimizer.weights import DAY_US

__all__ = ["seven_day_rule"]

WINDOW_US = 7 * DAY_US


def seven_day_rule(runs: pd.DataFrame, quantiles: Sequence[float]) -> pd.DataFrame:
    """Quantiles of every run by the rule; indexed like `runs`, a column per level and `status`.

    Raises ValueError for a malformed frame.
    """
    panel = RunPanel.from_frame(runs)
    levels = np.asarray([float(q) for q in quantiles])
    trains = (panel.outcome == SUCCEEDED) | (panel.outcome == UNKNOWN)
    ordered = np.full((panel.row.size, levels.size), np.nan)
    _fill(panel.offsets, panel.start_us, panel.end_us, panel.value, trains, levels, ordered)
    seconds = np.full((panel.rows, levels.size), np.nan)
    seconds[panel.row] = ordered
    out = pd.DataFrame(seconds, columns=pd.Index(list(levels), dtype=object), index=runs.index)
    answered = np.isfinite(seconds).all(axis=1) if levels.size else np.zeros(panel.rows, dtype=bool)
    out["status"] = np.where(answered, Status.OK.value, Status.TOO_FEW_RUNS.value)
    return out


@kernel
def _fill(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    value: NDArray[np.float64],
    trains: NDArray[np.bool_],
    levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for job in range(offsets.size - 1):
        first, stop = offsets[job], offsets[job + 1]
        held = np.empty(stop - first)
        for i in range(first, stop):
            size = 0
            newest = -1
            for j in range(i - 1, first - 1, -1):
                if not trains[j] or end_us[j] >= start_us[i]:
                    continue
                if newest < 0:
                    newest = j
                if start_us[i] - start_us[j] > WINDOW_US:
                    break
                held[size] = value[j]
                size += 1
            if size == 0:
                if newest < 0:
                    continue
                held[0] = value[newest]
                size = 1
            window = np.sort(held[:size])
            for k in range(levels.size):
                at = levels[k] * (size - 1)
                low = int(np.floor(at))
                high = min(low + 1, size - 1)
                out[i, k] = window[low] + (at - low) * (window[high] - window[low])
