"""A home held against the truth of the simulated account it was made from, quirk by quirk.

The simulator says what really happened to each run, job, task run, cluster and usage record, and
which quirk of the source touched it. Each comparison below says of every such entity whether what we
tell of it is true; `figures` counts them for each quirk.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from pathlib import Path

import pandas as pd
from deltalake import DeltaTable

RUN = ["workspace_id", "run_id"]
_OURS = {"TIMEOUT": "TIMED_OUT"}
_CURRENCY = "USD"
_SOURCE_IS_TOLD = pd.Timestamp("2025-12-01", tz="UTC")
"""Rows from before name no task that has fired a run."""
EVERY = "(every one)"
"""Stands for all entities, touched by a quirk or not."""


def stored(home: Path, name: str) -> pd.DataFrame:
    """The table `schema.name` of a home."""
    rows: pd.DataFrame = (
        DeltaTable(str(home / name.replace(".", "/"))).to_pyarrow_table().to_pandas()
    )
    return rows


def told(account: Path, name: str) -> pd.DataFrame:
    """The truth `name` beside an account."""
    return pd.read_parquet(account / "truth" / f"{name}.parquet")


def figures(home: Path, account: Path) -> pd.DataFrame:
    """One row a quirk, entity and figure: how many were compared, and how many are wrong."""
    quirks = told(account, "quirks")
    counted = []
    for entity, compare in _COMPARED.items():
        right = compare(home, account)
        touched = quirks[quirks["entity"] == entity].drop_duplicates()
        everyone = pd.DataFrame(list(right.index), columns=["workspace_id", "key"])
        touched = pd.concat([touched, everyone.assign(quirk=EVERY)])
        both = touched.merge(right, left_on=["workspace_id", "key"], right_index=True)
        for name in right.columns:
            known = both[both[name].notna()]
            wrong = known[name].eq(False).groupby(known["quirk"]).agg(["size", "sum"])
            counted.append(
                wrong.rename(columns={"size": "compared", "sum": "wrong"})
                .rename_axis("quirk")
                .reset_index()
                .assign(entity=entity, figure=name.replace("_", " "))
            )
    found = pd.concat(counted, ignore_index=True)
    return found[["quirk", "entity", "figure", "compared", "wrong"]].sort_values(
        ["quirk", "entity", "figure"], ignore_index=True
    )


def _frame(figures: dict[str, pd.Series]) -> pd.DataFrame:
    """Columns of True, False and NA (not to be compared), indexed by workspace and key."""
    frame = pd.DataFrame({name: values.astype("boolean") for name, values in figures.items()})
    frame.index.names = ["workspace_id", "key"]
    return frame


def _once(keys: pd.DataFrame, wanted: pd.Index) -> pd.Series:
    """Whether each of `wanted` is among `keys` exactly once."""
    counts = keys.groupby(list(keys.columns)).size()
    return counts.reindex(wanted).fillna(0) == 1


def _runs(home: Path, account: Path) -> pd.DataFrame:
    true = told(account, "runs").set_index(RUN)
    found = stored(home, "silver.runs")
    once = _once(found[RUN], true.index)
    # A run that began after the last full hour has no slice yet: nobody can know of it.
    unseen = (true["final_status"] == "IN_FLIGHT") & ~once
    ours = found.drop_duplicates(RUN).set_index(RUN).reindex(true.index)
    ended = once & (true["final_status"] != "IN_FLIGHT")
    verdict = stored(home, "silver.run_sla").set_index(RUN)["sla_status"].reindex(true.index)
    met = verdict.map({"MET": True, "MISSED": False}).astype("boolean")
    sla_met = true["sla_met"].astype("boolean")
    won = ended & (true["final_status"] == "SUCCEEDED")
    named = ended & (true["run_type"] != "WORKFLOW_RUN")
    return _frame(
        {
            "known once": once.mask(unseen),
            "status": (ours["status"].replace(_OURS) == true["final_status"]).where(once),
            "repairs": (ours["repairs"] == true["repairs"]).where(ended),
            "job": (ours["series_key"] == true["series_key"]).where(named),
            "first success": (ours["first_success_at"] == true["first_success_at"]).where(won),
            "SLA verdict": ((met == sla_met).fillna(False) | (met.isna() & sla_met.isna())).where(
                once
            ),
            "list cost": _cost_is_true(home, account, true.index).where(once),
            "fired by": _firing_is_true(home, account, ours).where(
                once & ~(true["ended_at"] < _SOURCE_IS_TOLD)
            ),
        }
    )


def _firing_is_true(home: Path, account: Path, ours: pd.DataFrame) -> pd.Series:
    """Whether we say of each of our runs that no other has fired it, or which task run of which."""
    true = told(account, "firings").set_index(RUN).reindex(ours.index)
    task_runs = stored(home, "silver.task_runs").set_index(["workspace_id", "task_run_id"])[
        "run_id"
    ]
    source = ours["source_task_run_id"]
    of = pd.MultiIndex.from_arrays([ours.index.get_level_values(0), source])
    upstream = task_runs.reindex(of).set_axis(ours.index)
    # Of the hour still open a run may be told before the task that has fired it.
    return (source.fillna("") == true["source_task_run_id"].fillna("")) & (
        upstream.isna() | (upstream == true["upstream_run_id"])
    )


def _cost_is_true(home: Path, account: Path, runs: pd.Index) -> pd.Series:
    parts = [told(account, name) for name in ("costs", "pipeline_costs")]
    true = pd.concat([part[part["currency_code"] == _CURRENCY] for part in parts])
    per_run = true.groupby(["workspace_id", "job_run_id"])["list_cost"].sum()
    ours = stored(home, "silver.run_costs").set_index(RUN)["list_cost"]
    zero = Decimal(0)
    left, right = (
        frame.rename_axis(RUN).reindex(runs).map(lambda cost: zero if pd.isna(cost) else cost)
        for frame in (per_run, ours)
    )
    return left == right


def _attempts(home: Path, account: Path) -> pd.DataFrame:
    """By run: whether each of its ended attempts lasted as long as it did."""
    key = [*RUN, "attempt"]
    true = told(account, "attempts").set_index(key)
    ours = stored(home, "silver.attempts").set_index(key)["duration_seconds"].reindex(true.index)
    ended = true["duration_seconds"].notna()
    right = ((ours - true["duration_seconds"]).abs() < 1e-6)[ended]
    return _frame({"attempts' durations": right.groupby(level=RUN).all()})


def _jobs(home: Path, account: Path) -> pd.DataFrame:
    key = ["workspace_id", "series_key"]
    true = told(account, "jobs").set_index(key)
    found = stored(home, "gold.jobs")
    once = _once(found[key], true.index)
    ours = found.set_index(key).reindex(true.index)
    ran = told(account, "runs")
    known = stored(home, "silver.runs")[RUN]
    runs = ran.merge(known, on=RUN).groupby(key).size().reindex(true.index).fillna(0)
    daily = stored(home, "gold.job_daily").groupby(key)["runs"].sum()
    counted = daily.reindex(true.index)
    # What never ran and is not defined is nowhere to be seen.
    seen = once | (runs > 0) | true["job_id"].notna()
    defined = once & true["job_id"].notna()
    kind = ours["sla_kind"].fillna("") == true["sla_kind"].fillna("")
    limit = ours["sla_limit_seconds"].fillna(0) == true["sla_limit_seconds"].fillna(0)
    clock = ours["sla_time_of_day"].fillna("") == true["sla_deadline"].fillna("")
    right = _frame(
        {
            "known once": once.where(seen),
            "name": (ours["name"] == true["name"]).where(once),
            "SLA": (kind & limit & clock).where(defined),
            # A notebook workflow has no id of its own in the truth: we follow it by its name.
            "runs": (counted.fillna(0) == runs).where(once & (true["kind"] != "NOTEBOOK")),
        }
    )
    # Quirks name a job by its id, or a submitted series by its name.
    names = true["job_id"].fillna(true["name"])
    right.index = pd.MultiIndex.from_arrays(
        [right.index.get_level_values(0), names], names=["workspace_id", "key"]
    )
    return right


def _records(home: Path, _account: Path) -> pd.DataFrame:
    """Usage records: each original kept once; what was told twice is not counted twice."""
    usage = stored(home, "bronze.usage")[["workspace_id", "record_id", "record_type"]]
    usage["workspace_id"] = usage["workspace_id"].fillna("")
    counts = usage.groupby(["workspace_id", "record_id"])["record_type"].agg(["size", "nunique"])
    return _frame({"kept once": counts["size"] == counts["nunique"]})


def _task_runs(home: Path, _account: Path) -> pd.DataFrame:
    found = stored(home, "silver.task_runs")[["workspace_id", "task_run_id"]]
    return _frame({"known once": found.groupby(list(found.columns)).size() == 1})


def _clusters(home: Path, account: Path) -> pd.DataFrame:
    """Clusters whose nodes leave no minutes: none may be invented."""
    key = ["workspace_id", "cluster_id"]
    short = told(account, "quirks").query("quirk == 'short_nodes_missing'")
    silent = pd.MultiIndex.from_frame(short[["workspace_id", "key"]])
    seen = stored(home, "silver.run_utilisation").groupby(key).size().reindex(silent)
    return _frame({"no minutes": seen.isna()})


_COMPARED: dict[str, Callable[[Path, Path], pd.DataFrame]] = {
    "run": lambda home, account: _runs(home, account).join(_attempts(home, account)),
    "job": _jobs,
    "record": _records,
    "task_run": _task_runs,
    "cluster": _clusters,
}


def total_cost(home: Path) -> Decimal:
    """Bronze usage times the price that held, corrections included: what Gold must add up to."""
    usage = stored(home, "bronze.usage")
    prices = stored(home, "silver.prices")
    priced = ["sku_name", "cloud", "usage_unit"]
    both = usage.merge(prices[prices["currency_code"] == _CURRENCY], on=priced)
    held = (both["valid_from"] <= both["usage_start_time"]) & (
        both["valid_to"].isna() | (both["usage_start_time"] < both["valid_to"])
    )
    both = both[held & both["effective_price"].notna()]
    places = Decimal("1e-9")
    costs = (
        quantity.quantize(places) * price
        for quantity, price in zip(both["usage_quantity"], both["effective_price"], strict=True)
    )
    return reduce(Decimal.__add__, costs, Decimal(0))
