"""The candidates for a job's location, which compete in forecasting it: a rhythm each, and a pace.

A candidate is a filter of the log values (Kalman, Journal of Basic Engineering 82, 1960) with

    level[t+1] = level[t] + slope + a step of variance pace x noise
    value[t]   = level[t] + effects of the rhythm + noise

in which the level and its slope keep their covariance and each effect a variance of its own, as though the
others were known (mean field). A residual counts for at most `CLIP` of its own standard deviations, so
an incident moves little, and the noise is the mean of squares that are clipped alike.

Candidates gain and lose weight by how well each has said the runs beforehand, under Student's t with four
degrees of freedom, so that one incident decides nothing; what was said `MEMORY_RUNS` runs ago counts for e
times less. An effect that the job has not shown yet is as wide as it may be: no weekend is a surprise to a
job that has not had one.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.baselines.calendar import SLOTS
from optimizer.baselines.rhythm import (
    EFFECT,
    EFFECT_COUNT,
    EFFECT_SD,
    EFFECTS,
    IN_WINDOW,
    MONTH,
    NONE,
    RHYTHM_SHARE,
    RHYTHMS,
    VOLUME,
    WEIGHT,
    WINDOW,
)
from optimizer.baselines.window import KINDS_OF_HOUR, find_window, kind_of_hour
from optimizer.kernel import inner_kernel

__all__ = [
    "CANDIDATES", "LEVEL", "LOG_WEIGHT", "MEAN", "NOISE", "OFFSET", "OWN", "RESIDUALS", "STEADY", "WEIGHT_NOW",
    "Candidates", "Run", "begin_job", "begin_level", "candidates", "expect",
    "leading", "learn", "look_at_window", "relevel", "wake", "weigh",
]  # fmt: skip

# How fast the level may move: the variance of its step, in that of the noise. The level is nearly
# fixed, or follows a twentieth, or half of each deviation.
_PACES: Final = (2.5e-5, 3e-3, 0.4)
_PACE_SHARE: Final = (0.85, 0.1, 0.05)
_STEADY, _FOLLOWING, _CHASING = range(3)
_OF_DAYS: Final = tuple(RHYTHMS.index(name) for name in ("none", "weekend", "weekday"))
_OF_WAVES: Final = tuple(RHYTHMS.index(name) for name in ("daily", "daily_weekend"))
_OF_HOURS: Final = (
    *_OF_WAVES,
    *(RHYTHMS.index(name) for name in ("hour_week", "hour_weekday", "window")),
)
# Those whose rhythm is one of days come first: the others sleep in a job that has shown one hour alone.
_CANDIDATES: Final = (
    *((rhythm, pace) for pace in (_STEADY, _FOLLOWING) for rhythm in _OF_DAYS),
    (NONE, _CHASING),
    *((rhythm, _STEADY) for rhythm in _OF_HOURS),
    *((rhythm, _FOLLOWING) for rhythm in _OF_WAVES),
)
_EARLY: Final = 2 * len(_OF_DAYS) + 1
_IN_A_WINDOW: Final = _CANDIDATES.index((WINDOW, _STEADY))
CANDIDATES: Final = len(_CANDIDATES)
_RHYTHM: Final = np.array([rhythm for rhythm, _ in _CANDIDATES])
STEADY: Final = np.array([_CANDIDATES.index((rhythm, _STEADY)) for rhythm, _ in _CANDIDATES])
"""(K,) of each candidate the one of its rhythm whose level is nearly fixed."""
_STEP: Final = np.array([_PACES[pace] for _, pace in _CANDIDATES])
_SLOPE: Final = np.array([1e-4 * (pace == _STEADY) for _, pace in _CANDIDATES])
"""Variance of the slope before it is known, a run, in that of the noise."""
_PRIOR: Final = np.log([RHYTHM_SHARE[rhythm] * _PACE_SHARE[pace] for rhythm, pace in _CANDIDATES])
_EFFECT_VARIANCE: Final = EFFECT_SD**2

RESIDUALS: Final = 256
"""Of each candidate so many of the latest residuals are kept, for their tails."""
MEMORY_RUNS: Final = 200.0
CLIP: Final = 2.5
_CLIPPED_SQUARE: Final = (
    math.erf(CLIP / math.sqrt(2.0))
    - 2.0 * CLIP * math.exp(-CLIP * CLIP / 2.0) / math.sqrt(2.0 * math.pi)
    + CLIP * CLIP * math.erfc(CLIP / math.sqrt(2.0))
)
"""The mean of min(z^2, CLIP^2) of a standard normal z."""
_NOISE_RUNS: Final = 100.0
"""The noise is that of about so many runs."""
_EFFECT_STEP: Final = 1e-4
_NEW_WINDOW_NATS: Final = 2.0
_KNOWN: Final = 0.5
"""Residuals are kept where the level is known this well: its variance in that of the noise."""
_UNSEEN_SHARE: Final = 0.2
"""A candidate whose effects are unknown in this slot weighs at least so much in it."""


class Run(NamedTuple):
    """What a candidate is told of a run."""

    log_value: float
    slot: int
    month: int
    volume: float
    """Log input volume above what is usual; 0 where it is not known."""


# Columns of what is known of each candidate; variances all but the first two and the last three.
LEVEL, SLOPE, LEVEL_VARIANCE, COVARIANCE, SLOPE_VARIANCE, NOISE, NOISE_RUNS, LOG_WEIGHT = range(8)
# And of what it says of the run at hand: the mean of its log value, the variance of that mean, the weight
# of the candidate in this slot, and what the run's mode adds to the mean.
MEAN, OWN, WEIGHT_NOW, OFFSET = range(8, 12)
_COLUMNS: Final = 12


class Candidates(NamedTuple):
    """The state of a job's candidates."""

    known: NDArray[np.float64]
    """(K, 12) by the columns above."""
    effect: NDArray[np.float64]
    """(K, EFFECTS, 2) each effect and its variance."""
    residual: NDArray[np.float64]
    """(K, RESIDUALS) the latest, in a ring."""
    residuals: NDArray[np.int64]
    """(K,) how many there have been."""
    awake: NDArray[np.int64]
    """(1,) how many of the candidates are in use: the first of them."""
    is_inside: NDArray[np.bool_]
    """(168,) the window of the day."""
    prior: NDArray[np.float64]
    """(EFFECTS, 2) each effect and its variance, before the job has shown any."""
    hours: NDArray[np.float64]
    """(2, 48) sum and number of what is left of the runs of each kind of hour without the level."""


