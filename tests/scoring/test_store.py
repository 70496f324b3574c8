"""The home's MLflow database is whole or not there: a night killed while it was made can be run again."""

from pathlib import Path

from mlflow import MlflowClient

from pipeline.scoring.tracking import _make, store_of


def test_what_a_kill_left_half_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db.new").write_bytes(b"half a database")
    store = store_of(tmp_path)
    assert store.file is not None
    _make(store.file)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
    client = MlflowClient(store.tracking_uri, store.registry_uri)
    made = client.create_experiment("kept", artifact_location=store.artifacts)
    _make(store.file)
    assert [
        one.experiment_id for one in client.search_experiments(filter_string="name = 'kept'")
    ] == [made]
