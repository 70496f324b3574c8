"""Planted events show in the durations as the truth says, and resizes follow the scaling law."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from simulator import SimulatorConfig, simulate
from simulator.quirks import EVENTS
from tests.simulator.conftest import Account

RUN = ["workspace_id", "run_id"]
JOB = ["workspace_id", "job_id"]
END = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Nothing but events (and the failures that travel): what shows is what was planted."""
    folder = tmp_path_factory.mktemp("events") / "account"
    quirks = frozenset(EVENTS) | {"failures"}
    simulate(
        SimulatorConfig(end=END, jobs=250, days=40, seed=4, reserve_days=5, quirks=quirks), folder
    )
    return Account(folder, END)


@pytest.fixture(scope="module")
def runs(account: Account) -> pd.DataFrame:
    """Successful runs with the logarithm of their seconds against their job's median."""
    runs = account.truth("runs").merge(
        account.truth("attempts")[[*RUN, "duration_seconds", "status"]], on=RUN
    )
    runs = runs[runs["status"] == "SUCCEEDED"].copy()
    seconds = np.log(runs["duration_seconds"])
    runs["log"] = seconds - seconds.groupby([runs["workspace_id"], runs["job_id"]]).transform(
        "median"
    )
    return runs


@pytest.fixture(scope="module")
def events(account: Account) -> pd.DataFrame:
    return account.truth("events")


def test_every_kind_of_event_is_planted_and_has_begun(events: pd.DataFrame) -> None:
    assert set(events["kind"]) == {
        "INCIDENT", "LEVEL_SHIFT", "SLOW_GROWTH", "MONTH_END", "VOLUME_GROWTH", "RESIZE",
        "SLOWDOWN", "DOWNSTREAM_FAILURE",
    }  # fmt: skip
    assert (events["from_time"] < pd.Timestamp(END)).all()
    assert (
        events["run_id"].notna() == events["kind"].isin(["SLOWDOWN", "DOWNSTREAM_FAILURE"])
    ).all()
    assert (events["factor"].isna() == (events["kind"] == "DOWNSTREAM_FAILURE")).all()


def test_an_incident_slows_many_jobs_at_once(runs: pd.DataFrame, events: pd.DataFrame) -> None:
    incident = events[events["kind"] == "INCIDENT"]
    assert (incident.groupby("from_time").size() > 10).any()
    hit = runs.merge(incident, on=JOB)
    hit = hit[(hit["due_at"] >= hit["from_time"]) & (hit["due_at"] < hit["until_time"])]
    assert len(hit) > 20
    assert hit["log"].median() > 0.25


def test_single_slow_runs_are_slow(runs: pd.DataFrame, events: pd.DataFrame) -> None:
    slow = runs.merge(events[events["kind"] == "SLOWDOWN"], on=RUN)
    assert len(slow) > 50
    assert slow["log"].median() > 0.35
    assert not runs["log"].isna().any()


def test_a_level_shift_moves_the_level_by_its_factor(
    runs: pd.DataFrame, events: pd.DataFrame
) -> None:
    shift = events[(events["kind"] == "LEVEL_SHIFT") & (events["job_id"].notna())]
    other = events[events["kind"].isin(["LEVEL_SHIFT", "SLOW_GROWTH", "VOLUME_GROWTH", "RESIZE"])]
    single = other.groupby(JOB).size()
    both = runs.merge(shift, on=JOB)
    both = both[both.set_index(JOB).index.isin(single[single == 1].index)]
    both["after"] = both["due_at"] >= both["from_time"]
    counts = both.groupby([*JOB, "after"]).size().unstack(fill_value=0)  # noqa: PD010
    level = both.groupby([*JOB, "after"])["log"].median().unstack()  # noqa: PD010
    factor = np.log(both.groupby(JOB)["factor"].first())
    level = level[(counts > 8).all(axis=1)]
    moved = (level[True] - level[False]) / factor.reindex(level.index)
    assert len(moved) > 3
    # Set-up is not part of the work, so the whole moves a little less.
    assert 0.5 < moved.median() < 1.1


def test_a_failure_travels_to_the_run_that_depends_on_it(
    account: Account, events: pd.DataFrame
) -> None:
    runs = account.truth("runs").set_index(RUN)
    failed = events[events["kind"] == "DOWNSTREAM_FAILURE"]
    assert len(failed) > 3
    for row in failed.to_dict("records"):
        effect = runs.loc[(row["workspace_id"], row["run_id"])]
        cause = runs.loc[(row["workspace_id"], row["cause_run_id"])]
        assert (effect["final_status"], cause["final_status"]) == ("FAILED", "FAILED")
        assert cause["due_at"] < effect["due_at"]


