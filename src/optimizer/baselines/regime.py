"""The walk along a job's runs that keeps its window of comparison and the sums that end a regime.

Definitions and decisions are in `optimizer.baselines.replay`; this file is their compiled form. A job
is walked once in order of start; runs enter the window in order of their end, which is when they are known.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.baselines.tail import normal_score
from optimizer.kernel import kernel
from optimizer.panel import NEVER_US
from optimizer.robust import MAD_TO_SD, sorted_mad, sorted_median

__all__ = ["DEGENERATE", "NOT_ASSESSED", "NO_TIME_US", "TOO_FEW_RUNS", "replay_jobs"]

NO_TIME_US: Final = int(np.iinfo(np.int64).min)

# Positions in `optimizer.result.STATUS_BY_CODE`.
OK: Final = 0
TOO_FEW_RUNS: Final = 1
DEGENERATE: Final = 2
NOT_ASSESSED: Final = 3


@kernel
def _insert(ordered: NDArray[np.float64], size: int, x: float) -> None:
    """Put x into the first `size` sorted values, which become size + 1."""
    k = size
    while k > 0 and ordered[k - 1] > x:
        ordered[k] = ordered[k - 1]
        k -= 1
    ordered[k] = x


@kernel
def _remove(ordered: NDArray[np.float64], size: int, x: float) -> None:
    """Take one x out of the first `size` sorted values, which become size - 1."""
    k = np.searchsorted(ordered[:size], x)
    for i in range(k, size - 1):
        ordered[i] = ordered[i + 1]


@kernel
def _fill(
    ordered: NDArray[np.float64], members: NDArray[np.int64], log_value: NDArray[np.float64]
) -> int:
    """Fill the window with these members; return how many it has."""
    for size in range(members.shape[0]):
        _insert(ordered, size, log_value[members[size]])
    return int(members.shape[0])


@kernel
def _level(
    ordered: NDArray[np.float64], in_window: int, min_runs: int, min_scale: float
) -> tuple[int, float, float]:
    """Status code, center and scale of the window; NaN while it has too few."""
    if in_window < min_runs:
        return TOO_FEW_RUNS, np.nan, np.nan
    middle = sorted_median(ordered, in_window)
    spread = sorted_mad(ordered, in_window, middle) * MAD_TO_SD
    return (OK if spread > 0.0 else DEGENERATE), middle, max(spread, min_scale)


@kernel
def _accumulate(
    sums: NDArray[np.float64],
    begun: NDArray[np.int64],
    member: int,
    u: float,
    slack: float,
    cap: float,
) -> None:
    """Add a normal score to both sums (slow, fast); `begun` is the member where each left zero."""
    for side in range(2):
        toward = u if side == 0 else -u
        if sums[side] == 0.0:
            begun[side] = member
        sums[side] = max(0.0, sums[side] + min(toward, cap) - slack)


@kernel
def _declared(sums: NDArray[np.float64], threshold: float) -> int:
    """The side whose sum is over the threshold, slow first; -1 for neither."""
    for side in range(2):
        if sums[side] > threshold:
            return side
    return -1


@kernel
def replay_jobs(
    offsets: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    by_end: NDArray[np.int64],
    log_value: NDArray[np.float64],
    joins: NDArray[np.bool_],
    tested: NDArray[np.bool_],
    window_runs: int,
    min_runs: int,
    min_scale: float,
    slack: float,
    threshold: float,
    cap: float,
    center: NDArray[np.float64],
    scale: NDArray[np.float64],
    robust_z: NDArray[np.float64],
    size: NDArray[np.int64],
    shift: NDArray[np.bool_],
    regime_us: NDArray[np.int64],
    code: NDArray[np.int8],
    now_center: NDArray[np.float64],
    now_scale: NDArray[np.float64],
    now_size: NDArray[np.int64],
    now_regime_us: NDArray[np.int64],
    now_code: NDArray[np.int8],
) -> None:
    """Fill the arrays from `center` on: (R,) of each run at its start, (J,) `now_` after the last.

    `joins` (R,) are the runs that enter the window when they have ended, `tested` (R,) those that
    are compared with it.
    """
    ordered = np.empty(window_runs + 1)
    for job in range(offsets.shape[0] - 1):
        first = offsets[job]
        last = offsets[job + 1]
        # Runs that joined, in order of end. The window is members[oldest : count], in the regime
        # that began with members[regime_first].
        members = np.empty(last - first, dtype=np.int64)
        count = oldest = in_window = regime = regime_first = 0
        score = np.full(last - first, np.nan)
        scored_in = np.full(last - first, -1)
        sums = np.zeros(2)
        begun = np.zeros(2, dtype=np.int64)
        next_end = first
        # One step past the last run admits everything that has ended: where the job stands now.
        for i in range(first, last + 1):
            origin_us = start_us[i] if i < last else NEVER_US
            while next_end < last and end_us[by_end[next_end]] < origin_us:
                j = by_end[next_end]
                next_end += 1
                if not joins[j]:
                    continue
                members[count] = j
                count += 1
                _insert(ordered, in_window, log_value[j])
                in_window += 1
                # A score from before the current regime says nothing about it.
                if scored_in[j - first] == regime:
                    _accumulate(sums, begun, count - 1, score[j - first], slack, cap)
                side = _declared(sums, threshold)
                if side >= 0:
                    regime += 1
                    regime_first = begun[side]
                    sums[:] = 0.0
                    oldest = max(regime_first, count - window_runs)
                    in_window = _fill(ordered, members[oldest:count], log_value)
                if in_window > window_runs:
                    _remove(ordered, in_window, log_value[members[oldest]])
                    in_window -= 1
                    oldest += 1
            state, middle, spread = _level(ordered, in_window, min_runs, min_scale)
            regime_start = start_us[members[regime_first]] if count > 0 else NO_TIME_US
            if i == last:
                now_center[job] = middle
                now_scale[job] = spread
                now_size[job] = in_window
                now_regime_us[job] = regime_start
                now_code[job] = state
                break
            regime_us[i] = regime_start
            if not tested[i]:
                continue
            size[i] = in_window
            code[i] = state
            center[i] = middle
            scale[i] = spread
            robust_z[i] = (log_value[i] - middle) / spread
            if state == TOO_FEW_RUNS or not joins[i]:
                continue
            score[i - first] = normal_score(robust_z[i], in_window)
            scored_in[i - first] = regime
            # Would this run, once known, end the regime? Member `count` stands for the run itself.
            ahead = sums.copy()
            ahead_begun = begun.copy()
            _accumulate(ahead, ahead_begun, count, score[i - first], slack, cap)
            side = _declared(ahead, threshold)
            if side >= 0:
                shift[i] = True
                from_here = ahead_begun[side] == count
                regime_us[i] = start_us[i] if from_here else start_us[members[ahead_begun[side]]]
