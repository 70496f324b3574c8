"""The outbox: messages written down where they are decided, for whoever delivers them."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.alerts.message import Content, Kind, Message
from pipeline.answers.reader import Reader, records
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.alerts import DELIVERIES, OUTBOX
from pipeline.tables.derive import spark_schema
from pipeline.tables.gold.run_history import RUN_HISTORY_DAYS

__all__ = ["drop_old", "message_of", "post", "posted"]

_KEPT: Final = timedelta(days=RUN_HISTORY_DAYS)
"""As long as the runs that messages are about."""

_SAME_BY_NAME: Final = {field.name for field in fields(Message)} - {"kind", "content"}


def post(spark: SparkSession, lakehouse: Lakehouse, messages: Sequence[Message]) -> int:
    """Add the messages that are not there yet, and say how many these were; one that is there stays as it was.

    Only for the writer of the outbox (`Part.OUTBOX`), who may be one of a night's as well.
    """
    lakehouse.create(OUTBOX)
    by_id = {message.message_id: message for message in messages}
    if not by_id:
        return 0
    rows = [
        tuple(_values(message)[name] for name in OUTBOX.column_names) for message in by_id.values()
    ]
    frame = spark.createDataFrame(rows, schema=spark_schema(OUTBOX))
    new = frame.join(lakehouse.read(OUTBOX).select("message_id"), "message_id", "left_anti")
    return lakehouse.merge(OUTBOX, new.select(*OUTBOX.column_names)).inserted


def drop_old(spark: SparkSession, lakehouse: Lakehouse, reader: Reader, now: datetime) -> int:
    """Drop what was delivered or given up long ago and is needed no more, and say how many these were: never a
    message that waits, nor one of an incident that goes on, as its first is the thread of its end.

    Only for the writer of the outbox. Their deliveries go with the next round (`pipeline.alerts.deliveries`).
    """
    if not lakehouse.exists(DELIVERIES):
        return 0
    before = (now - _KEPT).isoformat(sep=" ")
    keys = [(row["message_id"],) for row in records(reader, "alerts", "expired", before=before)]
    if not keys:
        return 0
    scope = spark.createDataFrame(keys, schema="message_id string")
    none = spark.createDataFrame([], schema=spark_schema(OUTBOX))
    return lakehouse.merge(OUTBOX, none, scope=scope).deleted


def posted(lakehouse: Lakehouse) -> DataFrame:
    """The messages, each with the columns of its delivery, which are NULL until it is tried; with `root`, the
    thread of the first of its incident that this channel took; and `is_heard`, whether it took any."""
    both = lakehouse.read(OUTBOX).join(lakehouse.read(DELIVERIES), "message_id", "left")
    first = F.min(F.struct("sequence", "thread"))
    of_incidents = both.where(F.col("incident_key").isNotNull())
    roots = (
        of_incidents.where(F.col("thread").isNotNull())
        .groupBy("incident_key", "channel")
        .agg(first.alias("first"))
        .select("incident_key", "channel", F.col("first.thread").alias("root"))
    )
    heard = (
        of_incidents.where(F.col("state") == "delivered")
        .select("incident_key", "channel")
        .distinct()
        .withColumn("is_heard", F.lit(True))
    )
    by = ["incident_key", "channel"]
    return both.join(roots, by, "left").join(heard, by, "left")


def message_of(row: dict[str, object]) -> Message:
    """The message in a row; ValueError, KeyError or TypeError where its content is not what `post` writes."""
    named = {name: row[name] for name in _SAME_BY_NAME}
    kind, content = Kind(str(row["kind"])), Content.from_json(str(row["content"]))
    return Message(**named, kind=kind, content=content)  # type: ignore[arg-type]  # of a declared row


def _values(message: Message) -> dict[str, object]:
    named = {name: getattr(message, name) for name in _SAME_BY_NAME}
    return named | {"kind": str(message.kind), "content": message.content.to_json()}
