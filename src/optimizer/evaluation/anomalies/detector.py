"""What finds strange runs: a score for each run, the stranger the higher, and from where on it is flagged.

A run is judged from the runs of its job that had ended before it started; only a method whose own definition
has the run among those it is compared with sees that run as well, and no other that had not ended. So a method
can be asked what it would say, had one run taken another time and all else been the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.panel import RunPanel

__all__ = ["ALPHA", "Detector", "Judge", "Judged"]

ALPHA: Final = 0.001
"""How many usual runs may be flagged as slow."""

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Scores (k,); NaN where a run is not judged."""

    slow: Floats
    short: Floats | None = None
    """None for a method that does not look for runs that are too short."""


Judge = Callable[[Positions, Floats], Judged]
"""The scores of the runs at positions (k,) of a panel, had each alone taken so many seconds (k,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """A method of finding strange runs."""

    words: str
    of: Callable[[RunPanel], Judge]
    slow_above: float
    """Flagged are scores above it, as the method comes."""
    short_above: float = np.inf
    p_value: Callable[[Floats], Floats] | None = None
    """From a score to P(as slow or slower), where the method promises one."""
