"""Node-minutes go once they are summarised; what was made from them stays, whatever comes later."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.quality.doubts import doubts
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly import portions
from pipeline.nightly.logbook import gap_of
from pipeline.nightly.positions import Positions
from pipeline.sources import export
from pipeline.tables import bronze, gold, silver, source
from tests.night.homes import Made, assert_same_home, night, versions
from tests.parity import fixture
from tests.strategies.tables import Row, at, on, rows_of

_KEPT = bronze.NODE_TIMELINE.kept_days or 0
_AS_OF = at(_KEPT + 6)
"""Days 0 to 5 of the fixture are gone then, 6 to 11 are not."""
_LONG_AFTER_MINUTES = 91 * 24 * 60
"""The platform keeps node-minutes for 90 days."""


@pytest.fixture(scope="module")
def dropped(
    spark: SparkSession, undisturbed: Made, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    """The undisturbed home after a night a month later, which has dropped the first six days."""
    home = tmp_path_factory.mktemp("dropped") / "home"
    shutil.copytree(undisturbed.home, home)
    night(spark, home, undisturbed.export, number=1, as_of=_AS_OF)
    return Made(home, undisturbed.export)


def _minutes(day: int, cluster: Row) -> list[Row]:
    start = cluster["used_from"].replace(second=0, microsecond=0)
    assert start.date() == on(day)
    return [
        {
            "workspace_id": cluster["workspace_id"],
            "cluster_id": cluster["cluster_id"],
            "instance_id": "late",
            "start_time": start + timedelta(minutes=minute),
            "end_time": start + timedelta(minutes=minute + 1),
            "driver": False,
            "cpu_user_percent": 99.0,
            "mem_used_percent": 99.0,
        }
        for minute in range(5)
    ]


def test_summarised_days_are_dropped_and_their_summaries_stay(
    spark: SparkSession, undisturbed: Made, dropped: Made
) -> None:
    before, after = (DeltaFolder(each.home, spark) for each in (undisturbed, dropped))
    days = after.read(bronze.NODE_TIMELINE).select("source_date").distinct().collect()
    assert sorted(row[0] for row in days) == [on(day) for day in range(6, fixture.DAYS)]
    assert before.read(bronze.NODE_TIMELINE).where(F.col("source_date") < on(6)).count() > 100
    assert_same_home(spark, dropped.home, undisturbed.home, [silver.RUN_UTILISATION])


def test_the_night_after_reads_nothing_of_what_went(spark: SparkSession, dropped: Made) -> None:
    before = versions(dropped.home)
    outcome = night(spark, dropped.home, dropped.export, number=2, as_of=_AS_OF)
    assert not outcome.changed_anything
    assert versions(dropped.home) == before


def test_a_rebuild_keeps_what_is_sealed(
    spark: SparkSession, undisturbed: Made, dropped: Made, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(dropped.home, home)
    lakehouse = DeltaFolder(home, spark)
    # A version that the table has not reached: it was made anew, so everything is computed.
    anew = {bronze.NODE_TIMELINE.full_name: str(10**6)}
    positions = Positions(spark, lakehouse)
    positions.set_all("run_utilisation", anew)
    positions.flush()
    outcome = night(spark, home, dropped.export, number=3, as_of=_AS_OF)
    report = next(report for report in outcome.reports if report.step == "run_utilisation")
    assert (report.mode, report.written) == ("full", 0)
    assert_same_home(spark, home, undisturbed.home, [silver.RUN_UTILISATION])


def test_minutes_of_a_sealed_day_expire_and_later_ones_count(
    spark: SparkSession, undisturbed: Made, dropped: Made, tmp_path: Path
) -> None:
    home, folder = tmp_path / "home", tmp_path / "export"
    shutil.copytree(dropped.home, home)
    shutil.copytree(dropped.export, folder)
    lakehouse = DeltaFolder(home, spark)
    used = rows_of(lakehouse.read(silver.RUN_CLUSTERS).orderBy("used_from"))
    sealed = next(row for row in used if row["used_date"] == on(2))
    later = next(row for row in used if row["used_date"] == on(8))
    late = fixture.Account()
    for day, cluster in ((2, sealed), (8, later)):
        for row in _minutes(day, cluster):
            late.add("node_timeline", 40, **row)
    fixture.write_export(late, folder, 40, 40)
    outcome = night(spark, home, folder, number=_LONG_AFTER_MINUTES, as_of=_AS_OF)
    taken = next(report for report in outcome.reports if report.table is bronze.NODE_TIMELINE)
    assert (taken.rows_read, taken.inserted, taken.expired, taken.late) == (10, 5, 5, 5)
    step = next(report for report in outcome.reports if report.step == "run_utilisation")
    assert (step.inserted, step.updated, step.deleted) == (0, 1, 0)
    same = F.col("cluster_id") == later["cluster_id"]
    hot = rows_of(lakehouse.read(silver.RUN_UTILISATION).where(same & (F.col("role") == "worker")))
    assert [row["mem_max_pct"] for row in hot] == [99.0]
    logged = lakehouse.read(gold.NIGHT_STEPS).where("step = 'ingest' AND expired > 0")
    assert [(row["expired"], row["late"]) for row in logged.collect()] == [(5, 5)]
    (gap,) = [doubt for doubt in doubts(DeltaReader(home)) if doubt.startswith("Gap:")]
    assert gap.startswith(
        "Gap: system.compute.node_timeline was not read for 91.0 days, longer than"
    )


def test_a_few_rows_at_once_give_the_same_tables(
    spark: SparkSession,
    undisturbed: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Memory is bounded by taking files and days in goes, which must not show."""
    monkeypatch.setattr(portions, "ROWS_AT_ONCE", 40)
    monkeypatch.setattr(export, "_VALUES_AT_ONCE", 400)
    split = tmp_path / "split"
    account = fixture.account()
    for first, last in ((0, 6), (7, 9), (10, fixture.LAST_DAY)):
        fixture.write_export(account, split, first, last)
    home = tmp_path / "home"
    night(spark, home, split)
    assert_same_home(spark, home, undisturbed.home)
    assert not night(spark, home, split, number=1).changed_anything


@pytest.mark.parametrize(
    ("days", "gap"), [(None, "within"), (7, "within"), (8, "outside"), (91, "lost")]
)
def test_what_a_gap_in_reading_means(days: int | None, gap: str) -> None:
    since = None if days is None else timedelta(days=days)
    assert gap_of(source.NODE_TIMELINE, since) == gap
    if days == 91:
        assert gap_of(source.USAGE, since) == "outside"
        assert gap_of(source.JOBS, since) == "outside"
