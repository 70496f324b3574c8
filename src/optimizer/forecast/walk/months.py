"""What the turn of the month adds to a job's log durations: one of a grid of effects, by Bayes' rule.

    log P(e | runs) = log P(e) + sum over runs of w log( (1 - i) f(x - e) + i / count )       up to a constant

for e in `EFFECTS`, of which the first is none at all; x is the log duration of a run on the last (or the first)
day of a month, f what was forecast for it without an effect, as the probability of a step of the grid, and i
the share of incidents, of which one proves little. P(e) comes from `optimizer.priors`.

On such a day the sample that the forecast is made of counts once for each of a few effects, moved by it and
weighed by its probability. On all days, runs of a turn of the month count for the probability that the turn has
no effect: the sample is one of usual days.

Decided here: the m-th run of one such day counts 1 / m, as the runs of a day are alike; what earlier months
have shown counts `MONTH_MEMORY` for each month that has passed; days are those of UTC.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.kernel import kernel
from optimizer.priors import Effect, FleetPriors
from optimizer.quantile import curve_log_survival

__all__ = [
    "EFFECTS", "EFFECT_COUNT", "GROUPS", "LEAST_USUAL", "effect_groups", "effect_likelihoods",
    "learn_effect", "log_priors", "mean_effect", "probabilities", "spread_sample",
]  # fmt: skip

STEP: Final = 0.1
EFFECTS: Final = np.concatenate(([0.0], np.round(np.arange(-12, 28) * STEP + STEP / 2, 3)))
"""(41,) none, and from -1.15 to 2.75 log units: a third and fifteen times as long."""
EFFECT_COUNT: Final = EFFECTS.size
ANY_SHARE: Final = 0.1
"""Of the jobs with an effect, those whose effect may be any of the grid."""
MONTH_MEMORY: Final = 0.85
INCIDENTS: Final = 0.03
"""Runs whose duration has nothing to do with an effect: any of the grid is as likely."""
SLICES: Final = 3
GROUPS: Final = SLICES + 1
SURE: Final = 0.95
UNLIKELY: Final = 0.02
LIKELY: Final = 0.2
LEAST_USUAL: Final = 1e-3


def log_priors(priors: FleetPriors) -> NDArray[np.float64]:
    """(3, 41) log probabilities of each effect within a month, on its last day and on its first."""
    out = np.full((3, EFFECT_COUNT), -np.inf)
    out[0, 0] = 0.0
    for turn, effect in enumerate((priors.last_of_month, priors.first_of_month), start=1):
        out[turn] = _log_prior(effect)
    return out


def _log_prior(effect: Effect) -> NDArray[np.float64]:
    some = EFFECTS[1:]
    z = (some - effect.log_effect) / np.hypot(effect.spread_log, STEP)
    typical = np.exp(-0.5 * (z * z - (z * z).min()))
    share = min(max(effect.share, 0.005), 0.995)
    each = (1.0 - ANY_SHARE) * typical / typical.sum() + ANY_SHARE / some.size
    return np.asarray(np.log(np.concatenate(([1.0 - share], share * each))))


@kernel
def probabilities(
    log_prior: NDArray[np.float64], log_likelihood: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Write the probability of each effect (41,) into `out`."""
    most = -np.inf
    for e in range(EFFECT_COUNT):
        out[e] = log_prior[e] + log_likelihood[e]
        most = max(most, out[e])
    total = 0.0
    for e in range(EFFECT_COUNT):
        out[e] = np.exp(out[e] - most)
        total += out[e]
    for e in range(EFFECT_COUNT):
        out[e] /= total


@kernel
def mean_effect(probability: NDArray[np.float64]) -> float:
    """The mean of the effects."""
    mean = 0.0
    for e in range(EFFECT_COUNT):
        mean += probability[e] * EFFECTS[e]
    return mean