def candidates(usual: NDArray[np.float64]) -> Candidates:
    """Room for one job after the other; `usual` (EFFECTS,) is what effects usually are."""
    return Candidates(
        known=np.zeros((CANDIDATES, _COLUMNS)),
        effect=np.zeros((CANDIDATES, EFFECTS, 2)),
        residual=np.zeros((CANDIDATES, RESIDUALS)),
        residuals=np.zeros(CANDIDATES, dtype=np.int64),
        awake=np.zeros(1, dtype=np.int64),
        is_inside=np.zeros(SLOTS, dtype=np.bool_),
        prior=np.stack((usual, _EFFECT_VARIANCE), axis=1),
        hours=np.zeros((2, KINDS_OF_HOUR)),
    )


@inner_kernel
def _copy(source: NDArray[np.float64], target: NDArray[np.float64]) -> None:
    """Element by element: an assignment to a slice takes the compiler a second."""
    for i in range(source.shape[0]):
        target[i] = source[i]


@inner_kernel
def begin_job(state: Candidates, level: float, noise: float) -> None:
    """Forget the job before; `level` and `noise` (a variance) are those of a few first runs."""
    known = state.known
    known[:] = 0.0
    state.residuals[:] = 0
    state.is_inside[:] = False
    state.hours[:] = 0.0
    state.awake[0] = _EARLY
    for k in range(CANDIDATES):
        known[k, LEVEL] = level
        known[k, LEVEL_VARIANCE] = 2.0 * noise
        known[k, SLOPE_VARIANCE] = _SLOPE[k] * noise
        known[k, NOISE] = noise
        known[k, NOISE_RUNS] = 2.0
        known[k, LOG_WEIGHT] = _PRIOR[k]
        state.effect[k] = state.prior


@inner_kernel
def begin_level(state: Candidates, variance: float) -> None:
    """A new regime: nothing is known of the level, while the effects stay."""
    for k in range(state.awake[0]):
        state.known[k, LEVEL_VARIANCE] = variance
        state.known[k, SLOPE] = 0.0
        state.known[k, COVARIANCE] = 0.0
        state.known[k, SLOPE_VARIANCE] = _SLOPE[k] * state.known[k, NOISE]


