"""How far each message has come: the rows of `ops.deliveries`, and what follows from an attempt."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.alerts.channels.channel import NotSent, Sent
from pipeline.alerts.message import Message
from pipeline.alerts.outbox import message_of, posted
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.alerts import DELIVERIES, OUTBOX
from pipeline.tables.derive import spark_schema

__all__ = ["GIVEN_UP_AFTER", "Delivery", "Waiting", "drop_orphans", "record", "retry", "waiting"]

GIVEN_UP_AFTER: Final = timedelta(hours=24)
_SHORTEST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of `ops.deliveries`."""

    message_id: str
    state: Literal["pending", "delivered", "dead"] = "pending"
    attempts: int = 0
    first_attempted_at: datetime | None = None
    last_attempted_at: datetime | None = None
    next_attempt_at: datetime | None = None
    reason: str | None = None
    status_code: int | None = None
    thread: str | None = None
    delivered_at: datetime | None = None

    def attempted(self, at: datetime) -> "Delivery":
        return replace(
            self,
            attempts=self.attempts + 1,
            first_attempted_at=self.first_attempted_at or at,
            last_attempted_at=at,
            next_attempt_at=None,
        )

    def delivered(self, sent: Sent, at: datetime) -> "Delivery":
        return replace(
            self,
            state="delivered",
            reason=None,
            status_code=sent.status_code,
            thread=sent.thread,
            delivered_at=at,
        )

    def failed(
        self, failure: NotSent, at: datetime, jitter: Callable[[], float] = random.random
    ) -> "Delivery":
        """After an attempt: dead where none can mend it or a day has passed, else waiting for as long again as it
        has been tried, between a minute and half an hour, and no shorter than the other side asks for."""
        known = replace(self, reason=str(failure.reason), status_code=failure.status_code)
        since = self.first_attempted_at or at
        if not failure.reason.may_pass or at - since >= GIVEN_UP_AFTER:
            return replace(known, state="dead", next_attempt_at=None)
        wait = min(max(at - since, _SHORTEST_WAIT), _LONGEST_WAIT) * (0.75 + jitter() / 2)
        asked = timedelta(seconds=failure.retry_after_seconds or 0)
        return replace(known, next_attempt_at=at + max(wait, asked))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is not delivered yet; `message` is None where its row cannot be read."""

    channel: str
    incident_key: str | None
    message: Message | None
    delivery: Delivery
    root: str | None
    is_heard: bool
    """Whether the channel has taken another message of the incident."""


def waiting(lakehouse: Lakehouse) -> list[Waiting]:
    """All pending messages, in the order in which they are to be sent: as decided, an incident's by sequence."""
    pending = posted(lakehouse).where(F.col("state").isNull() | (F.col("state") == "pending"))
    rows = pending.toArrow().to_pylist()
    # An incident's messages follow each other by sequence, whatever the clocks that decided them said.
    begun_at: dict[str, datetime] = {}
    for row in rows:
        subject, at = _subject(row), row["decided_at"]
        begun_at[subject] = min(begun_at.get(subject, at), at)
    rows.sort(key=lambda row: (begun_at[_subject(row)], _subject(row), row["sequence"]))
    return [_waiting(row) for row in rows]


def record(spark: SparkSession, lakehouse: Lakehouse, deliveries: Sequence[Delivery]) -> None:
    """Write down how far the messages have come. Only for the writer of the deliveries (`Part.DELIVERIES`)."""
    rows = [tuple(getattr(one, name) for name in DELIVERIES.column_names) for one in deliveries]
    if rows:
        frame = spark.createDataFrame(rows, schema=spark_schema(DELIVERIES))
        lakehouse.merge(DELIVERIES, frame)


def drop_orphans(spark: SparkSession, lakehouse: Lakehouse) -> int:
    """Drop deliveries of messages that the outbox keeps no more, and say how many these were."""
    # Deliveries first: what is delivered then stands in the outbox that is read after.
    delivered = lakehouse.read(DELIVERIES).select("message_id")
    gone = delivered.join(lakehouse.read(OUTBOX), "message_id", "left_anti").toArrow().to_pylist()
    if not gone:
        return 0
    scope = spark.createDataFrame(
        [(row["message_id"],) for row in gone], schema="message_id string"
    )
    none = spark.createDataFrame([], schema=spark_schema(DELIVERIES))
    return lakehouse.merge(DELIVERIES, none, scope=scope).deleted


def retry(
    spark: SparkSession, lakehouse: Lakehouse, *, message_id: str | None, channel: str | None
) -> list[Delivery]:
    """Make dead messages pending again, all by default; they are given another day."""
    dead = posted(lakehouse).where(F.col("state") == "dead")
    if message_id is not None:
        dead = dead.where(F.col("message_id") == message_id)
    if channel is not None:
        dead = dead.where(F.col("channel") == channel)
    again = [
        replace(_delivery(row), state="pending", first_attempted_at=None, next_attempt_at=None)
        for row in dead.orderBy("decided_at").toArrow().to_pylist()
    ]
    record(spark, lakehouse, again)
    return again


def _subject(row: dict[str, object]) -> str:
    """The incident; a message about none stands for itself."""
    return str(row["incident_key"] or row["message_id"])


def _waiting(row: dict[str, object]) -> Waiting:
    try:
        message = message_of(row)
    except (ValueError, KeyError, TypeError):
        message = None
    root = row["root"]
    key = row["incident_key"]
    return Waiting(
        channel=str(row["channel"]),
        incident_key=None if key is None else str(key),
        message=message,
        delivery=_delivery(row),
        root=None if root is None else str(root),
        is_heard=bool(row["is_heard"]),
    )


def _delivery(row: dict[str, object]) -> Delivery:
    values = {name: row[name] for name in (field.name for field in fields(Delivery))}
    if values["state"] is None:  # Not tried yet.
        return Delivery(message_id=str(row["message_id"]))
    return Delivery(**values)  # type: ignore[arg-type]  # a row has the declared types
