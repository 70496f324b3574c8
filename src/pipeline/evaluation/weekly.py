"""When a model of all jobs is trained again, and on which runs."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.evaluation.refits import refits
from optimizer.evaluation.simple import training
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.panel import RunPanel

MOST_REFITS: Final = 26
MOST_RUNS: Final = 50_000
FEWEST_RUNS: Final = 200

Positions = NDArray[np.int64]


def trained_weekly(
    panel: RunPanel, origin_us: NDArray[np.int64], usable: NDArray[np.bool_]
) -> Iterator[tuple[Positions, Positions]]:
    """For each week (at most 26 over a log), the last 50,000 runs that had ended by its Monday, to train
    on, and the runs to be told of; both of `usable` runs (R,). No week with fewer than 200 runs to train on."""
    learned = np.flatnonzero(training(panel) & usable)
    learned = learned[np.argsort(panel.end_us[learned], kind="stable")]
    for fitted_us, positions in refits(origin_us, at_most=MOST_REFITS):
        rows = positions[usable[positions]]
        ended = int(np.searchsorted(panel.end_us[learned], fitted_us))
        if rows.size and ended >= FEWEST_RUNS:
            yield learned[max(ended - MOST_RUNS, 0) : ended], rows


def log_seconds(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of durations, of none and of the shortest that of the shortest that is told apart."""
    return np.asarray(np.log(np.maximum(np.nan_to_num(seconds), SHORTEST_SECONDS)))
