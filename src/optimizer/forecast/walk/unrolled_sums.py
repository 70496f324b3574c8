"""Sums unrolled four ways, so that a processor can do four additions at once.

A plain sum waits for each addition before the next, since the order of operations is kept. Four sums
of every fourth number do not wait for each other, and their order does not depend on the machine.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel

__all__ = ["dot", "total"]


@kernel
def total(x: NDArray[np.float64], size: int) -> float:
    """The sum of the first `size` numbers."""
    a = b = c = d = 0.0
    whole = size - size % 4
    for i in range(0, whole, 4):
        a += x[i]
        b += x[i + 1]
        c += x[i + 2]
        d += x[i + 3]
    for i in range(whole, size):
        a += x[i]
    return (a + b) + (c + d)


@kernel
def dot(x: NDArray[np.float64], y: NDArray[np.float64], size: int) -> float:
    """The sum of the products of the first `size` pairs."""
    a = b = c = d = 0.0
    whole = size - size % 4
    for i in range(0, whole, 4):
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i + 2] * y[i + 2]
        d += x[i + 3] * y[i + 3]
    for i in range(whole, size):
        a += x[i] * y[i]
    return (a + b) + (c + d)
