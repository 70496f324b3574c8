"""A Spark Connect server with Delta Lake, in a process of its own, as long as a block lasts.

It answers what serverless compute gives: Spark SQL and DataFrames over Spark Connect, and Delta's
statements. Its tables are in `spark_catalog`, because Delta answers to no other catalog here, and are
forgotten with the server. It has no `information_schema`, no grants, and no Photon.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

CATALOG = "spark_catalog"
JARS = Path(".venv-jars")
"""Where `make jars` puts Delta's jars: beside `.venv`."""
_LOOPBACK = "127.0.0.1"
# Whatever ends this process closes the pipe that it holds, and the server goes with it.
_WITH_US = 'exec 3<&0; { cat <&3 > /dev/null; kill -9 0; } & exec "$@" 3<&- < /dev/null'
_STARTS_WITHIN_SECONDS = 300
_MAIN_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
_SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # Thousands of statements over some rows each: neither fifty tasks to read a log nor a wait for a
    # nearer core are worth it, nor code compiled for each of them.
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "200",
    "spark.sql.lightweightPlanChangeValidation": "false",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
    "spark.locality.wait": "0",
    # VACUUM lists a table's files in as many tasks, ten thousand where nothing is said.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    # Delta keeps the log of each table that it has seen, with the plan that reads it, for an hour: of the
    # hundreds of tables that a night stages they fill a driver of 1 GB, which then does nothing but collect.
    "spark.databricks.delta.delta.log.cacheSize": "128",
    "spark.sql.ui.retainedExecutions": "20",
    # So that a change feed can be vacuumed away within a test.
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """A running server: where it answers, and the folder with its tables, its log and MLflow's database."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def remote(self) -> str:
        return f"sc://{_LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs, that runs `rightrun ... --engine databricks` on this server."""
        mlflow = f"sqlite:///{self.folder / 'mlflow.db'}"
        return {
            "DATABRICKS_RUNTIME_VERSION": "client.5",
            "SPARK_REMOTE": self.remote,
            "RIGHTRUN_CATALOG": CATALOG,
            "RIGHTRUN_SYSTEM_CATALOG": CATALOG,
            "MLFLOW_TRACKING_URI": mlflow,
            "MLFLOW_REGISTRY_URI": mlflow,
        }

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def serving(
    folder: Path,
    *,
    jars: Path = JARS,
    master: str = "local[2]",
    memory: str = "2g",
    python: str = sys.executable,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Workspace]:
    """A server that keeps everything in `folder`; RuntimeError where it does not come up.

    `python` runs the workers, as the environment of a task does on serverless compute.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        str(Path(pyspark.__file__).parent / "bin" / "spark-submit"),
        *("--master", master),
        *("--driver-memory", memory),
        *("--jars", ",".join(map(str, _jars(jars)))),
        *("--class", _MAIN_CLASS),
    ]
    chosen = _SETTINGS | {
        "spark.connect.grpc.binding.address": _LOOPBACK,
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder / "local"),
    }
    for name, value in (chosen | dict(settings or {})).items():
        command += ["--conf", f"{name}={value}"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_"))
    } | {"PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": _LOOPBACK}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", _WITH_US, "sh", *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    workspace = Workspace(port, folder.resolve(), process)
    try:
        _wait_for(workspace)
        yield workspace
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        shutil.rmtree(folder / "local", ignore_errors=True)


def _jars(folder: Path) -> list[Path]:
    jars = sorted(folder.resolve().glob("*.jar"))
    if not jars:
        raise RuntimeError(f"no jars of Delta Lake in {folder}: run make jars")
    return jars


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait_for(workspace: Workspace) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if workspace.process.poll() is not None:
            raise RuntimeError(f"the server ended at once:\n{workspace.log[-2000:]}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((_LOOPBACK, workspace.port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not answer in time:\n{workspace.log[-2000:]}")