@inner_kernel
def expect(state: Candidates, run: Run) -> None:
    """Fill in what each candidate says of the run: its mean, and the variance of that."""
    known, effects = state.known, state.effect
    slot, month, volume = run.slot, run.month, run.volume
    for k in range(state.awake[0]):
        mean, variance = known[k, LEVEL], known[k, LEVEL_VARIANCE]
        rhythm = _RHYTHM[k]
        for term in range(EFFECT_COUNT[slot, rhythm]):
            effect, weight = EFFECT[slot, rhythm, term], WEIGHT[slot, rhythm, term]
            mean += weight * effects[k, effect, 0]
            variance += weight * weight * effects[k, effect, 1]
        if rhythm == WINDOW and state.is_inside[slot]:
            mean += effects[k, IN_WINDOW, 0]
            variance += effects[k, IN_WINDOW, 1]
        if month > 0:
            mean += effects[k, MONTH + month, 0]
            variance += effects[k, MONTH + month, 1]
        if volume != 0.0:
            mean += volume * effects[k, VOLUME, 0]
            variance += volume * volume * effects[k, VOLUME, 1]
        known[k, MEAN], known[k, OWN] = mean, variance


@inner_kernel
def weigh(state: Candidates, slot: int) -> None:
    """Fill in the weights of the candidates in a slot, which sum to one."""
    known = state.known
    most = known[: state.awake[0], LOG_WEIGHT].max()
    total = 0.0
    for k in range(state.awake[0]):
        below = most - known[k, LOG_WEIGHT]
        known[k, WEIGHT_NOW] = math.exp(-below) if below < 12.0 else 0.0
        total += known[k, WEIGHT_NOW]
    least = _UNSEEN_SHARE * total
    for k in range(state.awake[0]):
        if (
            known[k, WEIGHT_NOW] < least
            and _STEP[k] == _PACES[_STEADY]
            and _is_unseen(state, k, slot)
        ):
            total += least - known[k, WEIGHT_NOW]
            known[k, WEIGHT_NOW] = least
    for k in range(state.awake[0]):
        known[k, WEIGHT_NOW] /= total


@inner_kernel
def _is_unseen(state: Candidates, k: int, slot: int) -> bool:
    """Whether an effect of the slot is as unknown as before the first run."""
    rhythm = _RHYTHM[k]
    for term in range(EFFECT_COUNT[slot, rhythm]):
        effect = EFFECT[slot, rhythm, term]
        if state.effect[k, effect, 1] > 0.5 * _EFFECT_VARIANCE[effect]:
            return True
    return False


@inner_kernel
def _learn_effect(
    effect: NDArray[np.float64], weight: float, noise: float, variance: float, residual: float
) -> None:
    own = effect[1]
    effect[0] += own * weight / variance * residual
    if weight == 1.0:
        effect[1] = own * noise / (noise + own) + _EFFECT_STEP * noise
    else:
        # Waves go together over a part of their turn: what is not known of the others counts as noise.
        effect[1] = own * (1.0 - weight * weight * own / variance) + _EFFECT_STEP * noise


@inner_kernel
def _learn_level(known: NDArray[np.float64], step: float, variance: float, residual: float) -> None:
    """The Kalman filter of level and slope of a candidate (12,), and the step to the next run."""
    own, shared, noise = known[LEVEL_VARIANCE], known[COVARIANCE], known[NOISE]
    gained = shared / variance * residual
    known[LEVEL] += own / variance * residual + known[SLOPE] + gained
    known[SLOPE] += gained
    told = noise / (own + noise)
    slope_left = known[SLOPE_VARIANCE] - shared * shared / (own + noise)
    known[LEVEL_VARIANCE] = own * told + 2.0 * shared * told + slope_left + step * noise
    known[COVARIANCE] = shared * told + slope_left
    known[SLOPE_VARIANCE] = slope_left


@inner_kernel
def relevel(state: Candidates, run: Run) -> None:
    """Learn the level alone."""
    expect(state, run)
    for k in range(state.awake[0]):
        known = state.known[k]
        variance = known[OWN] + known[NOISE]
        bound = CLIP * math.sqrt(variance)
        residual = min(max(run.log_value - known[MEAN], -bound), bound)
        _learn_level(known, _STEP[k], variance, residual)


@inner_kernel
def leading(state: Candidates) -> int:
    """The candidate that weighs most."""
    return int(state.known[: state.awake[0], LOG_WEIGHT].argmax())


