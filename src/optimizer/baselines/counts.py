"""How rare a night's count is beside a job's own nights: of failures, second attempts, restarts, time up.

    K of n | k of m before      P(K or more), beta-binomial: a rate with the prior Beta(a, b) and k of m
    K in a night | k in m       P(K or more), negative binomial: a Poisson rate with the prior Gamma(a, b)
    x | x_1 .. x_m              (1 + how many x_i are as strange) / (1 + m), its rank among exchangeable nights

The first two are exact predictive tails (Gelman and others, Bayesian Data Analysis, section 2), so a job
with few runs is judged mildly by itself; the third assumes no law at all (Vovk, Gammerman and Shafer,
Algorithmic Learning in a Random World, 2005). Discrete tails are conservative: nothing of n has p = 1.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

__all__ = ["events_p_value", "rank_p_value", "share_p_value"]

Floats = NDArray[np.float64]


def share_p_value(
    count: ArrayLike,
    of: ArrayLike,
    past_count: ArrayLike,
    past_of: ArrayLike,
    prior: tuple[float, float],
) -> Floats:
    """P(`count` or more `of` so many) after `past_count` of `past_of`, all (n,) of whole numbers.

    `prior` is (a, b) of Beta(a, b). A count of 0 has 1, and so has a night of nothing.
    """
    k, n, past, past_n = (
        np.asarray(values, dtype=np.int64) for values in (count, of, past_count, past_of)
    )
    out = np.ones(k.shape)
    some = np.flatnonzero(k > 0)
    terms = (n - k + 1)[some]
    at = np.repeat(some, terms)
    # Each tail summed term by term: j = k .. n.
    starts = np.cumsum(terms) - terms
    j = k[at] + np.arange(at.size) - np.repeat(starts, terms)
    a, b = prior[0] + past[at], prior[1] + (past_n - past)[at]
    log_choose = -np.log1p(n[at]) - special.betaln(n[at] - j + 1, j + 1)
    mass = np.exp(log_choose + special.betaln(j + a, n[at] - j + b) - special.betaln(a, b))
    tail = np.bincount(at, mass, out.size)
    out[some] = np.minimum(tail[some], 1.0)
    return out


def events_p_value(
    count: ArrayLike, past_count: ArrayLike, past_periods: ArrayLike, prior: tuple[float, float]
) -> Floats:
    """P(`count` events or more in a period) after `past_count` in `past_periods`; `prior` is (a, b) of
    Gamma(a, b), b in periods. All (n,)."""
    shape = prior[0] + np.asarray(past_count, dtype=np.float64)
    periods = prior[1] + np.asarray(past_periods, dtype=np.float64)
    tail = stats.nbinom.sf(np.asarray(count) - 1, shape, periods / (periods + 1.0))
    return np.asarray(tail, dtype=np.float64)


def rank_p_value(as_strange: ArrayLike, past_periods: ArrayLike) -> Floats:
    """How rarely a period is as strange, where `as_strange` of `past_periods` before it were. Both (n,)."""
    strange = np.asarray(as_strange, dtype=np.float64)
    return np.asarray((1.0 + strange) / (1.0 + np.asarray(past_periods)), dtype=np.float64)
