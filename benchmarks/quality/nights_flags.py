"""What nights flag on a simulated account, held against what was planted there.

    python -m benchmarks.quality.nights_flags --jobs 120 --days 90 --out benchmarks/results/nights_flags.json

A job's night has a cause where an event of the simulator's truth touched it: a slowdown of a run, an
incident, a failure upstream, a month end, or in the ten days before a level shift or a resize. A flag
without one is false. Slow growth is no cause: it is to be followed.

A slowed run is found where its job is flagged in the night in which it ended. `of_the_best_choice` is what
one threshold on the same weighted p-values would find that knows the truth, and has at most that share of its
flags false which is allowed: the rest is for p-values to win, not for the choice. Of each metric the share of
runs without a cause is given whose p-value is 0.001 or less, which should be one in a thousand. Changes of
level are those that are listed; one is false where no event touched its job from a day before
it began until a day after it was found, or ten of a level shift or a resize.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.machine import machine
from tests.e2e.account import rightrun
from tests.e2e.truth import stored

END: Final = "2026-02-10T00:00:00Z"
_LASTING: Final = ("LEVEL_SHIFT", "RESIZE")
_MOMENTARY: Final = ("SLOWDOWN", "INCIDENT", "DOWNSTREAM_FAILURE", "MONTH_END")
_FOR_LEVELS: Final = (*_LASTING, "INCIDENT", "MONTH_END", "SLOW_GROWTH", "VOLUME_GROWTH")
"""A single slow run is no reason for another level, and growth is one."""
_LEARNED: Final = pd.Timedelta(days=10)
_DAY: Final = pd.Timedelta(days=1)
_ALPHA: Final = 0.001
_ALLOWED_FALSE: Final = 0.12
_FACTORS: Final = {"1.5": (1.4, 1.75), "2": (1.75, 2.5), "3": (2.5, 3.5), "4": (3.5, 5.0)}
"""Slowdowns around a factor."""


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
    causes = _events(truth, (*_LASTING, *_MOMENTARY))
    has_cause = _touched(nights, nights["night_at"] - 2 * _DAY, nights["night_at"], causes)
    is_flagged = nights["is_flagged"]
    false_by_night = (is_flagged & ~has_cause).groupby(nights["night_at"]).sum()
    flagged_by_night = is_flagged.groupby(nights["night_at"]).sum()
    shares = (false_by_night / flagged_by_night.clip(lower=1)).mean()
    slowed = _slowed_most(home, truth, nights)
    return {
        "job_nights": len(nights),
        "flagged": int(is_flagged.sum()),
        "false": int((is_flagged & ~has_cause).sum()),
        "false_flags_per_1000_jobs_and_night": 1000 * float((is_flagged & ~has_cause).mean()),
        "false_discovery": float(shares),
        "expected_false_flags_per_night": float(
            nights.groupby("night_at")["expected_false_flags"].first().mean()
        ),
        "nights_with_a_run_slowed": _by_factor(slowed.notna(), slowed, "count"),
        "recall": _by_factor(is_flagged, slowed, "mean"),
        "of_the_best_choice": _by_factor(_best_choice(nights, has_cause), slowed, "mean"),
        "p_of_0.001_per_1000_runs": _rare_runs(home, causes),
        "levels": _levels(home, truth),
    }


def _events(truth: Path, kinds: Sequence[str]) -> pd.DataFrame:
    """Events with the time that they last: series_key, from_time, until_time."""
    events = pd.read_parquet(truth / "events.parquet")
    events = events[events["kind"].isin(kinds)].copy()
    is_lasting = events["kind"].isin(_LASTING)
    events.loc[is_lasting, "until_time"] = events["from_time"] + _LEARNED
    # Growth goes on.
    events["until_time"] = events["until_time"].fillna(pd.Timestamp(END) + _DAY)
    events["series_key"] = (
        events["workspace_id"] + "/" + events["job_id"].fillna(events["series_name"])
    )
    return events


def _slowed_most(home: Path, truth: Path, nights: pd.DataFrame) -> "pd.Series[float]":
    """Of each job's night the greatest factor by which a run that ended in it was slow; NaN without one."""
    slowdowns = _events(truth, ("SLOWDOWN",))
    scores = stored(home, "model.run_scores")
    runs = scores[scores["metric"] == "duration_seconds"].merge(
        slowdowns[["workspace_id", "run_id", "factor"]], on=["workspace_id", "run_id"]
    )
    last = nights["night_at"].max()
    runs["night_at"] = last - (last - runs["ended_at"]) // _DAY * _DAY
    most = runs.groupby(["series_key", "night_at"])["factor"].max()
    keys = pd.MultiIndex.from_frame(nights[["series_key", "night_at"]])
    return pd.Series(most.reindex(keys).to_numpy(), index=nights.index)


