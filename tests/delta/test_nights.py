"""Whole nights by the real command on Apache Spark with Delta Lake: their tables are the embedded engine's.

One account, in the order of the tests: a first night, maintenance and a night with nothing new, answers, nights
that are killed while their source grows.
"""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.engine_reader import EngineReader
from pipeline.lakehouse.catalog import statements
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.tables import bronze, gold, ops
from simulator import SimulatorConfig
from tests.answers.test_texts import ANSWERS, parameters
from tests.delta.delivered import ON_DELTA, Delivered
from tests.delta.evidence import EVIDENCE
from tests.delta.tables import empty, grow_old, unlike, versions, wait_for_lease
from tests.e2e.account import Ran, rightrun
from tests.parity.comparing import same
from tools.workspace.server import CATALOG, Workspace

_CONFIG = SimulatorConfig(jobs=4, days=4, seed=6, end=datetime(2026, 1, 26, tzinfo=UTC))
_DELIVERED = ("--as-of", f"{_CONFIG.end:%Y-%m-%dT%H:%M:%SZ}")
_LONG_AFTER = ("--as-of", "2026-06-01T00:00:00Z")
_KILLS, _MOST_SECONDS = 2, 30
_NIGHTLY = ("nightly", *ON_DELTA, "--json")


@pytest.fixture(scope="module")
def days(account: Delivered) -> list[str]:
    return sorted(file.stem for file in account.simulated.glob("billing/usage/*.parquet"))


@pytest.fixture(scope="module")
def account(
    workspace: Workspace, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Delivered]:
    """Half of its days are delivered."""
    made = Delivered(workspace, tmp_path_factory.mktemp("account"))
    days = made.simulate(_CONFIG)
    made.deliver(spark, days[1])
    # Columns that Delta gives to its own feed; those of a source are none of them.
    runs = f"{CATALOG}.lakeflow.job_run_timeline"
    spark.sql(f"ALTER TABLE {runs} ADD COLUMNS (_change_type STRING, _commit_version BIGINT)")
    spark.sql(f"UPDATE {runs} SET _change_type = 'delete', _commit_version = 7")
    yield made
    empty(spark)


