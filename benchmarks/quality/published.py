"""A night's forecasts of the seven days to come, scored against the runs that came.

    python -m benchmarks.quality.published --out benchmarks/results/published.json

An account is simulated with days in reserve. A night is run and its gold.run_forecast read; then the
days are appended, another night reads them, and each expected run is compared with the first attempt of
the run that came for it: the two are each other's nearest of the job, and no further apart than half the
time between two runs. The same runs are also forecast by every simple method of `rightrun evaluate`,
from the runs that had ended by that night, and by ours as for a run at no known time.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.machine import machine
from optimizer.evaluation.methods import OURS, SIMPLE
from optimizer.microseconds import DAY_US
from optimizer.panel import RunPanel
from optimizer.quantile import LEVELS, seconds_of
from pipeline.tables.gold import RUN_LEVELS
from tests.e2e.account import rightrun
from tests.e2e.truth import stored

END = "2026-02-10T00:00:00Z"
AHEAD_DAYS = 7
EXPECTED = "run_number > 0 and start_basis != 'gaps'"
SHARES = np.array(RUN_LEVELS) / 100
AT = [int(np.flatnonzero(level == LEVELS)[0]) for level in SHARES]
BINS = (0.0, 0.025, 0.05, 0.1, 0.3, 0.6, 1.0)
UNTIMED = "RightRun, of a run at no known time"

Floats = NDArray[np.float64]


def measured(root: Path, *, jobs: int, days: int) -> dict[str, Any]:
    """The figures of an account in the empty folder `root`."""
    account, home = root / "account", root / "home"
    night = ("nightly", "--source", f"simulated:{account}", "--home", home)
    _ran(root, "simulate", "--jobs", jobs, "--days", days, "--end", END, "--out", account)
    _ran(root, *night)
    expected, states = stored(home, "gold.run_forecast"), stored(home, "model.duration_states")
    for _ in track(range(AHEAD_DAYS), description="days"):
        _ran(root, "simulate", "--append-day", "--out", account)
    _ran(root, *night)
    came = _first_attempts(home)
    both = matched(expected, came)
    both = both.merge(
        states[["job_id", "quantile_seconds"]], left_on="series_key", right_on="job_id"
    )
    forecasts: dict[str, Floats] = {
        OURS: both[[f"p{level}_seconds" for level in RUN_LEVELS]].to_numpy(dtype=float),
        UNTIMED: np.array([np.asarray(curve)[AT] for curve in both["quantile_seconds"]]),
        **_simple(came, both, pd.Timestamp(END)),
    }
    ended = both["status_came"].to_numpy() == "SUCCEEDED"
    scored = ended & np.all([np.isfinite(each).all(axis=1) for each in forecasts.values()], axis=0)
    actual = both["duration_seconds"].to_numpy(dtype=float)[scored]
    return {
        "jobs": jobs,
        "days": days,
        "expected": len(expected.query(EXPECTED)),
        "came": len(both),
        "runs": int(scored.sum()),
        "durations": {name: _scores(each[scored], actual) for name, each in forecasts.items()},
        "misses": _misses(both),
    }


def _ran(root: Path, *arguments: object) -> None:
    ran = rightrun(*map(str, arguments), cwd=root)
    if ran.code:
        raise RuntimeError(f"rightrun {arguments[0]} ended with {ran.code}: {ran.err}")


def _first_attempts(home: Path) -> pd.DataFrame:
    attempts = stored(home, "silver.attempts").query("not never_started and status != 'IN_FLIGHT'")
    sla = stored(home, "silver.run_sla")[["workspace_id", "run_id", "sla_status"]]
    attempts["key"] = attempts["run_id"] + "#" + attempts["attempt"].astype(str)
    return attempts.merge(sla, on=["workspace_id", "run_id"], how="left").rename(
        columns={"status": "status_came"}
    )


def matched(forecast: pd.DataFrame, came: pd.DataFrame) -> pd.DataFrame:
    """Expected runs of gold.run_forecast, each beside the first attempt of the run that came for it."""
    expected_runs = forecast.query(EXPECTED).drop(columns="workspace_id")
    first = dict(list(came.query("attempt == 0").sort_values("started_at").groupby("series_key")))
    pairs = []
    for key, due in expected_runs.sort_values("expected_start_at").groupby("series_key"):
        began = first.get(key)
        if began is None:
            continue
        at, started = (
            column.to_numpy("datetime64[us]").astype(np.int64)
            for column in (due["expected_start_at"], began["started_at"])
        )
        apart = np.abs(at[:, None] - started[None, :])
        nearest = apart.argmin(axis=1)
        mutual = apart.argmin(axis=0)[nearest] == np.arange(at.size)
        half_us = np.diff(at).min(initial=2 * DAY_US) / 2
        row = np.flatnonzero(mutual & (apart[np.arange(at.size), nearest] <= half_us))
        pairs.append(
            pd.concat(
                [
                    due.iloc[row].reset_index(drop=True),
                    began.iloc[nearest[row]].drop(columns="series_key").reset_index(drop=True),
                ],
                axis=1,
            )
        )
    return pd.concat(pairs, ignore_index=True)


def _simple(came: pd.DataFrame, pairs: pd.DataFrame, night: pd.Timestamp) -> Mapping[str, Floats]:
    """Seconds (n, 6) of each simple method for the runs `asked`, from what had ended by the night."""
    runs = pd.DataFrame(
        {
            "job_id": came["series_key"].to_numpy(),
            "run_id": came["key"].to_numpy(),
            "start_time": came["started_at"].array,
            "duration_seconds": came["duration_seconds"].to_numpy(),
            "status": came["status_came"].to_numpy(),
        }
    )
    panel = RunPanel.from_frame(runs)
    origin_us = np.minimum(panel.start_us, night.value // 1000)
    keys = pd.MultiIndex.from_arrays([runs["job_id"].iloc[panel.row], panel.run_id])
    at = keys.get_indexer(pd.MultiIndex.from_arrays([pairs["series_key"], pairs["key"]]))
    if (at < 0).any():
        raise RuntimeError("a run that came is not among the attempts")
    return {
        name: seconds_of(method(panel, origin_us))[at][:, AT] for name, method in SIMPLE.items()
    }


def _scores(seconds: Floats, actual: Floats) -> dict[str, Any]:
    """Mean pinball loss of log1p(duration) over the levels, and the shares that they held."""
    error = np.log1p(actual)[:, None] - np.log1p(seconds)
    loss = np.maximum(SHARES * error, (SHARES - 1.0) * error)
    coverage = (actual[:, None] <= seconds).mean(axis=0)
    return {
        "pinball_log1p": round(float(loss.mean()), 5),
        "held": dict(zip(map(str, RUN_LEVELS), coverage.round(4).tolist(), strict=True)),
    }


def _misses(both: pd.DataFrame) -> dict[str, Any]:
    """P(miss) against what silver.run_sla says, over runs with an SLA."""
    decided = both[both["p_miss"].notna() & both["sla_status"].isin(["MET", "MISSED"])]
    p, missed = (
        decided["p_miss"].to_numpy(dtype=float),
        decided["sla_status"].eq("MISSED").to_numpy(),
    )
    share = missed.mean()
    tenth = np.clip(np.searchsorted(BINS, p, side="right") - 1, 0, len(BINS) - 2)
    return {
        "runs": len(decided),
        "said": round(float(p.mean()), 4),
        "came": round(float(share), 4),
        "brier": round(float(np.mean((p - missed) ** 2)), 5),
        "brier_of_the_share": round(float(share * (1.0 - share)), 5),
        "reliability": [
            {
                "runs": int((tenth == bin_).sum()),
                "said": round(float(p[tenth == bin_].mean()), 4),
                "came": round(float(missed[tenth == bin_].mean()), 4),
            }
            for bin_ in range(len(BINS) - 1)
            if (tenth == bin_).any()
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rightrun-published-") as folder:
        result = measured(Path(folder), jobs=options.jobs, days=options.days)
    document = json.dumps({"machine": machine(), **result}, indent=1)
    print(document)
    if options.out is not None:
        options.out.write_text(document + "\n")


if __name__ == "__main__":
    main()
