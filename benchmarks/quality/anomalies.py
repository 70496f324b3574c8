"""Strange runs found: ours beside the test that knows the true law, rules that people use, libraries, and controls.

    python -m benchmarks.quality.anomalies DIR --out benchmarks/results/anomalies.json

By the code of `rightrun evaluate`, with AutoETS besides. Kinds of jobs are simulated, whose law is known, once a day
and once an hour; the first hundred runs of a job are not counted. How many jobs are judged by what costs more is in
the result. With DIR, every runs_*.parquet of it (columns of the run contract) is a log, of which no one knows what is
wrong.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.machine import machine
from benchmarks.quality.known_laws import KINDS, RUNS, Floats, Kind, simulated
from optimizer.baselines import replay
from optimizer.config import BaselineConfig
from optimizer.evaluation.anomalies.detector import ALPHA, Detector, Judge, Judged
from optimizer.evaluation.anomalies.methods import METHODS
from optimizer.panel import RunPanel
from pipeline.evaluation.anomalies.document import ALL, RULES_ALONE, Asked, Size, anomalies
from pipeline.evaluation.anomalies.losses import ALL_KNOWING
from pipeline.evaluation.anomalies.seasonal import AUTO_ETS_BANDS
from pipeline.evaluation.runlog import read_runs
from pipeline.evaluation.sample import EVERY_JOB, REFITTED, Sample

JOBS = 250
COUNTED_FROM = 100
SHIFT, SHIFT_AT, SHIFT_SEEN_WITHIN = 1.5, 200, 60
GAP_HOURS = {"daily": 24.0, "hourly": 1.0}
SEED = 7
BESIDE_LIBRARIES = (
    "log-normal, sd 0.2", "heavy tail (t3)", "two modes (a quarter x4)", "month ends x4",
    "office hours x2", "weekends x2", "grows 0.2 % a run",
)  # fmt: skip
"""Kinds that are given to what is trained or fitted as well, which takes minutes each."""
WITH_AUTO_ETS: Asked = {**ALL, REFITTED: {**ALL[REFITTED], "auto_ets": AUTO_ETS_BANDS}}
OF_LOGS = Size(runs=200_000)
OF_KINDS = Size(runs=JOBS * RUNS, trained_runs=6_000, refitted_jobs=5, fewest_before=COUNTED_FROM)


def all_knowing(kind: Kind, location: Floats) -> Detector:
    """The test of a run by the law that it was drawn from, `location` (n,) in the order of the frame."""

    def of(panel: RunPanel) -> Judge:
        def judge(at: NDArray[np.int64], seconds: Floats) -> Judged:
            noise = np.log(seconds) - location[panel.row[at]]
            return Judged(-kind.noise.sf(noise), -(1.0 - kind.noise.sf(noise)))

        return judge

    return Detector("the true law", of, -ALPHA, -BaselineConfig().alpha_short, lambda score: -score)


def of_kind(name: str, gap_hours: float) -> dict[str, Any]:
    """What is found of a kind, by all; and how many changes of level by ours."""
    kind = KINDS[name]
    runs, location = simulated(kind, gap_hours, list(KINDS).index(name), JOBS)
    asked = {
        **(WITH_AUTO_ETS if name in BESIDE_LIBRARIES else RULES_ALONE),
        EVERY_JOB: {**METHODS, ALL_KNOWING: all_knowing(kind, location)},
    }
    sample = Sample(runs, RunPanel.from_frame(runs), SEED)
    return _trimmed(anomalies(sample, asked, OF_KINDS)) | _shifts(runs)


def _shifts(runs: Any) -> dict[str, Any]:
    """How many changes of level are declared where there is none, and how soon one is where there is."""
    number = np.tile(np.arange(RUNS), JOBS)
    is_counted = number >= COUNTED_FROM
    false = float(replay(runs)["shift"][is_counted].mean())
    longer = np.where(number >= SHIFT_AT, SHIFT, 1.0)
    changed = runs.assign(duration_seconds=runs["duration_seconds"] * longer)
    declared = replay(changed)["shift"].to_numpy().reshape(JOBS, RUNS)[:, SHIFT_AT:]
    soon = declared[:, :SHIFT_SEEN_WITHIN]
    is_found = soon.any(axis=1)
    after = np.where(is_found, soon.argmax(axis=1) + 1, RUNS)
    return {
        "false_shifts_per_1000": 1e3 * false,
        "shift_found": float(is_found.mean()),
        "shift_after_runs_median": float(np.median(after)) if is_found.mean() > 0.5 else None,
    }


def of_log(file: Path) -> dict[str, Any]:
    """What is flagged of a log as it is, and found of what was put into it."""
    runs = read_runs(file)
    panel = RunPanel.from_frame(runs)
    said = replay(runs)
    shifts = float(said["shift"][said["p_value"].notna()].mean())
    found = anomalies(Sample(runs, panel, SEED), WITH_AUTO_ETS, OF_LOGS)
    return _trimmed(found) | {"shifts_per_1000": 1e3 * shifts}


def _trimmed(part: dict[str, Any]) -> dict[str, Any]:
    """What differs from one log to the next."""
    return {"comparisons": part["comparisons"]}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="a folder of runs_*.parquet")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    result: dict[str, Any] = {
        "machine": machine(),
        "sizes": {
            "kinds": {"jobs": JOBS, "runs_a_job": RUNS} | asdict(OF_KINDS),
            "logs": asdict(OF_LOGS),
        },
        "logs": {},
        "kinds": {},
    }
    files = sorted(options.data.glob("runs_*.parquet")) if options.data else []
    for file in track(files, description="logs"):
        result["logs"][file.stem.removeprefix("runs_")] = of_log(file)
        _write(result, options.out)
    for name in track(KINDS, description="kinds"):
        result["kinds"][name] = {
            how_often: of_kind(name, gap_hours) for how_often, gap_hours in GAP_HOURS.items()
        }
        _write(result, options.out)


def _write(result: dict[str, Any], out: Path) -> None:
    """A line for each method: a change of one is a change of one line."""
    text = json.dumps(result, separators=(",", ":"))
    out.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
