"""P(no successful end by a clock time), with the start, the queue and a retry in the account.

With start delay A, queue Q, attempt durations D1, D2, wait W before a retry, failure rate f and
s seconds from the reference time to the deadline,

    P(met) = (1 - f) P(A + Q + D1 <= s) + f (1 - f) P(A + Q + D1 + W + Q' + D2 <= s)

Sums are taken over a fixed set of equally probable points of each distribution (the midpoints of 24
equal slices), exactly in the last one: P(X + D <= s) is the mean over the points x of F_D(s - x).
There is no random number, so the same night always says the same.

Decided here: parts are independent; a failed attempt lasts as long as a successful one, which is
pessimistic for jobs that fail early; one retry is counted, if the job has one; a job that never
ends well has P = 1 however generous the deadline.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.forecast.distribution import Distribution
from optimizer.quantile import LEVELS, probability_over

__all__ = ["p_miss_deadline"]

POINTS: Final = 24
MIDPOINTS: Final[NDArray[np.float64]] = (np.arange(POINTS) + 0.5) / POINTS


def p_miss_deadline(
    duration: Distribution,
    seconds_to_deadline: ArrayLike,
    *,
    start_delay_seconds: ArrayLike = 0.0,
    queue_seconds: ArrayLike = 0.0,
    failure_rate: ArrayLike = 0.0,
    retries: ArrayLike = 1,
    retry_wait_seconds: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """P(miss) of each row of `duration`, shape (n,); NaN where something needed is NaN.

    `seconds_to_deadline` counts from the reference time (midnight, or now). `start_delay_seconds`
    and `queue_seconds` are a number, one number per row (n,), or quantiles (n, 35) at
    `optimizer.quantile.LEVELS`. Raises ValueError for other shapes, a failure rate outside [0, 1]
    or retries other than 0 and 1.
    """
    n = len(duration)
    slack = _rows(seconds_to_deadline, n, "seconds_to_deadline")
    fails = _rows(failure_rate, n, "failure_rate")
    wait = _rows(retry_wait_seconds, n, "retry_wait_seconds")
    again = _rows(retries, n, "retries")
    if np.any((fails < 0.0) | (fails > 1.0)):
        raise ValueError("failure_rate must be in [0, 1]")
    if not np.isin(again, (0.0, 1.0)).all():
        raise ValueError("retries must be 0 or 1: this version counts at most one")

    # What happens before the first attempt: (n, a) equally probable delays.
    queue = _points(queue_seconds, n, "queue_seconds")
    before = _sums(_points(start_delay_seconds, n, "start_delay_seconds"), queue)
    first = _p_met(duration, slack[:, None] - before)
    # And before the second: the first attempt, the wait and the queue again.
    tried = duration.quantile(MIDPOINTS)
    second_before = _sums(_sums(before, tried), queue) + wait[:, None]
    second = _p_met(duration, slack[:, None] - second_before)
    met = (1.0 - fails) * first + again * fails * (1.0 - fails) * second
    return np.asarray(1.0 - met)


def _rows(given: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    values = np.asarray(given, dtype=np.float64)
    if values.shape not in ((), (n,)):
        raise ValueError(f"{name} must be a number or shape ({n},), got {values.shape}")
    return np.broadcast_to(values, (n,))


def _points(given: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    """Equally probable values (n, 1) of a constant, (n, 24) of quantiles at LEVELS."""
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (n, LEVELS.size):
        return _rows(given, n, name)[:, None]
    # Levels are shared by the rows: one interpolation matrix serves all, ends held constant.
    columns = [np.interp(MIDPOINTS, LEVELS, unit) for unit in np.eye(LEVELS.size)]
    return np.asarray(values @ np.array(columns))


def _sums(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equally probable points of the sum of independent x (n, a) and y (n, b): at most 48 of them.

    All a * b sums, sorted, then the mean of each slice of equal size: the mean is kept exactly.
    """
    every = np.sort((x[:, :, None] + y[:, None, :]).reshape(x.shape[0], -1), axis=1)
    if every.shape[1] <= 2 * POINTS:
        return every
    return np.asarray(every.reshape(x.shape[0], POINTS, -1).mean(axis=2))


def _p_met(duration: Distribution, remaining: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the columns of `remaining` (n, a) of P(duration <= remaining), shape (n,)."""
    n, columns = remaining.shape
    row = np.repeat(np.arange(n), columns)
    over = probability_over(duration.log_quantiles, remaining.reshape(-1), row=row)
    return np.asarray(1.0 - over.reshape(n, columns).mean(axis=1))
