"""Whether what Gold says of slow runs and of shifts is what the simulator planted.

    python -m benchmarks.causes --out benchmarks/results/causes.json

Asked of the functions themselves, as if the baseline had found each planted slow run, and each shift with the
fourth run that it touches: how well causes are told is one question, and how well shifts are found is
another (`benchmarks.quality`). The regime is said to begin a run late, as an estimate may.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.machine import machine
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from pipeline.gold import causes, changes
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold
from pipeline.tables.declaration import Table
from tests.e2e.account import rightrun
from tests.e2e.truth import told
from tests.strategies.tables import frame_of

_END = "2026-03-10T00:00:00+00:00"
_FOUND_AT = 3
"""Which run after a shift's first it is found with."""
_LEAST_FACTOR = 1.2
"""By which a shift makes runs longer, or shorter: no baseline finds less."""
_LEAST_BEFORE = 8
"""Runs without which nothing is usual yet."""


def cause_figures(
    spark: SparkSession, home: Path, account: Path, as_of: datetime
) -> dict[str, Any]:
    """The share of main causes and of changes that are named first, and how many were planted."""
    planted = _planted(account)
    lakehouse = DeltaFolder(home, spark)
    given = _as_found(spark, planted)

    def answer(step: RecentDays, **clock: Any) -> pd.DataFrame:
        since = (as_of - timedelta(days=step.days)).date()
        inputs = [given.get(table, _since(lakehouse, table, since)) for table in step.reads]
        return step.run(*inputs, **clock).where("place = 1").toPandas()

    (of_causes,), (of_changes,) = causes.STEPS, changes.STEPS
    told_causes = answer(of_causes, as_of=as_of)
    told_changes = answer(of_changes)
    key = ["workspace_id", "run_id"]
    parts = planted.merge(told_causes[[*key, "part", "task_key"]], on=key, suffixes=("", "_said"))
    parts["is_right"] = (parts["part"] == parts["part_said"]) & (
        (parts["part"] != "task") | (parts["task_key"] == parts["task_key_said"])
    )
    shifts = planted[planted["is_shift"]].merge(told_changes[[*key, "aspect"]], on=key)
    changed = shifts[shifts["change"].notna()]
    return {
        "causes": _share(parts[parts["part"] != "unexplained"]["is_right"]),
        "causes_by_part": {
            f"{part} {kind}": _share(rows["is_right"])
            for (part, kind), rows in parts.groupby(
                ["part", parts["is_shift"].map({True: "shift", False: "run"})]
            )
        },
        "changes_named": _share(_is_named(changed)),
        "none_known_where_none_was": _share(
            shifts[shifts["change"].isna()]["aspect"] == "none_known"
        ),
    }


def _is_named(shifts: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the change said first is the one planted. Of a task that was last told of before December 2025
    it can only be said that it was edited."""
    of_task = shifts["change"].str.startswith("task_") & shifts["aspect"].str.startswith("task_")
    return (shifts["change"] == shifts["aspect"]) | of_task


def _share(is_right: "pd.Series[bool]") -> dict[str, Any]:
    return {
        "planted": len(is_right),
        "share": round(float(is_right.mean()), 3) if len(is_right) else None,
    }


def _planted(account: Path) -> pd.DataFrame:
    """What was planted, with the run that it is found with and the one that the regime is said to begin
    at; of runs that succeeded at once and have enough before them."""
    runs = told(account, "runs").query("final_status == 'SUCCEEDED' and attempts == 1")
    runs = runs.sort_values(["series_key", "started_at", "run_id"])
    runs["number"] = runs.groupby("series_key").cumcount()
    planted = told(account, "causes")
    single = planted[planted["run_id"].notna()].merge(
        runs[["workspace_id", "run_id", "started_at", "number"]], on=["workspace_id", "run_id"]
    )
    single = single.assign(is_shift=False, regime_start=single["started_at"])
    rows: list[dict[str, Any]] = []
    strong = np.abs(np.log(planted["factor"])) >= np.log(_LEAST_FACTOR)
    for shift in planted[planted["run_id"].isna() & strong].to_dict("records"):
        touched = runs[
            (runs["series_key"] == shift["series_key"]) & (runs["due_at"] >= shift["from_time"])
        ]
        if len(touched) > _FOUND_AT:
            at = touched.iloc[_FOUND_AT]
            rows.append(
                shift
                | {name: at[name] for name in ("run_id", "started_at", "number")}
                | {"is_shift": True, "regime_start": touched.iloc[1]["started_at"]}
            )
    both = pd.concat([single, pd.DataFrame(rows)], ignore_index=True)
    # The baseline says when the last regime of a job began, and of no other.
    both = both.sort_values("started_at", kind="stable")
    is_last = ~both[both["is_shift"]].duplicated("series_key", keep="last")
    both = both[~both["is_shift"] | is_last.reindex(both.index, fill_value=True)]
    both = both[both["number"] >= _LEAST_BEFORE + _FOUND_AT * both["is_shift"]]
    return both.drop_duplicates(["workspace_id", "run_id"])


def _as_found(spark: SparkSession, planted: pd.DataFrame) -> dict[Table, DataFrame]:
    """The baseline's tables that say so."""
    planted_rows = planted.to_dict("records")
    of_runs = [
        {
            "workspace_id": one["workspace_id"],
            "run_id": one["run_id"],
            "series_key": one["series_key"],
            "started_at": one["started_at"].to_pydatetime(),
            "is_anomaly": not one["is_shift"],
            "is_shift": one["is_shift"],
        }
        for one in planted_rows
    ]
    regimes: Sequence[dict[str, Any]] = [
        {
            "workspace_id": one["workspace_id"],
            "series_key": one["series_key"],
            "regime_start": one["regime_start"].to_pydatetime(),
        }
        for one in planted_rows
        if one["is_shift"]
    ]
    return {
        gold.RUN_BASELINE: frame_of(spark, gold.RUN_BASELINE, of_runs),
        gold.JOB_BASELINE: frame_of(spark, gold.JOB_BASELINE, regimes),
    }


def _since(lakehouse: DeltaFolder, table: Table, day: Any) -> DataFrame:
    rows = lakehouse.read(table)
    return rows if table.partition_by is None else rows.where(F.col(table.partition_by) >= day)


def measured(root: Path, *, jobs: int, days: int, seed: int) -> dict[str, Any]:
    """The figures of an account with every quirk, simulated in the empty folder `root`."""
    account, home = root / "account", root / "home"
    size = ("--jobs", str(jobs), "--days", str(days), "--seed", str(seed), "--end", _END)
    for command in (
        ("simulate", *size, "--quirks", "all", "--out", account),
        ("nightly", "--source", f"simulated:{account}", "--home", home, "--json"),
    ):
        ran = rightrun(*command, cwd=root)
        if ran.code:
            raise RuntimeError(f"rightrun {command[0]} ended with {ran.code}: {ran.err}")
    as_of = datetime.fromisoformat(_END)
    return cause_figures(connect(Engine.EMBEDDED), home, account, as_of)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    account = {"jobs": options.jobs, "days": options.days, "seed": options.seed}
    with tempfile.TemporaryDirectory(prefix="rightrun-causes-") as folder:
        result = measured(Path(folder), **account)
    text = json.dumps({"machine": machine(), **account, **result}, indent=1)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