@kernel
def effect_likelihoods(
    x: float,
    log_quantiles: NDArray[np.float64],
    logit_levels: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the log likelihood of each effect (41,), of a run of log duration x that `log_quantiles` (35,)
    were forecast for without an effect."""
    half = 0.5 * STEP
    out[0] = _between(log_quantiles, logit_levels, x - half, x + half)
    over = math.exp(curve_log_survival(log_quantiles, logit_levels, x - EFFECTS[1] + half))
    for e in range(1, EFFECT_COUNT):
        below = math.exp(curve_log_survival(log_quantiles, logit_levels, x - EFFECTS[e] - half))
        out[e] = below - over
        over = below
    for e in range(EFFECT_COUNT):
        out[e] = math.log((1.0 - INCIDENTS) * max(out[e], 0.0) + INCIDENTS / EFFECT_COUNT)


@kernel
def _between(
    log_quantiles: NDArray[np.float64], logit_levels: NDArray[np.float64], low: float, high: float
) -> float:
    over_low = math.exp(curve_log_survival(log_quantiles, logit_levels, low))
    return over_low - math.exp(curve_log_survival(log_quantiles, logit_levels, high))


@kernel
def learn_effect(
    log_likelihood: NDArray[np.float64],
    day_tally: NDArray[np.int64],
    day: int,
    of_run: NDArray[np.float64],
) -> None:
    """Add what a run of a `day` says, `of_run` (41,), to the log likelihood of the effects; `day_tally` (2,)
    has the last such day and how many of its runs there were."""
    if day != day_tally[0]:
        day_tally[0], day_tally[1] = day, 0
        log_likelihood *= MONTH_MEMORY
    day_tally[1] += 1
    log_likelihood += of_run / day_tally[1]


@kernel
def effect_groups(
    probability: NDArray[np.float64], effect: NDArray[np.float64], mass: NDArray[np.float64]
) -> int:
    """Write a few effects that stand for all, and their probabilities; return how many (1: none has one)."""
    some = 1.0 - probability[0]
    effect[0], mass[0] = 0.0, 1.0
    if some < UNLIKELY:
        return 1
    count = 0
    if some < SURE:
        mass[0] = probability[0]
        count = 1
    else:
        some = 1.0
    first = count
    # One does for an effect that is hardly believed.
    slices = SLICES if some >= LIKELY else 1
    width = (1.0 - probability[0]) / slices
    e, left = 1, probability[1]
    for _ in range(slices):
        wanted, moved = width, 0.0
        while wanted > 0.0 and e < EFFECT_COUNT:
            part = min(left, wanted)
            moved += part * EFFECTS[e]
            wanted -= part
            left -= part
            if left <= 0.0:
                e += 1
                left = probability[e] if e < EFFECT_COUNT else 0.0
        effect[count], mass[count] = moved / width, some / slices
        count += 1
    # Slices of one effect are one.
    kept = first
    for g in range(first + 1, count):
        if effect[g] - effect[kept] < 0.25 * STEP:
            together = mass[kept] + mass[g]
            effect[kept] += (effect[g] - effect[kept]) * mass[g] / together
            mass[kept] = together
        else:
            kept += 1
            effect[kept], mass[kept] = effect[g], mass[g]
    return kept + 1


@kernel
def spread_sample(
    log_seconds: NDArray[np.float64],
    is_bound: NDArray[np.bool_],
    pooled: NDArray[np.float64],
    effect: NDArray[np.float64],
    mass: NDArray[np.float64],
    to_log_seconds: NDArray[np.float64],
    to_is_bound: NDArray[np.bool_],
    to_pooled: NDArray[np.float64],
) -> int:
    """Write the sample (h,) moved by each effect (g,) and weighed by its mass, in ascending order; return
    its size, g h."""
    size, groups = log_seconds.shape[0], effect.shape[0]
    place = np.zeros(groups, dtype=np.int64)
    for at in range(size * groups):
        least, chosen = np.inf, -1
        for g in range(groups):
            if place[g] < size:
                x = log_seconds[place[g]] + effect[g]
                # Values stand before equal bounds.
                if x < least or (x == least and not is_bound[place[g]]):
                    least, chosen = x, g
        q = place[chosen]
        to_log_seconds[at], to_is_bound[at] = least, is_bound[q]
        to_pooled[at] = pooled[q] * mass[chosen]
        place[chosen] += 1
    return int(size * groups)
