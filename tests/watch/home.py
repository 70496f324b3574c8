"""A home after a night, of a few rows: what a look at the Jobs API begins with, and what comes of it."""

import atexit
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from optimizer.quantile import LOGIT_LEVELS
from pipeline.alert_settings import AlertSettings
from pipeline.alerts.memory import Made, make_decision
from pipeline.alerts.policy import Policy
from pipeline.answers.delta_reader import DeltaReader
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.settings import Settings
from pipeline.tables import gold
from pipeline.tables.alerts import OUTBOX
from pipeline.tables.declaration import Table
from pipeline.tables.live_runs import LIVE_RUNS, SWEEPS
from pipeline.tables.ops import POSITIONS
from pipeline.watch.look import Look, look
from tests.answers.homes import reader_of
from tests.strategies.tables import Row, arrow_of
from tests.watch.jobs import NOW, Jobs, W

NIGHT = NOW - timedelta(hours=6)
CURVE = (3600.0 * np.exp(0.5 * LOGIT_LEVELS)).tolist()
"""S(x) = 1 / (1 + (x / 3600)^2), as in tests/scoring/test_in_flight.py."""


def job(number: int, **more: Any) -> Row:
    return {
        "workspace_id": W, "series_key": f"{W}/{number}", "job_id": str(number), "name": f"job {number}",
        "state": "active", "tier": 1, "team": "core", "url": f"https://w.example.com/jobs/{number}",
        "sla_kind": "limit", "sla_limit_seconds": 7200.0,
    } | more  # fmt: skip


def state(number: int) -> Row:
    return {
        "job_id": f"{W}/{number}", "status": "ok", "reason": "", "runs": 20, "failure_rate": 0.0,
        "quantile_seconds": CURVE,
    }  # fmt: skip


def health(number: int, failures: int = 0, hours_ago: float = 10, **more: Any) -> Row:
    at = NOW - timedelta(hours=hours_ago)
    failing = (
        {"failing_since": at, "is_failing": True, "consecutive_failures": failures}
        if failures
        else {}
    )
    return {
        "workspace_id": W, "series_key": f"{W}/{number}", "last_run_id": f"{number}00", "last_ended_at": at,
    } | failing | more  # fmt: skip


def history(number: int, run_id: int, **more: Any) -> Row:
    return {
        "workspace_id": W, "series_key": f"{W}/{number}", "run_id": str(run_id), "attempts": 1,
        "run_date": NOW.date(), "started_at": NOW - timedelta(minutes=30), "status": "SUCCEEDED",
    } | more  # fmt: skip


@dataclass
class Home:
    """A home and the workspaces that are asked from it, each by its place."""

    path: Path
    spark: SparkSession
    workspaces: Mapping[str, Jobs]
    requests: int = 60

    @property
    def reader(self) -> DeltaReader:
        return DeltaReader(self.path)

    def look(self, now: datetime = NOW) -> Look:
        settings = Settings(
            watch_workspaces=tuple(filter(None, self.workspaces)), watch_requests=self.requests
        )
        return look(
            self.spark,
            DeltaFolder(self.path, self.spark),
            self.reader,
            settings,
            lambda place: self.workspaces[place].server.connect(1),
            now=now,
            night_at=NIGHT,
        )

    def decide(self, now: datetime = NOW, *, is_between_nights: bool = True) -> Made:
        made = make_decision(
            self.spark,
            DeltaFolder(self.path, self.spark),
            self.reader,
            Policy(AlertSettings(to=("everyone",))),
            now=now,
            night_at=NIGHT,
            is_between_nights=is_between_nights,
        )
        assert made is not None
        return made

    def rows(self, table: Table) -> list[Row]:
        folder = self.path / table.layer.schema / table.name
        return list(DeltaTable(str(folder)).to_pyarrow_table().to_pylist())

    @property
    def runs(self) -> dict[str, Row]:
        return {row["run_id"]: row for row in self.rows(LIVE_RUNS)}

    @property
    def sweeps(self) -> dict[str, Row]:
        return {row["place"]: row for row in self.rows(SWEEPS)}

    @property
    def messages(self) -> list[str]:
        return [
            row["content"] for row in sorted(self.rows(OUTBOX), key=lambda row: row["decided_at"])
        ]


@cache
def _empty() -> Path:
    """A home of empty tables, which others are copies of."""
    folder = TemporaryDirectory(prefix="rightrun-test-")
    atexit.register(folder.cleanup)
    home = Path(folder.name) / "home"
    reader_of(home, {gold.DURATION_STATES: []})
    return home


def home_of(
    path: Path, spark: SparkSession, *workspaces: Jobs, rows: Mapping[Table, Sequence[Row]] = {}
) -> Home:
    """A home whose night spoke of NIGHT and knows jobs 1 to 3."""
    night: dict[Table, Sequence[Row]] = {
        POSITIONS: [{"reader": "run_forecast", "input": "as_of", "position": NIGHT.isoformat()}],
        gold.JOBS: [job(number) for number in (1, 2, 3)],
        gold.DURATION_STATES: [state(number) for number in (1, 2, 3)],
    }
    copytree(_empty(), path)
    for table, of_table in (night | dict(rows)).items():
        folder = path / table.layer.schema / table.name
        write_deltalake(folder, arrow_of(table, of_table), mode="append")
    places = [""] if len(workspaces) == 1 else [str(place) for place in range(len(workspaces))]
    return Home(path, spark, dict(zip(places, workspaces, strict=True)))
