"""`rightrun evaluate` on run logs, ours beside all peers, as one committed result.

    python -m benchmarks.quality.evaluation DIR --out benchmarks/results/quality.json

Every runs_*.parquet of DIR (columns of the run contract) is a log. Simulated logs of known kinds are
compared with simple methods only. Without DIR only those are.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.machine import machine
from benchmarks.quality.kinds import kinds
from pipeline.evaluation.evaluate import PEERS, evaluate
from pipeline.evaluation.runlog import read_runs
from pipeline.evaluation.sample import EVERY_JOB

# Reliability by tenth is kept of these.
PICTURED = ("ours", "seven_days")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="a folder of runs_*.parquet")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    files = sorted(options.data.glob("runs_*.parquet")) if options.data else []
    if options.data and not files:
        parser.error(f"no runs_*.parquet in {options.data}")
    result: dict[str, Any] = {
        "machine": machine(),
        "logs": {},
        "kinds": {},
    }
    for file in track(files, description="logs"):
        document = evaluate(read_runs(file))
        if document["absent"]:
            parser.error(f"{', '.join(document['absent'])} of {', '.join(PEERS)} not installed")
        result["logs"][file.stem.removeprefix("runs_")] = _trimmed(document)
        _write(result, options.out)
    for name, runs in track(kinds().items(), description="kinds"):
        document = _trimmed(evaluate(runs, peers=False))
        result["kinds"][name] = document["comparisons"][EVERY_JOB]["horizons"]
    _write(result, options.out)


def _write(result: dict[str, Any], out: Path) -> None:
    """A line for each method: a change of one is a change of one line."""
    out.write_text(json.dumps(result, separators=(",", ":")).replace('},"', '},\n"') + "\n")


def _trimmed(document: dict[str, Any]) -> dict[str, Any]:
    """The document without names of jobs, and without figures that no page shows."""
    del document["by_job"]["worst"]
    for comparison in document["comparisons"].values():
        for horizon in comparison["horizons"].values():
            for name, method in horizon["methods"].items():
                if name not in PICTURED:
                    del method["reliability"]
    return document


if __name__ == "__main__":
    main()
