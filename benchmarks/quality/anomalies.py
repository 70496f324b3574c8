"""What is flagged as slow: ours beside the test that knows the true law, rules that people use, and controls.

    python -m benchmarks.quality.anomalies DIR --out benchmarks/results/anomalies.json

Kinds of jobs are simulated, whose law is known: 300 jobs of 400 runs each, once a day and once an hour, of which the
first hundred are not counted. One run of each job is made slower by a factor, the others are as they were. With
DIR, every runs_*.parquet of it (columns of the run contract) is a log, of which only the share flagged is known.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track
from scipy import stats

from benchmarks.machine import machine
from optimizer.baselines import replay
from pipeline.evaluation.runlog import read_runs

JOBS, RUNS, COUNTED_FROM = 300, 400, 100
ALPHA = 0.001
FACTORS = (1.5, 2.0, 3.0)
SHIFT, SHIFT_AT, SHIFT_SEEN_WITHIN = 1.5, 200, 60
GAP_HOURS = {"daily": 24.0, "hourly": 1.0}
EPOCH = pd.Timestamp("2025-01-06", tz="UTC")

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Kind:
    """Log durations are what the time of a run says, and noise of a known law."""

    effect: Callable[[Any, NDArray[np.int64]], Any]
    """Of the times of runs (Series.dt) and their numbers in the job."""
    noise: Any
    """A frozen distribution of scipy's, or `Modes`."""


@dataclass(frozen=True)
class Modes:
    """A share of runs takes so much longer."""

    share: float
    distance: float
    sd: float

    def rvs(self, size: int, random_state: np.random.Generator) -> Floats:
        noise = self.sd * random_state.standard_normal(size)
        return noise + self.distance * (random_state.random(size) < self.share)

    def sf(self, x: Floats) -> Floats:
        lower, upper = stats.norm.sf(x / self.sd), stats.norm.sf((x - self.distance) / self.sd)
        return np.asarray((1.0 - self.share) * lower + self.share * upper)


def _none(_time: Any, number: NDArray[np.int64]) -> Any:
    return np.zeros(number.size)


def _in_office_hours(time: Any, _number: NDArray[np.int64]) -> Any:
    return np.log(2.0) * ((time.dayofweek < 5) & (time.hour >= 8) & (time.hour < 18))


KINDS = {
    "log-normal, sd 0.2": Kind(_none, stats.norm(scale=0.2)),
    "heavy tail (t3)": Kind(_none, stats.t(3, scale=0.2)),
    "two modes (a quarter x4)": Kind(_none, Modes(0.25, float(np.log(4.0)), 0.1)),
    "gamma of shape 4": Kind(_none, stats.loggamma(4)),
    "month ends x4": Kind(lambda t, _: np.log(4.0) * t.is_month_end, stats.norm(scale=0.15)),
    "firsts of the month x3": Kind(lambda t, _: np.log(3.0) * t.is_month_start, stats.norm(scale=0.15)),
    "office hours x2": Kind(_in_office_hours, stats.norm(scale=0.15)),
    "weekends x2": Kind(lambda t, _: np.log(2.0) * (t.dayofweek >= 5), stats.norm(scale=0.15)),
    "weekends /2.7": Kind(lambda t, _: -1.0 * (t.dayofweek >= 5), stats.norm(scale=0.1)),
    "Mondays x2.2": Kind(lambda t, _: 0.8 * (t.dayofweek == 0), stats.norm(scale=0.15)),
    "a wave of the day": Kind(
        lambda t, _: 0.5 * np.sin(t.hour / 24.0 * 2.0 * np.pi), stats.norm(scale=0.15)
    ),
    "grows 0.2 % a run": Kind(lambda _, number: 0.002 * number, stats.norm(scale=0.15)),
}  # fmt: skip


def simulated(kind: Kind, gap_hours: float, seed: int) -> tuple[pd.DataFrame, Floats]:
    """Runs of the contract, and the log duration of each without its noise."""
    rng = np.random.default_rng(seed)
    number = np.tile(np.arange(RUNS), JOBS)
    begin = np.repeat(24 * rng.integers(0, 365, JOBS) + rng.integers(0, 24, JOBS), RUNS)
    hours = begin + gap_hours * number + rng.uniform(0.0, 0.2, number.size)
    start = pd.Series(EPOCH + pd.to_timedelta(hours, unit="h"))
    location = np.log(600.0) + np.asarray(kind.effect(start.dt, number), dtype=np.float64)
    noise = kind.noise.rvs(number.size, random_state=rng)
    runs = pd.DataFrame(
        {
            "job_id": np.repeat([f"{job:03d}" for job in range(JOBS)], RUNS),
            "run_id": number.astype(str),
            "start_time": start,
            "duration_seconds": np.exp(location + noise),
            "status": "SUCCEEDED",
        }
    )
    return runs, location


def _ours(runs: pd.DataFrame) -> Bools:
    return replay(runs, alpha=ALPHA)["is_anomaly"].to_numpy()


