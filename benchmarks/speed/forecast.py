"""What a night's statistics of a job cost: however many jobs there are, and beside AutoETS.

    python -m benchmarks.speed.forecast --jobs 1000 10000 100000 --out benchmarks/results/forecast.json

A job has 300 runs. The jobs come in the buckets that a night hands to its pandas UDFs, and of every
job the baseline of each run, the forecast, and the backtest of the latest 100 runs are computed. Each
number of jobs is a process of its own, so that its peak memory is its own: all runs, and what one
bucket takes. AutoETS of statsforecast (the `peers` extra) is fitted once to the log durations of some
of the same jobs, with a season of a week and without one; times are those of one core.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track

from benchmarks.machine import forget_peak, machine, peak_mb, resident_mb
from optimizer.baselines import replay
from optimizer.forecast import states_with_quality
from pipeline.scoring.buckets import ROWS_A_BUCKET

RUNS = 300
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
LIMIT_SECONDS = 3600.0
EPOCH = pd.Timestamp("2026-01-01", tz="UTC")
# Ours is timed on no fewer jobs than this: AutoETS has no time for as many.
LEAST_JOBS = 500


def runs_of(jobs: int) -> pd.DataFrame:
    """Daily lognormal jobs of a level of their own, slower at weekends."""
    rng = np.random.default_rng(1)
    day = np.tile(np.arange(RUNS), jobs)
    level = np.repeat(rng.uniform(np.log(20.0), np.log(5000.0), jobs), RUNS)
    seconds = np.exp(level + 0.3 * (day % 7 >= 5) + 0.2 * rng.standard_normal(day.size))
    job_ids = np.array([f"w/{job:06d}" for job in range(jobs)], dtype=object)
    run_ids = np.array([str(run) for run in range(RUNS)], dtype=object)
    return pd.DataFrame(
        {
            "job_id": np.repeat(job_ids, RUNS),
            "run_id": np.tile(run_ids, jobs),
            "start_time": EPOCH + pd.to_timedelta(day, unit="D"),
            "duration_seconds": seconds,
            "status": np.full(day.size, "SUCCEEDED", dtype=object),
        }
    )


def buckets(runs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """All runs of as many jobs as a bucket holds."""
    step = ROWS_A_BUCKET // RUNS * RUNS
    for first in range(0, len(runs), step):
        yield runs.iloc[first : first + step].reset_index(drop=True)


def compute(runs: pd.DataFrame) -> None:
    """What a night computes of these jobs."""
    for bucket in buckets(runs):
        replay(bucket)
        as_of = EPOCH + pd.Timedelta(days=RUNS)
        states_with_quality(bucket, LEVELS, as_of=as_of, limits=LIMIT_SECONDS)


def ms_per_job(work: Callable[[], object], jobs: int, *, times: int) -> float:
    """The least of some goes, of one core's time."""
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return round(min(took) / jobs * 1e3, 3)


def by_number(jobs: int) -> dict[str, Any]:
    """Time of one job and peak memory where there are this many."""
    compute(runs_of(2))  # Compiled, or read from the cache.
    runs = runs_of(jobs)
    before_mb = resident_mb()
    forget_peak()  # That of making the runs is not ours.
    ms = ms_per_job(lambda: compute(runs), jobs, times=3 if jobs <= 10_000 else 1)
    return {"jobs": jobs, "ms_per_job": ms, "before_mb": before_mb, "peak_mb": peak_mb()}


def beside_autoets(jobs: int) -> dict[str, Any]:
    """Time of one job, ours and AutoETS's, on the same jobs, one after another."""
    from statsforecast.models import AutoETS

    compute(runs_of(2))
    many = max(jobs, LEAST_JOBS)
    runs = runs_of(many)
    ours = ms_per_job(lambda: compute(runs), many, times=3)
    series = np.log(runs["duration_seconds"].to_numpy()).reshape(many, RUNS)[:jobs]

    def theirs(season: int) -> float:
        model = AutoETS(season_length=season)
        model.forecast(y=series[0], h=1, level=[90])
        return ms_per_job(
            lambda: [model.forecast(y=y, h=1, level=[90]) for y in series], jobs, times=1
        )

    return {"jobs": jobs, "ours_ms": ours, "weekly_ms": theirs(7), "plain_ms": theirs(1)}


def apart(work: Callable[[int], dict[str, Any]], jobs: int) -> dict[str, Any]:
    """The same in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, jobs).result()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--series", type=int, default=40, help="jobs that AutoETS is fitted to")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    result: dict[str, Any] = {
        "machine": machine(),
        "runs_per_job": RUNS,
        "autoets": apart(beside_autoets, options.series),
        "sizes": [apart(by_number, jobs) for jobs in track(options.jobs, description="jobs")],
    }
    document = json.dumps(result, indent=2)
    print(document)
    if options.out is not None:
        options.out.write_text(document + "\n")


if __name__ == "__main__":
    main()
