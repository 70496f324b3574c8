"""Strange runs put into a log: runs of it that take 1.5, 2 or 3 times as long, or a tenth.

One run of each fifty that count is drawn, from the middle of the fifty, so that two of one job are at least as many
runs apart as half of that. A drawn run ends as much later or earlier, and is known to the runs after it as any other:
what it does to their baselines is what a real one would.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.panel import RunPanel

__all__ = ["EVERY", "FACTORS", "drawn", "with_injected"]

EVERY: Final = 50
FACTORS: Final = (1.5, 2.0, 3.0, 0.1)


def drawn(
    counted: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of the positions that count (m,), in order: those drawn (m // 50,), and the factor of each."""
    blocks = counted.size // EVERY
    within = rng.integers(EVERY // 4, EVERY - EVERY // 4, blocks)
    factors = rng.permutation(np.resize(FACTORS, blocks))
    return counted[EVERY * np.arange(blocks) + within], factors


def with_injected(
    runs: pd.DataFrame, panel: RunPanel, at: NDArray[np.int64], factors: NDArray[np.float64]
) -> tuple[RunPanel, NDArray[np.int64]]:
    """The panel of `runs` with those at positions `at` (k,) of `panel` changed, and where they are in it."""
    seconds = runs["duration_seconds"].to_numpy(dtype=np.float64, copy=True)
    seconds[panel.row[at]] *= factors
    changed = RunPanel.from_frame(runs.assign(duration_seconds=seconds))
    position = np.empty(panel.rows, dtype=np.int64)
    position[changed.row] = np.arange(changed.row.size)
    return changed, position[panel.row[at]]
