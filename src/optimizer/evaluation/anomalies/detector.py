"""What finds strange runs: a score for each run, the stranger the higher, and from where on it is flagged.

A run is judged from the runs of its job that had ended before it started; only a method whose own definition
has the run among those it is compared with sees that run as well, and no other that had not ended.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.panel import RunPanel

__all__ = ["ALPHA", "Detector", "Judged"]

ALPHA = 0.001
"""How many usual runs may be flagged as slow."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The scores of the runs of a panel (R,), in its order; NaN where a run is not judged."""

    slow: Floats
    short: Floats | None = None
    """None for a method that does not look for runs that are too short."""


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """A method of finding strange runs."""

    words: str
    judge: Callable[[RunPanel], Judged]
    slow_above: float
    """Flagged are scores above it, as the method comes."""
    short_above: float = np.inf
    p_value: Callable[[Floats], Floats] | None = None
    """From a score to P(as slow or slower), where the method promises one."""
