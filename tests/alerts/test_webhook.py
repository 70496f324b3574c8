"""The generic webhook: signed as the Standard Webhooks say, the same id each time."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from standardwebhooks import Webhook as Verifier

from pipeline.alerts.channels.channel import NotSent, Reason
from pipeline.alerts.channels.webhook import Webhook, _payload
from pipeline.alerts.message import Content
from pipeline.secret import Secret
from tests.alerts.messages import CONTENTS, hostile, message
from tests.alerts.receivers import Receiver

_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


def test_a_receiver_can_verify_what_it_is_sent(receiver: Receiver) -> None:
    channel = Webhook(Secret(receiver.url()), Secret(_SECRET), allow_private=True)
    for one in (message(), hostile(), message(key="a b/ü\n", sequence=3)):
        sent = channel.send(one, None)
        assert (sent.status_code, sent.thread) == (200, None)
        request = receiver.requests[-1]
        payload = Verifier(_SECRET).verify(request.body, request.headers)
        assert payload["data"]["message_id"] == request.headers["webhook-id"] == one.message_id
        assert payload["type"] == f"rightrun.alert.{one.kind}"


def test_a_clock_of_another_zone_signs_the_same(receiver: Receiver) -> None:
    zone = timezone(timedelta(hours=5))
    channel = Webhook(
        Secret(receiver.url()),
        Secret(_SECRET),
        allow_private=True,
        now=lambda: datetime.now(UTC).astimezone(zone),
    )
    channel.send(message(), None)
    (request,) = receiver.requests
    Verifier(_SECRET).verify(request.body, request.headers)


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    Webhook(Secret(receiver.url()), None, allow_private=True).send(message(), None)
    (request,) = receiver.requests
    assert "webhook-signature" not in request.headers


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_a", "ü"])
def test_a_secret_that_signs_nothing_sends_nothing(receiver: Receiver, secret: str) -> None:
    channel = Webhook(Secret(receiver.url()), Secret(secret), allow_private=True)
    with pytest.raises(NotSent) as failed:
        channel.send(message(), None)
    assert failed.value.reason is Reason.INVALID
    assert failed.value.__context__ is None
    assert receiver.requests == []


@given(CONTENTS)
def test_a_message_of_any_content_is_json_of_bounded_size(some: Content) -> None:
    body = json.dumps(_payload(message(content=some)))
    assert len(body) < 512 * 1024
    assert json.loads(body)["data"]["headline"] == some.headline[:1999] + "…" * (
        len(some.headline) > 2000
    ) or (len(some.headline) <= 2000 and json.loads(body)["data"]["headline"] == some.headline)
