"""The distribution of a job's runs from its ended runs: every job is walked once, in order of time.

For each run, at its origin:

1. runs that have ended since the last origin enter the window (`forecast.window`), and teach
   the shares of the experts (`forecast.mixture`) and the movement of the levels (`calibration`) by
   what had been forecast for them at their own origins;
2. each expert weighs the window (`forecast.experts`), and the weights are pooled by the shares;
3. the pooled sample is made into a curve (`forecast.sample`), read at the moved levels.

Decided here: the time a run is forecast for is its own start, which a schedule tells, whatever the
origin; durations below a millisecond count as one, so that zero has a logarithm; timeouts and
cancellations are values that were exceeded and teach no shares; failed runs say nothing about the
duration of a success and only feed the failure rate (`forecast.failures`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.forecast.walk.answer import answers
from optimizer.forecast.walk.job_state import Remembered
from optimizer.forecast.walk.memory import Knobs, Known, Runs, roles
from optimizer.forecast.walk.walk import walk
from optimizer.panel import NEVER_US, RunPanel
from optimizer.quantile import LEVELS

__all__ = [
    "SHORTEST_SECONDS", "TOO_FEW_RUNS", "Curves", "blocks", "curves_of_jobs", "curves_of_runs",
]  # fmt: skip

SHORTEST_SECONDS: Final = 1e-3

EVERY: Final = slice(0, None)
BLOCK_RUNS: Final = 250_000

# Positions in `optimizer.result.STATUS_BY_CODE`.
OK: Final = 0
TOO_FEW_RUNS: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """What was known at each of n origins."""

    log_quantiles: NDArray[np.float64]
    """(n, 35) NaN where too few runs."""
    code: NDArray[np.int8]
    """(n,) status codes."""
    runs: NDArray[np.int64]
    """(n,) successes used."""
    effective_runs: NDArray[np.float64]
    """(n,) what all used runs are worth."""
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
        """A view of some of the origins."""
        return Curves(*(getattr(self, one.name)[rows] for one in fields(self)))

    def put(self, rows: slice, those: "Curves") -> None:
        """Write `those` over some of the origins."""
        for one in fields(self):
            getattr(self, one.name)[rows] = getattr(those, one.name)


def curves_of_runs(
    panel: RunPanel, origin_us: NDArray[np.int64], config: ForecastConfig, jobs: slice = EVERY
) -> Curves:
    """The distribution of every run of `jobs` at its origin, in the panel's order.

    Origins (R,) are those of all runs and ascend within a job; each distribution uses only runs
    whose end is strictly before its origin.
    """
    nobody_asks = np.full(panel.job_ids.size, np.nan)
    return curves_of_jobs(panel, origin_us, NEVER_US, nobody_asks, config, jobs)[0]


def curves_of_jobs(
    panel: RunPanel,
    origin_us: NDArray[np.int64],
    last_origin_us: int,
    asked_us: NDArray[np.float64],
    config: ForecastConfig,
    jobs: slice = EVERY,
    *,
    most: int = NEVER_US,
) -> tuple[Curves, Curves, Remembered]:
    """The distributions of every run of `jobs`, that of one more of each job, and what is remembered.

    The first are those of `curves_of_runs`, with no origin after the last one; of the last `most` runs
    of each job, since those before only fill the window. The second are those of a run that starts at
    asked_us (J,; NaN: at an unknown time), known at the last origin.
    """
    of_all = panel.offsets[jobs.start : None if jobs.stop is None else jobs.stop + 1]
    offsets = of_all - of_all[0]
    mine = slice(int(of_all[0]), int(of_all[-1]))
    runs = Runs(
        start_us=panel.start_us[mine],
        end_us=panel.end_us[mine],
        by_end=panel.by_end[mine] - np.repeat(of_all[:-1], np.diff(of_all)),
        log_seconds=np.log(np.maximum(panel.duration_seconds[mine], SHORTEST_SECONDS)),
        role=roles(panel.outcome[mine]),
        origin_us=np.minimum(origin_us[mine], last_origin_us),
    )
    knobs = Knobs.of(config)
    curves = Curves.empty(int(offsets[-1]) + offsets.size - 1)
    known = Known(curves.log_quantiles, curves.runs, curves.effective_runs, curves.failure_rate)
    remembered = walk(offsets, runs, last_origin_us, most, knobs, known)
    last = slice(int(offsets[-1]), None)
    curves.log_quantiles[last], worth = answers(
        remembered, np.arange(offsets.size - 1), asked_us[jobs], knobs
    )
    curves.effective_runs[last] = np.nan_to_num(worth)
    untold = np.isnan(curves.log_quantiles[:, 0])
    enough = (curves.runs >= config.min_runs) & ~untold
    curves.log_quantiles[~enough] = np.nan
    curves.code[:] = np.where(enough, OK, TOO_FEW_RUNS)
    return curves.part(slice(0, last.start)), curves.part(last), remembered


def blocks(offsets: NDArray[np.int64]) -> Iterator[slice]:
    """Consecutive jobs of about BLOCK_RUNS runs: curves are ten times as large as what is kept.

    Without a job, one empty block.
    """
    first, jobs = 0, offsets.size - 1
    if jobs == 0:
        yield slice(0, 0)
    while first < jobs:
        wanted = int(np.searchsorted(offsets, offsets[first] + BLOCK_RUNS, side="right")) - 1
        last = max(wanted, first + 1)
        yield slice(first, last)
        first = last
