"""Location and scale of a sample that may hold outliers: median and MAD.

    center = median(x)        scale = median(|x - center|) / Phi^-1(3/4)

The constant makes the scale a consistent estimate of the standard deviation of a normal sample
(Rousseeuw and Croux, Journal of the American Statistical Association 88, 1993). Up to half of the
sample may be arbitrary before either number follows it, which is why a past incident need not be
removed from a baseline.

Decided here: the median of an even sample is the mean of the two middle values; the constant is the
exact 1 / Phi^-1(3/4) = 1.482602..., not its four printed digits; the kernels take a sorted sample,
because every caller keeps one.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.kernel import kernel

__all__ = ["MAD_TO_SD", "mad_sd", "median", "sorted_mad", "sorted_median"]

MAD_TO_SD: Final = 1.482602218505602
"""1 / norm.ppf(0.75), to double precision."""


@kernel
def sorted_median(values: NDArray[np.float64], size: int) -> float:
    """Median of the first `size` values of a sorted array; NaN for none."""
    if size == 0:
        return np.nan
    half = size // 2
    if size % 2 == 1:
        return float(values[half])
    # Halves first: the sum of two huge values would overflow.
    return float(0.5 * values[half - 1] + 0.5 * values[half])


@kernel
def sorted_mad(values: NDArray[np.float64], size: int, center: float) -> float:
    """Median distance to `center` of the first `size` values of a sorted array; NaN for none.

    The distances of a sorted sample fall and then rise, so their order is found by walking outwards
    from the center: O(size) and no second sort.
    """
    if size == 0:
        return np.nan
    right = 0
    while right < size and values[right] < center:
        right += 1
    left = right - 1
    middle = size // 2
    previous = 0.0
    distance = 0.0
    for _ in range(middle + 1):
        previous = distance
        if right >= size or (left >= 0 and center - values[left] <= values[right] - center):
            distance = center - values[left]
            left -= 1
        else:
            distance = values[right] - center
            right += 1
    return distance if size % 2 == 1 else 0.5 * previous + 0.5 * distance


def median(values: ArrayLike) -> float:
    """Median of finite values, shape (n,); NaN for n = 0."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    return float(sorted_median(ordered, ordered.size))


def mad_sd(values: ArrayLike) -> float:
    """Standard deviation by the median absolute deviation, shape (n,); NaN for n = 0."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    center = sorted_median(ordered, ordered.size)
    return float(sorted_mad(ordered, ordered.size, center)) * MAD_TO_SD