def _by_factor(
    values: "pd.Series[bool]", slowed: "pd.Series[float]", statistic: str
) -> dict[str, float]:
    """A statistic of values of jobs' nights: of those with a run slowed about so much, and twice or more."""
    out = {"2 or more": float(values[slowed >= 2].agg(statistic))}
    for factor, (low, high) in _FACTORS.items():
        out[factor] = float(values[(slowed >= low) & (slowed < high)].agg(statistic))
    return out


def _best_choice(nights: pd.DataFrame, has_cause: "pd.Series[bool]") -> "pd.Series[bool]":
    """The most flags that any threshold makes of which few enough are false."""
    weight = np.sqrt(nights["runs"].clip(lower=1).to_numpy(dtype=np.float64))
    order: NDArray[np.int64] = np.argsort(nights["p_value"].to_numpy() / weight, kind="stable")
    false = np.cumsum(~has_cause.to_numpy()[order])
    is_allowed = np.flatnonzero(false <= _ALLOWED_FALSE * np.arange(1, order.size + 1))
    named = np.zeros(order.size, dtype=np.bool_)
    if is_allowed.size:
        named[order[: is_allowed[-1] + 1]] = True
    return pd.Series(named, index=nights.index)


def _touched(
    rows: pd.DataFrame, begin: "pd.Series[Any]", end: "pd.Series[Any]", events: pd.DataFrame
) -> "pd.Series[bool]":
    """Whether an event of a row's job touched the time from `begin` to `end`.

    A run that is touched may end a day later, and what it cost is known as much later.
    """
    spans = pd.DataFrame({"series_key": rows["series_key"], "begin": begin, "end": end})
    both = spans.reset_index().merge(events, on="series_key")
    hit = both[(both["from_time"] <= both["end"]) & (both["until_time"] >= both["begin"])]
    return pd.Series(rows.index.isin(hit["index"]), index=rows.index)


def _rare_runs(home: Path, causes: pd.DataFrame) -> dict[str, float]:
    scores = stored(home, "model.run_scores").reset_index(drop=True)
    usual = scores[~_touched(scores, scores["started_at"] - _DAY, scores["ended_at"], causes)]
    rare = (usual["p_value"] <= _ALPHA).groupby(usual["metric"]).mean()
    out = {str(metric): 1000 * float(share) for metric, share in rare.items()}
    durations = usual[usual["metric"] == "duration_seconds"]
    return out | {"too_short": 1000 * float((durations["p_value_short"] <= _ALPHA).mean())}


def _levels(home: Path, truth: Path) -> dict[str, Any]:
    """How many changes of level are listed, how many of them nothing planted accounts for, and how many of
    the planted are among them."""
    regimes = stored(home, "gold.job_regimes")
    changes = regimes[regimes["from_at"].notna()].reset_index(drop=True)
    events = _events(truth, _FOR_LEVELS)
    is_due = _touched(changes, changes["from_at"] - _DAY, changes["found_at"] + _DAY, events)
    runs = len(stored(home, "silver.attempts"))
    planted = _events(truth, _LASTING).reset_index(drop=True)
    near = planted.reset_index().merge(changes[["series_key", "from_at"]], on="series_key")
    found = near[(near["from_at"] - near["from_time"]).abs() <= _LEARNED]["index"].nunique()
    return {
        "runs": runs,
        "listed": len(changes),
        "without_a_cause_per_1000_runs": 1000 * float((~is_due).sum()) / runs,
        "by_metric": {str(k): int(v) for k, v in changes["metric"].value_counts().items()},
        "planted": len(planted),
        "planted_that_are_listed": int(found),
    }


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
