"""Every stage as a task of serverless compute, on the stand-in whose workers have the same pins."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from pipeline.nightly.night import TRACK, stages_of
from tests.environment.environments import ROOT, Environment, environment, wheel
from tools.workspace.server import Workspace, free_port, serving

_NUMBER = 5
_JOBS, _DAYS, _END = "6", "5", "2026-01-26T00:00:00Z"
_LOCAL_RELATIONS = {
    # Numbers without a unit, as a workspace answers its own client.
    "spark.sql.session.localRelationSizeLimit": str(3 << 30),
    "spark.sql.session.localRelationChunkSizeBytes": str(16 << 20),
    "spark.sql.session.localRelationBatchOfChunksSizeBytes": str(1 << 30),
}
_OWN_OVERRIDE = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
"""Root may write what is read-only: not so here."""


def _sealed(place: Path, installed: Environment) -> Path:
    """The Python of an environment that nobody can write to, without a home."""
    python = place / "python"
    words = ["exec", "env", "HOME=/nonexistent", *_OWN_OVERRIDE, str(installed.python), '"$@"']
    python.write_text(f"#!/bin/sh\n{' '.join(words)}\n", encoding="utf-8")
    python.chmod(0o755)
    subprocess.run(["chmod", "-R", "a-w", str(installed.folder)], check=True)
    return python


@contextmanager
def _tracking(place: Path) -> Iterator[str]:
    """MLflow's server, since the client of a workspace has no database of its own."""
    port = free_port()
    place.mkdir()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{place / 'mlflow.db'}"),
        *("--serve-artifacts", "--artifacts-destination", str(place / "artifacts")),
    ]
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # Otherwise the server polls for jobs of its own in five processes, all the time.
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        ) as server,
    ):
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, 15)


@dataclass(frozen=True)
class _Job:
    """A job whose tasks run on `workspace`, each in a working directory of its own."""

    python: Path
    workspace: Workspace
    tracking: str
    place: Path

    def task(self, key: str, *words: str) -> str:
        folder = self.place / key
        folder.mkdir(exist_ok=True)
        variables = {
            **self.workspace.environment,
            "MLFLOW_TRACKING_URI": self.tracking,
            "MLFLOW_REGISTRY_URI": self.tracking,
            "PATH": "/usr/bin:/bin",
        }
        home = self.place / "home"
        script = ROOT / "tests" / "environment" / "as_task.py"
        command = [
            str(self.python),
            str(script),
            *words,
            "--engine",
            "databricks",
            "--home",
            str(home),
        ]
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{key}: {done.stdout}{done.stderr}"
        assert not home.exists(), "a task wrote beside its settings"
        assert not list(folder.iterdir()), "a task wrote into its working directory"
        return done.stdout

    def stage(self, key: str) -> str:
        return self.task(
            key, "nightly", "--only", key, "--night", "1000", "--source", "databricks", "--as-of="
        )


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Job]:
    place = tmp_path_factory.mktemp("job")
    python = _sealed(place, environment(place / "environment", _NUMBER, wheel(place)))
    account = place / "account"
    simulate = ["simulate", "--jobs", _JOBS, "--days", _DAYS, "--end", _END, "--out", str(account)]
    subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *simulate], check=True, capture_output=True
    )
    with (
        serving(place / "server", python=str(python), settings=_LOCAL_RELATIONS) as workspace,
        _tracking(place / "mlflow") as tracking,
    ):
        module = "tools.workspace.system_tables"
        command = [sys.executable, "-m", module, workspace.remote, str(account)]
        subprocess.run(command, cwd=ROOT, check=True)
        yield _Job(python, workspace, tracking, place)


def test_every_stage_runs_as_a_task_and_all_are_one_night(job: _Job) -> None:
    for stage in stages_of():
        said = job.stage(stage)
        assert "What the night did" in said
    # A task that is tried again tells MLflow nothing new.
    job.stage(TRACK)
    mlflow.set_tracking_uri(job.tracking)
    client = MlflowClient(job.tracking, job.tracking)
    (experiment,) = client.search_experiments(filter_string="name = '/Shared/rightrun'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.tags["night"] == "1000"
    assert len(client.search_registered_models()) == 3


def test_a_self_test_of_a_workspace_leaves_nothing(job: _Job) -> None:
    said = job.task("selftest", "selftest")
    assert "computes what it should" in said
    assert not [*(job.workspace.folder / "warehouse").glob("rightrun_selftest_*")]
