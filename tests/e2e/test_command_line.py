"""The command line as a user meets it: what it prints, how it ends, what it leaves behind."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from mlflow import MlflowClient

from pipeline.tables.catalogue import TABLES
from pipeline.tracking.store import store_of
from tests.e2e.account import END, Account, rightrun


def versions(home: Path) -> dict[str, int]:
    return {
        table.full_name: DeltaTable(str(home / table.layer.schema / table.name)).version()
        for table in TABLES
    }


def mlflow_runs(home: Path) -> int:
    client = MlflowClient(store_of(home).tracking_uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return len(client.search_runs(experiments))


def test_the_first_night_says_what_a_platform_engineer_wants_first(account: Account) -> None:
    said = (account.root / "first.txt").read_text()
    # First of all as of when, how many jobs, what is new and what to do; the stages last.
    lines = said.splitlines()
    assert lines[0].startswith("As of 2026-01-26 00:00 UTC")
    assert "jobs" in lines[1]
    assert any(line.startswith("First: ") for line in lines[:12])
    assert said.index("Jobs failing now") < said.index("What the night did")
    for title in (
        "Jobs failing now",
        "Jobs that may miss their SLA next time",
        "Recommended cluster sizes",
        "List cost by team",
        "Attribution coverage",
        "Jobs that could not be assessed, and why",
        "mlflow ui",
        "rightrun show",
    ):
        assert title in said


def test_a_night_with_nothing_new_makes_no_commit_and_no_mlflow_run(account: Account) -> None:
    before = versions(account.home), mlflow_runs(account.home)
    # Without --source: the home remembers it, and it is not the demo's.
    again = account.run("nightly", "--home", account.home, "--as-of", END, "--json")
    assert again.code == 0, again.err
    assert {step["mode"] for step in again.json()} == {"current"}
    assert (versions(account.home), mlflow_runs(account.home)) == before


def test_models_are_registered_with_a_champion_unopposed(account: Account) -> None:
    store = store_of(account.home)
    # Both said: a night of another home in this process has set MLflow's own registry.
    client = MlflowClient(store.tracking_uri, store.registry_uri)
    aliases = {model.name: dict(model.aliases) for model in client.search_registered_models()}
    assert set(aliases) == {
        f"rightrun.model.{name}" for name in ("duration_forecast", "job_baseline", "cluster_sizing")
    }
    assert all(int(alias["champion"]) == 1 for alias in aliases.values())
    # MLflow makes the folder of its database, and would make one named as a URL spells it.
    assert list(account.root.parent.iterdir()) == [account.root]


@pytest.mark.parametrize(
    "command",
    [
        ("show", "night"),
        ("show", "jobs"),
        ("show", "costs"),
        ("show", "sla"),
        ("show", "anomalies"),
        ("show", "rightsizing", "--all"),
        ("show", "quality"),
        ("history", "gold.jobs"),
        ("sql", "select count(*) as n from gold.jobs"),
    ],
)
def test_every_answer_is_also_json(account: Account, command: tuple[str, ...]) -> None:
    done = account.run(*command, "--home", account.home, "--json")
    assert done.code == 0, done.err
    assert isinstance(done.json(), list | dict)


def test_failing_jobs_are_an_exit_code(account: Account) -> None:
    done = account.run("show", "failing", "--home", account.home, "--json")
    assert done.code == (1 if done.json() else 0)


def test_a_job_is_found_by_key_and_by_name_and_says_all(account: Account) -> None:
    jobs = account.run("show", "jobs", "--home", account.home, "--json", "--limit", "1000").json()
    job = next(j for j in jobs if j["runs"] > 5 and j["name"] and j["name"].isascii())
    told = account.run("show", "job", job["series_key"], "--home", account.home, "--json").json()
    assert [row["window_days"] for row in told["trends"]] == [7, 30]
    assert told["job"][0]["name"] == job["name"]
    assert len(told["forecast"]) == len(told["baseline"]) == len(told["rightsizing"]) == 1
    assert told["runs"]
    missing = account.run("show", "job", "no such job", "--home", account.home)
    assert missing.code == 2
    assert "no such job" in missing.err


def test_how_jobs_are_set_up_is_known_of_the_workspace_that_is_asked(account: Account) -> None:
    asked = (
        "select workspace_id, count(max_retries) as known, max(max_retries) as most,"
        " max(settings_problem) as problem from gold.jobs where job_id is not null group by 1"
    )
    rows = account.run("sql", asked, "--home", account.home, "--json").json()
    (workspace,) = [row for row in rows if row["known"]]
    assert workspace["most"] > 0
    others = [row for row in rows if row is not workspace]
    assert others
    assert all("the Jobs API has not told of it" in row["problem"] for row in others)


def test_filters_keep_only_that_team(account: Account) -> None:
    jobs = account.run("show", "jobs", "--home", account.home, "--json", "--limit", "1000").json()
    team = next(j["team"] for j in jobs if j["team"])
    told = account.run(
        "show", "jobs", "--team", team.upper(), "--home", account.home, "--json"
    ).json()
    assert {j["team"].lower() for j in told} == {team.lower()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nightly", "--source", "elsewhere"), "names no source"),
        (("nightly", "--source", "export:missing"), "does not exist"),
        (("nightly", "--engine", "abacus"), "there is no engine"),
        (("show", "jobs", "--home", "nowhere"), "holds no tables yet"),
        (("check", "--source", "export:missing"), "does not exist"),
        (("nightly", "--as-of", "yesterday"), "is no time"),
        (("nightly", "--home", "nowhere"), "name its source with --source"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = rightrun(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err.replace("\n", " ")
    assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir()), "a mistake leaves nothing behind"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("drop table gold.jobs", "one SELECT"),
        ("select 1; select 2", "one SELECT"),
        ("select * from gold.job", "did you mean"),
        ("selec", "SELECT"),
        ("select no_such_column from gold.jobs", "there is no column 'no_such_column'"),
    ],
)
def test_sql_reads_and_nothing_else(account: Account, query: str, said: str) -> None:
    done = account.run("sql", query, "--home", account.home)
    assert done.code == 2
    assert said in done.err.replace("\n", " ")
    assert "Traceback" not in done.err


def test_check_says_what_a_missing_table_switches_off(account: Account, tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(account.export / "lakeflow", part / "lakeflow")
    told = rightrun("check", "--source", f"export:{part}", "--json", cwd=tmp_path)
    assert told.code == 0, told.err
    off = {row["table"]: row["switched_off"] for row in told.json()}
    assert "costs" in off["system.billing.usage"]
    assert off["system.lakeflow.jobs"] == ""
    shutil.rmtree(part / "lakeflow" / "job_run_timeline")
    assert rightrun("check", "--source", f"export:{part}", cwd=tmp_path).code == 2
    night = rightrun(
        "nightly", "--source", f"export:{part}", "--home", tmp_path / "home", cwd=tmp_path
    )
    assert night.code == 2
    assert "job_run_timeline" in night.err
    assert "Traceback" not in night.err


def test_a_night_runs_on_runs_alone(account: Account, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(account.export / "lakeflow" / "job_run_timeline", alone / "job_run_timeline")
    night = rightrun(
        "nightly",
        "--source",
        f"export:{alone}",
        "--home",
        tmp_path / "home",
        "--json",
        cwd=tmp_path,
    )
    assert night.code == 0, night.err
    jobs = DeltaTable(str(tmp_path / "home" / "gold" / "jobs")).to_pyarrow_table()
    assert jobs.num_rows > 0
    for name in ("job_forecast", "job_baseline", "rightsizing"):
        answers = DeltaTable(str(tmp_path / "home" / "gold" / name)).to_pyarrow_table()
        assert sorted(answers["series_key"].to_pylist()) == sorted(jobs["series_key"].to_pylist())


def test_secrets_reach_no_table(account: Account) -> None:
    """The simulator plants tokens in parameters and descriptions; no table of the home holds one."""
    secret = "dapi"
    planted = [
        file
        for file in (account.export / "lakeflow").rglob("*.parquet")
        if secret in str(pq.read_table(file).to_pydict())
    ]
    assert planted, "the simulator no longer plants a secret: this test would prove nothing"
    for table in TABLES:
        rows = DeltaTable(str(account.home / table.layer.schema / table.name)).to_pyarrow_table()
        assert secret not in str(rows.to_pydict()), table.full_name


def test_stages_can_be_run_alone(account: Account) -> None:
    told = account.nightly("--only", "gold", "--as-of", END, "--json")
    assert told.code == 0, told.err
    assert {step["stage"] for step in told.json()} == {"gold"}
    unknown = account.nightly("--only", "platinum")
    assert unknown.code == 2
    assert "platinum" in unknown.err
    both = account.nightly("--only", "silver", "--from", "gold")
    assert both.code == 2
    assert "--from" in both.err


def test_another_source_is_not_mixed_into_a_home(account: Account, tmp_path: Path) -> None:
    before = versions(account.home)
    other = account.run("nightly", "--source", f"export:{tmp_path}", "--home", account.home)
    assert other.code == 2
    assert "is fed from simulated:" in other.err.replace("\n", " ")
    assert versions(account.home) == before
