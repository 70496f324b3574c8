"""Run Job tasks fire runs of other jobs and wait for them: read from the tables, held to the truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulator import simulate
from simulator.account import simulated_history
from simulator.fleet.fleet import Kind
from simulator.quirks import ALL, NONE
from tests.simulator.conftest import END, UNPUNCTUAL, Account, config

JOB = ["workspace_id", "job_id"]
RUN = ["workspace_id", "run_id"]
TASK = ["workspace_id", "source_task_run_id"]
SECOND = pd.Timedelta(seconds=1)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Runs fail often and are repaired often: all that can become of a Run Job task does."""
    folder = tmp_path_factory.mktemp("run_jobs") / "account"
    simulate(
        config(quirks=ALL - UNPUNCTUAL, jobs=320, days=25, failure_share=0.25, repair_share=0.8),
        folder,
    )
    return Account(folder, END)


@pytest.fixture(scope="module")
def firings(account: Account) -> pd.DataFrame:
    """The truth of each fired run with its first attempt, and its task run's, from the tables."""
    tasks = ended(account, "job_task_run_timeline").rename(columns={"run_id": TASK[1]})
    attempts = ended(account, "job_run_timeline")
    own = attempts[attempts["attempt"] == 0]
    return (
        account.truth("firings")
        .merge(tasks[[*TASK, "low", "high", "state"]], on=TASK)
        .merge(own[[*RUN, "low", "high", "state"]], on=RUN, suffixes=("_task", ""))
    )


def ended(account: Account, timeline: str) -> pd.DataFrame:
    """Attempts of runs, or task runs, that have ended, folded from their slices."""
    rows = account.table(f"lakeflow/{timeline}").sort_values(["period_end_time"], kind="stable")
    ends = rows["result_state"].notna()
    rows["attempt"] = ends.groupby([rows[key] for key in RUN]).cumsum() - ends
    folded = rows.groupby([*RUN, "attempt"]).agg(
        low=("period_start_time", "min"), high=("period_end_time", "max"),
        state=("result_state", "last"), job_id=("job_id", "first"),
    )  # fmt: skip
    return folded[folded["state"].notna()].reset_index()


def run_job_tasks(account: Account) -> pd.DataFrame:
    tasks = account.table("lakeflow/job_task_run_timeline")
    return tasks[tasks["task_key"] == "run_job"]


def test_the_tables_name_the_task_run_that_fired_each_run(account: Account) -> None:
    runs = account.table("lakeflow/job_run_timeline")
    fired = runs[runs["source_task_run_id"].notna()]
    columns = [*RUN, "job_id", "source_task_run_id"]
    in_tables = set(fired[columns].itertuples(index=False, name=None))
    truth = account.truth("firings")
    assert in_tables == set(truth[columns].itertuples(index=False, name=None))
    assert len(truth) > 100
    assert (fired["root_task_run_id"] == fired["source_task_run_id"]).all()
    assert set(fired["trigger_type"]) == {"ONETIME"}
    tasks = run_job_tasks(account).drop_duplicates(["workspace_id", "run_id"])
    by = truth.merge(tasks, left_on=TASK, right_on=RUN, suffixes=("", "_task"))
    assert (by["upstream_run_id"] == by["job_run_id"]).all()
    assert (by["upstream_job_id"] == by["job_id_task"]).all()


def test_a_fired_job_has_no_schedule_and_no_other_starts(account: Account) -> None:
    truth = account.truth("jobs")
    fired = truth[truth["kind"] == "FIRED"][JOB]
    assert 5 < len(fired) < 0.1 * len(truth)
    jobs = account.table("lakeflow/jobs").merge(fired, on=JOB)
    assert jobs["trigger_type"].isna().all()
    # What has no trigger cannot be paused; the source leaves the column empty or says no.
    assert not jobs["paused"].dropna().any()
    runs = account.table("lakeflow/job_run_timeline").merge(fired, on=JOB)
    assert runs["source_task_run_id"].notna().all()
    pairs = account.truth("firings")[[*JOB, "upstream_job_id"]].drop_duplicates()
    assert not pairs.duplicated(JOB).any()
    assert not set(pairs["upstream_job_id"]) & set(pairs["job_id"])


def test_a_task_lasts_as_long_as_the_run_it_fires(account: Account, firings: pd.DataFrame) -> None:
    wait = firings["low"] - firings["low_task"]
    assert ((wait >= SECOND) & (wait <= 8 * SECOND)).all()
    assert (firings["high"] == firings["high_task"]).all()
    attempts = ended(account, "job_run_timeline")[[*RUN, "high"]]
    waiting = firings.merge(
        attempts.groupby(RUN).max().reset_index(),
        left_on=["workspace_id", "upstream_run_id"],
        right_on=RUN,
        suffixes=("", "_upstream"),
    )
    assert len(waiting) > 100
    assert (waiting["high_upstream"] == waiting["high"]).all()


