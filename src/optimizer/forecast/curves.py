"""The distribution of every run from the runs of its job that had ended: each job is walked once.

For each run, at its origin:

1. runs that have ended since the last origin enter the window (`walk.window`); what had been forecast
   for them at their own origins moves the shares of the experts (`walk.mixture`) and the levels
   (`optimizer.calibration`);
2. each expert weighs the window (`walk.experts`), and the weights are pooled by the shares;
3. the pooled sample is made into a curve (`forecast.sample`), read at the moved levels.

Decided here: the time a run is forecast for is its own start, which a schedule tells, whatever the
origin; durations below a millisecond count as one, so that zero has a logarithm; timeouts and
cancellations are values that were exceeded, and no shares are learned from them; failed runs say
nothing about the duration of a success and only feed the failure rate (`walk.failures`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.forecast.walk.arrays import Forecasts, JobRuns, WalkSettings, roles
from optimizer.forecast.walk.job_state import JobStates
from optimizer.forecast.walk.months import log_priors
from optimizer.forecast.walk.predict import curves_at
from optimizer.forecast.walk.walk import walk
from optimizer.microseconds import DAY_US
from optimizer.months import turn_of_month
from optimizer.panel import NEVER_US, RunPanel
from optimizer.priors import SHIPPED, FleetPriors
from optimizer.quantile import LEVELS

__all__ = [
    "SHORTEST_SECONDS", "TOO_FEW_RUNS", "Curves", "blocks", "curves_of_jobs", "curves_of_runs",
]  # fmt: skip

SHORTEST_SECONDS: Final = 1e-3

ALL_JOBS: Final = slice(0, None)
BLOCK_RUNS: Final = 250_000

# Positions in `optimizer.result.STATUS_BY_CODE`.
OK: Final = 0
TOO_FEW_RUNS: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """The forecasts of n runs, each from what was known at its origin."""

    log_quantiles: NDArray[np.float64]
    """(n, 35) NaN where too few runs."""
    code: NDArray[np.int8]
    """(n,) status codes."""
    runs: NDArray[np.int64]
    """(n,) successes used."""
    effective_runs: NDArray[np.float64]
    """(n,) independent runs of equal weight that the used ones are worth."""
    failure_rate: NDArray[np.float64]
    """(n,) probability that an attempt fails."""

    @classmethod
    def empty(cls, n: int) -> "Curves":
        return cls(
            log_quantiles=np.full((n, LEVELS.size), np.nan),
            code=np.full(n, TOO_FEW_RUNS, dtype=np.int8),
            runs=np.zeros(n, dtype=np.int64),
            effective_runs=np.zeros(n),
            failure_rate=np.full(n, np.nan),
        )

    def part(self, rows: slice) -> "Curves":
        """A view of these rows."""
        return Curves(*(getattr(self, field.name)[rows] for field in fields(self)))

    def put(self, rows: slice, curves: "Curves") -> None:
        """Write `curves` over these rows."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(curves, field.name)


def curves_of_runs(
    panel: RunPanel,
    origin_us: NDArray[np.int64],
    config: ForecastConfig,
    jobs: slice = ALL_JOBS,
    *,
    priors: FleetPriors = SHIPPED,
) -> Curves:
    """The distribution of every run of `jobs` at its origin, in the panel's order.

    Origins (R,) are those of all runs and ascend within a job; each distribution uses only runs
    whose end is strictly before its origin.
    """
    no_start_us = np.full(panel.job_ids.size, np.nan)
    return curves_of_jobs(panel, origin_us, NEVER_US, no_start_us, config, jobs, priors=priors)[0]


def curves_of_jobs(
    panel: RunPanel,
    origin_us: NDArray[np.int64],
    last_origin_us: int,
    next_start_us: NDArray[np.float64],
    config: ForecastConfig,
    jobs: slice = ALL_JOBS,
    *,
    latest_runs: int = NEVER_US,
    priors: FleetPriors = SHIPPED,
) -> tuple[Curves, Curves, JobStates]:
    """The distributions of every run of `jobs`, that of one more run of each job, and the jobs' states.

    The first are those of `curves_of_runs`, with no origin after the last one; only the `latest_runs`
    of each job are forecast, and those before fill the window. The second are those of a run that
    starts at next_start_us (J,; NaN: at an unknown time), from what is known at the last origin.
    """
    bounds = panel.offsets[jobs.start : None if jobs.stop is None else jobs.stop + 1]
    offsets = bounds - bounds[0]
    rows = slice(int(bounds[0]), int(bounds[-1]))
    runs = JobRuns(
        start_us=panel.start_us[rows],
        end_us=panel.end_us[rows],
        by_end=panel.by_end[rows] - np.repeat(bounds[:-1], np.diff(bounds)),
        log_seconds=np.log(np.maximum(panel.duration_seconds[rows], SHORTEST_SECONDS)),
        role=roles(panel.outcome[rows]),
        origin_us=np.minimum(origin_us[rows], last_origin_us),
        turn=turn_of_month(panel.start_us[rows] // DAY_US),
    )
    settings = WalkSettings.of(config)
    curves = Curves.empty(int(offsets[-1]) + offsets.size - 1)
    forecasts = Forecasts(
        curves.log_quantiles, curves.runs, curves.effective_runs, curves.failure_rate
    )
    states = walk(
        offsets, runs, last_origin_us, latest_runs, settings, log_priors(priors), forecasts
    )
    next_runs = slice(int(offsets[-1]), None)
    curves.log_quantiles[next_runs], worth = curves_at(
        states, np.arange(offsets.size - 1), next_start_us[jobs], settings
    )
    curves.effective_runs[next_runs] = np.nan_to_num(worth)
    has_curve = ~np.isnan(curves.log_quantiles[:, 0])
    is_forecast = (curves.runs >= config.min_runs) & has_curve
    curves.log_quantiles[~is_forecast] = np.nan
    curves.code[:] = np.where(is_forecast, OK, TOO_FEW_RUNS)
    return curves.part(slice(0, next_runs.start)), curves.part(next_runs), states


def blocks(offsets: NDArray[np.int64]) -> Iterator[slice]:
    """Consecutive jobs of about BLOCK_RUNS runs, since curves take ten times the memory of the runs.

    Without a job, one empty block.
    """
    first, jobs = 0, offsets.size - 1
    if jobs == 0:
        yield slice(0, 0)
    while first < jobs:
        full = int(np.searchsorted(offsets, offsets[first] + BLOCK_RUNS, side="right")) - 1
        stop = max(full, first + 1)
        yield slice(first, stop)
        first = stop