@inner_kernel
def wake(state: Candidates, slot: int) -> None:
    """Let candidates with a rhythm of hours begin, where the job shows a second one.

    They begin as the steady one without a rhythm stands, whose equals they have been.
    """
    if state.awake[0] == CANDIDATES:
        return
    for kind in range(KINDS_OF_HOUR):
        if state.hours[1, kind] > 0.0 and kind % 24 != slot % 24:
            for k in range(_EARLY, CANDIDATES):
                _copy(state.known[NONE], state.known[k])
                state.known[k, LOG_WEIGHT] += _PRIOR[k] - _PRIOR[NONE]
                state.known[k, WEIGHT_NOW] = 0.0
                _copy(state.residual[NONE], state.residual[k])
                state.residuals[k] = state.residuals[NONE]
            state.awake[0] = CANDIDATES
            return


@inner_kernel
def learn(state: Candidates, run: Run, min_noise: float) -> None:
    """Learn from a run that has ended, of which the candidates have said what they expect."""
    for k in range(state.awake[0]):
        known, effects = state.known[k], state.effect[k]
        own, noise = known[OWN], known[NOISE]
        variance = own + noise
        deviation = math.sqrt(variance)
        residual = run.log_value - known[MEAN]
        if own < _KNOWN * noise:
            place = state.residuals[k] % RESIDUALS
            state.residual[k, place] = residual * math.sqrt(noise) / deviation
            state.residuals[k] += 1
        z = (residual - known[OFFSET]) / deviation
        known[LOG_WEIGHT] = (
            _PRIOR[k]
            + (known[LOG_WEIGHT] - _PRIOR[k]) * (1.0 - 1.0 / MEMORY_RUNS)
            - 0.5 * math.log(variance * (1.0 + 0.25 * z * z) ** 5)
        )
        z = min(max(z, -CLIP), CLIP)
        residual = z * deviation
        rhythm = _RHYTHM[k]
        if k == NONE:
            state.hours[0, kind_of_hour(run.slot)] += residual
            state.hours[1, kind_of_hour(run.slot)] += 1.0
        for term in range(EFFECT_COUNT[run.slot, rhythm]):
            effect = effects[EFFECT[run.slot, rhythm, term]]
            _learn_effect(effect, WEIGHT[run.slot, rhythm, term], noise, variance, residual)
        if rhythm == WINDOW and state.is_inside[run.slot]:
            _learn_effect(effects[IN_WINDOW], 1.0, noise, variance, residual)
        if run.month > 0:
            _learn_effect(effects[MONTH + run.month], 1.0, noise, variance, residual)
        if run.volume != 0.0:
            _learn_effect(effects[VOLUME], run.volume, noise, variance, residual)
        _learn_level(known, _STEP[k], variance, residual)
        told = noise / variance
        gain = max(1.0 / (known[NOISE_RUNS] + 1.0), 1.0 / _NOISE_RUNS) * told
        known[NOISE_RUNS] += told
        known[NOISE] = max(noise + gain * noise * (z * z / _CLIPPED_SQUARE - 1.0), min_noise)


@inner_kernel
def look_at_window(state: Candidates) -> None:
    """Let the runs point out the window of the day anew."""
    if state.awake[0] <= _IN_A_WINDOW:
        return
    sums, counts = state.hours
    if not find_window(sums, counts, state.is_inside):
        return
    inside, inside_runs, outside, outside_runs = 0.0, 0.0, 0.0, 0.0
    for kind in range(KINDS_OF_HOUR):
        if state.is_inside[kind if kind < 24 else 96 + kind]:
            inside += sums[kind]
            inside_runs += counts[kind]
        else:
            outside += sums[kind]
            outside_runs += counts[kind]
    if inside_runs < 1.0 or outside_runs < 1.0:
        return
    # A good guess, from which it learns anew. What it has lost by another window is not held against this one.
    lead = leading(state)
    known, best = state.known[_IN_A_WINDOW], state.known[lead]
    _copy(_EFFECT_VARIANCE, state.effect[_IN_A_WINDOW, :, 1])
    state.effect[_IN_A_WINDOW, IN_WINDOW, 0] = inside / inside_runs - outside / outside_runs
    known[LEVEL] = state.known[NONE, LEVEL] + outside / outside_runs
    known[LEVEL_VARIANCE] = _EFFECT_VARIANCE[IN_WINDOW]
    known[NOISE], known[NOISE_RUNS] = best[NOISE], best[NOISE_RUNS]
    _copy(state.residual[lead], state.residual[_IN_A_WINDOW])
    state.residuals[_IN_A_WINDOW] = state.residuals[lead]
    known[LOG_WEIGHT] = max(known[LOG_WEIGHT], best[LOG_WEIGHT] - _NEW_WINDOW_NATS)
