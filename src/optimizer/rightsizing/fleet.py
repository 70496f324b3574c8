"""A recommended size for every job cluster at once, from its use, runtimes and spend.

Without runs at other sizes, how busy its nodes were is the only evidence of how a run would stretch.
If a share f of the time is work that all workers share, the run on n instead of n0 workers takes

    r = 1 - f + f n0 / n          f ~ uniform on [0, (CPU demand + waiting for I/O) / 100]

since nodes that are a fifth busy cannot have spent more than a fifth of their capacity on shared
work. Probabilities of missing the limit are means over nine equally probable f; saving intervals
are those of r. See `optimizer.rightsizing.recommend` for a cluster with runs at several sizes.

Decided here: only the number of workers of the same node type is compared, so savings are the DBU
part and shares of what was really spent, inside [0, spend]; fewer workers need every gate (CPU,
memory, no swapping, the limit or a bounded stretch, a saving whose lower end is worth a change);
more workers are recommended only if the limit is missed too often, the CPU is the bottleneck and
the probability is expected to halve.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.config import SizingConfig
from optimizer.panel import numbers
from optimizer.quantile import LEVELS, probability_over
from optimizer.result import Status

__all__ = ["recommend_many"]

NODES: Final[NDArray[np.float64]] = (np.arange(9, dtype=np.float64) + 0.5) / 9.0
MOST_CANDIDATES: Final = 32
_SAVINGS: Final = ("saving_lower", "saving_mid", "saving_upper")
_ADDED_COSTS: Final = ("added_cost_lower", "added_cost_mid", "added_cost_upper")

REQUIRED: Final = (
    "job_id", "workers", "worker_node_type", "cpu_p95_pct", "mem_p99_pct", "swap", "minutes",
    "runs", "runtime_quantile_seconds", "limit_seconds", "list_cost",
)  # fmt: skip


def recommend_many(frame: pd.DataFrame, *, config: SizingConfig | None = None) -> pd.DataFrame:
    """One recommendation for each row (job cluster) of `frame`, in its order.

    In: job_id, workers, worker_node_type, cpu_p95_pct, mem_p99_pct (with margin), swap (percent),
    minutes (node-minutes measured), runs, runtime_quantile_seconds (35 seconds at
    `optimizer.quantile.LEVELS`, or None), limit_seconds (null: none declared), list_cost (of the
    period). Used if present: cpu_upper_pct (upper bound of the p95), io_wait_mean_pct.

    Out: job_id, workers, recommended_workers, action (keep, downsize, upsize), saving_lower,
    saving_mid, saving_upper, added_cost_lower, added_cost_mid, added_cost_upper (what more workers
    cost beyond list_cost, 0 for the others), saving_basis ("dbu"), p_miss_now, p_miss_recommended (NaN without a
    limit), stretch_mid, stretch_upper (runtime after / before), status, reason.

    Raises ValueError for a missing column or one that does not hold numbers.
    """
    config = config or SizingConfig()
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise ValueError(f"job clusters lack the column(s) {', '.join(missing)}")
    clusters = _Clusters(frame)
    curves = _curves(frame["runtime_quantile_seconds"])
    status, why = _assessable(clusters, curves, config)
    ok = status == Status.OK.value
    p_now = probability_over(curves, np.where(clusters.limit > 0.0, clusters.limit, np.nan))

    row, n = _candidates(clusters, ok, p_now, config)
    stretch = _stretch(clusters, row, n, NODES)  # (candidates, 9)
    limit = np.where(clusters.limit[row] > 0.0, clusters.limit[row], np.nan)
    over = probability_over(
        curves, (limit[:, None] / stretch).reshape(-1), row=np.repeat(row, NODES.size)
    )
    p_miss = over.reshape(stretch.shape).mean(axis=1)
    tail = 0.5 * (1.0 - config.saving_coverage)
    edges = np.sort(_stretch(clusters, row, n, np.array([tail, 0.5, 1.0 - tail])), axis=1)
    nodes = (n + 1.0) / (clusters.workers[row] + 1.0)
    share = np.clip(1.0 - edges * nodes[:, None], 0.0, 1.0)  # upper, middle, lower saving
    added = np.maximum(edges * nodes[:, None] - 1.0, 0.0)  # lower, middle, upper added cost

    down = n < clusters.workers[row]
    gate = np.where(np.isnan(limit), edges[:, 2] <= config.max_stretch, p_miss <= config.max_p_miss)
    worth = (share[:, 2] >= config.min_saving_share) & (share[:, 2] > 0.0)
    helps = p_miss <= 0.5 * p_now[row]
    allowed = np.where(down, gate & worth, helps)
    # Of the smaller sizes the one that saves most, of the larger ones the smallest.
    preference = np.where(down, -share[:, 1], n)
    order = np.lexsort((n, preference, row))
    order = order[allowed[order]]
    chosen_row, first = np.unique(row[order], return_index=True)
    best = order[first]

    out = pd.DataFrame({"job_id": frame["job_id"].to_numpy(), "workers": clusters.workers})
    out["recommended_workers"] = clusters.workers
    out["action"] = "keep"
    for name in (*_SAVINGS, *_ADDED_COSTS):
        out[name] = np.where(ok, 0.0, np.nan)
    out["saving_basis"] = "dbu"
    out["p_miss_now"] = np.where(ok, p_now, np.nan)
    out["p_miss_recommended"] = out["p_miss_now"]
    out["stretch_mid"] = out["stretch_upper"] = np.where(ok, 1.0, np.nan)

    def put(name: str, values: NDArray[np.generic]) -> None:
        column = out[name].to_numpy(copy=True)
        column[chosen_row] = values
        out[name] = column

    put("recommended_workers", n[best])
    put("action", np.where(down[best], "downsize", "upsize").astype(object))
    spend = np.where(down[best], clusters.cost[chosen_row], 0.0)
    put("saving_upper", share[best, 0] * spend)
    put("saving_mid", share[best, 1] * spend)
    put("saving_lower", share[best, 2] * spend)
    price = np.where(down[best], 0.0, clusters.cost[chosen_row])
    for position, name in enumerate(_ADDED_COSTS):
        put(name, added[best, position] * price)
    put("p_miss_recommended", p_miss[best])
    put("stretch_mid", edges[best, 1])
    put("stretch_upper", edges[best, 2])
    out["status"] = status
    out["reason"] = _sentences(out, clusters, why, config)
    return out.set_index(frame.index)


class _Clusters:
    """The numeric columns of the input, (n,) each, NaN where missing."""

    def __init__(self, frame: pd.DataFrame) -> None:
        def column(name: str) -> NDArray[np.float64]:
            return numbers(frame[name], name)

        nothing = np.full(len(frame), np.nan)
        self.workers = column("workers")
        self.cpu = column("cpu_p95_pct")
        upper = column("cpu_upper_pct") if "cpu_upper_pct" in frame.columns else nothing
        self.cpu_upper = np.minimum(np.fmax(self.cpu, upper), 100.0)
        self.mem = column("mem_p99_pct")
        self.swap = column("swap")
        self.minutes = column("minutes")
        self.runs = column("runs")
        self.limit = column("limit_seconds")
        self.cost = column("list_cost")
        waiting = "io_wait_mean_pct" in frame.columns
        self.io_wait = np.nan_to_num(column("io_wait_mean_pct") if waiting else nothing)
        self.shared = np.clip((self.cpu_upper + self.io_wait) / 100.0, 0.0, 1.0)


def _curves(column: pd.Series) -> NDArray[np.float64]:
    """Log seconds (n, 35); NaN for a row that is missing, of another length or not positive."""
    out = np.full((len(column), LEVELS.size), np.nan)
    whole = [
        isinstance(one, (list, tuple, np.ndarray)) and len(one) == LEVELS.size for one in column
    ]
    if any(whole):
        stacked = np.array([list(one) for one in column[whole]], dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(stacked)
        out[whole] = np.where(np.isfinite(logs).all(axis=1, keepdims=True), logs, np.nan)
    return out


def _assessable(
    clusters: _Clusters, curves: NDArray[np.float64], config: SizingConfig
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Status and, where it is not ok, the reason; later tests win."""
    n = clusters.workers.size
    status = np.full(n, Status.OK.value, dtype=object)
    why = np.full(n, "", dtype=object)
    no, few = Status.NOT_ASSESSED.value, Status.TOO_FEW_RUNS.value
    tests = (
        (
            ~(clusters.minutes >= config.min_minutes), few,
            f"Fewer than {config.min_minutes:g} node-minutes of use were measured.",
        ),
        (
            ~(clusters.runs >= config.min_runs), few,
            f"Fewer than {config.min_runs} runs were seen on this cluster.",
        ),
        (np.isnan(curves[:, 0]), few, "The runtime of the next run could not be forecast."),
        (np.isnan(clusters.cpu) | np.isnan(clusters.mem), no, "CPU or memory use was not measured."),
        (~(clusters.cost >= 0.0) | np.isinf(clusters.cost), no, "The cost of this cluster is not known."),
        (
            ~(clusters.workers >= 1.0) | np.isinf(clusters.workers), no,
            "There are no workers to add or remove: the driver does the work.",
        ),
    )  # fmt: skip
    for failed, word, sentence in tests:
        status[failed] = word
        why[failed] = sentence
    return status, why


