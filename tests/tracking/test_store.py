"""The home's MLflow: whole or not there, wherever the home stands, with the code that its models need."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.metadata import PathDistribution
from io import StringIO
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from optimizer.baselines import latest
from pipeline.tracking.experiments import EVALUATIONS, NIGHTS, opened_experiment, page_of
from pipeline.tracking.model_versions import logged_model
from pipeline.tracking.store import Store, make_database, store_of
from pipeline.wheel import packages, write_wheel
from tests.strategies.runs import lognormal_runs

EXPERIMENT = "/Shared/nights"
JOBS = 3

# MLflow and its database layer warn of themselves.
pytestmark = pytest.mark.filterwarnings("ignore", "error:::pipeline", "error:::tests")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with an MLflow run that logged a page and a model."""
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    # A percent sign and an underscore, which SQL's LIKE takes for anything.
    home = tmp_path_factory.mktemp("first") / "a_home 100%"
    home.mkdir()
    states = home.parent / "states.parquet"
    latest(lognormal_runs(JOBS, 20, seed=9)).to_parquet(states, index=False)
    with warnings.catch_warnings(), redirect_stderr(StringIO()) as stderr:
        warnings.simplefilter("ignore")
        _log(store_of(home), "first night")
        with mlflow.start_run(experiment_id=opened_experiment(store_of(home), EXPERIMENT, NIGHTS)):
            info = logged_model("job_baseline", states, write_wheel(home.parent))
        mlflow.register_model(info.model_uri, "main.models.baseline")
    assert "Downloading" not in stderr.getvalue(), "MLflow's bars stand in the log of a night"
    yield home
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def _log(store: Store, text: str) -> str:
    identifier = opened_experiment(store, EXPERIMENT, NIGHTS)
    with mlflow.start_run(experiment_id=identifier) as run:
        mlflow.log_text(text, "page.html")
        return str(run.info.run_id)


def _files(home: Path) -> dict[str, bytes]:
    return {str(f.relative_to(home)): f.read_bytes() for f in home.rglob("*") if f.is_file()}


def test_what_a_kill_left_half_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db.new").write_bytes(b"half a database")
    store = store_of(tmp_path)
    assert store.file is not None
    make_database(store.file)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
    client = MlflowClient(store.tracking_uri, store.registry_uri)
    made = client.create_experiment("kept", artifact_location=store.artifacts)
    make_database(store.file)
    assert [
        one.experiment_id for one in client.search_experiments(filter_string="name = 'kept'")
    ] == [made]


def test_a_list_of_experiments_shows_those_of_ours_only(home: Path) -> None:
    store = store_of(home)
    before = opened_experiment(store, EXPERIMENT, NIGHTS)
    evaluations = opened_experiment(store, EXPERIMENT, EVALUATIONS)
    client = MlflowClient()
    client.set_experiment_tag(evaluations, "mlflow.note.content", "What we found in May.")
    assert opened_experiment(store, EXPERIMENT, EVALUATIONS) == evaluations
    described = {each.name: each.tags for each in client.search_experiments()}
    assert set(described) == {EXPERIMENT, f"{EXPERIMENT}-evaluations"}
    assert {tags["mlflow.experimentKind"] for tags in described.values()} == {
        "custom_model_development"
    }
    assert described[EXPERIMENT]["mlflow.note.content"] == NIGHTS.description
    assert described[f"{EXPERIMENT}-evaluations"]["mlflow.note.content"] == "What we found in May."
    page = page_of(store, EXPERIMENT, NIGHTS)
    assert page is not None
    assert f"/experiments/{before}?" in page


def test_a_home_without_runs_has_no_page(tmp_path: Path) -> None:
    assert page_of(store_of(tmp_path), EXPERIMENT, NIGHTS) is None
    assert not (tmp_path / "mlflow.db").exists()


def test_a_copied_home_writes_into_itself_and_reads_what_was_copied(
    home: Path, tmp_path: Path
) -> None:
    original = _files(home)
    # Its name begins as the original's does.
    copied = home.with_name(home.name + " copied")
    shutil.copytree(home, copied)
    run = _log(store_of(copied), "a night of the copy")
    assert _files(home) == original
    assert (copied / "mlartifacts" / run / "artifacts" / "page.html").exists()
    shutil.move(home, tmp_path / "away")  # What the copy still had there, it could not read now.
    try:
        client = MlflowClient(store_of(copied).tracking_uri, store_of(copied).registry_uri)
        [experiment] = client.search_experiments(filter_string=f"name = '{EXPERIMENT}'")
        pages = {
            mlflow.artifacts.load_text(f"{run.info.artifact_uri}/page.html")
            for run in client.search_runs([experiment.experiment_id])
            if client.list_artifacts(run.info.run_id)
        }
        assert pages == {"first night", "a night of the copy"}
        served = mlflow.pyfunc.load_model("models:/main.models.baseline/1")
        assert served.metadata.signature is not None
    finally:
        shutil.move(tmp_path / "away", home)


def _model(home: Path) -> Path:
    [description] = home.rglob("MLmodel")
    return description.parent


def test_a_model_asks_no_index_for_its_own_code(home: Path) -> None:
    requirements = (_model(home) / "requirements.txt").read_text().split()
    ours = [line for line in requirements if "rightrun" in line]
    assert ours == [f"code/{write_wheel(home.parent).name}"]
    assert (_model(home) / ours[0]).read_bytes() == write_wheel(home.parent).read_bytes()


def test_a_model_answers_where_rightrun_is_not_installed(home: Path) -> None:
    source = str(packages()["optimizer"].parent)
    script = f"""
import importlib.util, json, sys, warnings
sys.path[:] = [path for path in sys.path if path != {source!r}]
assert importlib.util.find_spec("optimizer") is None
warnings.simplefilter("ignore")
import mlflow.pyfunc, pandas
served = mlflow.pyfunc.load_model({str(_model(home))!r})
rows = pandas.DataFrame({{"job_id": ["w/0001", "nobody"], "duration_seconds": [60.0, 60.0]}})
print(json.dumps(served.predict(rows)["status"].tolist()))
"""
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout.splitlines()[-1]) == ["ok", "not_assessed"]


def test_the_wheel_holds_what_runs_and_accounts_for_every_file(tmp_path: Path) -> None:
    file = write_wheel(tmp_path)
    with zipfile.ZipFile(file) as wheel:
        content = {name: wheel.read(name) for name in wheel.namelist()}
        wheel.extractall(tmp_path / "unpacked")
    for place, folder in packages().items():
        for source in folder.rglob("*.py"):
            name = f"{place}/{source.relative_to(folder).as_posix()}"
            assert content[name] == source.read_bytes()
    [information] = (tmp_path / "unpacked").glob("*.dist-info")
    installed = PathDistribution(information)
    assert (installed.metadata["Name"], installed.version) == ("rightrun", file.name.split("-")[1])
    assert any(one.startswith("mlflow-skinny") for one in installed.requires or ())
    assert {point.name: point.value for point in installed.entry_points} == {
        "rightrun": "pipeline.cli.__main__:main"
    }
    recorded = {str(path): path.hash for path in installed.files or ()}
    assert set(recorded) == set(content)
    for name, digest in recorded.items():
        if digest is not None:
            encoded = base64.urlsafe_b64encode(hashlib.sha256(content[name]).digest())
            assert digest.value == encoded.rstrip(b"=").decode()
    before = file.read_bytes()
    assert write_wheel(tmp_path).read_bytes() == before
