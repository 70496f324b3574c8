"""What a night computes of every job: its state, and how good its forecasts have lately been.

Both come from one walk over the job's latest HISTORY_RUNS runs and those of five weeks, so a night
costs no more as an account grows older. All of these fill the window; the latest FORECAST_RUNS of them,
and those of a turn of the month, are forecast and learned from, and of these the latest SCORED_RUNS are scored beside the seven-day rule:
each as forecast at the midnight before it started, since a night speaks of the days to come.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from optimizer.config import ForecastConfig
from optimizer.forecast.backtest import origins_us, per_run
from optimizer.forecast.curves import Curves, blocks, curves_of_jobs
from optimizer.forecast.distribution import quantiles_of_curves
from optimizer.forecast.fit import last_starts, states_of
from optimizer.forecast.rule import rule_of_runs
from optimizer.forecast.score import quality_of_runs
from optimizer.microseconds import DAY_US
from optimizer.panel import RunPanel, utc_microseconds
from optimizer.priors import SHIPPED, FleetPriors
from optimizer.quantile import probability_over

__all__ = ["FORECAST_RUNS", "HISTORY_DAYS", "HISTORY_RUNS", "SCORED_RUNS", "states_with_quality"]

HISTORY_RUNS: Final = 300
HISTORY_DAYS: Final = 35
"""With the last turn of the month, and some days before it."""
FORECAST_RUNS: Final = 150
SCORED_RUNS: Final = 100


def states_with_quality(
    runs: pd.DataFrame,
    quantiles: Sequence[float],
    *,
    as_of: pd.Timestamp,
    limits: ArrayLike | pd.Series,
    config: ForecastConfig | None = None,
    priors: FleetPriors = SHIPPED,
) -> pd.DataFrame:
    """The states of `fit(runs, as_of=as_of, origin="nightly")`, from the history above, beside the
    quality of recent forecasts, a row per job; the curve of a state is that of a run that starts at
    no known time.

    Columns: those of `Forecaster.states`; runs_scored, crps_log1p, `coverage_<level>` and brier of
    `quality`, for the levels `quantiles` and the limits (seconds, as of `backtest`); and
    crps_log1p_rule, of the rule on the same runs. Raises ValueError for a malformed frame.
    """
    config = config or ForecastConfig()
    as_of_us = int(utc_microseconds(pd.Series([as_of]), "as_of")[0][0])
    panel = RunPanel.from_frame(runs).latest(HISTORY_RUNS, as_of_us - HISTORY_DAYS * DAY_US)
    limit = per_run(limits, runs.index, "limits")[panel.row]
    at_us = origins_us(panel.start_us, "nightly", 0)
    no_start_us = np.full(panel.job_ids.size, np.nan)
    scored = _latest(panel.offsets, SCORED_RUNS)
    next_runs = Curves.empty(panel.job_ids.size)
    memory: list[dict[str, Any] | None] = []
    quality_of_ours, crps_of_rule = [], []
    for jobs in blocks(panel.offsets):
        past_runs, of_next_runs, states = curves_of_jobs(
            panel,
            at_us,
            as_of_us,
            no_start_us,
            config,
            jobs,
            latest_runs=FORECAST_RUNS,
            priors=priors,
        )
        next_runs.put(jobs, of_next_runs)
        memory += states.to_column()
        first, stop = panel.offsets[jobs.start], panel.offsets[jobs.stop]
        at = scored[slice(*np.searchsorted(scored, (first, stop)))]
        curves = past_runs.log_quantiles[at - first]
        seconds = quantiles_of_curves(curves, quantiles)
        by_rule = rule_of_runs(panel, quantiles, at, at_us[at])
        by_rule[np.isnan(seconds).any(axis=1)] = np.nan
        job = np.searchsorted(panel.offsets, at, side="right") - 1 - jobs.start
        actual = (job, panel.job_ids[jobs], panel.duration_seconds[at], panel.outcome[at])
        over = probability_over(curves, limit[at])
        quality_of_ours.append(quality_of_runs(*actual, seconds, quantiles, limit[at], over))
        crps_of_rule.append(quality_of_runs(*actual, by_rule, quantiles)["crps_log1p"])
    out = states_of(panel, next_runs, memory, last_starts(panel, as_of_us), config)
    names = ["runs_scored", "crps_log1p", *(f"coverage_{q:g}" for q in quantiles), "brier"]
    out[names] = pd.concat(quality_of_ours, ignore_index=True)[names]
    out["crps_log1p_rule"] = pd.concat(crps_of_rule, ignore_index=True)
    return out


def _latest(offsets: NDArray[np.int64], runs: int) -> NDArray[np.int64]:
    """Positions of the latest runs of each job."""
    from_end = np.repeat(offsets[1:], np.diff(offsets)) - np.arange(offsets[-1])
    return np.flatnonzero(from_end <= runs)
