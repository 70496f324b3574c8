"""How rare a residual is: the law of a job's residuals, as a mixture of families that its own have chosen.

The families, each fitted by maximum likelihood to the latest residuals of the leading candidate:

    t2, t3, t6, normal    two halves of Student's t (Fernandez and Steel, JASA 93, 1998), of a scale each, which
                          few residuals draw towards one scale
                          the normal once more among incidents (`optimizer.baselines.incidents`): the likelier counts
    two modes             two normals, by the EM algorithm (Dempster, Laird and Rubin, JRSS B 39, 1977)
    log-gamma 1, 4        the logarithm of a gamma variable, scaled: Weibull and generalised gamma runs, whose
                          right tail in logs is lighter than the normal (Prentice, Biometrika 61, 1974)

Their shares are prior x likelihood, where few residuals are taken for heavy-tailed, two modes paying for their parameters as the BIC asks. A p-value is the
mean of the families' tails by share: at a thousandth of a tail it is the family that decides, and 256 residuals
choose one where a histogram would be empty. The normal halves are those of t with as many degrees of freedom as
their scale has, since it is estimated.

Two modes are looked for only where the best cut of the sorted residuals explains three quarters of their
variance (of a normal sample: 0.64, of a uniform one 0.75), log-gamma only where they lean to the left: elsewhere
the likelihood would refuse them, for half of the time that a fit takes.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.baselines.incidents import NEVER, POOLED_RUNS, fit_among_incidents
from optimizer.kernel import kernel

__all__ = [
    "CENTER",
    "LAW",
    "LEFT",
    "RIGHT",
    "SHAPE",
    "SHARE",
    "fit_law",
    "has_two_modes",
    "mode_offset",
    "tails",
    "usual_range",
]

# A law is an array of PARTS rows and these columns.
SHARE, CENTER, RIGHT, LEFT, SHAPE = range(5)
_T2, _T3, _T6, _NORMAL, _LOWER_MODE, _UPPER_MODE, _LOG_GAMMA_1, _LOG_GAMMA_4 = range(8)
LAW: Final = (8, 5)
"""The shape of a law."""

_FAMILIES: Final = 7
_SHARES: Final = np.array([0.05, 0.12, 0.18, 0.5, 0.05, 0.03, 0.07])
_SHARES_OF_FEW: Final = np.array([0.4, 0.3, 0.15, 0.09, 0.02, 0.02, 0.02])
"""Prior shares; few residuals are more often than not of a job that has not shown yet what it can do."""
_FEW: Final = 40.0
_DEGREES: Final = (2.0, 3.0, 6.0)
_GAUSSIAN: Final = 60.0
"""Degrees of freedom from which on t is taken to be normal."""
_LOG_DENSITY_AT_0: Final = np.log(
    [1.0 / (2.0 * math.sqrt(2.0)), 2.0 / (math.pi * math.sqrt(3.0)), 0.3827327723, 0.3989422804]
)
_FEWEST_FOR_MODES: Final = 40
_EXPLAINED_BY_MODES: Final = 0.75
_LEANS_LEFT: Final = -0.2
_TRIGAMMA_1: Final = math.pi**2 / 6.0
_TRIGAMMA_4: Final = math.pi**2 / 6.0 - 1.0 - 1.0 / 4.0 - 1.0 / 9.0
_SMALLEST: Final = 1e-300


@kernel
def _t_tail(z: float, degrees: float) -> float:
    """P(T > z), z >= 0: exact for 3 and for even degrees of freedom (Abramowitz and Stegun, 26.7)."""
    if degrees >= _GAUSSIAN:
        return 0.5 * math.erfc(z / math.sqrt(2.0))
    if degrees == 3.0:
        x = z / math.sqrt(3.0)
        if x > 1e3:
            return 2.0 / (3.0 * math.pi * x**3)
        return 0.5 - (math.atan(x) + x / (1.0 + x * x)) / math.pi
    sine = z / math.sqrt(degrees + z * z)
    if 1.0 - sine < 1e-9:
        # The sum below would cancel: its first term left over.
        return max(0.25 * (1.0 - sine * sine), _SMALLEST)
    square = degrees / (degrees + z * z)
    total, term = 1.0, 1.0
    for k in range(1, int(degrees) // 2):
        term *= square * (2 * k - 1) / (2 * k)
        total += term
    return 0.5 * (1.0 - sine * total)


@kernel
def _gamma_tail(w: float, shape: int) -> float:
    """P(log G > w) of a gamma variable G of integer shape."""
    if w > 6.5:
        return _SMALLEST
    x = math.exp(w)
    total, term = 1.0, 1.0
    for k in range(1, shape):
        term *= x / k
        total += term
    return max(math.exp(-x) * total, _SMALLEST)


@kernel
def tails(residual: float, law: NDArray[np.float64]) -> tuple[float, float]:
    """P(as slow or slower) and P(as short or shorter)."""
    slow, short = 0.0, 0.0
    for part in range(8):
        share = law[part, SHARE]
        if share < 1e-7:
            continue
        right, left = law[part, RIGHT], law[part, LEFT]
        distance = residual - law[part, CENTER]
        if part >= _LOG_GAMMA_1:
            above = _gamma_tail(distance / right, 1 if part == _LOG_GAMMA_1 else 4)
            below = 1.0 - above
            if below < 1e-6:
                # exp(-x) * sum would cancel.
                w = distance / right
                below = math.exp(w) if part == _LOG_GAMMA_1 else math.exp(4.0 * w) / 24.0
        elif distance >= 0.0:
            above = 2.0 * right / (right + left) * _t_tail(distance / right, law[part, SHAPE])
            below = 1.0 - above
        else:
            below = 2.0 * left / (right + left) * _t_tail(-distance / left, law[part, SHAPE])
            above = 1.0 - below
        slow += share * above
        short += share * below
    return slow, short


@kernel
def _fill_p_values(
    residual: NDArray[np.float64], laws: NDArray[np.float64], slow: NDArray[np.float64],
    short: NDArray[np.float64],
) -> None:  # fmt: skip
    for i in range(residual.shape[0]):
        if math.isfinite(residual[i]):
            slow[i], short[i] = tails(residual[i], laws[i])


def p_values(
    residual: NDArray[np.float64], laws: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of residuals (n,), each under a law of its own (n, 8, 5): as slow or slower, as short or shorter.

    NaN where the residual is.
    """
    slow, short = np.full(residual.size, np.nan), np.full(residual.size, np.nan)
    _fill_p_values(residual, laws, slow, short)
    return slow, short


