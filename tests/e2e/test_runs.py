"""`rightrun show run`: a run part by part, through the real command line."""

from decimal import Decimal

import pandas as pd
import pytest
from rich.cells import cell_len

from tests.e2e.account import Account
from tests.e2e.truth import stored


@pytest.fixture(scope="module")
def causes(account: Account) -> pd.DataFrame:
    """Parts of runs that were compared, the one that explains most of each first."""
    parts = stored(account.home, "gold.run_causes")
    known = parts[parts["excess_seconds"].notna()]
    return known.sort_values(["workspace_id", "run_id", "place"])


def test_parts_add_up_to_the_excess_of_their_run(causes: pd.DataFrame) -> None:
    assert len(causes) > 20
    for _, parts in causes.groupby(["workspace_id", "run_id"]):
        assert sum(parts["seconds"], Decimal(0)) == parts["excess_seconds"].iloc[0]
        assert sorted(parts["place"]) == [*range(1, len(parts) + 1)]


def test_every_run_that_stands_out_has_an_answer(account: Account) -> None:
    key = ["workspace_id", "run_id"]
    baseline = stored(account.home, "gold.run_baseline")
    unlike = baseline[baseline["is_anomaly"] | baseline["is_shift"]]
    assert len(unlike) > 0
    for table in ("gold.run_causes", "gold.job_changes"):
        answered = stored(account.home, table)
        assert set(map(tuple, unlike[key].values)) <= set(map(tuple, answered[key].values))


def test_a_run_is_told_beside_what_is_usual(account: Account, causes: pd.DataFrame) -> None:
    run = causes.iloc[0]
    name = f"{run['workspace_id']}/{run['run_id']}"
    told = account.run("show", "run", name, "--home", account.home, "--json").json()
    assert told["run"]["series_key"] == run["series_key"]
    assert told["usual_of_runs"] >= 3
    parts = {part["part"]: part for part in told["parts"]}
    assert {"queue", "set-up", "execution", "input", "cluster", "attempts", "list cost"} <= set(
        parts
    )
    assert any(part.startswith("task ") for part in parts)
    execution = parts["execution"]
    assert execution["difference_seconds"] == pytest.approx(
        execution["value"] - execution["beside"]
    )
    assert told["causes"][0]["part"] == run["part"]
    seen = account.run("show", "run", name, "--home", account.home, width=80)
    assert seen.code == 0, seen.err
    assert "than its usual" in " ".join(seen.out.split())
    assert [line for line in seen.out.splitlines() if cell_len(line) > 80] == []


def test_a_run_is_told_beside_another(account: Account) -> None:
    runs = stored(account.home, "silver.runs").query("status == 'SUCCEEDED'")
    of_job = runs.groupby("series_key").filter(lambda rows: len(rows) > 3).sort_values("started_at")
    first, *_, last = of_job[of_job["series_key"] == of_job["series_key"].iloc[0]].to_dict(
        "records"
    )
    name, other = (f"{run['workspace_id']}/{run['run_id']}" for run in (last, first))
    told = account.run(
        "show", "run", name, "--against", other, "--home", account.home, "--json"
    ).json()
    assert told["against"]["run_id"] == first["run_id"]
    parts = {part["part"]: part for part in told["parts"]}
    whole = parts["first start to last end"]
    assert (whole["value"], whole["beside"]) == (last["wall_seconds"], first["wall_seconds"])
    seen = account.run("show", "run", name, "--against", other, "--home", account.home)
    assert f"Beside run {first['run_id']}" in " ".join(seen.out.split())


def test_a_run_that_is_not_there_or_in_several_workspaces_is_an_error(account: Account) -> None:
    missing = account.run("show", "run", "no such run", "--home", account.home)
    assert (missing.code, "no such run" in missing.err) == (2, True)
    runs = stored(account.home, "silver.runs")
    workspaces = runs.groupby("run_id")["workspace_id"].nunique()
    shared = str(workspaces[workspaces > 1].index[0])
    ambiguous = account.run("show", "run", shared, "--home", account.home)
    assert ambiguous.code == 2
    assert f"/{shared}" in ambiguous.err


def test_a_job_says_why_its_last_run_that_stood_out_did(account: Account) -> None:
    baseline = stored(account.home, "gold.run_baseline")
    unlike = baseline[baseline["is_anomaly"] | baseline["is_shift"]].sort_values("started_at")
    last = unlike.iloc[-1]
    told = account.run("show", "job", last["series_key"], "--home", account.home, "--json").json()
    assert {part["run_id"] for part in told["causes"]} == {last["run_id"]}
    assert told["changes"][0]["place"] == 1
    seen = account.run("show", "job", last["series_key"], "--home", account.home)
    assert f"Run {last['run_id']} of" in " ".join(seen.out.split())
