"""SQL alerts: when they are made, and what each says of tables, on the engine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from pipeline.bundle.alerts import CATALOG, FLAG, alerts
from pipeline.bundle.check import check_bundle
from pipeline.bundle.files import generated_files, write_files
from pipeline.bundle.project import read_project
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold
from pipeline.tables.alerts import DELIVERIES, OUTBOX
from pipeline.tables.declaration import Table
from tests.night.homes import Made
from tests.strategies.tables import Row, frame_of

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
FILE = "resources/alerts.yml"
READ = (gold.NIGHT_STEPS, gold.JOBS, gold.JOB_HEALTH, gold.JOB_FORECAST, OUTBOX, DELIVERIES)


def _flag(spark: SparkSession, name: str, now: datetime = NOW) -> int:
    """What an alert's text says of the views of this session; it must be one number in one row."""
    text = alerts(is_on=True)[name]["query_text"]
    assert "current_timestamp()" in text or name == "critical_jobs"
    text = text.replace("current_timestamp()", f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}Z'")
    for table in READ:
        text = text.replace(f"{CATALOG}.{table.full_name}", f"alerted_{table.name}")
    frame = spark.sql(text)
    assert frame.columns == [FLAG]
    [row] = frame.collect()
    return int(row[0])


def _views(spark: SparkSession, rows: dict[Table, list[Row]]) -> None:
    for table in READ:
        frame_of(spark, table, rows.get(table, [])).createOrReplaceTempView(f"alerted_{table.name}")


@pytest.mark.parametrize(
    ("hours", "flag"), [([], 1), ([40, 37], 1), ([40, 35], 0)], ids=["none", "late", "in time"]
)
def test_a_night_is_late(spark: SparkSession, hours: list[int], flag: int) -> None:
    steps = [
        {"night_id": str(old), "step": "job_verdicts", "as_of": NOW - timedelta(hours=old)}
        for old in hours
    ]
    # A night that came no further than bronze has said nothing.
    begun = {"night_id": "9", "step": "ingest", "as_of": NOW}
    _views(spark, {gold.NIGHT_STEPS: [*steps, begun]})
    assert _flag(spark, "night_is_late") == flag


def test_critical_jobs_that_fail_or_are_likely_to_miss(spark: SparkSession) -> None:
    def of(name: str, **columns: Any) -> Row:
        return {"workspace_id": "w", "series_key": f"w/{name}", **columns}

    critical = ("fails", "risky", "well", "paused", "new")
    jobs = [of(name, tier=1, state="paused" if name == "paused" else "active") for name in critical]
    jobs.append(of("minor", tier=2, state="active"))
    health = [
        of(name, is_failing=name in ("fails", "paused", "minor"))
        for name in (*critical[:4], "minor")
    ]
    forecasts = [of("risky", p_miss=0.5), of("well", p_miss=0.49), of("fails", p_miss=0.9)]
    _views(spark, {gold.JOBS: jobs, gold.JOB_HEALTH: health, gold.JOB_FORECAST: forecasts})
    assert _flag(spark, "critical_jobs") == 2
    _views(spark, {})
    assert _flag(spark, "critical_jobs") == 0


def test_messages_that_are_given_up_or_wait(spark: SparkSession) -> None:
    def message(name: str, hours: float) -> Row:
        return {"message_id": name, "decided_at": NOW - timedelta(hours=hours)}

    def delivery(name: str, state: str, hours: float | None) -> Row:
        at = None if hours is None else NOW - timedelta(hours=hours)
        return {"message_id": name, "state": state, "last_attempted_at": at}

    messages = {"untried": 13, "new": 11, "dead": 30, "expired": 5, "long dead": 60, "sent": 40}
    states = [
        delivery("dead", "dead", 6),
        delivery("expired", "dead", None),
        delivery("long dead", "dead", 36),
        delivery("sent", "delivered", 39),
    ]
    outbox = [message(name, hours) for name, hours in messages.items()]
    _views(spark, {OUTBOX: outbox, DELIVERIES: states})
    # Untried, dead and expired.
    assert _flag(spark, "messages_not_delivered") == 3


