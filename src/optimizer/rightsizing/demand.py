"""How much of its nodes a cluster needs: high quantiles of their use, with bounds, from histograms.

    cpu_target = Q_0.95(CPU %)        mem_target = (1 + margin) * Q_0.99(memory %), at most 100
    bounds of Q_q = Q at q -/+ z sqrt(q (1 - q) / m)          m = minutes / correlated minutes

The bounds are those of an order statistic whose rank is binomial (Conover, Practical Nonparametric
Statistics, 1999, section 3.2), with m in place of the count because neighbouring minutes are alike.

A histogram is a list of (bin_pct, minutes): bin b holds readings in [b, b + 1), the last one 100
and more. A quantile read from it is the upper end of its bin: at most a point too high, never low.
Histograms add up, over nodes and nights, bin by bin; nothing else needs to be stored.

Decided here: readings over 100 % count as 100, negative or missing ones are dropped; each reading
stands for one node-minute unless `minutes` says otherwise; a resource without readings leaves its
columns null and the row not assessed, since a size needs both.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from optimizer.config import SizingConfig
from optimizer.result import Status

__all__ = ["demand", "demand_of_histograms", "histograms"]

BINS: Final = 101


def demand(usage: pd.DataFrame, *, config: SizingConfig | None = None) -> pd.DataFrame:
    """Demand of every entity and role in raw `usage`: one row each, sorted by both.

    `usage` has entity_id, ts, cpu_pct, mem_pct and may have role (default "worker"), minutes
    (default 1 a row), node_id, swap_pct and io_wait_pct. Columns out as `demand_of_histograms`.
    Raises ValueError if a column is missing.
    """
    return demand_of_histograms(histograms(usage), config=config)


def histograms(usage: pd.DataFrame) -> pd.DataFrame:
    """Sum raw `usage` up to what is stored: one row per entity and role.

    Columns: entity_id, role, cpu_histogram, mem_histogram (lists of (bin_pct, minutes)), minutes,
    nodes (NaN without node_id), swap_max_pct and io_wait_mean_pct (NaN where not given).
    """
    missing = [c for c in ("entity_id", "ts", "cpu_pct", "mem_pct") if c not in usage.columns]
    if missing:
        raise ValueError(f"usage lacks the column(s) {', '.join(missing)}")
    role = usage["role"] if "role" in usage.columns else pd.Series("worker", index=usage.index)
    keys = pd.DataFrame({"entity_id": usage["entity_id"], "role": role})
    if keys.isna().any(axis=None):
        raise ValueError("usage.entity_id and usage.role must not be missing")
    groups = keys.groupby(["entity_id", "role"], sort=True)
    code = np.asarray(groups.ngroup(), dtype=np.int64)
    out = groups.size().index.to_frame(index=False)
    minutes = _column(usage, "minutes", 1.0)
    minutes = np.where(np.isfinite(minutes) & (minutes > 0.0), minutes, 0.0)
    n = len(out)
    for resource in ("cpu", "mem"):
        counts = _counts(code, _column(usage, f"{resource}_pct"), minutes, n)
        out[f"{resource}_histogram"] = pd.Series(_pairs(counts), dtype=object)
    out["minutes"] = np.bincount(code, weights=minutes, minlength=n)
    out["nodes"] = np.nan
    if "node_id" in usage.columns:
        distinct = pd.DataFrame({"code": code, "node": usage["node_id"].to_numpy()})
        nodes = distinct.drop_duplicates().dropna()["code"].to_numpy()
        out["nodes"] = np.bincount(nodes, minlength=n).astype(np.float64)
    of_group = pd.DataFrame(
        {"swap": _column(usage, "swap_pct"), "io": _column(usage, "io_wait_pct")}
    ).groupby(code)
    out["swap_max_pct"] = of_group["swap"].max().to_numpy()
    out["io_wait_mean_pct"] = of_group["io"].mean().to_numpy()
    return out


def demand_of_histograms(
    frame: pd.DataFrame, *, config: SizingConfig | None = None
) -> pd.DataFrame:
    """Demand of every row of `frame`: entity_id, role, cpu_histogram, mem_histogram, minutes,
    nodes.

    A histogram is a list of (bin_pct, minutes) pairs or of {"bin_pct", "minutes"} mappings, in any
    order; a bin given twice is added up. Columns out: entity_id, role, status, reason, minutes,
    nodes, cpu_target_pct, lower, upper (bounds of the CPU demand), cpu_mean_pct, mem_target_pct,
    mem_lower_pct, mem_upper_pct (before the margin: bounds of the quantile). Rows keep their order.
    Raises ValueError if a column is missing.
    """
    config = config or SizingConfig()
    required = ("entity_id", "role", "cpu_histogram", "mem_histogram", "minutes", "nodes")
    missing = [name for name in required if name not in frame.columns]
    if missing:
        raise ValueError(f"histograms lack the column(s) {', '.join(missing)}")
    cpu = _dense(frame["cpu_histogram"])
    mem = _dense(frame["mem_histogram"])
    cpu_minutes, mem_minutes = cpu.sum(axis=1), mem.sum(axis=1)
    minutes = np.minimum(cpu_minutes, mem_minutes)
    cpu_q, cpu_low, cpu_high = _quantile_and_bounds(cpu, config.cpu_quantile, config)
    mem_q, mem_low, mem_high = _quantile_and_bounds(mem, config.mem_quantile, config)
    enough = minutes >= config.min_minutes
    status = np.where(enough, Status.OK.value, Status.TOO_FEW_RUNS.value).astype(object)
    reason = np.full(len(frame), None, dtype=object)
    needed = f"node-minutes were measured; {config.min_minutes:g} are needed"
    reason[~enough] = [f"{count:.0f} {needed}" for count in minutes[~enough]]
    for name, measured in (("CPU", cpu_minutes), ("memory", mem_minutes)):
        status[measured == 0.0] = Status.NOT_ASSESSED.value
        reason[measured == 0.0] = f"no usable {name} readings"
    # The middle of a bin stands for the readings in it; the last bin holds 100 only.
    middle = np.minimum(np.arange(BINS) + 0.5, 100.0)
    cpu_mean = cpu @ middle / np.where(cpu_minutes > 0.0, cpu_minutes, np.nan)
    return pd.DataFrame(
        {
            "entity_id": frame["entity_id"].to_numpy(),
            "role": frame["role"].to_numpy(),
            "status": status,
            "reason": reason,
            "minutes": minutes,
            "nodes": frame["nodes"].to_numpy(dtype=np.float64),
            "cpu_target_pct": cpu_q,
            "lower": cpu_low,
            "upper": cpu_high,
            "cpu_mean_pct": cpu_mean,
            "mem_target_pct": np.minimum(mem_q * (1.0 + config.mem_margin), 100.0),
            "mem_lower_pct": mem_low,
            "mem_upper_pct": mem_high,
        },
        index=frame.index,
    )


def _column(usage: pd.DataFrame, name: str, default: float = np.nan) -> NDArray[np.float64]:
    if name not in usage.columns:
        return np.full(len(usage), default)
    return pd.to_numeric(usage[name]).to_numpy(dtype=np.float64, na_value=np.nan)


def _counts(
    code: NDArray[np.int64], pct: NDArray[np.float64], minutes: NDArray[np.float64], groups: int
) -> NDArray[np.float64]:
    """Minutes by group and bin, (groups, 101)."""
    usable = (pct >= 0.0) & np.isfinite(pct)
    bin_pct = np.floor(np.minimum(pct[usable], 100.0)).astype(np.int64)
    flat = np.bincount(
        code[usable] * BINS + bin_pct, weights=minutes[usable], minlength=groups * BINS
    )
    return flat.astype(np.float64).reshape(groups, BINS)


def _pairs(counts: NDArray[np.float64]) -> list[list[tuple[int, float]]]:
    """Filled bins of each row as pairs."""
    rows = []
    for row in counts:
        filled = np.flatnonzero(row)
        rows.append(list(zip(filled.tolist(), row[filled].tolist(), strict=True)))
    return rows


def _dense(column: pd.Series) -> NDArray[np.float64]:
    """Histograms as minutes by bin, (n, 101); nothing for a missing one."""
    lists: list[Iterable[Any]] = [
        one if isinstance(one, (list, tuple, np.ndarray)) else () for one in column
    ]
    lengths = np.array([len(one) for one in lists], dtype=np.int64)  # type: ignore[arg-type]
    flat = list(chain.from_iterable(lists))
    if flat and isinstance(flat[0], Mapping):
        flat = [(one["bin_pct"], one["minutes"]) for one in flat]
    pairs = np.array([tuple(one) for one in flat], dtype=np.float64).reshape(-1, 2)
    row = np.repeat(np.arange(len(lists)), lengths)
    usable = np.where(np.isfinite(pairs[:, 1]) & (pairs[:, 1] > 0.0), pairs[:, 1], 0.0)
    return _counts(row, pairs[:, 0], usable, len(lists))


def _quantile_and_bounds(
    counts: NDArray[np.float64], q: float, config: SizingConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Upper ends of the bins that hold the q-quantile and its lower and upper bound, each (n,)."""
    total = counts.sum(axis=1)
    independent = np.maximum(total / config.correlated_minutes, 1.0)
    z = float(stats.norm.ppf(0.5 + 0.5 * config.confidence))
    half = z * np.sqrt(q * (1.0 - q) / independent)
    cumulative = np.cumsum(counts, axis=1)

    def read(level: NDArray[np.float64]) -> NDArray[np.float64]:
        target = np.clip(level, 0.0, 1.0) * total * (1.0 - 1e-12)
        target = np.maximum(target, np.finfo(np.float64).tiny)
        in_bin = np.argmax(cumulative >= target[:, None], axis=1)
        return np.where(total > 0.0, np.minimum(in_bin + 1.0, 100.0), np.nan)

    middle = np.full(total.size, q)
    return read(middle), read(middle - half), read(middle + half)
