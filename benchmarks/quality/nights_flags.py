"""What nights flag on a simulated account, held against what was planted there.

    python -m benchmarks.quality.nights_flags --jobs 120 --days 90 --out benchmarks/results/nights_flags.json

A job's night has a cause where an event of the simulator's truth touched it: a slowdown of a run, an
incident, a failure upstream, a month end, or in the ten days before a level shift or a resize. A flag
without one is false. Slow growth is no cause: it is to be followed. Of each metric the share of runs
without a cause is given whose p-value is 0.001 or less, which should be one in a thousand.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.machine import machine
from tests.e2e.account import rightrun
from tests.e2e.truth import stored

END: Final = "2026-02-10T00:00:00Z"
_LASTING: Final = ("LEVEL_SHIFT", "RESIZE")
_MOMENTARY: Final = ("SLOWDOWN", "INCIDENT", "DOWNSTREAM_FAILURE", "MONTH_END")
_LEARNED: Final = pd.Timedelta(days=10)
_DAY: Final = pd.Timedelta(days=1)
_ALPHA: Final = 0.001


def measured(root: Path, *, jobs: int, days: int, seed: int) -> dict[str, Any]:
    """The figures of an account in the empty folder `root`."""
    account, home = root / "account", root / "home"
    size = ("--jobs", str(jobs), "--days", str(days), "--seed", str(seed), "--end", END)
    for command in (
        ("simulate", *size, "--out", account),
        ("nightly", "--source", f"simulated:{account}", "--home", home),
    ):
        ran = rightrun(*command, cwd=root)
        if ran.code not in (0, 1):
            raise SystemExit(ran.err)
    return figures(home, account / "truth")


def figures(home: Path, truth: Path) -> dict[str, Any]:
    """The figures of a home that is fed from the account with this truth."""
    nights = stored(home, "gold.job_nights")
    causes = _causes(truth)
    has_cause = _touched(nights, nights["night_at"] - _DAY, nights["night_at"], causes)
    is_flagged = nights["is_flagged"]
    false_by_night = (is_flagged & ~has_cause).groupby(nights["night_at"]).sum()
    flagged_by_night = is_flagged.groupby(nights["night_at"]).sum()
    shares = (false_by_night / flagged_by_night.clip(lower=1)).mean()
    slow = _strong(truth)
    has_slowdown = _touched(nights, nights["night_at"] - _DAY, nights["night_at"], slow)
    return {
        "job_nights": len(nights),
        "flagged": int(is_flagged.sum()),
        "false": int((is_flagged & ~has_cause).sum()),
        "false_flags_per_1000_jobs_and_night": 1000 * float((is_flagged & ~has_cause).mean()),
        "false_discovery": float(shares),
        "expected_false_flags_per_night": float(
            nights.groupby("night_at")["expected_false_flags"].first().mean()
        ),
        "recall_of_nights_with_a_run_slowed_twice_or_more": float(is_flagged[has_slowdown].mean()),
        "p_of_0.001_per_1000_runs": _rare_runs(home, causes),
    }


def _causes(truth: Path) -> pd.DataFrame:
    """Events with the time that they last: series_key, from_time, until_time."""
    events = pd.read_parquet(truth / "events.parquet")
    events = events[events["kind"].isin([*_LASTING, *_MOMENTARY])].copy()
    is_lasting = events["kind"].isin(_LASTING)
    events.loc[is_lasting, "until_time"] = events["from_time"] + _LEARNED
    events["series_key"] = (
        events["workspace_id"] + "/" + events["job_id"].fillna(events["series_name"])
    )
    return events


def _strong(truth: Path) -> pd.DataFrame:
    events = _causes(truth)
    return events[(events["kind"] == "SLOWDOWN") & (events["factor"] >= 2)]


def _touched(
    rows: pd.DataFrame, begin: "pd.Series[Any]", end: "pd.Series[Any]", events: pd.DataFrame
) -> "pd.Series[bool]":
    """Whether an event of a row's job touched the time from `begin` to `end`, a day's reach around it: a run
    that is touched may end a day later, and what it cost is known as much later."""
    spans = pd.DataFrame({"series_key": rows["series_key"], "begin": begin, "end": end})
    both = spans.reset_index().merge(events, on="series_key")
    hit = both[(both["from_time"] <= both["end"]) & (both["until_time"] >= both["begin"] - _DAY)]
    return pd.Series(rows.index.isin(hit["index"]), index=rows.index)


def _rare_runs(home: Path, causes: pd.DataFrame) -> dict[str, float]:
    scores = stored(home, "model.run_scores").reset_index(drop=True)
    usual = scores[~_touched(scores, scores["started_at"], scores["ended_at"], causes)]
    rare = (usual["p_value"] <= _ALPHA).groupby(usual["metric"]).mean()
    out = {str(metric): 1000 * float(share) for metric, share in rare.items()}
    durations = usual[usual["metric"] == "duration_seconds"]
    return out | {"too_short": 1000 * float((durations["p_value_short"] <= _ALPHA).mean())}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=120)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        size = {"jobs": options.jobs, "days": options.days, "seed": options.seed}
        result = {"machine": machine(), "account": size, "nights": measured(Path(root), **size)}
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result["nights"], indent=1))


if __name__ == "__main__":
    main()