def _smallest(clusters: _Clusters, config: SizingConfig) -> NDArray[np.float64]:
    """Fewest workers that the step, CPU and memory allow; n0 where nothing may be removed."""
    w = clusters.workers
    fits = np.maximum.reduce(
        [
            np.ones_like(w),
            np.ceil(w * (1.0 - config.max_step) - 1e-9),
            np.ceil(w * clusters.cpu_upper / config.cpu_ceiling_pct - 1e-9),
            np.ceil(w * clusters.mem / config.mem_ceiling_pct - 1e-9),
        ]
    )
    return np.where(clusters.swap > 0.0, w, np.minimum(fits, w))


def _candidates(
    clusters: _Clusters, ok: NDArray[np.bool_], p_now: NDArray[np.float64], config: SizingConfig
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows and worker counts to compare, at most 32 a row: smaller ones, or larger if needed."""
    missing = p_now > config.max_p_miss
    bound = clusters.cpu >= config.cpu_bound_pct
    low = np.where(missing, clusters.workers + 1.0, _smallest(clusters, config))
    high = np.where(missing, 2.0 * clusters.workers, np.ceil(clusters.workers) - 1.0)
    high = np.where(missing & ~bound, -np.inf, high)
    span = np.where(ok, high - low + 1.0, 0.0)
    count = np.clip(np.nan_to_num(span, nan=0.0), 0, MOST_CANDIDATES).astype(np.int64)
    row = np.repeat(np.arange(count.size), count)
    step = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    # More sizes than may be compared are thinned evenly, both ends kept.
    stride = (span[row] - 1.0) / np.maximum(count[row] - 1, 1)
    return row, np.floor(low[row] + step * stride + 0.5)


def _stretch(
    clusters: _Clusters, row: NDArray[np.int64], n: NDArray[np.float64], q: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Runtime after / before at the shares q of the range of f: (candidates, q)."""
    f = clusters.shared[row, None] * q
    return np.asarray(1.0 - f + f * (clusters.workers[row] / n)[:, None])


def _sentences(
    out: pd.DataFrame, clusters: _Clusters, why: NDArray[np.object_], config: SizingConfig
) -> list[str]:
    """A reason for every row, in words an owner can check."""
    sentences = []
    columns = zip(
        why, out["action"], out["recommended_workers"], clusters.workers, clusters.cpu, clusters.mem,
        clusters.swap, out["p_miss_now"], out["p_miss_recommended"], out["stretch_upper"],
        strict=True,
    )  # fmt: skip
    for sentence, action, n, now, cpu, mem, swap, p_now, p_then, stretch in columns:
        if sentence:
            sentences.append(sentence)
            continue
        use = f"CPU stays below {cpu:.0f} % for 95 % of the time and memory peaks near {mem:.0f} %"
        if action == "downsize":
            after = (
                f"the limit would be missed in {p_then:.1%} of runs"
                if np.isfinite(p_then)
                else "no limit is declared"
            )
            sentences.append(
                f"{use}, so {n:.0f} workers instead of {now:.0f} suffice; runs are expected to "
                f"take at most {stretch:.2f} times as long and {after}."
            )
        elif action == "upsize":
            sentences.append(
                f"The limit is missed in {p_now:.1%} of runs and the CPU is the bottleneck "
                f"({cpu:.0f} %); {n:.0f} workers are expected to bring that to {p_then:.1%}."
            )
        elif p_now > config.max_p_miss:
            sentences.append(
                f"The limit is missed in {p_now:.1%} of runs, but more workers are not shown to "
                f"help: {use}."
            )
        elif swap > 0.0:
            sentences.append(
                "The nodes were swapping to disk: memory is short, so none is taken away."
            )
        else:
            sentences.append(f"No smaller size is shown to save money safely: {use}.")
    return sentences
