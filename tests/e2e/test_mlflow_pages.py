"""MLflow as a person opens it: by the printed command and address, in a real browser."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from playwright.sync_api import Page, sync_playwright

from pipeline.settings import Settings
from pipeline.tracking.experiments import NIGHTS, PORT
from pipeline.tracking.nights import LOGGED_IN_FULL, LOGGED_SETTINGS
from pipeline.tracking.store import store_of
from tests.e2e.account import Account
from tests.evaluation.test_browser import ALONE

STARTS_WITHIN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What the night printed, and where the server that it starts answers."""

    address: str
    page: str
    folder: Path

    def api(self, name: str, **request: Any) -> dict[str, Any]:
        """A call of MLflow's REST API: GET without a request, else POST."""
        body = json.dumps(request).encode() if request else None
        asked = Request(
            f"{self.address}/api/2.0/mlflow/{name}",
            data=body,
            headers={"Content-Type": "application/json"},
        )
        with urlopen(asked, timeout=30) as answer:
            return dict(json.load(answer))


@pytest.fixture(scope="module")
def shown(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The command as it is printed, run by a shell in a folder of its own."""
    printed = (account.root / "first.txt").read_text()
    [command] = re.findall(r"^MLflow: (.*)$", printed, re.MULTILINE)
    [page] = re.findall(r"^Then open: (.*)$", printed, re.MULTILINE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("elsewhere")
    server = subprocess.Popen(
        command,
        shell=True,
        cwd=folder,
        env={
            **os.environ,
            "MLFLOW_PORT": str(port),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield Shown(address, page.replace(f"http://127.0.0.1:{PORT}", address), folder)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def _wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline_at = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            urlopen(f"{address}/health", timeout=5).close()
            return
        except (URLError, OSError):
            assert server.poll() is None, "the printed command ended at once"
            assert time.monotonic() < deadline_at, "the printed command started no server"
            time.sleep(0.1)  # Nothing but an answer says that a server of MLflow has started.


@pytest.fixture(scope="module")
def night(account: Account) -> Run:
    client = MlflowClient(store_of(account.home).tracking_uri)
    experiment = client.get_experiment_by_name(Settings().experiment)
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    return run


def test_the_printed_command_is_one_line_that_starts_a_server_with_the_night(
    shown: Shown, night: Run, account: Account
) -> None:
    assert (
        shlex.split(store_of(account.home).shown)[-1] == f"sqlite:///{account.home / 'mlflow.db'}"
    )
    runs = shown.api("runs/search", experiment_ids=[night.info.experiment_id])["runs"]
    assert [run["info"]["run_id"] for run in runs] == [night.info.run_id]
    files = shown.api(f"artifacts/list?run_id={night.info.run_id}")["files"]
    assert {"jobs.json", "tables.json", "not_assessed.json", "coverage.png"} <= {
        file["path"] for file in files
    }
    address = f"{shown.address}/get-artifact?run_id={night.info.run_id}&path=jobs.json"
    with urlopen(address, timeout=30) as answer:
        jobs = json.load(answer)
    assert {"name", "p_miss", "p95_seconds", "crps_ratio", "job"} <= set(jobs["columns"])
    assert list(shown.folder.iterdir()) == [], "looking leaves nothing where one looks from"


def test_the_pages_open_as_machine_learning_and_say_what_they_show(
    shown: Shown, night: Run
) -> None:
    chromium = shutil.which("chromium")
    assert chromium, "pages are opened in Chromium, and none was found: see make prerequisites"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ALONE)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(60_000)
        _see(page, shown.page, "Model registry", NIGHTS.description.split(":")[0])
        page.get_by_text(night.info.run_name).first.click()
        page.get_by_text("About this run").wait_for()
        said = night.data.tags["mlflow.note.content"].split(", ")[0]
        page.get_by_text(said).first.wait_for()
        browser.close()


def _see(page: Page, address: str, *texts: str) -> None:
    page.goto(address)
    for text in texts:
        page.get_by_text(text).first.wait_for()


def test_a_night_says_in_three_sentences_what_it_found(night: Run) -> None:
    said = night.data.tags["mlflow.note.content"]
    assert re.fullmatch(
        r"As of 2026-01-26 00:00 UTC, \d+ of \d+ jobs were forecast, \d+ were compared with their baseline,"
        r" and \d+ had their cluster size assessed\."
        r" More likely than not to miss their SLA next time: \d+; last run unlike the job: \d+;"
        r" fewer workers recommended: \d+(, for [\d,.]+ USD less a month \(DBU part\))?\."
        r" All models became champion \(there was none before\)\.",
        said,
    )
    assert night.info.run_name == "night 2026-01-26 00:00"
    assert len(night.data.metrics) <= 28
    assert {"duration_forecast/crps_ratio", "seconds/total", "rows_written/gold"} <= set(
        night.data.metrics
    )


def test_only_settings_that_are_named_are_logged(night: Run, account: Account) -> None:
    """A new setting is decided on here: one that may hold a secret is not logged."""
    assert set(night.data.params) == set(LOGGED_SETTINGS)
    # Whom messages reach, and what is asked between nights, changes nothing that a night says of jobs.
    not_logged = {"experiment", "channels", "alerts", "watch_workspaces", "watch_requests"}
    assert set(LOGGED_SETTINGS) | set(LOGGED_IN_FULL) | not_logged == set(Settings.model_fields)
    folder = account.home / "mlartifacts" / night.info.run_id / "artifacts"
    assert set(json.loads((folder / "settings.json").read_text())) == set(LOGGED_IN_FULL)


def test_each_table_of_gold_is_logged_with_its_version_and_rows(
    night: Run, account: Account
) -> None:
    folder = account.home / "mlartifacts" / night.info.run_id / "artifacts"
    logged = json.loads((folder / "tables.json").read_text())
    rows = [dict(zip(logged["columns"], values, strict=True)) for values in logged["data"]]
    [jobs] = (row for row in rows if row["table"] == "gold.jobs")
    stored = account.run(
        "sql", "select count(*) as n from gold.jobs", "--home", account.home, "--json"
    )
    assert jobs["rows"] == stored.json()[0]["n"]
    assert jobs["version"] >= 1
    assert re.search(r"silver\.\w+ at \d+", jobs["read"])
