"""Many nights over deliveries end with the tables of one night over everything.

The fixture's deliveries hold a slice that comes late, one that comes before the run's first slice
and so moves the run over midnight, an SLA declared before the runs it judges and delivered after
them, a price that changes, and a record taken back and stated anew three weeks later.
"""

from datetime import datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import bronze, gold, ops, silver
from tests.night.homes import WRITTEN, Made, assert_same_home, night, versions
from tests.parity import fixture
from tests.parity.comparing import compared_columns, differences
from tests.strategies.tables import at

_DELIVERIES = ((0, 4), (5, 8), (9, 10), (11, 13), (14, fixture.LAST_DAY))


@pytest.fixture(scope="module")
def nightly(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("nightly")
    account = fixture.account()
    export = place / "export"
    for number, (first, last) in enumerate(_DELIVERIES):
        fixture.write_export(account, export, first, last)
        outcome = night(spark, place / "home", export, number=number)
        modes = {report.step: report.mode for report in outcome.reports}
        assert modes["attempts"] == ("full" if number == 0 else "incremental") or number == 4
    return Made(place / "home", export)


def test_incremental_equals_rebuild(spark: SparkSession, nightly: Made, undisturbed: Made) -> None:
    assert_same_home(spark, nightly.home, undisturbed.home)


def test_the_deliveries_hold_what_they_are_for(spark: SparkSession, nightly: Made) -> None:
    """The cases that make incremental nights hard are really in the tables that were compared."""
    lakehouse = DeltaFolder(nightly.home, spark)
    moved = lakehouse.read(silver.RUNS).where("run_id = 'moved'").collect()
    assert [row["run_date"] for row in moved] == [at(8).date()]
    corrected = lakehouse.read(bronze.USAGE).where("record_type <> 'ORIGINAL'")
    assert corrected.count() == 2
    # Runs of day 4 were judged without the SLA that is delivered on day 5 and holds since day 3.
    judged = lakehouse.read(silver.RUN_SLA).where("job_id = '3' AND sla_limit_seconds = 1800")
    assert judged.where(f"run_date = DATE '{at(4).date()}'").count() >= 1
    pending = lakehouse.read(silver.RUN_SLA).where("sla_status = 'PENDING'")
    assert {row["run_id"] for row in pending.collect()} >= {"repairing", "in flight"}


def test_what_was_said_is_said_once_and_known_once_it_came(
    spark: SparkSession, nightly: Made
) -> None:
    lakehouse = DeltaFolder(nightly.home, spark)
    said = lakehouse.read(ops.SAID)
    assert said.select("night_at").distinct().count() == 4  # The last delivery brings no runs.
    misses = said.where("kind = 'run_miss'")
    runs = misses.select("series_key", "expected_start_at").distinct()
    assert misses.count() == runs.count() > 20
    assert misses.where("expected_start_at <= night_at").count() == 0
    stored = lakehouse.read(gold.RECEIPTS)
    outcomes = {row["outcome"] for row in stored.where("kind = 'run_miss'").collect()}
    assert outcomes == {"came", "did_not_come", "not_known_yet"}
    (step,) = (step for step in GRAPH.steps if step.writes is gold.RECEIPTS)
    newest = said.selectExpr("max(night_at)").toArrow().to_pylist()[0]["max(night_at)"]
    anew = step.run(*map(lakehouse.read, step.reads), as_of=newest)
    assert not differences(
        stored.toArrow().to_pylist(),
        anew.toArrow().to_pylist(),
        keys=gold.RECEIPTS.keys,
        columns=compared_columns(gold.RECEIPTS),
        relative=0.0,
    )


def test_a_column_that_came_between_nights_is_seen_by_the_next(
    spark: SparkSession, nightly: Made
) -> None:
    lakehouse = DeltaFolder(nightly.home, spark)
    seen = lakehouse.read(ops.COLUMNS_SEEN)
    nights = [row["night_at"] for row in seen.select("night_at").distinct().collect()]
    assert len(nights) == 2, "the first sees all, and one that a column came"
    changes = lakehouse.read(gold.TABLE_SCHEMA_CHANGES).toArrow().to_pylist()
    tables = {row["table_name"] for row in seen.collect()}
    assert {(row["table_name"], row["column_name"], row["change"]) for row in changes} == {
        (table, "later", "column_added") for table in tables
    }
    assert len(tables) >= 4
    assert "main.a.unwritten" not in tables
    schemas = lakehouse.read(gold.TABLE_SCHEMAS).toArrow().to_pylist()
    status = {row["table_name"]: (row["status"], row["columns"]) for row in schemas}
    assert status == dict.fromkeys(tables, ("ok", 4)) | {"main.a.back": ("not_assessed", 0)}


def test_nothing_new_writes_nothing(spark: SparkSession, nightly: Made) -> None:
    before = versions(nightly.home)
    outcome = night(spark, nightly.home, nightly.export, number=50)
    assert {report.mode for report in outcome.reports} == {"current"}
    assert not outcome.changed_anything
    assert versions(nightly.home) == before


def test_maintenance_is_no_news(spark: SparkSession, nightly: Made) -> None:
    for table in (*gold.MODEL_TABLES, *gold.QUESTIONS.values()):
        # Files are written again, with the rows that they held.
        stored = DeltaTable(str(nightly.home / table.layer.schema / table.name))
        stored.optimize.z_order([table.keys[0]])
    before = versions(nightly.home)
    outcome = night(spark, nightly.home, nightly.export, number=51)
    assert not outcome.changed_anything
    moved = {name for name, version in versions(nightly.home).items() if version != before[name]}
    assert moved <= {ops.POSITIONS.full_name}


def test_time_alone_decides_a_pending_deadline(spark: SparkSession, tmp_path: Path) -> None:
    """A run in flight is pending until its deadline; then a newer row of anything shows it missed."""
    account = fixture.Account()
    account.add(
        "jobs",
        0,
        workspace_id="1",
        job_id="7",
        change_time=at(-9),
        tags=[("sla", "06:00"), ("team", "a")],
    )
    slot = {"workspace_id": "1", "job_id": "7", "run_id": "70"}
    account.add("job_run_timeline", 0, **slot, period_start_time=at(0, 4), period_end_time=at(0, 5))
    account.add(
        "job_run_timeline",
        1,
        workspace_id="1",
        job_id="8",
        run_id="80",
        result_state="SUCCEEDED",
        period_start_time=at(1, 4),
        period_end_time=at(1, 4, 10),
    )
    lakehouse = DeltaFolder(tmp_path / "home", spark)
    seen = []
    for day in (0, 1):
        export = fixture.write_export(account, tmp_path / "export", day, day)
        night(spark, tmp_path / "home", export, number=day)
        run = lakehouse.read(silver.RUN_SLA).where("run_id = '70'").collect()[0]
        daily = lakehouse.read(gold.SLA_DAILY).collect()[0]
        seen.append((run["sla_status"], daily["pending"], daily["missed"]))
    assert seen == [("PENDING", 1, 0), ("MISSED", 0, 1)]


def test_stages(spark: SparkSession, undisturbed: Made, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(UserError, match="stages are bronze, silver, gold"):
        night(spark, home, undisturbed.export, only="platinum")
    with pytest.raises(UserError, match="there is no stage 'nightly'"):
        night(spark, home, undisturbed.export, start="nightly")
    with pytest.raises(UserError, match="run the bronze stage first"):
        night(spark, home, undisturbed.export, only="silver")
    only_bronze = night(spark, home, undisturbed.export, only="bronze")
    assert {report.stage for report in only_bronze.reports} == {"bronze"}
    only_silver = night(spark, home, undisturbed.export, only="silver", number=1)
    assert {report.stage for report in only_silver.reports} == {"silver"}
    the_rest = night(spark, home, undisturbed.export, start="gold", number=2)
    assert {report.stage for report in the_rest.reports} == {"gold", "model", "recommendation"}
    assert the_rest.as_of == only_bronze.as_of
    assert_same_home(spark, home, undisturbed.home)


def test_every_table_written_is_checked(spark: SparkSession, undisturbed: Made) -> None:
    quality = DeltaFolder(undisturbed.home, spark).read(ops.QUALITY).collect()
    of_gold = {table.full_name for table in WRITTEN if table.layer.rank >= 3}
    assert {row["table_name"] for row in quality} == of_gold
    assert [row for row in quality if row["violations"]] == []


def test_as_of_is_the_newest_time_that_runs_tell(spark: SparkSession, undisturbed: Made) -> None:
    rows = fixture.account().rows
    newest = max(row["period_end_time"] for _, row in rows["job_run_timeline"])
    later = max(row["usage_end_time"] for _, row in rows["usage"])
    assert newest < later
    steps = DeltaFolder(undisturbed.home, spark).read(ops.POSITIONS).where("input = 'as_of'")
    times = {datetime.fromisoformat(row["position"]) for row in steps.collect()}
    assert times == {newest}


def test_the_graph_writes_every_table_but_what_is_ingested() -> None:
    assert len(WRITTEN) == len(set(WRITTEN)) == len(GRAPH.steps)
