"""Sustained changes of a job's level, and how far the runs before the latest one still count.

A run's score is how rare it was among the runs since the last change, as the experts say that do not follow
the level: all runs, those of its hour and those of its weekday. Of each

    P(shorter) = (B + 1/4) / (W + 1/2)         B: weight of the shorter runs, W: weight of all

so that a run in an hour or on a weekday that the job has hardly shown says little; and of the
experts with a fair share the one that finds it least rare is believed, so that a rhythm is no change. Cumulative sums of normal scores declare a change
(`optimizer.cusum`). It is dated by sums of a larger slack, which leave zero closer to it.

After a change every expert keeps a share t of its weight for the runs since, and divides 1 - t as before:

    w_k = (1 - t) w_k / sum(w_k) + t [since] w_k / sum_since(w_k)         logit t = t_0 - rate G / C

with G = sum of dCRPS/dt over the runs that have ended, decayed, and C the mean CRPS, as for the shares of the
experts (`mixture`). So a job whose changes last is believed at the next one, and one whose level comes back is not.
Where next to nothing is left for the runs before the change, they leave the sample: few runs have wide
plotting positions, and the last of the old level would be its lowest quantiles.

Decided here: the m-th of the runs that were forecast from the same window counts 1 / m; a score that was
given before a change says nothing after it. A run since the change has a rank below `runs_since`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.cusum import NO_CHANGE, accumulate, normal_score
from optimizer.forecast.walk import unrolled_sums
from optimizer.forecast.walk.experts import ALL, EXPERT_COUNT, HOUR, WEEKDAY
from optimizer.kernel import kernel

__all__ = [
    "declared_at", "hear", "is_left_out", "runs_since", "score_of_run", "trust_gradient", "trust_of",
    "undisturbed",
]  # fmt: skip

SLACK: Final = 0.75
DATING_SLACK: Final = 1.25
THRESHOLD: Final = 4.5
CAP: Final = 3.0
TRUST_AT_FIRST: Final = 4.5
"""Logit of t before the job has shown whether its changes last."""
RATE: Final = 4.0
LEAST_LOGIT: Final = -5.0
MOST_LOGIT: Final = 6.0
NEXT_TO_NOTHING: Final = 0.08
ASKED: Final = 0.1
UNSHOWN: Final = 0.25


@kernel
def runs_since(by_entry: NDArray[np.int64], entry: NDArray[np.int64], since: int) -> int:
    """How many runs of the window, numbers `by_entry` (h,) in order of entry, entered from `since` on."""
    if since == 0:
        return int(by_entry.shape[0])
    count = 0
    while count < by_entry.shape[0] and entry[by_entry[by_entry.shape[0] - 1 - count]] >= since:
        count += 1
    return count


@kernel
def undisturbed(entered: int, sums: NDArray[np.float64], begun: NDArray[np.int64]) -> int:
    """The entry before which no run is part of what may become a change."""
    until = entered
    for side in range(2):
        if sums[side] > 0.0:
            until = min(until, begun[side])
    return int(until)


@kernel
def score_of_run(
    x: float,
    log_seconds: NDArray[np.float64],
    rank: NDArray[np.int64],
    latest: int,
    before: int,
    shares: NDArray[np.float64],
    weights: NDArray[np.float64],
    weight_sums: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> float:
    """Normal score of a log duration x among the runs (h,), in ascending order, of a rank from `latest` to
    below `before`. `counts` (h,) is scratch."""
    size = log_seconds.shape[0]
    shorter_runs = int(np.searchsorted(log_seconds, x))
    equal_runs = int(np.searchsorted(log_seconds, x, side="right")) - shorter_runs
    is_every = latest == 0 and before >= size
    if not is_every:
        for q in range(size):
            counts[q] = 1.0 if latest <= rank[q] < before else 0.0
    asked = ASKED * max(shares[ALL], shares[HOUR], shares[WEEKDAY])
    least = np.inf
    for k in (ALL, HOUR, WEEKDAY):
        if k != WEEKDAY and shares[k] < asked:
            continue
        if is_every:
            total = weight_sums[k]
            shorter = unrolled_sums.total(weights[k], shorter_runs)
            equal = unrolled_sums.total(weights[k, shorter_runs:], equal_runs)
        else:
            total = unrolled_sums.dot(counts, weights[k], size)
            shorter = unrolled_sums.dot(counts, weights[k], shorter_runs)
            equal = unrolled_sums.dot(counts[shorter_runs:], weights[k, shorter_runs:], equal_runs)
        below = UNSHOWN + shorter + 0.5 * equal
        total += 2.0 * UNSHOWN
        score = normal_score((total - below) / total, below / total)
        if abs(score) < abs(least):
            least = score
    return float(least)


@kernel
def declared_at(
    sums: NDArray[np.float64], begun: NDArray[np.int64], entry: int, score: float, weight: float
) -> int:
    """Add a run that enters next to the sums (4,); where that declares a change, the entry at which it
    began, and else NO_CHANGE."""
    side = accumulate(sums[:2], begun[:2], entry, score, weight, SLACK, THRESHOLD, CAP)
    accumulate(sums[2:], begun[2:], entry, score, weight, DATING_SLACK, np.inf, CAP)
    if side == NO_CHANGE:
        return NO_CHANGE
    at = int(begun[side + 2 if sums[side + 2] > 0.0 else side])
    sums[:] = 0.0
    return at


@kernel
def trust_of(cost_tally: NDArray[np.float64], gradient_sum: float) -> float:
    """The share t that is kept for the runs since the last change."""
    at = TRUST_AT_FIRST
    if cost_tally[1] > 0.0:
        at -= RATE * gradient_sum * cost_tally[0] / cost_tally[1]
    return float(1.0 / (1.0 + np.exp(-min(max(at, LEAST_LOGIT), MOST_LOGIT))))


@kernel
def hear(
    rank: NDArray[np.int64],
    since: int,
    trust: float,
    weights: NDArray[np.float64],
    weight_sums: NDArray[np.float64],
) -> None:
    """Keep the share `trust` of each expert's weights (8, at least h) for the runs `since` the change."""
    size = rank.shape[0]
    if since == 0 or since >= size:
        return
    for k in range(EXPERT_COUNT):
        of_since = 0.0
        for q in range(size):
            if rank[q] < since:
                of_since += weights[k, q]
        as_before = (1.0 - trust) / weight_sums[k]
        anew = as_before + trust / of_since
        for q in range(size):
            weights[k, q] *= anew if rank[q] < since else as_before
        weight_sums[k] = 1.0


@kernel
def trust_gradient(
    slope: NDArray[np.float64],
    pooled: NDArray[np.float64],
    rank: NDArray[np.int64],
    since: int,
    trust: float,
) -> float:
    """Derivative by t of a cost whose derivative by the pooled weights (h,) is `slope` (h,)."""
    if since == 0 or since >= rank.shape[0]:
        return 0.0
    anew, of_anew, before, of_before = 0.0, 0.0, 0.0, 0.0
    for q in range(rank.shape[0]):
        if rank[q] < since:
            anew += pooled[q]
            of_anew += pooled[q] * slope[q]
        else:
            before += pooled[q]
            of_before += pooled[q] * slope[q]
    return float((of_anew * before / anew - of_before) / (1.0 - trust))


@kernel
def is_left_out(pooled: NDArray[np.float64], rank: NDArray[np.int64], since: int) -> bool:
    """Whether next to nothing of the pooled weights (h,) is left for the runs before the change."""
    if since == 0 or since >= rank.shape[0]:
        return False
    before, total = 0.0, 0.0
    for q in range(rank.shape[0]):
        total += pooled[q]
        if rank[q] >= since:
            before += pooled[q]
    return before < NEXT_TO_NOTHING * total