@kernel
def has_two_modes(law: NDArray[np.float64]) -> bool:
    """Whether two modes are believed in."""
    return bool(law[_LOWER_MODE, SHARE] + law[_UPPER_MODE, SHARE] > 0.8)


@kernel
def mode_offset(residual: float, law: NDArray[np.float64]) -> float:
    """What of a residual is the mode that the run was in, where the law has two."""
    lower, upper = law[_LOWER_MODE, SHARE], law[_UPPER_MODE, SHARE]
    a = (residual - law[_LOWER_MODE, CENTER]) / law[_LOWER_MODE, RIGHT]
    b = (residual - law[_UPPER_MODE, CENTER]) / law[_UPPER_MODE, RIGHT]
    in_lower = lower * math.exp(-0.5 * a * a) / law[_LOWER_MODE, RIGHT] + _SMALLEST
    in_upper = upper * math.exp(-0.5 * b * b) / law[_UPPER_MODE, RIGHT] + _SMALLEST
    return float(
        (in_lower * law[_LOWER_MODE, CENTER] + in_upper * law[_UPPER_MODE, CENTER])
        / (in_lower + in_upper)
    )


@kernel
def _quantile(p: float, law: NDArray[np.float64], low: float, high: float) -> float:
    """The residual with P(below) = p, by bisection between two that enclose it."""
    for _ in range(18):
        middle = 0.5 * (low + high)
        slow, short = tails(middle, law)
        below = short if short < 0.5 else 1.0 - slow
        if below < p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@kernel
def usual_range(law: NDArray[np.float64], band: NDArray[np.float64]) -> None:
    """Fill `band` (5,) with the quantiles at 0.01, 0.1587, 0.5, 0.8413 and 0.99."""
    widest, center = 0.0, 0.0
    for part in range(8):
        if law[part, SHARE] >= 1e-7:
            reach = 8.0 * max(law[part, RIGHT], law[part, LEFT])
            widest = max(widest, abs(law[part, CENTER]) + reach)
    for number in range(5):
        p = (0.01, 0.15865525393145707, 0.5, 0.8413447460685429, 0.99)[number]
        band[number] = _quantile(p, law, center - widest, center + widest)