@pytest.fixture(scope="module")
def catalog(spark: SparkSession) -> DeltaCatalog:
    return DeltaCatalog(CATALOG, spark)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the embedded engine."""
    return tmp_path_factory.mktemp("peer") / "home"


def steps_of(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    steps: list[dict[str, Any]] = json.loads(ran.out)
    EVIDENCE.steps |= {step["step"] for step in steps if step["mode"] != "current"}
    return steps


def in_process(account: Delivered, *arguments: str) -> Ran:
    """A command in this process, whose statements are noted."""
    ran = rightrun(*arguments, cwd=account.place)
    if ran.code == 0:
        EVIDENCE.commands.add(" ".join(arguments[: 2 if arguments[0] in ("show", "sla") else 1]))
    return ran


def runs_logged(workspace: Workspace) -> int:
    client = MlflowClient(workspace.environment["MLFLOW_TRACKING_URI"])
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return len(client.search_runs(experiments))


def as_of(days: list[str]) -> tuple[str, str]:
    return "--as-of", f"{days[1]}T18:00:00Z"


def test_a_first_night_gives_the_embedded_engines_tables(
    account: Delivered, spark: SparkSession, catalog: DeltaCatalog, peer: Path, days: list[str]
) -> None:
    with ThreadPoolExecutor(1) as threads:
        embedded = threads.submit(account.peer, peer, *as_of(days))
        steps_of(account.rightrun(*_NIGHTLY, *as_of(days)))
    assert embedded.result().code == 0, embedded.result().err
    assert unlike(account.workspace, peer) == []
    assert spark.table(catalog.name(gold.JOB_FORECAST)).count() > 0
    # Of the stand-in's MLflow alone: a workspace keeps these elsewhere.
    assert {path.name for path in account.place.iterdir()} <= {"mlruns"}
    assert runs_logged(account.workspace) > 0


def test_after_maintenance_a_night_with_nothing_new_writes_its_log_alone(
    account: Delivered, days: list[str]
) -> None:
    assert in_process(account, "maintain", "--engine", "databricks", "--json").code == 0
    before, runs_before = versions(account.workspace), runs_logged(account.workspace)
    steps = steps_of(in_process(account, *_NIGHTLY, *as_of(days)))
    log = {ops.POSITIONS.full_name, *(table.full_name for table in gold.NIGHT_TABLES)}
    # Small tables without days are read again, and hold what they held.
    assert {step["step"] for step in steps if step["mode"] != "current"} <= {"ingest"}
    after = versions(account.workspace)
    assert {table for table, version in after.items() if version != before[table]} <= log
    assert runs_logged(account.workspace) == runs_before


def test_every_answer_is_the_one_that_is_read_from_files(
    account: Delivered, spark: SparkSession, peer: Path
) -> None:
    by_file = DeltaReader(peer)
    by_engine = EngineReader(spark, DeltaCatalog(CATALOG, spark))
    unlike = []
    for name, answer in ANSWERS.items():
        # Each home tells of its own nights and decisions, and of when it was given what.
        if name.startswith(("nights/", "alerts/")) or name == "conditions/source_late":
            continue
        values = parameters(answer, peer)
        expected, given = (reader.read(answer, **values) for reader in (by_file, by_engine))
        records = [expected.records, given.records]
        if "ORDER BY" not in answer.sql:
            records = [sorted(rows, key=lambda row: repr([*row.values()])) for rows in records]
        if given.names != expected.names or not same(*records):
            unlike.append(name)
    assert not unlike


def test_commands_answer_from_the_workspace(account: Delivered) -> None:
    engine = ("--engine", "databricks")
    for command in (("show", "jobs"), ("show", "night"), ("sla", "list"), ("sla", "propose")):
        assert in_process(account, *command, *engine, "--json").code == 0
    commits = account.rightrun("history", "gold.jobs", *engine, "--json").json()
    assert [commit["operation"] for commit in commits][-1] == "CREATE TABLE"
    assert max(commit["inserted"] or 0 for commit in commits) > 0
    age = datetime.now(UTC) - datetime.fromisoformat(commits[0]["committed_at"])
    assert timedelta(0) < age < timedelta(hours=2), "it is said in UTC, whatever the client's zone"
    query = "SELECT count(*) AS jobs FROM gold.jobs"
    (row,) = in_process(account, "sql", query, *engine, "--json").json()
    assert row["jobs"] > 0
    assert in_process(account, "migrate", *engine, "--json").json() == []


def test_killed_nights_over_a_source_that_grows_come_to_the_same_end(
    account: Delivered, spark: SparkSession, catalog: DeltaCatalog, peer: Path, days: list[str]
) -> None:
    """Though a change feed was vacuumed away in between, and old days are dropped at the end."""
    moments = random.Random(18)
    for number in range(_KILLS):
        process = account.begin(*_NIGHTLY, *_DELIVERED)
        wait_for_lease(spark)
        if number == 0:
            # Its tables get their rows one after another, while the night reads them.
            account.deliver(spark, days[2])
            second = in_process(account, *_NIGHTLY, *_DELIVERED)
            assert second.code == 2
            assert f"are being written by process {process.pid} of" in " ".join(second.err.split())
        time.sleep(moments.uniform(0, _MOST_SECONDS))
        process.kill()
        process.communicate()
        grow_old(spark)
    account.deliver(spark, days[3])
    steps_of(account.to_the_end(*_NIGHTLY, *_DELIVERED, "--only", "bronze"))
    runs = catalog.name(bronze.JOB_RUN_TIMELINE)
    for text in (statements.compact(runs), statements.vacuum(runs, 0)):
        spark.sql(text)
    assert spark.table(catalog.name(bronze.NODE_TIMELINE)).count() > 0
    with ThreadPoolExecutor(1) as threads:
        embedded = threads.submit(account.peer, peer, *_LONG_AFTER)
        steps = steps_of(in_process(account, *_NIGHTLY, *_LONG_AFTER))
    assert {step["step"]: step["mode"] for step in steps}["attempts"] == "full"
    assert spark.table(catalog.name(bronze.NODE_TIMELINE)).count() == 0
    assert embedded.result().code == 0, embedded.result().err
    assert unlike(account.workspace, peer) == []
