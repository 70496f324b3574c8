"""The deliverer: at least once, in order, each channel for itself, and given up in time."""

from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipeline.alerts.channels.channel import NotSent, Reason
from pipeline.alerts.deliveries import Delivery, record, retry
from pipeline.alerts.message import Message, message_id
from pipeline.tables.alerts import DELIVERIES, OUTBOX
from tests.alerts.homes import Home, Told, fails, ids
from tests.alerts.messages import NOW, content, message


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def home(tmp_path: Path, spark: SparkSession, told: Told) -> Home:
    return Home(tmp_path / "home", spark, c=told)


def test_what_is_posted_is_delivered_once(home: Home, told: Told) -> None:
    messages = [message(key) for key in ("w/1", "w/2")]
    assert home.post(*messages) == 2
    assert [one.delivery.state for one in home.deliver()] == ["delivered"] * 2
    assert home.deliver() == []
    assert sorted(told.tried) == sorted(ids(messages))
    state = home.states()[messages[0].message_id]
    assert (state["state"], state["attempts"], state["status_code"]) == ("delivered", 1, 200)
    assert (state["delivered_at"], state["reason"]) == (NOW, None)


def test_posting_the_same_again_changes_nothing(home: Home, told: Told) -> None:
    assert home.post(message()) == 1
    version = home.lakehouse.version(OUTBOX)
    other = message(content=content(headline="another"))
    assert home.post(message(), other, message()) == 0
    assert home.post() == 0
    assert home.lakehouse.version(OUTBOX) == version
    home.deliver()
    home.post(message())
    assert home.deliver() == []
    assert told.tried == [message().message_id]


def test_a_home_without_a_message_or_an_outbox_is_delivered_at_once(home: Home) -> None:
    assert home.deliver() == []
    home.post()
    assert home.deliver() == []


def test_an_incidents_messages_come_in_order_and_in_the_thread_of_the_first(
    home: Home, told: Told
) -> None:
    late = message(sequence=1, decided_at=NOW - timedelta(hours=2))
    home.post(message(sequence=2), late, message(), message("w/2"))
    home.deliver()
    first = message_id("w/1", 0, "c")
    of_first = [(one, root) for one, root in told.sent if one.startswith("w/1")]
    thread = f"thread of {first}"
    assert of_first == [
        (first, None),
        (message_id("w/1", 1, "c"), thread),
        (message_id("w/1", 2, "c"), thread),
    ]
    # Later, from what is written down.
    home.post(message(sequence=3))
    home.deliver()
    assert told.sent[-1] == (message_id("w/1", 3, "c"), thread)


def test_a_report_is_in_nobodys_thread(home: Home, told: Told) -> None:
    home.post(message(None), message(None, sequence=1))
    home.deliver()
    assert [root for _, root in told.sent] == [None, None]


def test_a_later_message_waits_for_the_earlier_until_it_is_delivered(
    home: Home, told: Told
) -> None:
    told.does = fails(Reason.SERVER_ERROR, times=3, status_code=503)
    home.post(message(), message(sequence=1), message("w/2"))
    home.deliver()
    # Three quick tries of the first; the other incident does not wait for it.
    assert told.tried == [message_id("w/1", 0, "c")] * 3 + [message_id("w/2", 0, "c")]
    state = home.states()[message_id("w/1", 0, "c")]
    assert (state["state"], state["attempts"], state["reason"]) == ("pending", 3, "server_error")
    assert state["status_code"] == 503
    assert home.deliver() == []
    home.clock.goes_on(minutes=2)
    home.deliver()
    assert [one for one, _ in told.sent if one.startswith("w/1")] == [
        message_id("w/1", 0, "c"),
        message_id("w/1", 1, "c"),
    ]


def test_a_later_message_is_sent_once_the_earlier_is_given_up(home: Home, told: Told) -> None:
    told.does = fails(Reason.REJECTED, times=1, status_code=400)
    home.post(message(), message(sequence=1))
    assert [one.delivery.state for one in home.deliver()] == ["dead", "delivered"]
    assert told.sent == [(message_id("w/1", 1, "c"), None)]


