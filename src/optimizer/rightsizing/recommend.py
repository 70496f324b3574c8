"""Which of the candidate clusters to take: the cheapest that keeps the limit, or the current one.

For a candidate with n workers in place of n0, each member of the scaling family gives a
stretch of the run, r = g(n) / g(n0), spread by how far real curves lie from the family, and

    runtime = current runtime * r          p_miss = sum over members of weight * P(T > limit / r)
    cost    = hours * (n + 1) * node rate  saving = spend * (1 - r (n + 1) rate / ((n0 + 1) rate0))

The driver counts as one node of the workers' type. A candidate is taken only if the lower end of
its saving is worth having, it keeps the limit, and its CPU and memory demand fit; otherwise the
answer is to keep the current one. Where CPU use is known, at most that share of the time can have
been spent in work that all nodes share, which rules out members that stretch more
(`parallel_share`).

Decided here: what cannot be compared is not_assessed, never priced: another node type without
machine (VM) prices for both, spot or serverless at all. Savings are intervals inside [0, spend] and
say whether they are the DBU part only or include machines. Without a limit, the stretch is bounded.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from optimizer.config import SizingConfig
from optimizer.quantile import LEVELS, probability_over
from optimizer.result import Status
from optimizer.rightsizing.candidates import Cluster, comparable, rates, with_current
from optimizer.rightsizing.scaling import SHAPES, Scaling, shape

__all__ = ["Options", "Policy", "RuntimeDistribution", "parallel_share", "recommend"]


DISCREPANCY: Final[NDArray[np.float64]] = stats.norm.ppf((np.arange(5) + 0.5) / 5.0)
"""Five equally probable standard normal values."""


class RuntimeDistribution(Protocol):
    """The runtime at the current size, as forecast; only the first row is used."""

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Seconds, (n, m) for levels (m,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the owner requires: the seconds an attempt may take (None: not declared), and how much caution."""

    limit_seconds: float | None = None
    config: SizingConfig = field(default_factory=SizingConfig)

    def __post_init__(self) -> None:
        if self.limit_seconds is not None and not self.limit_seconds > 0.0:
            raise ValueError(f"limit_seconds must be positive, got {self.limit_seconds!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """Every candidate with its reasons, and the one to take."""

    frame: pd.DataFrame
    """One row per candidate, the current size first: workers, node_type, runtime_seconds (median),
    runtime_lower, runtime_upper, cost (of a run; NaN if not comparable), p_miss, saving_lower,
    saving_mid, saving_upper, allowed, status, reasons."""
    chosen: int
    """Row of `frame` to take; 0 is to keep."""
    action: str
    """keep, downsize or upsize."""
    saving_lower: float
    saving_mid: float
    saving_upper: float
    saving_basis: str
    """dbu, or dbu+vm where machine prices were given."""
    status: Status
    reason: str


def parallel_share(member: ArrayLike, workers: float) -> NDArray[np.float64]:
    """Share of the runtime at `workers` that shrinks with more of them; above 1 if superlinear.

    With f of it, the run at n workers takes 1 - f + f * workers / n of its time.
    """
    s = np.asarray(member, dtype=np.float64)
    amdahl = ((1.0 - s) / workers) / shape(np.maximum(s, 0.0), workers)
    return np.asarray(np.where(s >= 0.0, amdahl, 1.0 - s))


def recommend(
    current: Cluster,
    candidates: pd.DataFrame,
    scaling: Scaling,
    forecast: RuntimeDistribution | None,
    prices: pd.DataFrame,
    policy: Policy,
) -> Options:
    """Compare `candidates` (workers, node_type [, spot, serverless]) with `current`.

    `forecast` is the runtime now; None takes it from `scaling`. `prices` has node_type,
    dbu_per_hour, list_price_per_dbu and may have vm_price_per_hour. Raises ValueError for missing
    columns or candidates with fewer than one worker.
    """
    config = policy.config
    options = with_current(current, candidates)
    rate, with_vm = rates(options["node_type"], prices)
    is_comparable, why_not = comparable(options, current, rate, with_vm)
    curve = _runtime_curve(current, scaling, forecast)
    if scaling.status is not Status.OK or not np.isfinite(curve).all():
        return _kept(options, Status.TOO_FEW_RUNS, "the runtime at the current size is not known")

    n = options["workers"].to_numpy(dtype=np.float64)
    stretch, weight = _stretches(n, current, scaling, config)
    p_miss = _p_miss(curve, stretch, weight, policy.limit_seconds)
    tail = 0.5 * (1.0 - config.saving_coverage)
    low, mid, high = _quantiles(stretch, weight, np.array([tail, 0.5, 1.0 - tail])).T
    typical = np.exp(np.interp(0.5, LEVELS, curve))
    with np.errstate(invalid="ignore"):
        nodes = (n + 1.0) * rate / ((current.workers + 1.0) * rate[0])
        savings = [
            np.clip(current.list_cost * (1.0 - r * nodes), 0.0, current.list_cost)
            for r in (high, mid, low)
        ]
    frame = options.assign(
        runtime_seconds=np.where(is_comparable, typical * mid, np.nan),
        runtime_lower=np.where(is_comparable, typical * low, np.nan),
        runtime_upper=np.where(is_comparable, typical * high, np.nan),
        cost=np.where(is_comparable, typical * mid / 3600.0 * (n + 1.0) * rate, np.nan),
        p_miss=np.where(is_comparable, p_miss, np.nan),
        saving_lower=np.where(is_comparable, savings[0], np.nan),
        saving_mid=np.where(is_comparable, savings[1], np.nan),
        saving_upper=np.where(is_comparable, savings[2], np.nan),
    )
    reasons = [_objections(k, frame, current, high[k], policy) for k in range(len(frame))]
    reasons = [[w] if w else r for w, r in zip(why_not, reasons, strict=True)]
    frame["allowed"] = [not r for r in reasons]
    frame["status"] = np.where(is_comparable, Status.OK.value, Status.NOT_ASSESSED.value)
    frame["reasons"] = ["; ".join(r) for r in reasons]
    return _choose(frame, current, policy, "dbu+vm" if with_vm[0] else "dbu")


def _runtime_curve(
    current: Cluster, scaling: Scaling, forecast: RuntimeDistribution | None
) -> NDArray[np.float64]:
    """Log seconds (35,) at LEVELS of a run on the current cluster."""
    if forecast is None:
        seconds = scaling.predict([current.workers], LEVELS)[0]
    else:
        seconds = np.atleast_2d(forecast.quantile(LEVELS))[0]
    return np.asarray(np.log(seconds))


def _believed(weight: NDArray[np.float64], current: Cluster) -> NDArray[np.float64]:
    """Member weights given the CPU use; unchanged if that would leave nothing."""
    if current.cpu_demand_pct is None:
        return weight
    possible = parallel_share(SHAPES, current.workers) <= current.cpu_demand_pct / 100.0 + 1e-9
    left = np.where(possible, weight, 0.0)
    return left / left.sum() if left.sum() > 1e-6 else weight


def _stretches(
    workers: NDArray[np.float64], current: Cluster, scaling: Scaling, config: SizingConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Equally coarse points of runtime after / before: (c, 245), and their weights (245,).

    Each member of the family is spread by five points of the distance that real curves keep from
    it."""
    weight = _believed(scaling.member_weights, current)
    ratio = shape(SHAPES, workers[:, None]) / shape(SHAPES, float(current.workers))  # (c, 49)
    doublings = np.abs(np.log2(workers / current.workers))
    miss = np.exp(config.model_sd_log * doublings[:, None] * DISCREPANCY)  # (c, 5)
    points = (ratio[:, :, None] * miss[:, None, :]).reshape(workers.size, -1)
    return points, np.repeat(weight / DISCREPANCY.size, DISCREPANCY.size)


def _p_miss(
    curve: NDArray[np.float64],
    stretch: NDArray[np.float64],
    weight: NDArray[np.float64],
    limit_seconds: float | None,
) -> NDArray[np.float64]:
    """P(runtime > limit) of each candidate (c,); NaN without a limit."""
    if limit_seconds is None:
        return np.full(stretch.shape[0], np.nan)
    row = np.zeros(stretch.size, dtype=np.int64)
    over = probability_over(curve[None, :], (limit_seconds / stretch).reshape(-1), row=row)
    return np.asarray(over.reshape(stretch.shape) @ weight)


def _quantiles(
    stretch: NDArray[np.float64], weight: NDArray[np.float64], q: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted quantiles of each row of stretch (c, m): shape (c, q)."""
    out = np.empty((stretch.shape[0], q.size))
    for k, row in enumerate(stretch):
        order = np.argsort(row, kind="stable")
        cumulative = np.cumsum(weight[order])
        at = np.searchsorted(cumulative, q * cumulative[-1] * (1.0 - 1e-12))
        out[k] = row[order][np.minimum(at, row.size - 1)]
    return out


def _objections(
    k: int, frame: pd.DataFrame, current: Cluster, stretch_upper: float, policy: Policy
) -> list[str]:
    """Why option k is not allowed; empty if it is. Keeping is always allowed."""
    if k == 0:
        return []
    config = policy.config
    one = frame.iloc[k]
    ratio = current.workers / one["workers"]
    out = []
    if one["workers"] < current.workers:
        if ratio > 1.0 / (1.0 - config.max_step) + 1e-9:
            out.append(f"it removes more than {config.max_step:.0%} of the workers at once")
        for name, demand, ceiling in (
            ("CPU", current.cpu_demand_pct, config.cpu_ceiling_pct),
            ("memory", current.mem_demand_pct, config.mem_ceiling_pct),
        ):
            if demand is not None and demand * ratio > ceiling:
                out.append(f"{name} demand would be {demand * ratio:.0f} % of what is left")
        if not one["saving_lower"] >= config.min_saving_share * current.list_cost:
            out.append("the saving is not certain enough to be worth a change")
    if policy.limit_seconds is None:
        if stretch_upper > config.max_stretch:
            out.append(f"no limit is declared and the run may become {stretch_upper:.1f}x as long")
    elif one["p_miss"] > config.max_p_miss:
        out.append(f"it would miss the limit with probability {one['p_miss']:.1%}")
    return out


def _choose(frame: pd.DataFrame, current: Cluster, policy: Policy, basis: str) -> Options:
    """Largest middle saving of the allowed smaller ones; a larger one if the limit needs it."""
    n = frame["workers"].to_numpy()
    allowed = frame["allowed"].to_numpy(dtype=bool)
    smaller = np.flatnonzero(allowed & (n < current.workers))
    larger = np.flatnonzero(allowed & (n > current.workers))
    missing_now = frame["p_miss"].iloc[0] > policy.config.max_p_miss
    chosen, action = 0, "keep"
    if smaller.size:
        best = np.lexsort((-n[smaller], -frame["saving_mid"].to_numpy()[smaller]))[0]
        chosen, action = int(smaller[best]), "downsize"
        reason = f"{n[chosen]} workers do the same work for less and keep the limit"
        if policy.limit_seconds is None:
            reason = f"{n[chosen]} workers do the same work for less; no limit is declared"
    elif missing_now and larger.size:
        chosen = int(larger[np.argmin(n[larger])])
        action = "upsize"
        reason = f"the limit is missed too often now; {n[chosen]} workers keep it"
    else:
        reason = "no other size is shown to save money and keep the limit"
    one = frame.iloc[chosen]
    downsize = action == "downsize"
    return Options(
        frame=frame,
        chosen=chosen,
        action=action,
        saving_lower=float(one["saving_lower"]) if downsize else 0.0,
        saving_mid=float(one["saving_mid"]) if downsize else 0.0,
        saving_upper=float(one["saving_upper"]) if downsize else 0.0,
        saving_basis=basis,
        status=Status.OK,
        reason=reason,
    )


def _kept(options: pd.DataFrame, status: Status, reason: str) -> Options:
    """Nothing can be said: keep, with every number missing and the reason on every row."""
    numbers = ("runtime_seconds", "runtime_lower", "runtime_upper", "cost", "p_miss")
    savings = ("saving_lower", "saving_mid", "saving_upper")
    frame = options.assign(**dict.fromkeys((*numbers, *savings), np.nan))
    frame["allowed"] = np.arange(len(frame)) == 0
    frame["status"] = status.value
    frame["reasons"] = reason
    return Options(frame, 0, "keep", 0.0, 0.0, 0.0, "dbu", status, reason)
