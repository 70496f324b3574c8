"""How good forecasts of durations are on run logs, beside simple methods and controls.

    python benchmarks/quality/forecast.py DIR [--kinds] --out benchmarks/results/forecast.json

Every runs_*.parquet of DIR (columns of the run contract) is a log; --kinds adds simulated ones of
known kinds. Each run is forecast at its start, and at the last midnight before it and one, three and
seven days earlier. Scores are means over the finished runs that every entrant answers:

    crps       of log1p(duration), over the 35 stored levels
    coverage   share of runs not above a quantile, timeouts left out
    brier      of P(duration > limit), mean over limits of 1.1, 1.25, 1.5 and 2 times the median of
               the last 30 runs that had ended before the start
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kinds import kinds
from numpy.typing import NDArray

from optimizer.evaluation.methods import CONTROLS, OURS, RULE
from optimizer.evaluation.methods import METHODS as ENTRANTS
from optimizer.evaluation.simple import QUANTILES as TYPE_7
from optimizer.evaluation.simple import simple
from optimizer.forecast.backtest import origins_us
from optimizer.forecast.score import crps_from_quantiles
from optimizer.panel import SUCCEEDED, TIMEOUT, UNKNOWN, RunPanel
from optimizer.quantile import LEVELS, probability_over

COLUMNS = ["job_id", "run_id", "start_time", "duration_seconds", "status"]
ORIGINS = {"start": ("start", 0)} | {f"nightly_{d}": ("nightly", d) for d in (0, 1, 3, 7)}
COVERED = (0.5, 0.8, 0.9, 0.95, 0.99)
LIMITS = (1.1, 1.25, 1.5, 2.0)


def scores(
    panel: RunPanel, log_quantiles: NDArray[np.float64], rows: NDArray[np.bool_]
) -> dict[str, Any]:
    """CRPS, coverage by level and Brier of one entrant over `rows`."""
    usual = simple(TYPE_7, most=30)(panel, panel.start_us)[:, LEVELS.tolist().index(0.5)]
    seconds, curves = panel.duration_seconds[rows], log_quantiles[rows]
    x = np.log1p(seconds)
    stopped = panel.outcome[rows] == TIMEOUT
    q = np.log1p(np.exp(np.clip(curves, -700.0, 700.0)))
    below = np.where(stopped[:, None], np.minimum(q, x[:, None]), q)
    inside = seconds[~stopped, None] <= np.exp(np.clip(curves[~stopped], -700.0, 700.0))
    brier = []
    for factor in LIMITS:
        limit = factor * np.exp(usual[rows])
        over = seconds > limit
        told = np.isfinite(limit) & (~stopped | over)
        p = probability_over(curves, limit)
        brier.append(np.mean((p[told] - over[told]) ** 2))
    return {
        "crps": float(crps_from_quantiles(x, below, LEVELS).mean()),
        "coverage": {
            f"{level:g}": float(inside[:, LEVELS.tolist().index(level)].mean()) for level in COVERED
        },
        "brier": float(np.mean(brier)),
    }


def compare(runs: pd.DataFrame) -> dict[str, Any]:
    """Scores of all entrants by origin."""
    panel = RunPanel.from_frame(runs[COLUMNS])
    finished = np.isin(panel.outcome, (SUCCEEDED, UNKNOWN, TIMEOUT))
    out: dict[str, Any] = {}
    for name, (origin, days) in ORIGINS.items():
        at = origins_us(panel.start_us, origin, days)
        told = {entrant: method(panel, at) for entrant, method in ENTRANTS.items()}
        rows = finished.copy()
        for curves in told.values():
            rows &= np.isfinite(curves).all(axis=1)
        if not rows.any():
            continue
        entrants = {entrant: scores(panel, curves, rows) for entrant, curves in told.items()}
        out[name] = {"runs": int(rows.sum()), "entrants": entrants} | _ratios(entrants)
    return out


def _ratios(entrants: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Ours over the usual rule and over the best of the simple methods on this log."""
    own = entrants[OURS]
    rivals = {name: one for name, one in entrants.items() if name not in (OURS, *CONTROLS)}
    best = min(rivals, key=lambda name: rivals[name]["crps"])
    best_brier = min(rivals, key=lambda name: rivals[name]["brier"])
    # On a constant job there is no error to compare.
    nothing = rivals[RULE]["crps"] < 1e-9
    return {
        "crps_over_rule": None if nothing else own["crps"] / rivals[RULE]["crps"],
        "best_simple": best,
        "crps_over_best_simple": None if nothing else own["crps"] / rivals[best]["crps"],
        "best_brier": best_brier,
        "brier_over_best_simple": None
        if rivals[best_brier]["brier"] < 1e-9
        else own["brier"] / rivals[best_brier]["brier"],
    }