@kernel
def _two_halves(
    residual: NDArray[np.float64], center: float, variance: float, family: int, law: NDArray[np.float64],
    floor: float,
) -> float:  # fmt: skip
    """Fit a t or normal of two halves around `center`; its log-likelihood."""
    runs = residual.shape[0]
    degrees = _DEGREES[family] if family < _NORMAL else _GAUSSIAN
    right = left = variance
    rounds = 1 if family == _NORMAL else 5
    if law[family, SHAPE] > 0.0 and family < _NORMAL:
        # Most residuals are those of the fit before.
        right, left = law[family, RIGHT] ** 2, law[family, LEFT] ** 2
        rounds = 2
    for _ in range(rounds):
        right_sum, left_sum, right_runs = 0.0, 0.0, 0.0
        for i in range(runs):
            square = (residual[i] - center) ** 2
            if residual[i] >= center:
                weight = (degrees + 1.0) / (degrees + square / right) if family < _NORMAL else 1.0
                right_sum += weight * square
                right_runs += 1.0
            else:
                weight = (degrees + 1.0) / (degrees + square / left) if family < _NORMAL else 1.0
                left_sum += weight * square
        pooled = POOLED_RUNS * (right_sum + left_sum + variance) / (runs + 1.0)
        right = max((right_sum + pooled) / (right_runs + POOLED_RUNS), floor)
        left = max((left_sum + pooled) / (runs - right_runs + POOLED_RUNS), floor)
    log_likelihood = 0.0
    for i in range(runs):
        square = (residual[i] - center) ** 2 / (right if residual[i] >= center else left)
        if family < _NORMAL:
            log_likelihood -= 0.5 * (degrees + 1.0) * math.log1p(square / degrees)
        else:
            log_likelihood -= 0.5 * square
    law[family, CENTER] = center
    law[family, RIGHT], law[family, LEFT] = math.sqrt(right), math.sqrt(left)
    law[family, SHAPE] = degrees
    both = math.log(2.0 / (law[family, RIGHT] + law[family, LEFT]))
    return float(log_likelihood + runs * (_LOG_DENSITY_AT_0[family] + both))


