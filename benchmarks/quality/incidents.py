"""What incidents cost that nobody has marked: each kind as it is, and with incidents in the history of every job.

    python -m benchmarks.quality.incidents --out benchmarks/results/incidents.json

One run in fifty takes three times as long, and one in a hundred three tenths of its time. Counted are the other runs,
and the same ones in both: how many of them are flagged, and how many are found when each alone takes longer.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.machine import machine
from benchmarks.quality.anomalies import COUNTED_FROM, GAP_HOURS, SEED
from benchmarks.quality.known_laws import KINDS, RUNS, simulated
from optimizer.baselines import replay
from optimizer.evaluation.anomalies.detector import ALPHA
from optimizer.evaluation.anomalies.methods import ours
from optimizer.panel import RunPanel

JOBS = 80
INCIDENTS = {3.0: 0.02, 0.3: 0.01}
"""By how much longer they take, the share of runs."""
FACTORS = (2.0, 3.0)
ASKED = 5_000


def of_kind(name: str, gap_hours: float) -> dict[str, Any]:
    """What is flagged and found of a kind, without incidents and with them."""
    runs, _ = simulated(KINDS[name], gap_hours, list(KINDS).index(name), JOBS)
    rng = np.random.default_rng(SEED)
    longer = rng.choice(
        [*INCIDENTS, 1.0], len(runs), p=[*INCIDENTS.values(), 1.0 - sum(INCIDENTS.values())]
    )
    is_counted = (np.tile(np.arange(RUNS), JOBS) >= COUNTED_FROM) & (longer == 1.0)
    among_incidents = runs.assign(duration_seconds=runs["duration_seconds"] * longer)
    return {
        "without": measured(runs, is_counted),
        "with": measured(among_incidents, is_counted),
    }


def measured(runs: pd.DataFrame, is_counted: NDArray[np.bool_]) -> dict[str, Any]:
    """What is flagged of the counted runs, and found of them."""
    replayed = replay(runs, alpha=ALPHA)[is_counted]
    panel = RunPanel.from_frame(runs)
    judge = ours(panel)
    counted = np.flatnonzero(is_counted[panel.row])
    asked = np.sort(np.random.default_rng(SEED).permutation(counted)[:ASKED])
    longer = np.repeat(FACTORS, asked.size)
    judged = judge(
        np.tile(asked, len(FACTORS)), longer * np.tile(panel.duration_seconds[asked], len(FACTORS))
    )
    is_found = judged.slow >= -ALPHA
    return {
        "slow_per_1000": 1e3 * float(replayed["is_anomaly"].mean()),
        "short_per_1000": 1e3 * float(replayed["is_short"].mean()),
        "shifts_per_1000": 1e3 * float(replayed["shift"].mean()),
        "found": {f"{factor:g}": float(is_found[longer == factor].mean()) for factor in FACTORS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    kinds = {
        name: {how_often: of_kind(name, gap_hours) for how_often, gap_hours in GAP_HOURS.items()}
        for name in track(KINDS, description="kinds")
    }
    result = {
        "machine": machine(),
        "sizes": {"jobs": JOBS, "runs_a_job": RUNS, "asked": ASKED},
        "kinds": kinds,
    }
    text = json.dumps(result, separators=(",", ":"))
    options.out.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