def test_what_no_retry_mends_is_given_up_at_once(home: Home, told: Told) -> None:
    final = [reason for reason in Reason if not reason.may_pass]

    def fail(_message: Message, count: int) -> None:
        raise NotSent(final[count])

    told.does = fail
    home.post(*(message(f"w/{number}") for number in range(len(final))))
    outcomes = home.deliver()
    assert [one.delivery.reason for one in outcomes] == final
    assert {one.delivery.state for one in outcomes} == {"dead"}
    assert len(told.tried) == len(final)
    home.clock.goes_on(days=3)
    assert home.deliver() == []


@given(
    st.sampled_from([reason for reason in Reason if reason.may_pass]),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=100, max_size=100),
    st.none() | st.integers(0, 3_600),
)
def test_what_may_pass_is_tried_for_a_day_at_growing_intervals(
    reason: Reason, drawn: list[float], asked_seconds: int | None
) -> None:
    delivery, at, waits = Delivery(message_id="m"), NOW, []
    for jitter in drawn:
        failure = NotSent(reason, retry_after_seconds=asked_seconds)
        delivery = delivery.attempted(at).failed(failure, at, lambda: jitter)  # noqa: B023
        if delivery.state == "dead":
            break
        assert delivery.next_attempt_at is not None
        waits.append((delivery.next_attempt_at - at).total_seconds())
        at = delivery.next_attempt_at
    assert (delivery.state, delivery.reason) == ("dead", reason)
    assert timedelta(hours=24) <= at - NOW <= timedelta(hours=25)
    assert min(waits) >= max(45, asked_seconds or 0)
    assert max(waits) <= max(37.5 * 60, asked_seconds or 0)
    assert asked_seconds is not None or max(waits[:3]) <= 5 * 60
    assert 20 < len(waits) < 80


def test_a_day_after_the_first_attempt_it_is_given_up(home: Home, told: Told) -> None:
    told.does = fails(Reason.TIMEOUT)
    home.post(message())
    assert [one.delivery.state for one in home.deliver()] == ["pending"]
    home.clock.goes_on(hours=23)
    assert [one.delivery.state for one in home.deliver()] == ["pending"]
    home.clock.goes_on(hours=1)
    assert [one.delivery.state for one in home.deliver()] == ["dead"]
    assert home.deliver() == []


def test_quick_tries_are_few_and_short(home: Home, told: Told) -> None:
    told.does = fails(Reason.CONNECTION, times=2)
    home.post(message())
    (outcome,) = home.deliver()
    assert (outcome.delivery.state, outcome.delivery.attempts) == ("delivered", 3)
    assert home.clock.at - NOW < timedelta(seconds=5)


@pytest.mark.parametrize(("seconds", "tries"), [(3, 3), (60, 1), (7_200, 1)])
def test_the_other_side_is_asked_again_no_earlier_than_it_says(
    home: Home, told: Told, seconds: float, tries: int
) -> None:
    told.does = fails(Reason.RATE_LIMITED, status_code=429, retry_after_seconds=seconds)
    home.post(message(), message("w/2"))
    (outcome,) = home.deliver()
    assert outcome.delivery.attempts == tries
    assert outcome.delivery.next_attempt_at is not None
    waits = outcome.delivery.next_attempt_at - home.clock.at
    assert waits == max(timedelta(seconds=seconds), timedelta(minutes=1))
    # It spoke of all messages, so the other incident's waits as well.
    assert home.deliver() == []
    told.does = lambda _message, _count: None
    home.clock.at = outcome.delivery.next_attempt_at
    assert len(home.deliver()) == 2


def test_a_channel_that_fails_is_left_alone_after_a_few_messages(home: Home, told: Told) -> None:
    told.does = fails(Reason.TIMEOUT)
    home.post(*(message(f"w/{number}") for number in range(10)))
    assert len(home.deliver()) == 3
    assert len({*told.tried}) == 3


