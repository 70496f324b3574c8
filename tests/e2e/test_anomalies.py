"""What a night flags, through the real command line, and marks that the next night learns of."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.account import Account, Ran
from tests.e2e.truth import stored


@pytest.fixture(scope="module")
def marking(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The account in a home of its own, whose runs are marked."""
    root = tmp_path_factory.mktemp("marked")
    shutil.copytree(account.export, root / "export")
    shutil.copytree(
        account.home, root / "home", ignore=shutil.ignore_patterns("mlflow.db", "mlartifacts")
    )
    return Account(root)


def _marked(account: Account, *arguments: str) -> Ran:
    return account.run("anomalies", *arguments, "--home", account.home)


def test_a_night_says_in_words_what_it_flagged_and_what_chance_would_flag(account: Account) -> None:
    told = account.run("show", "anomalies", "--home", account.home)
    assert told.code == 0, told.err
    assert "Chance alone would flag" in " ".join(told.out.split())
    lists = account.run("show", "anomalies", "--home", account.home, "--json").json()
    assert set(lists) == {"flagged", "below_floor", "regimes", "resizes"}
    nights = stored(account.home, "gold.job_nights")
    last = nights[nights["night_at"] == nights["night_at"].max()]
    rows = lists["flagged"] + lists["below_floor"]
    assert {row["series_key"] for row in rows} == set(last[last["is_flagged"]]["series_key"])
    assert all("; " in row["severity"] for row in rows)
    alerted = {row["series_key"] for row in lists["flagged"] if row["is_alertable"]}
    assert alerted == {row["series_key"] for row in lists["flagged"]}


def test_a_mark_is_learned_by_the_next_night_and_can_be_taken_back(marking: Account) -> None:
    scores = stored(marking.home, "model.run_scores")
    run = scores[scores["is_anomaly"]].sort_values("p_value").iloc[0]
    key = f"{run['workspace_id']}/{run['run_id']}"

    def mark_of_run() -> tuple[set[str | None], set[bool]]:
        rows = stored(marking.home, "model.run_scores")
        marks = rows[(rows["run_id"] == run["run_id"]) & (rows["metric"] == run["metric"])]
        assert len(marks)
        return set(marks["mark"].where(marks["mark"].notna(), None)), set(marks["is_anomaly"])

    said = _marked(
        marking, "mark", key, "expected", "--why", "a migration", "--by", "ada", "--json"
    )
    assert said.code == 0, said.err
    assert [(row["mark"], row["why"], row["decided_by"]) for row in said.json()] == [
        ("expected", "a migration", "ada")
    ]
    assert mark_of_run() == ({None}, {True})
    assert marking.nightly("--only", "model").code == 0
    assert mark_of_run() == ({"expected"}, {False})
    assert _marked(marking, "unmark", str(run["run_id"])).code == 0
    assert marking.nightly("--only", "model").code == 0
    assert mark_of_run() == ({None}, {True})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mark", "1234567", "expected", "--why", "x"), "no run has the id '1234567'"),
        (("mark", "1234567", "odd", "--why", "x"), "'odd' is not one of 'expected', 'incident'"),
        (("mark", "1234567", "incident", "--why", " "), "say what you know of the run"),
        (("mark", "1234567", "incident"), "Missing option '--why'"),
    ],
)
def test_a_mistake_is_one_sentence(
    account: Account, arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = _marked(account, *arguments)
    assert done.code == 2, done.out
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err
