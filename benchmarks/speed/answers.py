"""How long a person waits for an answer: each command as a process of its own, with bytecode cached.

    python -m benchmarks.speed.answers --jobs 1000 --days 30 --out benchmarks/results/answers.json

An account is simulated and a first night run over it, then each command is run some times, one after the
other; the median counts, of the wall clock and of processor time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import machine

COMMANDS = (
    ("--help",),
    ("show", "night"),
    ("show", "jobs"),
    ("show", "failing"),
    ("show", "sla"),
    ("show", "anomalies"),
    ("show", "rightsizing", "--all"),
    ("show", "costs"),
    ("show", "costs", "--by", "job"),
    ("show", "quality"),
    ("show", "job", "KEY"),
    ("sla", "list"),
    ("sla", "propose"),
)
RUNS = 5


def rightrun(*arguments: str) -> tuple[float, float, str]:
    """Wall and processor seconds of one command, and what it printed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if finished.returncode > 1:  # 1: done, and what was asked about is not in order.
        raise RuntimeError(f"{' '.join(arguments)} failed: {finished.stderr}")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return seconds, processor, finished.stdout


def first_night(folder: Path, jobs: int, days: int) -> Path:
    """A home in `folder` after the first night of a simulated account."""
    account, home = folder / "account", folder / "home"
    rightrun("simulate", "--jobs", str(jobs), "--days", str(days), "--out", str(account))
    rightrun("nightly", "--source", f"simulated:{account}", "--home", str(home))
    return home


def measure(home: Path) -> list[dict[str, Any]]:
    """The median of `RUNS` runs of each command over the home."""
    jobs = json.loads(rightrun("show", "jobs", "--json", "--home", str(home))[2])
    results = []
    for command in COMMANDS:
        words = [jobs[0]["series_key"] if word == "KEY" else word for word in command]
        at_home = [] if command == ("--help",) else ["--home", str(home)]
        rightrun(*words, *at_home)
        timed = [rightrun(*words, *at_home)[:2] for _ in range(RUNS)]
        results.append(
            {
                "command": " ".join(command),
                "seconds": round(median(wall for wall, _ in timed), 2),
                "processor_seconds": round(median(processor for _, processor in timed), 2),
            }
        )
    return results


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=1000)
    arguments.add_argument("--days", type=int, default=30)
    arguments.add_argument("--home", type=Path, help="a home that is there, instead of a new one")
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="rightrun-bench-") as folder:
        home = given.home or first_night(Path(folder), given.jobs, given.days)
        result = {
            "machine": machine(),
            "jobs": given.jobs,
            "days": given.days,
            "runs": RUNS,
            "commands": measure(home),
        }
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result["commands"], indent=2))


if __name__ == "__main__":
    main()