@kernel
def _two_modes(ordered: NDArray[np.float64], law: NDArray[np.float64], floor: float) -> float:
    """Fit two normals to sorted residuals; their log-likelihood less what their parameters cost."""
    runs = ordered.shape[0]
    fewest = max(4, runs // 25)
    total, squares = 0.0, 0.0
    for i in range(runs):
        total += ordered[i]
        squares += ordered[i] ** 2
    spread = squares - total * total / runs
    best, cut, lower_sum = 0.0, -1, 0.0
    for i in range(runs - fewest):
        lower_sum += ordered[i]
        if i + 1 >= fewest:
            lower, upper = lower_sum / (i + 1), (total - lower_sum) / (runs - i - 1)
            between = (i + 1.0) * (runs - i - 1.0) / runs * (upper - lower) ** 2
            if between > best:
                best, cut = between, i + 1
    if cut < 0 or best < _EXPLAINED_BY_MODES * spread:
        return NEVER
    lower, upper = ordered[:cut].mean(), ordered[cut:].mean()
    share = (runs - cut) / runs
    least = max(1e-3 * (upper - lower) ** 2, floor)
    lower_variance = upper_variance = (spread - best) / runs + least
    log_likelihood = 0.0
    for _ in range(6):
        in_upper, upper_sum, upper_squares, log_likelihood = 0.0, 0.0, 0.0, 0.0
        a, b = (1.0 - share) / math.sqrt(lower_variance), share / math.sqrt(upper_variance)
        for i in range(runs):
            x = ordered[i]
            of_lower = a * math.exp(-0.5 * (x - lower) ** 2 / lower_variance) + _SMALLEST
            of_upper = b * math.exp(-0.5 * (x - upper) ** 2 / upper_variance)
            responsible = of_upper / (of_lower + of_upper)
            log_likelihood += math.log(of_lower + of_upper)
            in_upper += responsible
            upper_sum += responsible * x
            upper_squares += responsible * x * x
        in_lower = max(runs - in_upper, 1e-9)
        in_upper = max(in_upper, 1e-9)
        lower, upper = (total - upper_sum) / in_lower, upper_sum / in_upper
        lower_left = max(squares - upper_squares - in_lower * lower * lower, 0.0)
        upper_left = max(upper_squares - in_upper * upper * upper, 0.0)
        pooled = POOLED_RUNS * (lower_left + upper_left) / runs
        lower_variance = (lower_left + pooled) / (in_lower + POOLED_RUNS) + least
        upper_variance = (upper_left + pooled) / (in_upper + POOLED_RUNS) + least
        share = min(max((in_upper + 1.0) / (runs + 2.0), 0.01), 0.99)
    law[_LOWER_MODE, CENTER], law[_UPPER_MODE, CENTER] = lower, upper
    law[_LOWER_MODE, RIGHT] = law[_LOWER_MODE, LEFT] = math.sqrt(lower_variance)
    law[_UPPER_MODE, RIGHT] = law[_UPPER_MODE, LEFT] = math.sqrt(upper_variance)
    law[_UPPER_MODE, SHARE] = share
    return float(log_likelihood - 0.5 * runs * math.log(2.0 * math.pi) - math.log(runs))


@kernel
def _log_gamma(
    residual: NDArray[np.float64], mean: float, variance: float, shape: int, part: int,
    law: NDArray[np.float64],
) -> float:  # fmt: skip
    """Fit the scale of a log-gamma variable among five around its moments'; its log-likelihood."""
    runs = residual.shape[0]
    by_moments = math.sqrt(variance / (_TRIGAMMA_1 if shape == 1 else _TRIGAMMA_4))
    best = NEVER
    for number in range(5):
        scale = by_moments * (0.72, 0.85, 1.0, 1.18, 1.4)[number]
        total = 0.0
        for i in range(runs):
            total += math.exp((residual[i] - mean) / scale)
        # The center of the greatest likelihood, given the scale.
        center = mean + scale * math.log(total / runs / shape)
        log_likelihood = runs * (
            shape * (mean - center) / scale - shape - math.log(scale) - math.lgamma(float(shape))
        )
        if log_likelihood > best:
            best = log_likelihood
            law[part, CENTER] = center
            law[part, RIGHT] = law[part, LEFT] = scale
    return best


@kernel
def fit_law(residual: NDArray[np.float64], min_scale: float, law: NDArray[np.float64]) -> None:
    """Fit all families to residuals (n,), n >= 2, and give each its share."""
    runs = residual.shape[0]
    floor = min_scale * min_scale
    ordered = np.sort(residual)
    center = 0.5 * (ordered[(runs - 1) // 2] + ordered[runs // 2])
    quartiles = (ordered[(3 * runs) // 4] - ordered[runs // 4]) / 1.349
    robust_variance = max(quartiles * quartiles, floor)
    score = np.full(_FAMILIES, NEVER)
    for family in range(_NORMAL + 1):
        score[family] = _two_halves(residual, center, robust_variance, family, law, floor)
    among, right, left = fit_among_incidents(ordered, center, robust_variance, floor)
    if among > score[_NORMAL]:
        score[_NORMAL] = among
        law[_NORMAL, RIGHT], law[_NORMAL, LEFT] = math.sqrt(right), math.sqrt(left)
    law[:, SHARE] = 0.0
    if runs >= _FEWEST_FOR_MODES:
        score[_LOWER_MODE] = _two_modes(ordered, law, floor)
    mean, variance = residual.mean(), max(residual.var(), floor)
    third = 0.0
    for i in range(runs):
        third += (residual[i] - mean) ** 3
    if third / runs < _LEANS_LEFT * variance**1.5:
        score[5] = _log_gamma(residual, mean, variance, 1, _LOG_GAMMA_1, law)
        score[6] = _log_gamma(residual, mean, variance, 4, _LOG_GAMMA_4, law)
    of_few = 1.0 / (1.0 + (runs / _FEW) ** 2)
    # Number by number: whole arrays take the compiler longer than all else here.
    best, total = NEVER, 0.0
    for family in range(_FAMILIES):
        score[family] += math.log(
            of_few * _SHARES_OF_FEW[family] + (1.0 - of_few) * _SHARES[family]
        )
        best = max(best, score[family])
    for family in range(_FAMILIES):
        score[family] = math.exp(score[family] - best)
        total += score[family]
    share = score
    for family in range(_FAMILIES):
        share[family] /= total
    for family in range(_NORMAL + 1):
        law[family, SHARE] = share[family]
    of_upper = law[_UPPER_MODE, SHARE]
    law[_LOWER_MODE, SHARE] = share[_LOWER_MODE] * (1.0 - of_upper)
    law[_UPPER_MODE, SHARE] = share[_LOWER_MODE] * of_upper
    law[_LOG_GAMMA_1, SHARE], law[_LOG_GAMMA_4, SHARE] = share[5], share[6]
    of_scale = 2.0 * max(2.0, math.floor(0.2 * runs))
    for part in (_NORMAL, _LOWER_MODE, _UPPER_MODE):
        law[part, SHAPE] = min(_GAUSSIAN, of_scale)
