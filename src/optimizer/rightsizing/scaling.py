"""How the runtime changes with the number of workers, with honest width where nothing was seen.

    T(n) = level * g(n)       g(n) = s + (1 - s) / n      s in [0, 1]    Amdahl, 1967
                              g(n) = n ** -(1 + e)        e in (0, 0.4]  more than proportional

s = 0 is perfect scaling, s = 1 none. More than proportional speed-up is real where a larger cluster
stops spilling to disk; without it, the runtime after removing workers would be understated. Each
member of the family is given a weight by how well it fits the observed log runtimes,

    weight ~ prior * (k v0 + SSR) ** -(k + N - L) / 2

(the marginal likelihood with an inverse-gamma prior of mean about v0 worth k runs on the variance,
N runs at L separate levels), and a runtime to come is the mixture over members of Student t
distributions around the member's curve. With one size observed every member fits alike and the
prior stands: the answer spans everything between perfect and no scaling.

Decided here: runs of other jobs, contexts, machine types or input sizes (to the half octave) share
the shape and have their own level; the level predicted for is the one with most runs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from optimizer.config import SizingConfig
from optimizer.panel import numbers
from optimizer.quantile import logit, seconds_of
from optimizer.result import Status

__all__ = ["SHAPES", "Scaling", "fit_scaling", "shape"]

SERIAL: Final[NDArray[np.float64]] = np.linspace(0.0, 1.0, 41)
SUPERLINEAR: Final[NDArray[np.float64]] = np.linspace(0.05, 0.4, 8)
SHAPES: Final[NDArray[np.float64]] = np.concatenate((-SUPERLINEAR[::-1], SERIAL))
"""(49,) members of the family: s where not negative, -e where negative."""

MIDPOINTS: Final[NDArray[np.float64]] = (np.arange(99, dtype=np.float64) + 0.5) / 99.0


def shape(member: ArrayLike, workers: ArrayLike) -> NDArray[np.float64]:
    """g(n) of members and worker counts, which broadcast; g(1) = 1."""
    s = np.asarray(member, dtype=np.float64)
    n = np.asarray(workers, dtype=np.float64)
    amdahl = s + (1.0 - s) / n
    return np.asarray(np.where(s >= 0.0, amdahl, n ** -(1.0 + np.maximum(-s, 0.0))))


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """A weighted family of curves; ask it with `predict`."""

    member_weights: NDArray[np.float64]
    """(49,) belief in each of `SHAPES`, adding up to 1."""
    log_level: NDArray[np.float64]
    """(49,) log of the runtime at one worker under each member."""
    sd_log: NDArray[np.float64]
    """(49,) scale of the Student t of one run around each member."""
    degrees_of_freedom: float
    sizes: tuple[float, ...]
    """Worker counts that were observed."""
    runs: int
    status: Status
    reason: str | None

    def predict(self, workers: ArrayLike, quantiles: ArrayLike) -> NDArray[np.float64]:
        """Seconds at worker counts (w,) and quantiles (q,): shape (w, q); NaN if not assessed."""
        n = np.atleast_1d(np.asarray(workers, dtype=np.float64))
        q = np.atleast_1d(np.asarray(quantiles, dtype=np.float64))
        logit(q)
        if np.any(~(n >= 1.0)):
            raise ValueError("workers must be 1 or more")
        if self.status is not Status.OK:
            return np.full((n.size, q.size), np.nan)
        noise = stats.t.ppf(MIDPOINTS, self.degrees_of_freedom)
        weight = np.repeat(self.member_weights / MIDPOINTS.size, MIDPOINTS.size)
        out = np.empty((n.size, q.size))
        for k, size in enumerate(n):
            middle = self.log_level + np.log(shape(SHAPES, size))
            points = (middle[:, None] + self.sd_log[:, None] * noise).reshape(-1)
            out[k] = _weighted_quantiles(points, weight, q)
        return seconds_of(out)

    def stretch(self, current_workers: float, workers: ArrayLike) -> NDArray[np.float64]:
        """g(workers) / g(current) of each member: shape (w, 49), for weights `member_weights`."""
        n = np.atleast_1d(np.asarray(workers, dtype=np.float64))[:, None]
        return shape(SHAPES, n) / shape(SHAPES, current_workers)


def fit_scaling(observations: pd.DataFrame, *, config: SizingConfig | None = None) -> Scaling:
    """Fit runs at one or more sizes: workers, runtime_seconds [, job_id, context, input_bytes,
    cores_per_worker, memory_mb_per_worker]. The frame is not changed.

    Unusable rows (missing, infinite or not positive) are left out; none left gives too_few_runs.
    Raises ValueError if a required column is missing.
    """
    config = config or SizingConfig()
    missing = [c for c in ("workers", "runtime_seconds") if c not in observations.columns]
    if missing:
        raise ValueError(f"observations lack the column(s) {', '.join(missing)}")
    workers = numbers(observations["workers"], "observations.workers")
    runtime = numbers(observations["runtime_seconds"], "observations.runtime_seconds")
    usable = np.isfinite(workers) & (workers >= 1.0) & np.isfinite(runtime) & (runtime > 0.0)
    prior = _prior(config.superlinear_prior)
    if not usable.any():
        nothing = np.full(SHAPES.size, np.nan)
        few = (Status.TOO_FEW_RUNS, "no usable observation of a runtime")
        return Scaling(prior, nothing, nothing, np.nan, (), 0, *few)
    level = _levels(observations)[usable]
    # Order must not matter to the last digit: sums are taken over sorted observations.
    order = np.lexsort((runtime[usable], workers[usable], level))
    level = np.unique(level[order], return_inverse=True)[1]
    n = workers[usable][order]
    y = np.log(runtime[usable])[order]

    residual = y[None, :] - np.log(shape(SHAPES[:, None], n[None, :]))  # (49, N)
    member_of = np.eye(level.max() + 1)[level]  # (N, L)
    count = member_of.sum(axis=0)
    level_mean = residual @ member_of / count  # (49, L)
    squares = ((residual - level_mean[:, level]) ** 2).sum(axis=1)
    trust = config.prior_sd_runs
    freedom = trust + y.size - count.size
    spread = trust * config.prior_sd_log**2 + squares
    log_weight = np.log(np.maximum(prior, 1e-300)) - 0.5 * freedom * np.log(spread)
    weight = np.exp(log_weight - log_weight.max())
    main = int(np.argmax(count))
    return Scaling(
        member_weights=weight / weight.sum(),
        log_level=level_mean[:, main],
        sd_log=np.sqrt(spread / freedom * (1.0 + 1.0 / count[main])),
        degrees_of_freedom=float(freedom),
        sizes=tuple(np.unique(n).tolist()),
        runs=int(y.size),
        status=Status.OK,
        reason=None,
    )


def _prior(superlinear: float) -> NDArray[np.float64]:
    """Flat over s, and flat over e with total weight `superlinear`."""
    above = np.full(SUPERLINEAR.size, superlinear / SUPERLINEAR.size)
    return np.concatenate((above, np.full(SERIAL.size, (1.0 - superlinear) / SERIAL.size)))


def _levels(observations: pd.DataFrame) -> NDArray[np.int64]:
    """Rows that may be compared in level have the same number, shape (N,)."""
    names = ["job_id", "context", "cores_per_worker", "memory_mb_per_worker"]
    keys = observations[[name for name in names if name in observations.columns]].copy()
    if "input_bytes" in observations.columns:
        size = numbers(observations["input_bytes"], "observations.input_bytes")
        octave = np.log2(np.where(size > 0.0, size, 1.0))
        keys["half_octave"] = np.where(size > 0.0, np.round(2.0 * octave), -1.0)
    if not keys.columns.size:
        return np.zeros(len(observations), dtype=np.int64)
    grouped = keys.groupby(list(keys.columns), dropna=False, sort=True)
    return np.asarray(grouped.ngroup(), dtype=np.int64)


def _weighted_quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], q: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles of a fine weighted sample, linear between the middles of its steps."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    middle = (cumulative - 0.5 * weights[order]) / cumulative[-1]
    return np.interp(q, middle, values[order])
