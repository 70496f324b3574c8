"""The rules that people use, asked about the same runs: one message a run."""

from pathlib import Path
from typing import Any, Final

import pandas as pd

from tests.e2e.truth import RUN, stored

_LEAST_RUNS: Final = 5
"""Within the week, without which nothing is said of a run's time."""


def rules(home: Path, runs: pd.DataFrame) -> dict[str, "pd.Series[Any]"]:
    """What each would say of each run."""
    every = stored(home, "gold.run_history")
    every = every[every["first_success_seconds"].notna()].sort_values("started_at")
    rolling = every.set_index("started_at").groupby("series_key")["first_success_seconds"]
    week = rolling.rolling("7D", closed="left")
    limits = pd.DataFrame(
        {"p90": week.quantile(0.9), "mean": week.mean(), "sd": week.std(), "count": week.count()}
    )
    of_run = every[["series_key", "started_at", *RUN]].merge(
        limits.reset_index(), on=["series_key", "started_at"], how="left"
    )
    of_run = of_run.drop_duplicates(RUN).drop(columns=["series_key", "started_at"])
    known = runs.merge(of_run, on=RUN, how="left")
    seconds, is_known = known["first_success_seconds"], known["count"] >= _LEAST_RUNS
    said = {
        "any failure": known["status"].isin(("FAILED", "TIMEOUT")),
        "longer than the 90 % quantile of a week": is_known & (seconds > known["p90"]),
        "two deviations above the mean of a week": is_known
        & (seconds > known["mean"] + 2 * known["sd"]),
    }
    return {name: rule.set_axis(runs.index) for name, rule in said.items()}
