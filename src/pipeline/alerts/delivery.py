"""The deliverer: sends what waits in the outbox, each channel for itself, and writes down how far it has come.

At least once: a message's state is written after it is sent and before its channel sends another, so that a
deliverer that is killed repeats one message a channel at the most, with the same id. In order: of an incident, what
comes later waits for what came before.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from pyspark.sql import SparkSession

from pipeline.alerts.channels.channel import Channel, NotSent, Reason
from pipeline.alerts.deliveries import Delivery, Waiting, drop_orphans, record, waiting
from pipeline.alerts.message import Kind
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.alerts import DELIVERIES, OUTBOX

__all__ = ["Outcome", "deliver"]

_TRIES: Final = 3
_LONGEST_PAUSE_SECONDS: Final = 10.0
_CHANNEL_SECONDS: Final = 120.0
"""After so long a channel begins no other message in this round."""
_FAILURES_IN_A_ROW: Final = 3
"""After so many a channel is left alone until the next round."""
_ROUND_SECONDS: Final = 300.0
"""After so long a channel that hangs in spite of all deadlines is left to itself."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of a message in a round."""

    channel: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class _Attempted:
    """A channel's report, which waits to be written down before it goes on."""

    outcome: Outcome
    is_written: Event


def deliver(
    spark: SparkSession,
    lakehouse: Lakehouse,
    open_channel: Callable[[str], Channel],
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> list[Outcome]:
    """One round over all that waits. Only for the writer of the deliveries (`Part.DELIVERIES`).

    `open_channel` is called in the channel's own thread; NotSent where it cannot be opened.
    """
    lakehouse.create(DELIVERIES)
    if not lakehouse.exists(OUTBOX):
        return []
    drop_orphans(spark, lakehouse)
    reports: SimpleQueue[_Attempted] = SimpleQueue()
    clock = _Clock(now, pause, jitter)
    by_channel = sorted(waiting(lakehouse), key=lambda one: one.channel)  # Stable: in order within.
    rounds = [
        _Round(channel, list(messages), open_channel, reports, clock)
        for channel, messages in groupby(by_channel, key=lambda one: one.channel)
    ]
    threads = [Thread(target=one.run, name=one.channel, daemon=True) for one in rounds]
    for thread in threads:
        thread.start()
    outcomes = []
    ends_at = time.monotonic() + _ROUND_SECONDS
    while (any(thread.is_alive() for thread in threads) and time.monotonic() < ends_at) or (
        not reports.empty()
    ):
        reported = list(_reported(reports))
        record(spark, lakehouse, [one.outcome.delivery for one in reported])
        outcomes += [one.outcome for one in reported]
        for one in reported:
            one.is_written.set()
    return outcomes


@dataclass(frozen=True, slots=True)
class _Clock:
    now: Callable[[], datetime]
    pause: Callable[[float], None]
    jitter: Callable[[], float]


class _Round:
    """One channel's messages of this round, sent one after another in a thread of their own."""

    def __init__(
        self,
        channel: str,
        messages: list[Waiting],
        open_channel: Callable[[str], Channel],
        reports: "SimpleQueue[_Attempted]",
        clock: _Clock,
    ) -> None:
        self.channel = channel
        self._messages = messages
        self._open = open_channel
        self._reports = reports
        self._clock = clock
        self._opened: Channel | None = None

    def run(self) -> None:
        ends_at = time.monotonic() + _CHANNEL_SECONDS
        held = set[str]()
        roots: dict[str, str] = {}
        heard = set[str]()
        failures = 0
        for one in _unless_all_wait(self._messages, self._clock.now()):
            incident = one.incident_key
            if incident in held:
                continue
            if time.monotonic() > ends_at or failures >= _FAILURES_IN_A_ROW:
                return
            if _is_early(one, self._clock.now()):
                delivery = one.delivery
            else:
                root = one.root or roots.get(incident or "")
                delivery = self._attempt(one, root, ends_at, is_heard=incident in heard)
                self._report(delivery)
                is_failure = delivery.state == "pending"
                failures = failures + 1 if is_failure else 0
                if delivery.reason == Reason.RATE_LIMITED and is_failure:
                    return
            if incident is not None and delivery.state == "pending":
                held.add(incident)
            if incident is not None and delivery.thread is not None:
                roots.setdefault(incident, delivery.thread)
            if incident is not None and delivery.state == "delivered":
                heard.add(incident)

    def _attempt(
        self, one: Waiting, root: str | None, ends_at: float, *, is_heard: bool
    ) -> Delivery:
        """The message tried a few times in short order."""
        delivery, message = one.delivery, one.message
        if message is None:
            at = self._clock.now()
            return delivery.attempted(at).failed(NotSent(Reason.INVALID), at)
        if message.kind is Kind.RESOLVED and one.incident_key and not (is_heard or one.is_heard):
            return delivery.failed(NotSent(Reason.UNHEARD), self._clock.now())
        for attempt in range(1, _TRIES + 1):
            at = self._clock.now()
            if message.expires_at is not None and message.expires_at <= at:
                return delivery.failed(NotSent(Reason.EXPIRED), at)
            delivery = delivery.attempted(at)
            try:
                sent = self._sent_by().send(message, root)
            except NotSent as error:
                failure = error
            except Exception:
                # What a fault says may quote anything; that there is one is told.
                failure = NotSent(Reason.FAULT)
            else:
                return delivery.delivered(sent, self._clock.now())
            wait_seconds = max(
                failure.retry_after_seconds or 0.0, attempt * (0.75 + self._clock.jitter() / 2)
            )
            if (
                attempt == _TRIES
                or not failure.reason.may_pass
                or failure.reason is Reason.NOT_CONFIGURED
                or wait_seconds > _LONGEST_PAUSE_SECONDS
                or time.monotonic() + wait_seconds > ends_at
            ):
                break
            self._clock.pause(wait_seconds)
        return delivery.failed(failure, self._clock.now(), self._clock.jitter)

    def _sent_by(self) -> Channel:
        if self._opened is None:
            self._opened = self._open(self.channel)
        return self._opened

    def _report(self, delivery: Delivery) -> None:
        attempted = _Attempted(Outcome(self.channel, delivery), Event())
        self._reports.put(attempted)
        # Whoever writes it down may have given up; then nothing may be sent any more.
        attempted.is_written.wait()


def _unless_all_wait(messages: Iterable[Waiting], now: datetime) -> list[Waiting]:
    """None where the other side has asked for no message at all before a time that is yet to come."""
    messages = list(messages)
    is_limited = any(
        one.delivery.reason == Reason.RATE_LIMITED and _is_early(one, now) for one in messages
    )
    return [] if is_limited else messages


def _is_early(one: Waiting, now: datetime) -> bool:
    """Whether it is to wait; not where the clock was wrong when it was last tried."""
    delivery = one.delivery
    if delivery.next_attempt_at is None or (delivery.last_attempted_at or now) > now:
        return False
    return delivery.next_attempt_at > now


def _reported(reports: "SimpleQueue[_Attempted]") -> Iterator[_Attempted]:
    """What channels have reported by now, or the first report of the next tenth of a second."""
    with suppress(Empty):
        yield reports.get(timeout=0.1)
        while True:
            yield reports.get_nowait()
