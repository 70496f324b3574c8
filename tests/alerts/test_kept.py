"""What an outbox keeps and for how long, and who is sent an end."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from pipeline.alerts.channels.channel import Reason
from pipeline.alerts.deliveries import retry
from pipeline.alerts.message import Kind, message_id
from pipeline.alerts.outbox import drop_old, post
from pipeline.answers.delta_reader import DeltaReader
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables.alerts import ALERT_TABLES, OUTBOX
from pipeline.tables.derive import spark_schema
from pipeline.tables.incidents import INCIDENTS
from tests.alerts.homes import Home, Told, fails
from tests.alerts.messages import NOW, message

_FAR = timedelta(days=91)


def _incident(key: str, state: str, quiet_since: datetime | None) -> dict[str, Any]:
    empty = dict.fromkeys(INCIDENTS.column_names)
    return empty | {
        "incident_id": key, "cause": "job/1", "team": key, "opening": 1, "state": state, "tier": 1, "headline": "h",
        "sentence": "s", "began_at": NOW, "messages": 1, "returns": 0, "is_return_told": False, "told": [],
        "holding": [], "digested": [], "has_end": True, "held_by": "", "acknowledged_by": "", "channels": ["c"],
        "quiet_since": quiet_since, "as_of": NOW, "decided_at": NOW,
    }  # fmt: skip


def _outbox(home: Home) -> set[str]:
    rows = home.lakehouse.read(OUTBOX).toArrow().to_pylist()
    return {f"{row['incident_key']} {row['channel']}" for row in rows}


def test_what_is_needed_no_more_goes_after_a_while(tmp_path: Path, spark: SparkSession) -> None:
    lost = Told(fails(Reason.REJECTED))
    home = Home(tmp_path / "home", spark, c=Told(), lost=lost)
    lakehouse = DeltaFolder(home.folder, spark)
    for table in (*ALERT_TABLES, INCIDENTS):
        lakehouse.create(table)
    rows = [
        _incident("open", "open", None),
        _incident("over", "over", NOW),
        _incident("back", "over", NOW + _FAR),
        _incident("waits", "over", NOW),
    ]
    values = [tuple(row[name] for name in INCIDENTS.column_names) for row in rows]
    lakehouse.merge(INCIDENTS, spark.createDataFrame(values, schema=spark_schema(INCIDENTS)))
    home.post(*(message(key, channel="c") for key in ("open", "over", "back", "waits")))
    home.post(message("over", channel="lost"), message("waits", 1, channel="nobody"))
    home.post(message(None, channel="c"))
    home.deliver()
    everything = _outbox(home)
    assert len(everything) == 7
    reader = DeltaReader(home.folder)
    assert drop_old(spark, lakehouse, reader, NOW + timedelta(days=80)) == 0
    assert drop_old(spark, lakehouse, DeltaReader(home.folder), NOW + _FAR) == 3
    assert everything - _outbox(home) == {"over c", "over lost", "None c"}
    assert len(home.states()) == 7
    home.deliver()
    kept = {row["message_id"] for row in home.lakehouse.read(OUTBOX).toArrow().to_pylist()}
    assert set(home.states()) <= kept
    assert len(kept) == 4
    assert post(spark, lakehouse, [message("open", channel="c")]) == 0


def test_an_end_is_sent_to_who_took_a_beginning(tmp_path: Path, spark: SparkSession) -> None:
    """Also later, where somebody asks for both again."""
    mute = Told(fails(Reason.REJECTED, times=1))
    home = Home(tmp_path / "home", spark, a=Told(), b=mute)
    for channel in ("a", "b"):
        home.post(message("x", 1, channel), message("x", 2, channel, kind=Kind.RESOLVED))
    home.deliver()
    end = message_id("x", 2, "b")
    assert (home.states()[end]["state"], home.states()[end]["reason"]) == ("dead", "unheard")
    assert mute.sent == []
    retry(spark, home.lakehouse, message_id=None, channel="b")
    home.deliver()
    assert [sent for sent, _ in mute.sent] == [message_id("x", 1, "b"), end]
    assert home.states()[message_id("x", 2, "a")]["state"] == "delivered"
