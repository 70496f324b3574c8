"""Both engines' answers, made once: a night over the fixture, then one process an engine."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from pipeline.dashboards.dashboard import datasets
from pipeline.engine.names import Engine
from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night, what_is_given
from pipeline.scoring.regimes import job_regimes
from pipeline.settings import Settings
from pipeline.sla.time_zones import time_zones
from pipeline.sources.export import ExportFolder
from pipeline.tables import gold, ops
from pipeline.tables.declaration import Table
from pipeline.tables.source import SOURCE_TABLES
from tests.dashboards.planted_alerts import planted_alerts
from tests.jvm import one_jvm
from tests.parity import fixture
from tests.strategies.tables import arrow_of, at

ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 400


@dataclass(frozen=True)
class Answers:
    """Where each engine wrote, and what it said it was."""

    folder: dict[Engine, Path]
    engine: dict[Engine, str]


@pytest.fixture(scope="session")
def answers(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    place = tmp_path_factory.mktemp("parity")
    given = place / "given"
    _give(spark, place, given)
    out = {engine: place / engine for engine in (Engine.EMBEDDED, Engine.SPARK)}
    with one_jvm():
        _run_both(out, given, place)
    return Answers(out, {e: (path / "engine.txt").read_text() for e, path in out.items()})


def _run_both(out: dict[Engine, Path], given: Path, place: Path) -> None:
    processes = {engine: _start(engine, given, out[engine], place) for engine in out}
    try:
        for engine, process in processes.items():
            if process.wait(timeout=_PATIENCE_SECONDS):
                said = (place / f"{engine}.log").read_text()[-3000:]
                pytest.fail(f"the engine {engine} could not run the parity cases: {said}")
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


def _start(engine: Engine, given: Path, out: Path, place: Path) -> subprocess.Popen[bytes]:
    with (place / f"{engine}.log").open("wb") as log:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.parity.run",
                "--engine",
                engine,
                "--in",
                given,
                "--out",
                out,
            ],
            cwd=ROOT,
            # Spark's own answer is what is wanted, whatever cluster the user is connected to.
            env={name: value for name, value in os.environ.items() if name != "SPARK_REMOTE"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _give(spark: SparkSession, place: Path, given: Path) -> None:
    """Every input of every step, after one real night, and the sources in two spellings."""
    account = fixture.account()
    export = fixture.write_export(account, place / "export")
    lakehouse = DeltaFolder(place / "home", spark)
    settings = Settings(slas={f"{fixture.WEST}/1": "45m", f"{fixture.WEST}/3": "06:30 Asia/Tokyo"})
    night = run_night(spark, lakehouse, ExportFolder(export, spark), settings, now=fixture.NOW)
    assert night.standpoint is not None
    night_given = what_is_given(night.standpoint, settings)
    for table in {table for step in GRAPH.steps for table in step.inputs}:
        rows = _seen_before(table, _said_before(table, _with_shifts(lakehouse.read(table))))
        if table is gold.JOB_REGIMES:
            rows = job_regimes(_with_shifts(lakehouse.read(gold.RUN_SCORES)))
        assert rows.count(), f"the fixture leaves {table.full_name} empty"
        rows.write.parquet(str(given / "tables" / table.full_name))
    shown = {table for dataset in datasets().values() for table in dataset.tables}
    frames = {table: lakehouse.read(table) for table in shown if table.layer.schema != "ops"}
    keys = frames[gold.JOBS].select("series_key").toArrow()["series_key"].to_pylist()
    frames |= planted_alerts(spark, night_given.as_of, sorted(keys))
    for table, rows in frames.items():
        rows.write.parquet(str(given / "dashboards" / table.name))
    (given / "night.json").write_text(json.dumps(asdict(night_given), default=str))
    pq.write_table(_deadlines(), given / "deadlines.parquet")
    for spelling in ("typed", "text"):
        (given / spelling).mkdir()
    for table in SOURCE_TABLES:
        rows_given = [row for _, row in account.rows[table.name]]
        pq.write_table(arrow_of(table, rows_given), given / "typed" / f"{table.name}.parquet")
        text = [_as_text(row) for row in rows_given[:400]]
        damaged = [
            row | {name: bad}
            for row, (name, bad) in zip(cycle(text), _damage(text[0]), strict=False)
        ]
        schema = pa.schema([(name, pa.string()) for name in text[0]])
        pq.write_table(
            pa.Table.from_pylist([*text, *damaged], schema=schema),
            given / "text" / f"{table.name}.parquet",
        )


def _with_shifts(rows: DataFrame) -> DataFrame:
    """Scores as they would be, had each job changed its level with its last run: its days are too few for one
    to be found."""
    if "is_shift" not in rows.columns:
        return rows
    last = F.max("started_at").over(Window.partitionBy("workspace_id", "series_key"))
    changed = {
        "is_shift": F.lit(True),
        "shift_ratio": F.lit(1.5),
        "regime_start": F.col("started_at"),
        "first_run_id": F.col("run_id"),
    }
    is_last = F.col("started_at") == last
    planted = {
        name: F.when(is_last, value).otherwise(F.col(name))
        for name, value in changed.items()
        if name in rows.columns
    }
    return rows.withColumns(planted)


def _said_before(table: Table, rows: DataFrame) -> DataFrame:
    """Statements as the night of four days before would have made them, so that what came is known."""
    if table is not ops.SAID:
        return rows
    moved = {
        name: F.timestamp_add("DAY", F.lit(-4), F.col(name))
        for name in ("night_at", "expected_start_at")
    }
    return rows.withColumns(moved | {"open_from": F.date_sub("open_from", 4)})


def _seen_before(table: Table, rows: DataFrame) -> DataFrame:
    """Columns as nights of days before would have seen them: one was not there, one of another type, and one is
    there no more; a table was not listed for a night."""
    if table is not ops.COLUMNS_SEEN:
        return rows
    first = rows.withColumn("night_at", F.timestamp_add("DAY", F.lit(-4), F.col("night_at")))
    is_changed = F.col("column_name") == "amount"
    before = first.where("column_name <> 'later'").withColumns(
        {
            "data_type": F.when(is_changed, F.lit("int")).otherwise(F.col("data_type")),
            "is_nullable": F.when(is_changed, F.lit(False)).otherwise(F.col("is_nullable")),
        }
    )
    gone = first.where("column_name = 'id'").withColumn("column_name", F.lit("gone"))
    third = F.timestamp_add("DAY", F.lit(1), F.col("night_at"))
    changed = first.where(is_changed & (F.col("table_name") != "main.a.report"))
    unlisted = first.where("column_name = '' AND table_name = 'main.a.shaped'").withColumn(
        "is_there", F.lit(False)
    )
    removed = gone.where("table_name = 'main.a.there'").withColumns(
        {
            "is_there": F.lit(False),
            "data_type": F.lit(None).cast("string"),
            "is_nullable": F.lit(None).cast("boolean"),
        }
    )
    later = changed.unionByName(unlisted).unionByName(removed).withColumn("night_at", third)
    return before.unionByName(gone).unionByName(later)


def _deadlines() -> pa.Table:
    """A start every half a day or so in every zone that may be named, and a clock time after it."""
    every = timedelta(hours=11, minutes=50)
    rows = [
        {"zone": zone, "number": number, "started_at": at(0) + number * every}
        for zone in sorted(time_zones())
        for number in range(20)
    ]
    for row in rows:
        row["clock"] = f"{row['started_at'] + timedelta(minutes=7 * row['number']):%H:%M}"
    return pa.Table.from_pylist(rows)


def _as_text(row: dict[str, Any]) -> dict[str, str | None]:
    """A row as a dump in CSV holds it."""

    def text(name: str, value: Any) -> str | None:
        if value is None:
            return None
        if name in ("tags", "custom_tags"):
            return json.dumps(dict(value))
        if isinstance(value, dict | list):
            return json.dumps(value, default=str)
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if isinstance(value, bool):
            return str(value).lower()
        return str(value)

    return {name: text(name, value) for name, value in row.items()}


def _damage(row: dict[str, str | None]) -> list[tuple[str, str | None]]:
    """Values that cannot be, for as many columns as the table has."""
    bad = (
        "",
        "nonsense",
        None,
        "1e400",
        "2026-13-45",
        "{",
        "-1",
        "NaN",
        "1970-01-01",
        "9999-01-01",
    )
    return [(name, value) for name in row for value in bad]
