"""The current cluster and its candidates: what an hour of each costs, and which can be compared.

    node rate = DBU per hour * list price of a DBU [+ price of the machine per hour]

Decided here: the machine counts only if the current one has a price, so that both sides of a
comparison are on one basis; another node type is not compared even with prices, since how the job
runs on it has not been observed; spot and serverless are never compared with what runs now.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Cluster", "comparable", "rates", "with_current"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The cluster as it is, and what was measured on it."""

    workers: int
    node_type: str
    list_cost: float
    """Spend of the period that savings are given for."""
    cpu_demand_pct: float | None = None
    """Upper bound of the p95 of the workers' CPU."""
    mem_demand_pct: float | None = None
    """p99 of the workers' memory, with margin."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be 1 or more, got {self.workers!r}")
        if not (np.isfinite(self.list_cost) and self.list_cost >= 0.0):
            raise ValueError(f"list_cost must be 0 or more, got {self.list_cost!r}")


def with_current(current: Cluster, candidates: pd.DataFrame) -> pd.DataFrame:
    """The current size, then every other candidate once: workers, node_type, spot, serverless."""
    missing = [c for c in ("workers", "node_type") if c not in candidates.columns]
    if missing:
        raise ValueError(f"candidates lack the column(s) {', '.join(missing)}")
    if not (candidates["workers"] >= 1).all():
        raise ValueError("candidates.workers must be 1 or more")
    options = pd.DataFrame(
        {
            "workers": [current.workers, *candidates["workers"].astype(int)],
            "node_type": [current.node_type, *candidates["node_type"]],
        }
    )
    for name in ("spot", "serverless"):
        flags = candidates[name] if name in candidates.columns else [False] * len(candidates)
        options[name] = [False, *map(bool, flags)]
    same = ["workers", "node_type", "spot", "serverless"]
    return options.drop_duplicates(same).reset_index(drop=True)


def rates(
    node_type: pd.Series, prices: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Money per node-hour and whether it includes the machine; NaN without a price."""
    required = ("node_type", "dbu_per_hour", "list_price_per_dbu")
    missing = [c for c in required if c not in prices.columns]
    if missing:
        raise ValueError(f"prices lack the column(s) {', '.join(missing)}")
    table = prices.drop_duplicates("node_type").set_index("node_type").reindex(node_type)
    dbu = (table["dbu_per_hour"] * table["list_price_per_dbu"]).to_numpy(dtype=np.float64)
    vm = np.full(dbu.size, np.nan)
    if "vm_price_per_hour" in table.columns:
        vm = table["vm_price_per_hour"].to_numpy(dtype=np.float64)
    # One basis for the whole comparison: machines count only if the current ones have a price.
    use_vm = bool(np.isfinite(vm[0]))
    return (dbu + vm if use_vm else dbu), np.isfinite(vm) & use_vm


def comparable(
    options: pd.DataFrame,
    current: Cluster,
    rate: NDArray[np.float64],
    with_vm: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], list[str]]:
    """Which options may be priced against the current one, and why not ('' where they may)."""
    why = []
    for k, row in enumerate(options.itertuples()):
        if row.spot or row.serverless:
            why.append("spot and serverless prices are not comparable with what runs now")
        elif row.node_type != current.node_type and with_vm[0] and with_vm[k]:
            why.append("how this job runs on another node type has not been observed")
        elif row.node_type != current.node_type:
            why.append("another node type cannot be compared without machine prices")
        elif not np.isfinite(rate[k]):
            why.append("the node type has no price")
        else:
            why.append("")
    return np.array([not w for w in why]), why
