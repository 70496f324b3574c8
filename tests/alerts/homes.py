"""A home with an outbox, and channels that do as a test tells them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from pyspark.sql import SparkSession

from pipeline.alerts.channels.channel import Channel, NotSent, Reason, Sent
from pipeline.alerts.delivery import Outcome, deliver
from pipeline.alerts.message import Message
from pipeline.alerts.outbox import post
from pipeline.lakehouse.folder.lock import home_lock
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables.alerts import DELIVERIES
from pipeline.tables.declaration import Part
from tests.alerts.messages import NOW


@dataclass
class Clock:
    """Time as a test says it: it goes on while a channel pauses."""

    at: datetime = NOW
    lock: Lock = field(default_factory=Lock)

    def now(self) -> datetime:
        with self.lock:
            return self.at

    def pause(self, seconds: float) -> None:
        with self.lock:
            self.at += timedelta(seconds=seconds)

    def goes_on(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Told:
    """A channel that keeps what it is sent; `does` is asked first, with how many it was sent before."""

    does: Callable[[Message, int], None] = lambda _message, _count: None
    sent: list[tuple[str, str | None]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    has_threads: bool = True

    def send(self, message: Message, root: str | None) -> Sent:
        self.tried.append(message.message_id)
        self.does(message, len(self.tried) - 1)
        self.sent.append((message.message_id, root))
        return Sent(200, f"thread of {message.message_id}" if self.has_threads else None)


def fails(reason: Reason, *, times: int = 10**6, **named: Any) -> Callable[[Message, int], None]:
    def fail(_message: Message, count: int) -> None:
        if count < times:
            raise NotSent(reason, **named)

    return fail


class Home:
    def __init__(self, folder: Path, spark: SparkSession, **channels: Channel) -> None:
        self.folder = folder
        self.spark = spark
        self.channels = channels
        self.clock = Clock()

    def post(self, *messages: Message) -> int:
        with home_lock(self.folder, Part.OUTBOX):
            return post(
                self.spark, DeltaFolder(self.folder, self.spark, Part.OUTBOX), list(messages)
            )

    def deliver(self) -> list[Outcome]:
        with home_lock(self.folder, Part.DELIVERIES):
            return deliver(
                self.spark,
                self.lakehouse,
                self._open,
                now=self.clock.now,
                pause=self.clock.pause,
                jitter=lambda: 0.5,
            )

    @property
    def lakehouse(self) -> DeltaFolder:
        return DeltaFolder(self.folder, self.spark, Part.DELIVERIES)

    def states(self) -> dict[str, dict[str, Any]]:
        rows = self.lakehouse.read(DELIVERIES).toArrow().to_pylist()
        return {row["message_id"]: row for row in rows}

    def _open(self, name: str) -> Channel:
        if name not in self.channels:
            raise NotSent(Reason.NOT_CONFIGURED)
        return self.channels[name]


def ids(messages: Sequence[Message]) -> list[str]:
    return [one.message_id for one in messages]
