"""What time a night speaks of: that of the sources a verdict stands on, whatever others tell, and
whatever a wrong clock tells."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.quality.doubts import doubts
from pipeline.answers.sla.acceptance import futile_decisions
from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.nightly.outcome import Night
from pipeline.settings import Settings
from pipeline.sla.record import accept
from pipeline.sla.terms import Terms
from pipeline.sources.export import ExportFolder
from pipeline.tables import gold, silver
from tests.night.homes import versions
from tests.parity.fixture import Account, write_export
from tests.strategies.tables import Row, at, on

_VERDICTS = Graph(
    tuple(
        step
        for step in GRAPH.steps
        if step.name in ("job_versions", "attempts", "runs", "sla_decisions", "run_sla")
    )
)
_LONG_AFTER = at(400)


def _account() -> Account:
    """Job 7 is due at 06:00 UTC, and its run 70 is in flight since 04:00 of day 0."""
    account = Account()
    account.add(
        "jobs",
        0,
        workspace_id="1",
        job_id="7",
        change_time=at(-9),
        tags=[("sla", "06:00"), ("team", "a")],
    )
    _slice(account, 0, "7", "70", at(0, 4), at(0, 5), result_state=None)
    return account


def _slice(
    account: Account,
    day: int,
    job: str,
    run: str,
    start: datetime,
    end: datetime,
    **columns: object,
) -> None:
    default: Row = {"workspace_id": "1", "job_id": job, "run_id": run, "result_state": "SUCCEEDED"}
    default |= {"period_start_time": start, "period_end_time": end}
    account.add("job_run_timeline", day, **(default | columns))


def _usage(account: Account, day: int, record: str, end: datetime, **columns: object) -> None:
    default: Row = {"record_id": record, "record_type": "ORIGINAL", "workspace_id": "1"}
    default |= {"sku_name": "JOBS", "usage_unit": "DBU", "usage_quantity": 1}
    default |= {"usage_date": (end - timedelta(hours=1)).date()}
    default |= {"usage_start_time": end - timedelta(hours=1), "usage_end_time": end}
    account.add("usage", day, **(default | columns))


class _Home:
    """An account that is delivered day by day, and a home with verdicts on its runs."""

    def __init__(self, spark: SparkSession, place: Path, account: Account) -> None:
        self._spark, self._place, self._made = spark, place, account
        self.home = place / "home"
        self.lakehouse = DeltaFolder(self.home, spark)

    def night(
        self, day: int, *, now: datetime = _LONG_AFTER, as_of: datetime | None = None
    ) -> Night:
        export = write_export(self._made, self._place / "export", day, day)
        return run_night(
            self._spark,
            self.lakehouse,
            ExportFolder(export, self._spark),
            Settings(),
            now=now,
            as_of=as_of,
            graph=_VERDICTS,
        )

    def verdict(self, run: str) -> str:
        rows = self.lakehouse.read(silver.RUN_SLA).where(f"run_id = '{run}'").collect()
        return str(rows[0]["sla_status"])

    def ahead_hours(self) -> dict[str, float]:
        rows = self.lakehouse.read(gold.SOURCE_FRESHNESS).where("ahead_hours > 0").collect()
        return {row["source_table"]: row["ahead_hours"] for row in rows}


@pytest.fixture
def account() -> Account:
    return _account()


def test_what_other_sources_tell_decides_nothing_about_runs(
    spark: SparkSession, tmp_path: Path, account: Account
) -> None:
    _usage(account, 1, "u", at(2))
    account.add("jobs", 1, workspace_id="1", job_id="9", change_time=at(3))
    account.add("clusters", 1, workspace_id="1", cluster_id="c", change_time=at(3))
    _slice(account, 2, "8", "80", at(0, 5, 20), at(0, 5, 59))
    _slice(account, 3, "8", "81", at(0, 5, 50), at(0, 6))
    home = _Home(spark, tmp_path, account)
    seen = []
    for day in range(4):
        outcome = home.night(day)
        seen.append((outcome.as_of, home.verdict("70")))
    assert seen == [
        (at(0, 5), "PENDING"),
        (at(0, 5), "PENDING"),
        (at(0, 5, 59), "PENDING"),
        (at(0, 6), "MISSED"),
    ]


def test_a_row_ahead_of_the_clock_moves_nothing_and_is_named(
    spark: SparkSession, tmp_path: Path, account: Account
) -> None:
    now = at(0, 5, 30)
    _slice(account, 1, "8", "80", at(1, 4), at(1, 5))
    _slice(account, 1, "8", "81", at(0, 5), at(0, 5, 10))
    _usage(account, 1, "u", now + timedelta(hours=20))
    account.add("jobs", 1, workspace_id="1", job_id="9", change_time=now + timedelta(hours=2))
    _slice(account, 2, "8", "82", at(0, 4, 30), at(0, 4, 50))
    home = _Home(spark, tmp_path, account)
    home.night(0, now=now)
    assert (home.verdict("70"), home.ahead_hours()) == ("PENDING", {})
    outcome = home.night(1, now=now)
    assert (outcome.as_of, home.verdict("70")) == (at(0, 5, 10), "PENDING")
    assert home.ahead_hours() == pytest.approx(
        {
            "system.lakeflow.job_run_timeline": 24 - 1 / 6,
            "system.billing.usage": 20.0,
            "system.lakeflow.jobs": 2.0,
        }
    )
    named = [said for said in doubts(DeltaReader(home.home)) if said.startswith("Clock:")]
    assert len(named) == 3
    assert named[1].startswith(
        "Clock: rows of system.lakeflow.job_run_timeline are up to 23.8 hours ahead of 2026-03-23 05:10 UTC"
    )
    # That time has come meanwhile does not make the row true, and a night without news writes nothing.
    before = versions(home.home)
    later = home.night(9, now=now + timedelta(days=3))
    assert (later.as_of, later.changed_anything) == (at(0, 5, 10), False)
    assert versions(home.home) == before
    # Nor is a row late because another was early.
    outcome = home.night(2, now=now + timedelta(hours=1))
    assert [report.late for report in outcome.reports if report.inserted and report.late] == []
    assert sum(report.inserted for report in outcome.reports if report.step == "ingest") == 1


def test_days_of_which_only_a_wrong_clock_tells_do_not_count(
    spark: SparkSession, tmp_path: Path, account: Account
) -> None:
    now = at(2, 0, 10)  # Ten minutes into a day of which nothing is known yet.
    for hours in (5, 23.9):
        end = now + timedelta(hours=hours)
        _slice(account, 0, "8", f"ahead {hours}", end - timedelta(minutes=5), end)
    home = _Home(spark, tmp_path, account)
    outcome = home.night(0, now=now)
    assert (outcome.as_of, home.verdict("70")) == (at(0, 5), "PENDING")


def test_one_run_far_ahead_of_a_busy_past_is_not_believed(
    spark: SparkSession, tmp_path: Path, account: Account
) -> None:
    for hour in range(-72, 4):  # A run an hour, but for the evenings.
        if hour % 24 < 18:
            start = at(0) + timedelta(hours=hour)
            _slice(account, 0, "8", f"h{hour}", start, start + timedelta(minutes=10))
    _slice(account, 1, "8", "ahead", at(1, 4), at(1, 5))
    _slice(account, 1, "8", "ahead", at(1, 5), at(1, 5, 20))
    _slice(account, 2, "8", "other", at(1, 5, 5), at(1, 5, 10))
    home = _Home(spark, tmp_path, account)
    assert home.night(0).as_of == at(0, 5)
    outcome = home.night(1)
    assert (outcome.as_of, home.verdict("70")) == (at(0, 5), "PENDING")
    assert home.ahead_hours() == pytest.approx({"system.lakeflow.job_run_timeline": 24 + 1 / 3})
    outcome = home.night(2)  # Another run of that time makes it good.
    assert (outcome.as_of, home.verdict("70")) == (at(1, 5, 20), "MISSED")
    assert home.ahead_hours() == {}


def test_a_night_of_an_earlier_time_opens_what_time_had_decided(
    spark: SparkSession, tmp_path: Path, account: Account
) -> None:
    home = _Home(spark, tmp_path, account)
    seen = [
        (home.night(0, as_of=as_of).as_of, home.verdict("70"))
        for as_of in (at(0, 7), at(0, 5, 30), at(0, 6), None)
    ]
    assert seen == [
        (at(0, 7), "MISSED"),
        (at(0, 5, 30), "PENDING"),
        (at(0, 6), "MISSED"),
        (at(0, 5), "PENDING"),
    ]


def test_a_decision_in_an_unknown_zone_breaks_no_night_and_is_named(
    spark: SparkSession, tmp_path: Path, account: Account
) -> None:
    home = _Home(spark, tmp_path, account)
    home.night(0)
    # As earlier versions accepted it: a zone that is whatever the machine is set to.
    terms = Terms("limit", limit_seconds=60.0), Terms("deadline", None, "06:30", "localtime")
    for day, one in enumerate(terms):
        accept(spark, home.lakehouse, "1/8", one, by="ada", at=at(day), evidence="")
    _slice(account, 1, "8", "80", at(2, 4), at(2, 4, 10))
    home.night(1)
    assert home.verdict("80") == "MISSED"
    (named,) = futile_decisions(DeltaReader(home.home))
    assert named.startswith("what ada decided for 1/8 is left aside")
    accept(spark, home.lakehouse, "1/8", None, by="ada", at=at(3), evidence="")
    assert futile_decisions(DeltaReader(home.home)) == []


def test_a_cost_day_counts_when_it_has_been_billed_in_full(
    spark: SparkSession, tmp_path: Path, account: Account
) -> None:
    _usage(account, 0, "a", at(3, 11))
    _usage(account, 1, "b", at(3, 12))
    _usage(account, 2, "c", at(9, 12))
    home = _Home(spark, tmp_path, account)

    def last_cost_day(done: Night) -> date | None:
        assert done.standpoint is not None
        return done.standpoint.last_cost_day

    days = [last_cost_day(home.night(day)) for day in range(3)]
    # Billing may be 12 hours late: day 2 is complete when usage has reached the noon of day 3.
    assert days == [on(1), on(2), on(8)]
    assert last_cost_day(home.night(3, as_of=at(6, 2))) == on(5)
