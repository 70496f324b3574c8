"""Methods compared on one panel of runs, from rolling origins and each on the same runs.

Each run is forecast from what had ended before its start, and before the last midnight UTC before it
and one, three and seven days earlier. A run is scored if it finished and every method forecasts it.

Decided here: jobs are taken in parts of about 50,000 runs, and of a part only sums are kept, so that
memory does not grow with the log; the methods of a part run in threads, since their loops hold no
lock. A control that looks at other jobs looks at those of its part.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.evaluation.methods import METHODS
from optimizer.evaluation.scores import Figures, Score, figures, scorable, score
from optimizer.evaluation.simple import Method
from optimizer.forecast.backtest import Origin, origins_us
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS, seconds_of

__all__ = ["HORIZONS", "Comparison", "Horizon", "compare"]

PART_RUNS: Final = 50_000
THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Horizon:
    """When a run is forecast: see `optimizer.forecast.backtest`."""

    origin: Origin
    days: int
    words: str


HORIZONS: Final[dict[str, Horizon]] = {
    "start": Horizon("start", 0, "at its start"),
    "nightly_0": Horizon("nightly", 0, "the midnight before"),
    "nightly_1": Horizon("nightly", 1, "1 day earlier"),
    "nightly_3": Horizon("nightly", 3, "3 days earlier"),
    "nightly_7": Horizon("nightly", 7, "7 days earlier"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The scores of all methods at one horizon."""

    scores: dict[str, Score]
    crps_by_job: dict[str, NDArray[np.float64]]
    """By method: (J,) sums of CRPS over the scored runs of each job."""
    runs_by_job: NDArray[np.int64]
    """(J,) scored runs."""


def compare(
    panel: RunPanel,
    methods: Mapping[str, Method] = METHODS,
    *,
    progress: Callable[[int], object] = lambda _: None,
) -> dict[str, Comparison]:
    """The comparison at each horizon; one without a run that all methods forecast is left out.

    `progress` is called with the number of runs forecast since its last call: in all R times the
    number of horizons.
    """
    usual_method = METHODS["last_30"]
    middle = LEVELS.tolist().index(0.5)
    of_parts: dict[str, list[Comparison]] = {name: [] for name in HORIZONS}
    with ThreadPoolExecutor(THREADS) as pool:
        for part in parts(panel):
            usual = seconds_of(usual_method(part, part.start_us)[:, middle])
            for name, horizon in HORIZONS.items():
                at_us = origins_us(part.start_us, horizon.origin, horizon.days)

                def forecast(
                    method: Method,
                    part: RunPanel = part,
                    at_us: NDArray[np.int64] = at_us,
                    usual: NDArray[np.float64] = usual,
                ) -> Figures:
                    return figures(part, method(part, at_us), usual)

                each = dict(zip(methods, pool.map(forecast, methods.values()), strict=True))
                of_parts[name].append(_compared(part, each, usual))
                progress(part.row.size)
    joined = {horizon: _joined(each) for horizon, each in of_parts.items() if each}
    return {horizon: one for horizon, one in joined.items() if one.runs_by_job.any()}


def _compared(
    panel: RunPanel, by_method: Mapping[str, Figures], usual: NDArray[np.float64]
) -> Comparison:
    rows = scorable(panel)
    for of_method in by_method.values():
        rows &= np.isfinite(of_method.crps)
    jobs = panel.job_ids.size
    job = np.repeat(np.arange(jobs), np.diff(panel.offsets))[rows]
    return Comparison(
        scores={
            name: score(panel, of_method, usual, rows) for name, of_method in by_method.items()
        },
        crps_by_job={
            name: np.bincount(job, of_method.crps[rows], jobs).astype(np.float64)
            for name, of_method in by_method.items()
        },
        runs_by_job=np.bincount(job, minlength=jobs),
    )


def _joined(parts: list[Comparison]) -> Comparison:
    """Comparisons of consecutive jobs as one."""
    return Comparison(
        scores={name: reduce(add, (one.scores[name] for one in parts)) for name in parts[0].scores},
        crps_by_job={
            name: np.concatenate([one.crps_by_job[name] for one in parts])
            for name in parts[0].crps_by_job
        },
        runs_by_job=np.concatenate([one.runs_by_job for one in parts]),
    )


def parts(panel: RunPanel, runs: int = PART_RUNS) -> Iterator[RunPanel]:
    """Consecutive jobs of about `runs` runs, at least one job."""
    first, jobs = 0, panel.job_ids.size
    while first < jobs:
        full = int(np.searchsorted(panel.offsets, panel.offsets[first] + runs, side="right")) - 1
        stop = max(full, first + 1)
        yield panel.of_jobs(slice(first, stop))
        first = stop
