"""Changes of tables of a simulated account, found night by night, beside its truth."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession

from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.settings import Settings
from pipeline.sources.export import ExportFolder
from pipeline.steps.kinds import Step
from pipeline.tables import gold, ops
from pipeline.tables.declaration import Table
from simulator import append_day, simulate
from tests.simulator.conftest import END, Account, config

_DAYS = 5
_ASKED = (gold.TABLE_SCHEMA_CHANGES, gold.TABLE_SCHEMAS)


def _steps(*tables: Table) -> list[Step]:
    """The steps that make these tables, and all that they need."""
    needed: dict[str, Step] = {}
    todo = list(tables)
    while todo:
        table = todo.pop()
        for step in GRAPH.steps:
            if step.writes == table and step.name not in needed:
                needed[step.name] = step
                todo += step.reads
    return list(needed.values())


def test_each_change_is_found_by_the_night_after_it_and_no_other(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder, graph = tmp_path / "account", Graph(_steps(*_ASKED))
    lakehouse = DeltaFolder(tmp_path / "home", spark)
    simulate(config(days=4, reserve_days=_DAYS, seed=14), folder)
    nights = []
    for day in range(_DAYS + 1):
        if day:
            append_day(folder)
        source, now = ExportFolder(folder, spark), END + timedelta(days=day, hours=1)
        for _ in range(2 if day == 1 else 1):
            night = run_night(spark, lakehouse, source, Settings(), now=now, graph=graph)
        nights.append(pd.Timestamp(night.as_of))
        if day == 0:
            assert lakehouse.read(gold.TABLE_SCHEMA_CHANGES).count() == 0
            statuses = {row["reason"] for row in lakehouse.read(gold.TABLE_SCHEMAS).collect()}
            assert "no night before this one has seen its columns" in statuses
    seen = lakehouse.read(ops.COLUMNS_SEEN).toPandas()
    first_night = seen.groupby("table_name")["night_at"].min().dt.tz_localize("UTC")
    truth = Account(folder, END).truth("schema_changes")
    expected = set()
    for day, night_at in enumerate(nights[1:], start=1):
        end = END + timedelta(days=day)
        is_new = (truth["changed_at"] > end - timedelta(days=1)) & (truth["changed_at"] <= end)
        for row in truth[is_new].itertuples():
            if row.table_name in first_night and first_night[row.table_name] < night_at:
                expected.add((row.table_name, row.column_name, row.change, night_at))
    found = lakehouse.read(gold.TABLE_SCHEMA_CHANGES).toPandas()
    found["night_at"] = found["night_at"].dt.tz_localize("UTC")
    columns = [found[name] for name in ("table_name", "column_name", "change", "night_at")]
    assert set(zip(*columns, strict=True)) == expected
    assert len(found) == len(expected) >= 6
    assert len(set(found["change"])) >= 4
    assert found["writers"].map(len).min() == 1
    assert found["readers"].map(len).max() >= 1
    assert (found["readers"].map(len) == found["reader_jobs"]).all()