def test_resizes_change_the_cluster_and_follow_the_law(account: Account) -> None:
    resized = account.truth("resizes")
    assert len(resized) > 5
    sizing = account.truth("sizing").set_index(JOB)
    memory = account.table("compute/node_types").set_index("node_type")["memory_mb"]
    clusters = account.table("compute/clusters")
    clusters = clusters[clusters["cluster_source"] == "JOB"]
    job = clusters["cluster_name"].str.extract(r"^job-(\d+)-run-")[0]
    clusters = clusters.assign(job_id=job)
    clusters = clusters[clusters["delete_time"].isna()]
    for row in resized.to_dict("records"):
        law = sizing.loc[(row["workspace_id"], row["job_id"])]
        assert law["current_workers"] == row["to_workers"]
        usable = memory[law["node_type"]] * law["usable_memory_share"]

        def seconds(workers: int, law: pd.Series = law, usable: float = usable) -> float:
            spill = law["spill_factor"] if usable * workers < law["demand_memory_mb"] else 1.0
            serial = law["serial_fraction"]
            return float((serial + (1 - serial) / workers) * spill)

        expected = seconds(row["to_workers"]) / seconds(row["from_workers"])
        assert row["work_factor"] == pytest.approx(expected, rel=1e-9)
        own = clusters[
            (clusters["workspace_id"] == row["workspace_id"])
            & (clusters["job_id"] == row["job_id"])
        ]
        hour = pd.Timedelta(hours=6)
        before = own[own["change_time"] < row["resized_at"]]
        after = own[own["change_time"] > row["resized_at"] + hour]
        assert (before["worker_count"] == row["from_workers"]).all()
        assert (after["worker_count"] == row["to_workers"]).all()


def test_the_candidates_of_a_cluster_follow_the_law(account: Account) -> None:
    memory = account.table("compute/node_types").set_index("node_type")["memory_mb"]
    setup_seconds = 218.0
    cliffs = 0
    for row in account.truth("sizing").to_dict("records"):
        workers, seconds = row["candidate_workers"], row["candidate_seconds"]
        assert list(workers) == list(range(1, len(workers) + 1))
        usable = memory[row["node_type"]] * row["usable_memory_share"] * workers
        spill = np.where(usable < row["demand_memory_mb"] * (1 - 1e-9), row["spill_factor"], 1.0)
        law = (row["serial_fraction"] + (1 - row["serial_fraction"]) / workers) * spill
        work = seconds - setup_seconds
        assert np.allclose(work / work[-1], law / law[-1], rtol=1e-9)
        cliffs += len(np.unique(spill)) > 1
        # Workers cost what their hours cost: the driver is one of w + 1 nodes of a type.
        hours = (seconds - setup_seconds / 2) / 3600 * (workers + 1)
        assert np.allclose(row["candidate_dbu"] / hours, row["candidate_dbu"][0] / hours[0])
        price = row["candidate_list_cost_usd"] / row["candidate_dbu"]
        assert np.allclose(price, price[0])
    assert cliffs > 10


def test_clusters_that_lack_memory_swap_and_wait(account: Account) -> None:
    sizing = account.truth("sizing")
    short = sizing[sizing["spills"]]
    assert 0 < len(short) < 0.3 * len(sizing)
    minutes = account.table("compute/node_timeline")
    clusters = account.table("compute/clusters").drop_duplicates("cluster_id")
    job = clusters["cluster_name"].str.extract(r"^job-(\d+)-run-")[0]
    owner = clusters.assign(job_id=job)[["workspace_id", "cluster_id", "job_id"]]
    minutes = minutes.merge(owner, on=["workspace_id", "cluster_id"]).merge(
        sizing[[*JOB, "spills", "current_workers"]], on=JOB
    )
    resized = account.truth("resizes")["job_id"]
    minutes = minutes[~minutes["job_id"].isin(resized) & ~minutes["driver"]]
    spilling = minutes["spills"]
    assert spilling.any()
    assert (minutes.loc[spilling, "mem_swap_percent"] > 0).all()
    assert (minutes.loc[~spilling, "mem_swap_percent"] == 0).all()
    wait = minutes.groupby("spills")["cpu_wait_percent"].median()
    assert wait[True] > 5 * wait[False]