def test_of_a_whole_home_each_says_what_its_tables_say(
    spark: SparkSession, undisturbed: Made
) -> None:
    lakehouse = DeltaFolder(undisturbed.home, spark)
    for table in READ:
        lakehouse.read(table).createOrReplaceTempView(f"alerted_{table.name}")
    [newest] = spark.sql("SELECT max(as_of) FROM alerted_night_steps").collect()
    as_of = newest[0].astimezone(UTC)
    assert _flag(spark, "night_is_late", as_of + timedelta(hours=35)) == 0
    assert _flag(spark, "night_is_late", as_of + timedelta(hours=37)) == 1
    critical = {
        row["series_key"]
        for row in lakehouse.read(gold.JOBS).where("tier = 1").collect()
        if row["state"] not in ("paused", "deleted")
    }
    in_trouble = {
        row["series_key"] for row in lakehouse.read(gold.JOB_HEALTH).where("is_failing").collect()
    } | {
        row["series_key"]
        for row in lakehouse.read(gold.JOB_FORECAST).where("p_miss >= 0.5").collect()
    }
    assert _flag(spark, "critical_jobs") == len(critical & in_trouble)
    assert _flag(spark, "messages_not_delivered", as_of + timedelta(hours=20)) == 0


def _with_variables(folder: Path, **variables: Any) -> dict[str, str]:
    root = yaml.safe_load((folder / "databricks.yml").read_text(encoding="utf-8"))
    for name, value in variables.items():
        root["variables"][name]["default"] = value
    (folder / "databricks.yml").write_text(yaml.safe_dump(root), encoding="utf-8")
    files = generated_files(read_project(folder))
    write_files(folder, files)
    return files


def test_without_a_warehouse_there_are_no_alerts(whole: Path) -> None:
    assert FILE not in generated_files(read_project(whole))


def test_alerts_are_in_order_and_paused_until_somebody_is_told(folder: Path) -> None:
    files = _with_variables(folder, warehouse_id="0123456789abcdef")
    report = check_bundle(folder)
    assert (report.faults, report.resources) == ((), 24)
    made = yaml.safe_load(files[FILE])["resources"]["alerts"]
    assert made.keys() == {"night_is_late", "critical_jobs", "messages_not_delivered"}
    assert {alert["schedule"]["pause_status"] for alert in made.values()} == {"PAUSED"}
    for alert in made.values():
        source = alert["evaluation"]["source"]
        assert source["display"] == source["name"] == FLAG
        assert alert["evaluation"]["empty_result_state"] == "OK"
    files = _with_variables(folder, alert_subscribers=[{"destination_id": "d"}])
    made = yaml.safe_load(files[FILE])["resources"]["alerts"]
    assert {alert["schedule"]["pause_status"] for alert in made.values()} == {"UNPAUSED"}
    assert check_bundle(folder).faults == ()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda alert: alert["evaluation"]["source"].update(display="jobs"), "never fires"),
        (lambda alert: alert["evaluation"].update(empty_result_state="UNKNOWN"), "write OK"),
        (lambda alert: alert.update(warehouse_id=""), "needs a warehouse"),
        (lambda alert: alert.update(custom_template_format="HTML"), "is Private Preview"),
    ],
)
def test_an_alert_that_cannot_fire_is_found(folder: Path, damage: Any, words: str) -> None:
    files = _with_variables(folder, warehouse_id="0123456789abcdef")
    document = yaml.safe_load(files[FILE])
    damage(document["resources"]["alerts"]["critical_jobs"])
    (folder / FILE).write_text(yaml.safe_dump(document), encoding="utf-8")
    faults = [fault for fault in check_bundle(folder).faults if fault.place]
    assert [words in str(fault) for fault in faults] == [True]
