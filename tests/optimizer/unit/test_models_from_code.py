"""Each file of models/ is logged with its signature, loaded and asked, on a store of its own."""

import json
import runpy
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from optimizer.baselines import latest, replay
from optimizer.forecast import fit
from optimizer.quantile import LEVELS
from tests.strategies.runs import lognormal_runs

with warnings.catch_warnings():
    # MLflow warns of its own type hints while it is imported.
    warnings.simplefilter("ignore")
    import mlflow.pyfunc

MODELS = Path(__file__).parents[3] / "models"
NAMES = ("duration_forecast", "job_baseline", "cluster_sizing")
RUNS = lognormal_runs(3, 40, seed=9)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """A function from a model's name and states to the loaded model."""
    home = tmp_path_factory.mktemp("mlflow")
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(f"sqlite:///{home / 'mlflow.db'}")
    mlflow.set_registry_uri(f"sqlite:///{home / 'mlflow.db'}")
    experiment = mlflow.create_experiment("models", artifact_location=(home / "a").as_uri())

    def serve(name: str, states: pd.DataFrame) -> mlflow.pyfunc.PyFuncModel:
        file = home / f"{name}.parquet"
        states.to_parquet(file, index=False)
        code = str(MODELS / f"{name}.py")
        with mlflow.start_run(experiment_id=experiment):
            info = mlflow.pyfunc.log_model(
                name=name,
                python_model=code,
                artifacts={"states": str(file)},
                signature=runpy.run_path(code)["SIGNATURE"],
                pip_requirements=["mlflow"],
            )
        return mlflow.pyfunc.load_model(info.model_uri)

    yield serve
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


# MLflow and its database layer warn of themselves; our own code's warnings have our module names.
pytestmark = pytest.mark.filterwarnings("ignore", "error:::optimizer", "error:::tests")


def _columns(model: mlflow.pyfunc.PyFuncModel) -> list[str]:
    return model.metadata.get_output_schema().input_names()


def test_duration_forecast(served: Callable) -> None:
    fitted = fit(RUNS)
    model = served("duration_forecast", fitted.states)
    upcoming = pd.DataFrame({"job_id": ["w/0001", "nobody"], "limit_seconds": [350.0, 350.0]})
    out = model.predict(upcoming, params={"quantiles": [0.5, 0.9]})
    assert list(out.columns) == _columns(model)
    assert out["status"].tolist() == ["ok", "not_assessed"]
    answer = fitted.predict(upcoming)
    assert json.loads(out["quantile_seconds"][0]) == pytest.approx(
        dict(zip(["0.5", "0.9"], answer.quantile([0.5, 0.9])[0], strict=True))
    )
    assert out["p_over_limit"][0] == pytest.approx(answer.p_over_limit(350.0)[0])
    assert out["quantile_seconds"][1] is None
    assert np.isnan(out["failure_rate"][1])


def test_duration_forecast_of_a_start(served: Callable) -> None:
    """A served row may say when its run starts: in UTC, without a zone, as MLflow will have it."""
    fitted = fit(RUNS, origin="nightly")
    model = served("duration_forecast", fitted.states)
    hours = pd.to_timedelta([5.0, 17.0], unit="h")
    upcoming = pd.DataFrame({"job_id": "w/0001", "start_time": RUNS["start_time"].max() + hours})
    given = upcoming.assign(start_time=upcoming["start_time"].dt.tz_localize(None))
    out = model.predict(given, params={"quantiles": [0.9]})
    seconds = [json.loads(answer)["0.9"] for answer in out["quantile_seconds"]]
    assert seconds == pytest.approx(fitted.predict(upcoming).quantile(0.9).tolist())
    assert seconds[0] != seconds[1]


def test_job_baseline(served: Callable) -> None:
    """A run scored by the model is scored as the replay would score it next."""
    model = served("job_baseline", latest(RUNS))
    rows = pd.DataFrame(
        {
            "job_id": ["w/0002", "nobody", "w/0002", "w/0002"],
            "duration_seconds": [3000.0, 1.0, np.nan, 1.0],
        }
    )
    out = model.predict(rows)
    assert list(out.columns) == _columns(model)
    assert out["status"].tolist() == ["ok", "not_assessed", "ok", "ok"]
    last = RUNS[RUNS["job_id"] == "w/0002"].tail(1)
    probe = last.assign(
        run_id="z", start_time=last["start_time"] + pd.Timedelta(days=7), duration_seconds=3000.0
    )
    row = replay(pd.concat([RUNS, probe], ignore_index=True)).iloc[-1]
    assert out["robust_z"][0] == pytest.approx(row["robust_z"])
    # One center in place of each candidate's own.
    assert out["p_value"][0] == pytest.approx(row["p_value"], rel=0.1)
    assert out["p_value_short"][0] == pytest.approx(row["p_value_short"], rel=0.1)
    assert out["ratio"][0] == pytest.approx(3000.0 / row["center"])
    assert out["is_anomaly"].tolist() == [True, False, False, False]
    assert out["is_short"].tolist() == [False, False, False, True]
    band = out[["usual_low_seconds", "center_seconds", "usual_high_seconds"]].iloc[3].tolist()
    assert band == sorted(band)
    assert out["robust_z"][1:3].isna().all()


def test_cluster_sizing(served: Callable) -> None:
    logit = np.log(LEVELS / (1 - LEVELS))
    states = pd.DataFrame(
        {
            "job_id": ["w/1", "w/2"], "workers": 8, "worker_node_type": "m", "cpu_p95_pct": 20.0,
            "mem_p99_pct": 30.0, "swap": 0.0, "minutes": [5000.0, 1.0], "runs": 30,
            "limit_seconds": 150.0, "list_cost": 900.0,
            "runtime_quantile_seconds": [(100.0 * np.exp(0.1 * logit)).tolist()] * 2,
        }
    )  # fmt: skip
    model = served("cluster_sizing", states)
    rows = pd.DataFrame({"job_id": ["w/2", "w/1", "nobody"]})
    out = model.predict(rows)
    assert list(out.columns) == _columns(model)
    assert out["status"].tolist() == ["too_few_runs", "ok", "not_assessed"]
    assert out["action"].tolist() == ["keep", "downsize", "keep"]
    cautious = model.predict(rows, params={"max_p_miss": 1e-6})
    assert cautious["action"].tolist() == ["keep", "keep", "keep"]


def test_every_model_has_a_card_and_rules() -> None:
    rules = yaml.safe_load((MODELS / "promotion.yml").read_text(encoding="utf-8"))
    assert set(rules) == set(NAMES) == {card.stem for card in (MODELS / "cards").glob("*.md")}
    for name in NAMES:
        card = (MODELS / "cards" / f"{name}.md").read_text(encoding="utf-8")
        assert all(f"**{part}.**" in card for part in ("Purpose", "Data", "Known failures"))
        for rule in rules[name]:
            assert rule["compare"] in ("champion", "absolute", "target")