def summary(logs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """By origin: mean ratios over logs, and over the one method that is best on their average."""
    out: dict[str, Any] = {}
    for origin in ORIGINS:
        cells = [log[origin] for log in logs.values() if origin in log]
        cells = [cell for cell in cells if cell["crps_over_rule"] is not None]
        if not cells:
            continue
        relative = {
            name: float(
                np.mean([c["entrants"][name]["crps"] / c["entrants"][RULE]["crps"] for c in cells])
            )
            for name in ENTRANTS
        }
        rivals = {n: r for n, r in relative.items() if n not in (OURS, *CONTROLS)}
        best = min(rivals, key=lambda name: rivals[name])
        over_best = [
            c["entrants"][OURS]["crps"] / c["entrants"][best]["crps"] for c in cells
        ]  # fmt: skip
        off = [
            abs(c["entrants"][OURS]["coverage"][f"{level:g}"] - level)
            for c in cells
            for level in COVERED
        ]
        out[origin] = {
            "crps_over_rule": relative[OURS],
            "best_single_simple": best,
            "crps_over_best_single": float(np.mean(over_best)),
            "crps_over_best_of_each_log": float(
                np.mean([c["crps_over_best_simple"] for c in cells])
            ),
            "largest_coverage_error": max(off),
            "crps_over_rule_by_entrant": relative,
        }
    return out


def milliseconds_per_job(jobs: int = 200, runs: int = 300) -> float:
    """Of one walk over stationary jobs of 300 runs, forecasting each run."""
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(
        np.tile(np.arange(runs), jobs), unit="D"
    )
    frame = pd.DataFrame(
        {
            "job_id": np.repeat([f"{j:04d}" for j in range(jobs)], runs),
            "run_id": np.arange(jobs * runs).astype(str),
            "start_time": start,
            "duration_seconds": 300.0 * np.exp(0.3 * rng.standard_normal(jobs * runs)),
            "status": "SUCCEEDED",
        }
    )
    panel = RunPanel.from_frame(frame)
    took = []
    for _ in range(4):
        began = time.process_time()
        ENTRANTS[OURS](panel, panel.start_us)
        took.append(time.process_time() - began)
    return min(took) / jobs * 1e3


def machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="a folder of runs_*.parquet")
    parser.add_argument(
        "--kinds", action="store_true", help="simulated logs of known kinds as well"
    )
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    files = sorted(asked.data.glob("runs_*.parquet")) if asked.data else []
    if not files and not asked.kinds:
        parser.error("no runs_*.parquet there; name a folder that has some, or pass --kinds")
    result: dict[str, Any] = {"machine": machine(), "ms_per_job_of_300": milliseconds_per_job()}
    if files:
        logs = {}
        for file in files:
            logs[file.stem.removeprefix("runs_")] = compare(pd.read_parquet(file))
            _show(file.stem.removeprefix("runs_"), logs[file.stem.removeprefix("runs_")])
        result |= {"summary": summary(logs), "logs": logs}
    if asked.kinds:
        simulated = {name: compare(runs) for name, runs in kinds().items()}
        for name, one in simulated.items():
            _show(name, one)
        result |= {"kinds_summary": summary(simulated), "kinds": simulated}
    for part in ("summary", "kinds_summary"):
        for origin, row in result.get(part, {}).items():
            print(part, origin, {k: v for k, v in row.items() if not isinstance(v, dict)})
    print(f"{result['ms_per_job_of_300']:.2f} ms per job of 300 runs")
    if asked.out is not None:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(_rounded(result), indent=1) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def _show(name: str, log: Mapping[str, Any]) -> None:
    for origin, cell in log.items():
        if cell["crps_over_rule"] is None:
            continue
        own = cell["entrants"][OURS]
        off = " ".join(f"{own['coverage'][f'{q:g}'] - q:+.3f}" for q in COVERED)
        brier = cell["brier_over_best_simple"]
        print(
            f"{name:18s} {origin:10s} {cell['runs']:7d} runs  over rule {cell['crps_over_rule']:.3f}"
            f"  over {cell['best_simple']} {cell['crps_over_best_simple']:.3f}  coverage off {off}"
            f"  brier {own['brier']:.4f}"
            + ("" if brier is None else f" over {cell['best_brier']} {brier:.3f}"),
            flush=True,
        )


if __name__ == "__main__":
    main()
