"""`rightrun evaluate` as a sceptical engineer meets it: on a file of their own, and on a home."""

import html
import re
import shlex
from pathlib import Path

import pytest
from mlflow import MlflowClient

from optimizer.evaluation.anomalies.methods import METHODS as DETECTORS
from optimizer.evaluation.methods import METHODS
from tests.e2e.account import Account, Ran, rightrun
from tests.evaluation.logs import log, written


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    written(folder, log(8, 90))
    return folder


@pytest.fixture(scope="module")
def told(place: Path) -> Ran:
    """The whole of it, peers as well."""
    return rightrun(
        "evaluate", "runs.parquet", "--sample-jobs", "1", "--home", "home", "--json", cwd=place
    )


def test_every_peer_is_scored_beside_ours_on_the_same_runs(told: Ran) -> None:
    assert told.code == 0, told.err
    document = told.json()
    assert document["absent"] == []
    comparisons = document["comparisons"]
    assert set(comparisons["every job"]["horizons"]["start"]["methods"]) == set(METHODS)
    for name, peers in (("trained", {"lightgbm"}), ("refitted", {"auto_ets", "prophet"})):
        for horizon, one in comparisons[name]["horizons"].items():
            assert peers | {"ours", "seven_days"} <= set(one["methods"]), horizon
            assert one["runs"] > 0
    assert list(comparisons["every job"]["horizons"]) == list(document["horizons"])


def test_every_method_of_finding_strange_runs_is_asked_of_the_same_runs(told: Ran) -> None:
    part = told.json()["anomalies"]
    assert part["absent"] == []
    comparisons = part["comparisons"]
    assert set(comparisons["every job"]["methods"]) == set(DETECTORS)
    assert set(comparisons["trained"]["methods"]) == {
        "ours",
        "isolation_forest",
        "boosted_quantile",
    }
    assert set(comparisons["refitted"]["methods"]) == {"ours", "stl"}
    for one in comparisons.values():
        assert one["strange"] > 0
        for method, scores in one["methods"].items():
            assert method in part["controls"] or scores["judged"] > 0.2, method
    ours = comparisons["every job"]["methods"]["ours"]
    assert ours["slow_per_1000"] < 20
    assert ours["found"]["3"] > 0.3


def test_json_is_all_that_is_printed(told: Ran) -> None:
    assert told.out.startswith("{")
    assert told.err == ""


def test_the_page_is_written_and_logged_to_mlflow(place: Path, told: Ran) -> None:
    page = (place / "evaluation.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "LightGBM" in page
    client = MlflowClient(f"sqlite:///{place / 'home' / 'mlflow.db'}")
    (experiment,) = (
        e for e in client.search_experiments() if e.name == "/Shared/rightrun-evaluations"
    )
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["seed"] == "7"
    assert run.data.params["runs_from"] == "runs.parquet"
    scored = told.json()["comparisons"]["every job"]["horizons"]["start"]["methods"]
    assert run.data.metrics["start/crps"] == scored["ours"]["crps"]
    flags = told.json()["anomalies"]["comparisons"]["every job"]["methods"]["ours"]
    assert run.data.metrics["anomalies/found_x2"] == flags["found"]["2"]
    logged = Path(
        client.download_artifacts(run.info.run_id, "evaluation.html", str(place / "home"))
    )
    assert logged.read_text(encoding="utf-8") == page


def _again(page: Path) -> list[str]:
    [pasted] = re.findall(r'<code id="again">(.*?)</code>', page.read_text(encoding="utf-8"))
    command = shlex.split(html.unescape(pasted))
    return command[command.index("evaluate") + 1 :]


def test_the_page_says_how_to_make_it_again_from_any_folder(place: Path, told: Ran) -> None:
    assert told.code == 0
    asked = [str(place / "runs.parquet"), "--home", str(place / "home"), "--engine", "embedded"]
    assert _again(place / "evaluation.html") == [*asked, "--seed", "7", "--sample-jobs", "1"]


def test_a_person_reads_a_table_and_where_it_loses(place: Path) -> None:
    done = rightrun(
        "evaluate", "runs.parquet", "--quick", "--home", "home", "--out", "q.html", cwd=place
    )
    assert done.code == 0, done.err
    for said in (
        "RightRun",
        "7-day quantiles",
        "ours over it",
        "It loses",
        "Page: q.html",
        "Strange runs",
        "x3 found",
    ):
        assert said in done.out
    assert (place / "q.html").exists()


def test_a_home_is_evaluated_on_what_its_nights_have_read(account: Account) -> None:
    done = account.run("evaluate", "--quick", "--home", account.home, "--json", "--out", "h.html")
    assert done.code == 0, done.err
    asked = ["--home", str(account.home), "--engine", "embedded", "--seed", "7"]
    assert _again(account.root / "h.html") == [*asked, "--sample-jobs", "10", "--quick"]
    document = done.json()
    jobs = account.run("show", "jobs", "--home", account.home, "--json", "--limit", "1000").json()
    assert 0 < document["log"]["jobs"] <= len(jobs)
    assert document["comparisons"]["every job"]["horizons"]["start"]["runs"] > 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate", "nowhere.parquet"), "does not exist"),
        (("evaluate", "text.parquet"), "not readable as Parquet"),
        (("evaluate", "--home", "nowhere"), "holds no tables yet"),
        (("evaluate", "text.parquet", "--out", "no/such/folder.html"), "cannot be written"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "text.parquet").write_text("no parquet")
    done = rightrun(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err.replace("\n", " ")
    assert "Traceback" not in done.err
