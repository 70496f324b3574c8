"""Slow growth of a job's typical duration, and the day on which it crosses a limit.

With y_i the log of the typical duration on day x_i, centred at the mean day,

    slope b = median of (y_j - y_i) / (x_j - x_i)          level a = median of y_i - b x_i

(Theil 1950, Sen 1968), and the limit L is crossed at t = (log L - a) / b. The interval is the set of t
at which the line may be at the limit (Fieller's argument with robust standard errors):

    |log L - a - b t| <= q sqrt(s_a^2 + s_b^2 t^2)

where s_b is half the width of Sen's interval for the slope over its quantile, s_a the same of the sign
test's interval for the median, both widened by sqrt((1 + r) / (1 - r)) for residuals that follow one
another with rank correlation r, and q the quantile of Student's t with n - 2 degrees of freedom.

Decided here: a job grows when its slope is above zero at a level that one steady job in a hundred
reaches by chance; otherwise no day is named. The line assumes that growth goes on as before, and
nothing else. Where two levels fit clearly better than a line, it was a step and not growth.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Growth", "growth"]

MIN_DAYS: Final = 14
COVERAGE: Final = 0.8
SURE: Final = 0.99
STEP_SHARE: Final = 0.7

State = Literal["growing", "steady", "stepped"]


@dataclass(frozen=True, slots=True)
class Growth:
    """A line through one job's days; build with `growth`. Times are days on the axis it was given."""

    state: State
    slope: float
    """Log units a day."""
    slope_low: float
    slope_high: float
    center_day: float
    level: float
    """Log value of the line at `center_day`."""
    level_se: float
    slope_se: float
    quantile: float
    """Of Student's t, for the coverage asked for."""

    def at(self, day: float) -> float:
        """Log value of the line on `day`."""
        return self.level + self.slope * (day - self.center_day)

    def crossing(self, log_limit: float) -> tuple[float, float, float | None]:
        """Days on which the line crosses `log_limit`: expected, earliest, latest (None: unbounded).

        ValueError unless the job is growing.
        """
        if self.state != "growing":
            raise ValueError(f"a job that is {self.state} crosses nothing")
        far = log_limit - self.level
        square = self.quantile**2
        # (b^2 - q^2 s_b^2) t^2 - 2 b far t + far^2 - q^2 s_a^2 <= 0
        leading = self.slope**2 - square * self.slope_se**2
        half = self.slope * far
        constant = far**2 - square * self.level_se**2
        expected = self.center_day + far / self.slope
        root = np.sqrt(max(half**2 - leading * constant, 0.0))
        if leading <= 0.0:
            # The slope may be zero: the line stays below the limit at least until here.
            earliest = constant / (half + root) if half + root > 0 else far / self.slope
            return expected, self.center_day + earliest, None
        low, high = (half - root) / leading, (half + root) / leading
        return expected, self.center_day + low, self.center_day + high


def growth(
    day: NDArray[np.float64], value: NDArray[np.float64], *, coverage: float = COVERAGE
) -> Growth | None:
    """The growth of `value` (n,), positive, over distinct days (n,); None for fewer than 14.

    Values that are not finite and positive are left out. Raises ValueError for other shapes or a
    coverage outside (0, 1).
    """
    if day.shape != value.shape or day.ndim != 1:
        raise ValueError(f"day and value must be (n,), got {day.shape} and {value.shape}")
    if not 0.0 < coverage < 1.0:
        raise ValueError(f"coverage must be in (0, 1), got {coverage!r}")
    usable = np.isfinite(value) & (value > 0.0) & np.isfinite(day)
    order = np.argsort(day[usable], kind="stable")
    x, y = day[usable][order], np.log(value[usable][order])
    n = x.size
    if n < MIN_DAYS or np.any(np.diff(x) <= 0.0):
        return None
    center = float(x.mean())
    x = x - center
    i, j = np.triu_indices(n, 1)
    slopes = np.sort((y[j] - y[i]) / (x[j] - x[i]))
    slope = float(np.median(slopes))
    level = float(np.median(y - slope * x))
    residual = y - level - slope * x

    tail = 0.5 + coverage / 2.0
    normal = float(special.ndtri(tail))
    spread = normal * np.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    at = np.clip([(slopes.size - spread) / 2.0, (slopes.size + spread) / 2.0], 0, slopes.size - 1)
    low, high = np.interp(at, np.arange(slopes.size), slopes)
    around = np.clip(
        [n / 2 - 0.5 - normal * np.sqrt(n) / 2, n / 2 - 0.5 + normal * np.sqrt(n) / 2], 0, n - 1
    )
    down, up = np.interp(around, np.arange(n), np.sort(residual))
    # What a fitted line leaves looks less alike than it is (Marriott and Pope 1954).
    alike = _rank_correlation(residual[:-1], residual[1:])
    follow = float(np.clip(alike + (1.0 + 4.0 * alike) / n, 0.0, 0.9))
    wider = np.sqrt((1.0 + follow) / (1.0 - follow))
    student = float(special.stdtrit(n - 2, tail))
    slope_se = wider * float(high - low) / (2.0 * normal)
    slope_low, slope_high = slope - student * slope_se, slope + student * slope_se
    surely = float(special.stdtrit(n - 2, SURE))
    state: State = "growing" if slope > surely * slope_se else "steady"
    if state == "growing" and _is_step(y, residual):
        state = "stepped"
    return Growth(
        state=state,
        slope=slope,
        slope_low=float(slope_low),
        slope_high=float(slope_high),
        center_day=center,
        level=level,
        level_se=float(wider * (up - down) / (2.0 * normal)),
        slope_se=float(slope_se),
        quantile=student,
    )


def _rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Spearman's; zero where it is not defined."""
    ranks = [np.argsort(np.argsort(values)).astype(np.float64) for values in (one, other)]
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.corrcoef(ranks[0], ranks[1])[0, 1]
    return float(np.nan_to_num(correlation))


def _is_step(y: NDArray[np.float64], residual: NDArray[np.float64]) -> bool:
    """Whether two levels leave clearly less than the line does, outliers cut at three MADs."""
    middle = np.median(residual)
    mad = float(np.median(np.abs(residual - middle)))
    bound = 3.0 * 1.4826 * mad
    cut = np.clip(residual, -bound, bound)
    trimmed = y - residual + cut
    n = trimmed.size
    count = np.arange(1, n)
    sums, squares = np.cumsum(trimmed), np.cumsum(trimmed**2)
    below = squares[:-1] - sums[:-1] ** 2 / count
    above = (squares[-1] - squares[:-1]) - (sums[-1] - sums[:-1]) ** 2 / (n - count)
    best = float((below + above)[2:-2].min())
    return best < STEP_SHARE * float((cut**2).sum())