def test_what_fails_fails_what_waits_for_it(account: Account, firings: pd.DataFrame) -> None:
    failed = firings["state"] != "SUCCEEDED"
    assert 10 < failed.sum() < len(firings) - 10
    assert (firings.loc[failed, "state_task"] == "FAILED").all()
    assert (firings.loc[~failed, "state_task"] == "SUCCEEDED").all()
    runs = account.truth("runs").set_index(RUN)["final_status"]
    upstream = runs.reindex(pd.MultiIndex.from_frame(firings[["workspace_id", "upstream_run_id"]]))
    assert (upstream.to_numpy() == firings["state_task"]).all()


def test_nothing_is_fired_where_work_fails_before_the_task(account: Account) -> None:
    tasks = run_job_tasks(account)
    skipped = tasks[tasks["result_state"] == "SKIPPED"]
    fired = account.truth("firings")
    begun = tasks[tasks["result_state"] != "SKIPPED"].drop_duplicates(RUN)
    assert len(skipped) > 10
    assert (skipped["period_start_time"] == skipped["period_end_time"]).all()
    assert not set(skipped["run_id"]) & set(fired["source_task_run_id"])
    # Each task that has begun has fired one run, and no run comes to its task twice.
    assert fired["source_task_run_id"].is_unique
    assert not begun.duplicated(["workspace_id", "job_run_id"]).any()
    assert set(begun["run_id"]) == set(fired["source_task_run_id"])


def test_a_repair_that_comes_to_the_task_fires_a_new_run(
    account: Account, firings: pd.DataFrame
) -> None:
    skipped = run_job_tasks(account).query("result_state == 'SKIPPED'")
    repaired = firings[firings["upstream_run_id"].isin(skipped["job_run_id"])]
    assert len(repaired) > 5
    first = skipped.groupby("job_run_id")["period_end_time"].max()
    assert (repaired["low_task"] > repaired["upstream_run_id"].map(first)).all()
    # A fired run is repaired under its own id, and its task does not know.
    again = account.truth("runs").merge(firings[firings["state"] == "FAILED"], on=RUN)
    mended = again[(again["repairs"] > 0) & (again["final_status"] == "SUCCEEDED")]
    assert len(mended) > 0
    assert (mended["state_task"] == "FAILED").all()


def test_waiting_needs_no_cluster_and_bills_nothing(
    account: Account, firings: pd.DataFrame
) -> None:
    tasks = run_job_tasks(account)
    assert tasks[["compute_ids", "compute"]].isna().all(axis=None)
    usage = account.table("billing/usage")
    usage = usage.join(pd.DataFrame(usage["usage_metadata"].tolist()))
    upstream = usage.merge(
        firings[["workspace_id", "upstream_run_id", "low_task"]],
        left_on=["workspace_id", "job_run_id"],
        right_on=["workspace_id", "upstream_run_id"],
    )
    assert len(upstream) > 100
    # Clusters go within half a minute of the last task that uses them.
    assert (upstream["usage_end_time"] <= upstream["low_task"] + 30 * SECOND).all()
    own = usage.merge(firings[[*JOB, "run_id", "low"]], left_on=["workspace_id", "job_run_id"],
                      right_on=RUN, suffixes=("", "_fired"))  # fmt: skip
    assert len(own) > 100
    assert (own["usage_start_time"] >= own["low"]).all()
    assert (own["job_id"] == own["job_id_fired"]).all()


def test_an_upstream_waits_for_its_run_before_it_starts_another(account: Account) -> None:
    attempts = ended(account, "job_run_timeline")
    attempts = attempts[(attempts["attempt"] == 0) & (attempts["state"] != "SKIPPED")]
    fired = account.truth("firings")[["workspace_id", "upstream_job_id"]].drop_duplicates()
    upstream = attempts.merge(
        fired.rename(columns={"upstream_job_id": "job_id"}), on=JOB
    ).sort_values([*JOB, "low"])
    before = upstream.groupby(JOB)["high"].shift()
    assert before.notna().sum() > 100
    assert (upstream["low"] >= before)[before.notna()].all()


def test_fired_work_follows_the_laws_of_its_own_job() -> None:
    history = simulated_history(config(jobs=300, days=40, quirks=frozenset({"run_jobs"})))
    runs, attempts = history.runs, history.attempts
    job = runs.job[attempts.run]
    of_fired = history.fleet.kind[job] == Kind.FIRED
    seconds = (attempts.worked_until_us - attempts.start_us - attempts.setup_us) / 1e6
    ratio = np.log(seconds / history.fleet.median_seconds[job])
    assert abs(np.median(ratio[of_fired]) - np.median(ratio[~of_fired])) < 0.1
    assert of_fired.sum() > 500


def test_without_the_quirk_nothing_is_fired(tmp_path: Path) -> None:
    simulate(config(quirks=NONE, jobs=60, days=3), tmp_path / "plain")
    plain = Account(tmp_path / "plain", END)
    assert plain.truth("firings").empty
    assert plain.table("lakeflow/job_run_timeline")["source_task_run_id"].isna().all()
    assert "run_job" not in set(plain.table("lakeflow/job_tasks")["task_key"])
    assert "FIRED" not in set(plain.truth("jobs")["kind"])
