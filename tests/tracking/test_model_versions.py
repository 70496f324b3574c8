"""Each night's version of a model: described, named, compared with the champion, and gone when it is old."""

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from pyspark.sql import DataFrame, SparkSession

from optimizer.baselines import latest
from pipeline.tracking.experiments import NIGHTS, opened_experiment
from pipeline.tracking.model_versions import Registered, register
from pipeline.tracking.promotion import Rule
from pipeline.tracking.pruning import prune_versions
from pipeline.tracking.store import store_of
from pipeline.wheel import write_wheel
from tests.strategies.runs import lognormal_runs

NAME = "main.models.job_baseline"
RULES = [Rule("anomaly_share", "champion", factor=2.0)]
SHARES = (0.01, 0.015, 0.5, 0.6, 0.7)
"""The second is champion; the others break the rule against it."""

# MLflow and its database layer warn of themselves.
pytestmark = pytest.mark.filterwarnings("ignore", "error:::pipeline", "error:::tests")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    yield tmp_path_factory.mktemp("a home")
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


@pytest.fixture(scope="module")
def registered(home: Path, spark: SparkSession) -> list[Registered]:
    """Five nights' versions."""
    states = spark.createDataFrame(latest(lognormal_runs(3, 20, seed=9)))
    experiment_id = opened_experiment(store_of(home), "/Shared/nights", NIGHTS)
    wheel = write_wheel(home)
    with mlflow.start_run(experiment_id=experiment_id):
        return [_registered(states, share, wheel) for share in SHARES]


def _registered(states: DataFrame, share: float, wheel: Path) -> Registered:
    metrics = {"anomaly_share": share, "jobs_assessed_share": 1.0}
    as_of = "2026-01-26 00:00 UTC"
    return register("job_baseline", NAME, states, metrics, RULES, wheel, as_of)


def test_a_version_is_champion_while_no_later_one_keeps_the_rules(
    registered: list[Registered],
) -> None:
    assert [each.is_champion for each in registered] == [True, True, False, False, False]
    client = MlflowClient()
    model = client.get_registered_model(NAME)
    assert {alias: int(version) for alias, version in model.aliases.items()} == {
        "champion": 2,
        "challenger": 5,
    }
    assert model.description.startswith("**Purpose.**")
    first, third = (client.get_model_version(NAME, str(version)) for version in (1, 3))
    assert first.description == (
        "What was known of 3 jobs as of 2026-01-26 00:00 UTC. It became champion: there was none"
        " before."
    )
    assert third.description == (
        "What was known of 3 jobs as of 2026-01-26 00:00 UTC. It did not become champion: its"
        " anomaly_share is 0.5, and not <= 0.03, so version 2 stays."
    )
    assert third.tags == {"anomaly_share": "0.5"}


def test_old_versions_go_with_their_files_but_never_one_that_is_named(
    home: Path, registered: list[Registered]
) -> None:
    assert len(registered) == len(_files(home)) == 5
    client = MlflowClient()
    client.set_registered_model_alias(NAME, "audited", "1")
    prune_versions(store_of(home), NAME, 1)
    kept = client.search_model_versions(f"name='{NAME}'")
    assert sorted(int(version.version) for version in kept) == [1, 2, 5]
    assert _files(home) == {version.source.removeprefix("models:/") for version in kept}
    assert mlflow.pyfunc.load_model(f"models:/{NAME}@champion").metadata.signature is not None
    client.delete_registered_model_alias(NAME, "audited")
    # What a night deleted before it was killed: the next one finds the version, and goes on.
    [oldest] = (version for version in kept if int(version.version) == 1)
    client.delete_logged_model(oldest.source.removeprefix("models:/"))
    prune_versions(store_of(home), NAME, 1)
    left = client.search_model_versions(f"name='{NAME}'")
    assert sorted(int(version.version) for version in left) == [2, 5]


def _files(home: Path) -> set[str]:
    """The models that have files, by the folder that MLflow gives each."""
    return {file.parents[1].name for file in home.rglob("MLmodel")}
