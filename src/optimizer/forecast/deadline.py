"""P(no successful end in time), and its division among four causes.

With upstream lateness U, start delay A, queue Q, attempt durations D1, D2, wait W before a retry,
failure rate f, probability r that a failed attempt is tried again and s seconds from the reference
time to the deadline, B = U + A + Q and

    P(met) = (1 - f) P(B + D1 <= s) + r f (1 - f) P(B + D1 + W + Q' + D2 <= s)

Sums are taken over a fixed set of equally probable points of each distribution (the midpoints of 24
equal slices), exactly in the last one: P(X + D <= s) is the mean over the points x of F_D(s - x).
No random numbers are drawn, so that a night repeated gives the same answer.

A miss is put down to the first of four causes that suffices, so the parts are never negative and add
up to it. With m the median of D, the first three are parts of the event B + D1 > s:

    upstream    U > s - m               so late that a usual run could not make it any more
    start       B > s - m, U <= s - m   the same after the job's own start delay and queue
    duration    the rest of B + D1 > s
    failure     B + D1 <= s, but it failed and no retry came in time

Where s < m even a run that starts at once is usually late: then nothing is blamed on the start. For a
limit L on the attempt that succeeds, with K = (1 - f) + r f (1 - f) the probability of a success,

    P(miss) = 1 - K F(L) = K (1 - F(L)) by duration + (1 - K) by failure

Decided here: parts are independent; a failed attempt lasts as long as a successful one, which is
pessimistic for jobs that fail early; one retry is counted; a job that never ends well has P = 1
however generous the deadline; a run in progress is known to last longer than it has, and its start
is the reference time.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.forecast.distribution import Distribution
from optimizer.forecast.in_flight import quantiles_given_elapsed
from optimizer.quantile import LEVELS, probability_over

__all__ = ["Miss", "miss_deadline", "miss_limit", "p_miss_deadline"]

POINTS: Final = 24
MIDPOINTS: Final[NDArray[np.float64]] = (np.arange(POINTS) + 0.5) / POINTS


@dataclass(frozen=True, slots=True, eq=False)
class Miss:
    """P(miss) of n runs, (n,), and its parts, which add up to it; NaN where something was NaN."""

    p_miss: NDArray[np.float64]
    upstream: NDArray[np.float64]
    start: NDArray[np.float64]
    duration: NDArray[np.float64]
    failure: NDArray[np.float64]


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
    """P(miss) alone, (n,): see `miss_deadline`."""
    return miss_deadline(
        duration,
        seconds_to_deadline,
        start_delay_seconds=start_delay_seconds,
        queue_seconds=queue_seconds,
        failure_rate=failure_rate,
        retries=retries,
        retry_wait_seconds=retry_wait_seconds,
    ).p_miss


def miss_deadline(
    duration: Distribution,
    seconds_to_deadline: ArrayLike,
    *,
    upstream_delay_seconds: ArrayLike = 0.0,
    start_delay_seconds: ArrayLike = 0.0,
    queue_seconds: ArrayLike = 0.0,
    failure_rate: ArrayLike = 0.0,
    retries: ArrayLike = 1,
    retry_wait_seconds: ArrayLike = 0.0,
    elapsed_seconds: ArrayLike = 0.0,
) -> Miss:
    """P(miss) of each row of `duration`, and its parts.

    `seconds_to_deadline` counts from the reference time (midnight, the scheduled time, the start of
    a run in progress). Delays, queue and wait are a number, one number per row (n,), or quantiles
    (n, 35) at `optimizer.quantile.LEVELS`; `retries` is the probability that a failed attempt is
    tried again. Raises ValueError for other shapes, or a rate or probability outside [0, 1].
    """
    n = len(duration)
    slack = _rows(seconds_to_deadline, n, "seconds_to_deadline")
    fails = _share(failure_rate, n, "failure_rate")
    again = _share(retries, n, "retries")
    elapsed = _rows(elapsed_seconds, n, "elapsed_seconds")

    # What happens before the first attempt: (n, a) equally probable delays.
    upstream = _points(upstream_delay_seconds, n, "upstream_delay_seconds")
    queue = _points(queue_seconds, n, "queue_seconds")
    own = _sums(_points(start_delay_seconds, n, "start_delay_seconds"), queue)
    before = _sums(upstream, own)
    late = _p_over(duration, slack[:, None] - before, elapsed)
    # And before the second: the first attempt, the wait and the queue again.
    tried = quantiles_given_elapsed(duration, MIDPOINTS, elapsed)
    wait = _points(retry_wait_seconds, n, "retry_wait_seconds")
    again_before = _sums(_sums(_sums(before, tried), queue), wait)
    second = 1.0 - _p_over(duration, slack[:, None] - again_before, 0.0).mean(axis=1)

    first_late = late.mean(axis=1)
    # The retry of an attempt is never in time where the attempt itself would not have been.
    second = np.minimum(second, 1.0 - first_late)
    failure = fails * (1.0 - first_late) - again * fails * (1.0 - fails) * second
    spare = slack - quantiles_given_elapsed(duration, [0.5], elapsed)[:, 0]
    usual = np.where(spare >= 0.0, spare, np.inf)[:, None]
    by_start = np.where(before > usual, late, 0.0).mean(axis=1)
    # Over the points of U, the lateness that its own points of A bring with them.
    delays = upstream[:, :, None] + own[:, None, :]
    late_after = _p_over(duration, (slack[:, None, None] - delays).reshape(n, -1), elapsed)
    late_after = late_after.reshape(delays.shape).mean(axis=2)
    by_upstream = np.where(upstream > usual, late_after, 0.0).mean(axis=1)
    by_upstream = np.minimum(by_upstream, by_start)
    nan_or_zero = np.where(np.isnan(first_late + failure), np.nan, 0.0)
    return Miss(
        p_miss=np.clip(first_late + failure, 0.0, 1.0),
        upstream=by_upstream + nan_or_zero,
        start=by_start - by_upstream + nan_or_zero,
        duration=first_late - by_start + nan_or_zero,
        failure=failure,
    )


def miss_limit(
    duration: Distribution,
    limit_seconds: ArrayLike,
    *,
    failure_rate: ArrayLike = 0.0,
    retries: ArrayLike = 1,
    elapsed_seconds: ArrayLike = 0.0,
) -> Miss:
    """P(no attempt succeeds within `limit_seconds`) of each row of `duration`, and its parts.

    Starts and upstream play no part. Raises ValueError as `miss_deadline` does.
    """
    n = len(duration)
    limit = _rows(limit_seconds, n, "limit_seconds")
    fails = _share(failure_rate, n, "failure_rate")
    again = _share(retries, n, "retries")
    elapsed = _rows(elapsed_seconds, n, "elapsed_seconds")
    now = duration.p_over_limit(limit, elapsed)
    fresh = duration.p_over_limit(limit)
    first, second = 1.0 - fails, again * fails * (1.0 - fails)
    by_duration = first * now + second * fresh
    failure = 1.0 - first - second + 0.0 * now
    return Miss(
        p_miss=np.clip(by_duration + failure, 0.0, 1.0),
        upstream=0.0 * now,
        start=0.0 * now,
        duration=by_duration,
        failure=failure,
    )


def _rows(numbers: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    values = np.asarray(numbers, dtype=np.float64)
    if values.shape not in ((), (n,)):
        raise ValueError(f"{name} must be a number or shape ({n},), got {values.shape}")
    return np.broadcast_to(values, (n,))


def _share(numbers: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    values = _rows(numbers, n, name)
    if np.any((values < 0.0) | (values > 1.0)):
        raise ValueError(f"{name} must be in [0, 1]")
    return values


def _points(numbers: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    """Equally probable values (n, 1) of a constant, (n, 24) of quantiles at LEVELS."""
    values = np.asarray(numbers, dtype=np.float64)
    if values.shape != (n, LEVELS.size):
        return _rows(numbers, n, name)[:, None]
    # Levels are shared by the rows: one interpolation matrix serves all, ends held constant.
    columns = [np.interp(MIDPOINTS, LEVELS, unit) for unit in np.eye(LEVELS.size)]
    return np.asarray(values @ np.array(columns))


def _sums(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equally probable points of the sum of independent x (n, a) and y (n, b): at most 48 of them.

    All a * b sums, sorted, then the mean of each slice of equal size: the mean is kept exactly.
    """
    sums = np.sort((x[:, :, None] + y[:, None, :]).reshape(x.shape[0], -1), axis=1)
    if sums.shape[1] <= 2 * POINTS:
        return sums
    return np.asarray(sums.reshape(x.shape[0], POINTS, -1).mean(axis=2))


def _p_over(
    duration: Distribution, remaining: NDArray[np.float64], elapsed: ArrayLike
) -> NDArray[np.float64]:
    """P(duration > remaining | duration > elapsed), as `remaining` (n, a)."""
    n, columns = remaining.shape
    row = np.repeat(np.arange(n), columns)
    elapsed_each = np.repeat(np.broadcast_to(np.asarray(elapsed, dtype=np.float64), (n,)), columns)
    over = probability_over(duration.log_quantiles, remaining.reshape(-1), elapsed_each, row=row)
    return np.asarray(over.reshape(n, columns))
