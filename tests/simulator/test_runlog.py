"""A log dressed as an account keeps its starts, durations, queues and outcomes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import UserError
from simulator import from_log
from tests.simulator.conftest import Account

END = datetime(2026, 11, 20, 6, tzinfo=UTC)
WEEK = pd.Timedelta(weeks=1)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2013-03-04 01:00", tz="UTC")
    outcomes = ["SUCCEEDED"] * 6 + ["FAILED", "CANCELLED", "TIMEOUT", "UNKNOWN"]
    rows = [
        {
            "job_id": f"u{job}|p{2**job}",
            "run_id": str(run),
            "start_time": start + pd.Timedelta(hours=7 * run + job, milliseconds=run),
            "duration_seconds": round(float(rng.lognormal(6 + job / 2, 0.4)), 3),
            "status": str(rng.choice(outcomes)),
            "queue_seconds": float(rng.integers(0, 500)),
            "cores": 2**job,
        }
        for job in range(6)
        for run in range(40 - 5 * job)
    ]
    return pd.DataFrame(rows).astype({"cores": "Int32"})


@pytest.fixture(scope="module")
def account(log: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Account:
    folder = tmp_path_factory.mktemp("runlog")
    log.to_parquet(folder / "log.parquet")
    from_log(folder / "log.parquet", folder / "account", end=END, seed=3)
    return Account(folder / "account", END)


def runs_of(account: Account) -> pd.DataFrame:
    rows = account.table("lakeflow/job_run_timeline")
    seconds = (rows["period_end_time"] - rows["period_start_time"]).dt.total_seconds()
    return rows.assign(seconds=seconds).groupby(["workspace_id", "run_id"], as_index=False).agg(
        name=("run_name", "first"), start=("period_start_time", "min"),
        seconds=("seconds", "sum"), state=("result_state", "last"),
        queue=("queue_duration_seconds", "max"),
    )  # fmt: skip


def test_the_runs_of_the_log_are_all_there(account: Account, log: pd.DataFrame) -> None:
    runs = runs_of(account).sort_values(["name", "start"]).reset_index(drop=True)
    log = log.sort_values(["job_id", "start_time"]).reset_index(drop=True)
    assert (runs["name"] == log["job_id"]).all()
    shift = runs["start"] - log["start_time"]
    assert (shift == shift.iloc[0]).all()
    assert shift.iloc[0] % WEEK == pd.Timedelta(0)
    assert np.allclose(runs["seconds"], log["duration_seconds"], atol=1e-6)
    mapped = {"TIMEOUT": "TIMED_OUT", "UNKNOWN": "SUCCEEDED"}
    assert (runs["state"] == log["status"].replace(mapped)).all()
    assert (runs["queue"] == log["queue_seconds"]).all()


def test_it_ends_within_the_week_before_the_end(account: Account) -> None:
    last = account.table("lakeflow/job_run_timeline")["period_end_time"].max()
    assert pd.Timestamp(END) - WEEK < last <= pd.Timestamp(END)
    usage = account.table("billing/usage")["usage_end_time"].max()
    assert usage <= last.ceil("h")


def test_cores_become_workers(account: Account) -> None:
    sizing = account.truth("sizing").merge(account.truth("jobs"), on=["workspace_id", "job_id"])
    cores = account.table("compute/node_types").set_index("node_type")["core_count"]
    offered = sizing["node_type"].map(cores) * sizing["current_workers"]
    log_cores = sizing["name"].str.extract(r"p(\d+)")[0].astype(float)
    assert len(sizing) > 0
    assert (offered >= log_cores).all()
    assert (offered <= np.maximum(2 * log_cores, 4)).all()


def test_busiest_jobs_and_last_days(log: pd.DataFrame, tmp_path: Path) -> None:
    log.to_parquet(tmp_path / "log.parquet")
    from_log(tmp_path / "log.parquet", tmp_path / "few", end=END, seed=3, limit_jobs=2)
    assert set(runs_of(Account(tmp_path / "few", END))["name"]) == {"u0|p1", "u1|p2"}
    from_log(tmp_path / "log.parquet", tmp_path / "late", end=END, seed=3, days=3)
    start = runs_of(Account(tmp_path / "late", END))["start"]
    assert start.max() - start.min() <= pd.Timedelta(days=3)


def test_runs_without_a_length_or_cores_still_ran(tmp_path: Path) -> None:
    start = pd.Timestamp("2020-01-01", tz="UTC")
    pd.DataFrame(
        {"job_id": ["a"], "run_id": ["1"], "start_time": [start], "duration_seconds": [0.0],
         "status": ["SUCCEEDED"]}
    ).to_parquet(tmp_path / "log.parquet")  # fmt: skip
    from_log(tmp_path / "log.parquet", tmp_path / "out", end=END, seed=1)
    runs = runs_of(Account(tmp_path / "out", END))
    assert runs["seconds"].tolist() == [0.001]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda log: log.drop(columns=["status", "run_id"]), "lacks the columns run_id, status"),
        (lambda log: log.assign(status="DONE"), "status must be one of .*, got DONE"),
        (lambda log: log.assign(start_time="yesterday"), "start_time must be a timestamp"),
        (lambda log: log.assign(duration_seconds=-1.0), "duration_seconds >= 0"),
        (lambda log: log.head(0), "has no runs"),
    ],
)
def test_logs_that_make_no_sense_are_refused(
    log: pd.DataFrame, tmp_path: Path, change: Any, words: str
) -> None:
    change(log).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(UserError, match=words):
        from_log(tmp_path / "log.parquet", tmp_path / "out", end=END, seed=1)
    assert not (tmp_path / "out").exists()


def test_a_log_that_is_not_there_or_not_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no log file"):
        from_log(tmp_path / "none.parquet", tmp_path / "out", end=END, seed=1)
    (tmp_path / "text.parquet").write_text("job,run")
    with pytest.raises(UserError, match="is not a Parquet file"):
        from_log(tmp_path / "text.parquet", tmp_path / "out", end=END, seed=1)


def test_choices_out_of_bounds_are_refused(log: pd.DataFrame, tmp_path: Path) -> None:
    log.to_parquet(tmp_path / "log.parquet")
    with pytest.raises(UserError, match="limit_jobs must be at least 1"):
        from_log(tmp_path / "log.parquet", tmp_path / "out", end=END, seed=1, limit_jobs=0)
    with pytest.raises(UserError, match="days must be at least 1"):
        from_log(tmp_path / "log.parquet", tmp_path / "out", end=END, seed=1, days=0)
