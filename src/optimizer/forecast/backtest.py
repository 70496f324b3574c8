"""Every past run forecast as it would have been at the time.

For each run an origin is fixed, the distribution is fitted to the runs that had ended strictly
before that origin, and its quantiles and its probability of overrun are written beside the run:

    origin "start"      the start of the run
    origin "nightly"    the last midnight UTC before the start, less `horizon_days` days, which is
                        when a nightly table that the run's owner could read was computed

Decided here: a run that starts at midnight exactly belongs to the night before, because that
midnight's table does not exist yet; every run with a start gets its row, whatever became of it, so
that a forecast at an origin cannot depend on the outcome; a run without a start is not assessed; the
start itself is known at every origin, as a schedule tells it.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from optimizer.config import ForecastConfig
from optimizer.forecast.curves import blocks, curves_of_runs
from optimizer.forecast.distribution import quantiles_of_curves
from optimizer.microseconds import DAY_US
from optimizer.panel import RunPanel
from optimizer.priors import SHIPPED, FleetPriors
from optimizer.quantile import logit, probability_over
from optimizer.result import Status, status_array

__all__ = ["Origin", "backtest", "origins_us", "per_run"]

Origin = Literal["start", "nightly"]


def backtest(
    runs: pd.DataFrame,
    quantiles: Sequence[float],
    *,
    limits: ArrayLike | pd.Series | None = None,
    elapsed_seconds: ArrayLike | pd.Series | None = None,
    origin: Origin = "start",
    horizon_days: int = 0,
    config: ForecastConfig | None = None,
    priors: FleetPriors = SHIPPED,
) -> pd.DataFrame:
    """Forecast every run from what had ended before its origin; indexed like `runs`.

    Columns: one per quantile, named by the float, in seconds of a successful attempt; `p_breach`
    where `limits` are given (seconds; a number, an array (n,) or a Series indexed like `runs`),
    conditional on having run `elapsed_seconds` where given; `status`. `priors` are as of `fit`.

    Raises ValueError for a malformed frame, a level outside (0, 1), an unknown origin, a negative
    horizon, or limits of another length or index.
    """
    if elapsed_seconds is not None and limits is None:
        raise ValueError("elapsed_seconds condition p_breach: give limits as well")
    levels = [float(q) for q in quantiles]
    logit(levels)
    limit = None if limits is None else per_run(limits, runs.index, "limits")
    elapsed = per_run(
        0.0 if elapsed_seconds is None else elapsed_seconds, runs.index, "elapsed_seconds"
    )

    panel = RunPanel.from_frame(runs)
    at_us = origins_us(panel.start_us, origin, horizon_days)
    config = config or ForecastConfig()
    seconds = np.full((panel.rows, len(levels)), np.nan)
    p_breach = np.full(panel.rows, np.nan)
    status = np.full(panel.rows, Status.NOT_ASSESSED.value, dtype=object)
    for jobs in blocks(panel.offsets):
        curves = curves_of_runs(panel, at_us, config, jobs, priors=priors)
        row = panel.row[panel.offsets[jobs.start] : panel.offsets[jobs.stop]]
        status[row] = status_array(curves.code)
        if levels:
            seconds[row] = quantiles_of_curves(curves.log_quantiles, levels)
        if limit is not None:
            p_breach[row] = probability_over(curves.log_quantiles, limit[row], elapsed[row])
    out = pd.DataFrame(seconds, columns=pd.Index(levels, dtype=object), index=runs.index)
    if limit is not None:
        out["p_breach"] = p_breach
    out["status"] = status
    return out


def origins_us(start_us: NDArray[np.int64], origin: Origin, horizon_days: int) -> NDArray[np.int64]:
    """The instant before which a run must have ended to be used, microseconds, shape (R,).

    Raises ValueError for an unknown origin or a negative horizon.
    """
    if origin not in ("start", "nightly"):
        raise ValueError(f"origin must be 'start' or 'nightly', got {origin!r}")
    if horizon_days < 0 or (horizon_days > 0 and origin == "start"):
        raise ValueError(
            f"horizon_days must be 0 or more, and 0 with origin='start', got {horizon_days!r}"
        )
    if origin == "start":
        return start_us
    return (start_us - 1) // DAY_US * DAY_US - horizon_days * DAY_US


def per_run(numbers: ArrayLike | pd.Series, index: pd.Index, name: str) -> NDArray[np.float64]:
    """A number, array or Series as float64 (n,), one per run in the frame's order."""
    if isinstance(numbers, pd.Series) and not numbers.index.equals(index):
        raise ValueError(f"{name} must have the index of runs; reindex it or pass an array")
    values = np.asarray(numbers, dtype=np.float64)
    if values.shape not in ((), (len(index),)):
        raise ValueError(f"{name} must be a number or one per run, got shape {values.shape}")
    return np.broadcast_to(values, (len(index),)).copy()