def _rolling(runs: pd.DataFrame, window: str, statistic: str, *, closed: str) -> Floats:
    """A statistic of each job's runs in a window of time before each, or with it (`closed` both)."""
    indexed = runs.set_index("start_time")
    by_job = indexed.groupby("job_id", sort=False)["duration_seconds"]
    rolled = getattr(by_job.rolling(window, closed=closed), statistic)()
    return rolled.to_numpy(dtype=np.float64)


def _z_of_30_days(runs: pd.DataFrame) -> Bools:
    mean, sd = (_rolling(runs, "30D", name, closed="both") for name in ("mean", "std"))
    return np.asarray(runs["duration_seconds"] > mean + 3.0 * sd)


def _twice_the_median(runs: pd.DataFrame) -> Bools:
    median = _rolling(runs, "7D", "median", closed="left")
    return np.asarray(runs["duration_seconds"] > 2.0 * median)


def _beyond_p90(runs: pd.DataFrame) -> Bools:
    """Beyond the longest of 30 days by as much as that is beyond their 90 % quantile."""
    indexed = runs.set_index("start_time").groupby("job_id", sort=False)["duration_seconds"]
    rolling = indexed.rolling("30D", closed="left")
    most, p90 = rolling.max().to_numpy(), rolling.quantile(0.9).to_numpy()
    return np.asarray(runs["duration_seconds"] > most + (most - p90))


def _week_over_week(runs: pd.DataFrame) -> Bools:
    """A quarter above the mean of the same weekday a week before."""
    day = runs["start_time"].dt.floor("D")
    daily = runs.groupby(["job_id", day])["duration_seconds"].mean()
    before = pd.MultiIndex.from_arrays([runs["job_id"], day - pd.Timedelta(days=7)])
    return np.asarray(runs["duration_seconds"].to_numpy() > 1.25 * daily.reindex(before).to_numpy())


METHODS: dict[str, Callable[[pd.DataFrame], Bools]] = {
    "ours": _ours,
    "mean + 3 sd of 30 days, the run among them": _z_of_30_days,
    "twice the median of 7 days": _twice_the_median,
    "the longest of 30 days, and as much as it is beyond p90": _beyond_p90,
    "a quarter above a week before": _week_over_week,
    "never": lambda runs: np.zeros(len(runs), dtype=bool),
    "one in 1,000 by lot": lambda runs: np.random.default_rng(1).random(len(runs)) < ALPHA,
}


def of_kind(kind: Kind, gap_hours: float, seed: int) -> dict[str, Any]:
    """False alarms per 1,000 runs, and the share found of runs made slower, of each method."""
    runs, location = simulated(kind, gap_hours, seed)
    number = np.tile(np.arange(RUNS), JOBS)
    is_counted = number >= COUNTED_FROM
    rng = np.random.default_rng(seed + 1)
    at = RUNS * np.arange(JOBS) + rng.integers(COUNTED_FROM, RUNS, JOBS)
    methods = {
        name: {"false_per_1000": 1e3 * float(flags(runs)[is_counted].mean()), "recall": {}}
        for name, flags in METHODS.items()
    }
    knowing: dict[str, float] = {}
    for factor in FACTORS:
        slower = runs["duration_seconds"].to_numpy(copy=True)
        slower[at] *= factor
        changed = runs.assign(duration_seconds=slower)
        p = kind.noise.sf(np.log(slower[at]) - location[at])
        knowing[str(factor)] = float((p <= ALPHA).mean())
        for name, flags in METHODS.items():
            methods[name]["recall"][str(factor)] = float(flags(changed)[at].mean())
    return {"methods": methods, "all_knowing": knowing} | _shifts(runs, number)


def _shifts(runs: pd.DataFrame, number: NDArray[np.int64]) -> dict[str, Any]:
    """How many changes of level are declared where there is none, and how soon one is where there is."""
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


def of_log(runs: pd.DataFrame) -> dict[str, Any]:
    """How many runs are flagged, and how many of them are beyond one and a half times all of the last hundred."""
    said = replay(runs, alpha=ALPHA)
    is_scored = said["p_value"].notna()
    order = runs.sort_values(["job_id", "start_time"])
    longest = (
        order.groupby("job_id")["duration_seconds"]
        .transform(lambda seconds: seconds.rolling(100, min_periods=1).max().shift())
        .reindex(runs.index)
    )
    is_plain = is_scored & (runs["duration_seconds"] <= 1.5 * longest)
    return {
        "runs_scored": int(is_scored.sum()),
        "flagged_per_1000": 1e3 * float(said["is_anomaly"][is_scored].mean()),
        "flagged_per_1000_of_those_within_reach": 1e3 * float(said["is_anomaly"][is_plain].mean()),
        "shifts_per_1000": 1e3 * float(said["shift"][is_scored].mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="a folder of runs_*.parquet")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "kinds": {}, "logs": {}}
    for seed, (name, kind) in enumerate(track(KINDS.items(), description="kinds")):
        result["kinds"][name] = {
            how_often: of_kind(kind, gap_hours, seed) for how_often, gap_hours in GAP_HOURS.items()
        }
    files = sorted(options.data.glob("runs_*.parquet")) if options.data else []
    for file in track(files, description="logs"):
        result["logs"][file.stem.removeprefix("runs_")] = of_log(read_runs(file))
    text = json.dumps(result, separators=(",", ":")).replace('},"', '},\n"')
    options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