def test_a_channel_that_hangs_holds_no_other(tmp_path: Path, spark: SparkSession) -> None:
    other_is_done = Event()

    def hang(_message: Message, _count: int) -> None:
        other_is_done.wait(30)

    hanging = Told(does=hang)
    failing = Told(does=fails(Reason.SERVER_ERROR))
    quick = Told(does=lambda _message, count: other_is_done.set() if count == 4 else None)
    home = Home(tmp_path / "home", spark, hanging=hanging, failing=failing, quick=quick)
    home.post(
        *(
            message("w/1", sequence, channel)
            for channel in ("failing", "hanging", "quick")
            for sequence in range(5)
        )
    )
    home.deliver()
    assert other_is_done.is_set()
    assert [one for one, _ in quick.sent] == [message_id("w/1", n, "quick") for n in range(5)]
    assert len(hanging.sent) == 5
    assert failing.sent == []


def test_a_fault_of_a_channel_is_told_and_quotes_nothing(
    home: Home, told: Told, capfd: pytest.CaptureFixture[str]
) -> None:
    def burst(_message: Message, _count: int) -> None:
        raise RuntimeError("canary")

    told.does = burst
    home.post(message())
    (outcome,) = home.deliver()
    assert (outcome.delivery.state, outcome.delivery.reason) == ("pending", "fault")
    assert "canary" not in "".join(capfd.readouterr())


def test_a_channel_that_nobody_has_set_up_waits_for_somebody(home: Home) -> None:
    home.post(message(channel="elsewhere"))
    (outcome,) = home.deliver()
    assert (outcome.delivery.state, outcome.delivery.reason) == ("pending", "not_configured")
    home.channels["elsewhere"] = Told()
    home.clock.goes_on(hours=1)
    (outcome,) = home.deliver()
    assert outcome.delivery.state == "delivered"


def test_what_nobody_wants_any_more_is_not_sent(home: Home, told: Told) -> None:
    home.post(
        message(expires_at=NOW),
        message("w/2", expires_at=NOW + timedelta(minutes=1)),
        message("w/3"),
    )
    home.deliver()
    states = home.states()
    first = states[message_id("w/1", 0, "c")]
    assert (first["state"], first["reason"], first["attempts"]) == ("dead", "expired", 0)
    assert [one for one, _ in told.sent] == [message_id("w/2", 0, "c"), message_id("w/3", 0, "c")]


def test_a_message_that_cannot_be_read_is_given_up_and_holds_no_other(
    home: Home, told: Told
) -> None:
    home.post(message())
    damaged = home.lakehouse.read(OUTBOX).toPandas()
    damaged["content"] = "{"
    home.lakehouse.merge(
        OUTBOX, home.spark.createDataFrame(damaged, home.lakehouse.read(OUTBOX).schema)
    )
    home.post(message("w/2"))
    home.deliver()
    assert home.states()[message_id("w/1", 0, "c")]["reason"] == "invalid"
    assert [one for one, _ in told.sent] == [message_id("w/2", 0, "c")]


def test_what_was_given_up_is_tried_again_when_somebody_asks(home: Home, told: Told) -> None:
    told.does = fails(Reason.REFUSED)
    home.post(message(), message("w/2"), message("w/3", channel="elsewhere"))
    home.deliver()
    told.does = lambda _message, _count: None
    lakehouse = home.lakehouse
    assert retry(home.spark, lakehouse, message_id="w/9", channel=None) == []
    assert retry(home.spark, lakehouse, message_id=None, channel="elsewhere") == []
    (again,) = retry(home.spark, lakehouse, message_id=message_id("w/1", 0, "c"), channel=None)
    assert (again.state, again.first_attempted_at) == ("pending", None)
    home.deliver()
    assert [one for one, _ in told.sent] == [message_id("w/1", 0, "c")]
    assert len(retry(home.spark, lakehouse, message_id=None, channel="c")) == 1
    home.deliver()
    assert len(told.sent) == 2


def test_the_state_is_written_before_a_channel_sends_another(home: Home, told: Told) -> None:
    """Seen from within a send: all that went before stands in the table."""
    seen = []

    def look(_message: Message, _count: int) -> None:
        seen.append(sum(row["state"] == "delivered" for row in home.states().values()))

    told.does = look
    home.post(*(message("w/1", sequence) for sequence in range(3)))
    home.deliver()
    assert seen == [0, 1, 2]


def test_an_empty_record_makes_no_commit(home: Home) -> None:
    home.post(message())
    home.deliver()
    version = home.lakehouse.version(DELIVERIES)
    record(home.spark, home.lakehouse, [])
    assert home.lakehouse.version(DELIVERIES) == version
