"""What the statistics of a job cost: by how many jobs there are, in memory, and beside AutoETS.

    python benchmarks/speed/forecast.py --jobs 1000 10000 100000 --out benchmarks/results/speed_forecast.json

A job has 300 runs. Each number of jobs is a frame of its own in a process of its own, so its peak
memory is its own: the frame that it was given, the baselines of every run, and the night's state and scores of every
job. AutoETS of statsforecast (the `peers` extra) is fitted to the log durations of some of the same
jobs in the same process, with a season of a week and without one; ours is the baseline of each run,
the forecast, and the backtest of the latest 100 runs against a single fit of theirs.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RUNS = 300
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
EPOCH = pd.Timestamp("2026-01-01", tz="UTC")


def frame_of(jobs: int) -> pd.DataFrame:
    """Daily lognormal jobs of a level of their own, slower at weekends."""
    rng = np.random.default_rng(1)
    day = np.tile(np.arange(RUNS), jobs)
    level = np.repeat(rng.uniform(np.log(20.0), np.log(5000.0), jobs), RUNS)
    seconds = np.exp(level + 0.3 * (day % 7 >= 5) + 0.2 * rng.standard_normal(day.size))
    ids = np.array([f"w/{job:06d}" for job in range(jobs)], dtype=object)
    return pd.DataFrame(
        {
            "job_id": np.repeat(ids, RUNS),
            "run_id": np.tile(np.array([str(k) for k in range(RUNS)], dtype=object), jobs),
            "start_time": EPOCH + pd.to_timedelta(day, unit="D"),
            "duration_seconds": seconds,
            "status": np.full(day.size, "SUCCEEDED", dtype=object),
        }
    )


def statistics(runs: pd.DataFrame) -> None:
    """What a night computes of these jobs."""
    from optimizer.baselines import replay
    from optimizer.forecast import states_with_quality

    replay(runs)
    states_with_quality(runs, LEVELS, as_of=EPOCH + pd.Timedelta(days=RUNS), limits=3600.0)


def cpu_ms_a_job(work: Callable[[], object], jobs: int, times: int) -> float:
    """The least of some goes, of one core's time."""
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took) / jobs * 1e3


def measured(jobs: int) -> dict[str, float]:
    """Time of one job and peak memory, of a frame of this many jobs."""
    statistics(frame_of(2))  # compiled, or read from the cache
    runs = frame_of(jobs)
    frame_mb = _mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak of making the frame is not ours
    ms = cpu_ms_a_job(lambda: statistics(runs), jobs, times=3 if jobs <= 10_000 else 1)
    return {
        "jobs": jobs,
        "runs": len(runs),
        "ms_per_job": ms,
        "frame_mb": frame_mb,
        "peak_mb": _mb("VmHWM"),
    }


def _mb(line: str) -> float:
    """A line of this process's memory, as Linux tells it."""
    told = Path("/proc/self/status").read_text().split(line + ":")[1]
    return int(told.split()[0]) / 1024


def beside_autoets(jobs: int) -> dict[str, float]:
    """Milliseconds a job of ours and of AutoETS on the same jobs, one after another."""
    from statsforecast.models import AutoETS

    statistics(frame_of(2))
    # Ours is measured on more jobs than AutoETS has time for, and these are among them.
    many = max(jobs, 500)
    runs = frame_of(many)
    out = {"jobs": jobs, "ours_ms": cpu_ms_a_job(lambda: statistics(runs), many, times=3)}
    series = np.log(runs["duration_seconds"].to_numpy()).reshape(many, RUNS)[:jobs]
    for name, season in (("autoets_weekly_ms", 7), ("autoets_plain_ms", 1)):
        model = AutoETS(season_length=season)
        model.forecast(y=series[0], h=1, level=[90])

        def fit_all(model: Any = model) -> None:
            for y in series:
                model.forecast(y=y, h=1, level=[90])

        out[name] = cpu_ms_a_job(fit_all, jobs, times=1)
    out["weekly_over_ours"] = out["autoets_weekly_ms"] / out["ours_ms"]
    out["plain_over_ours"] = out["autoets_plain_ms"] / out["ours_ms"]
    return out


def in_a_process(work: Callable[[int], dict[str, float]], jobs: int) -> dict[str, float]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        told = pool.submit(work, jobs).result()
    print({key: round(value, 3) for key, value in told.items()}, flush=True)
    return {key: round(value, 3) for key, value in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--series", type=int, default=40, help="jobs that AutoETS is fitted to")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    result: dict[str, Any] = {
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "memory_gib": round(memory, 1),
        },
        "runs_per_job": RUNS,
        "beside_autoets": in_a_process(beside_autoets, asked.series),
        "sizes": [in_a_process(measured, jobs) for jobs in asked.jobs],
    }
    if asked.out is not None:
        asked.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
