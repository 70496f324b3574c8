"""One request: what is taken, what is told apart, and where nothing is ever sent."""

import socket
import ssl
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts import addresses, https
from pipeline.alerts.addresses import _is_public
from pipeline.alerts.channels.channel import NotSent, Reason
from pipeline.alerts.https import post
from pipeline.secret import Secret
from tests.alerts import receivers
from tests.alerts.receivers import Answer, Receiver, receiving, status

_CANARY = "canary-T0KEN"


def _failure(receiver: Receiver, answer: Answer | None = None, **options: Any) -> NotSent:
    if answer is not None:
        receiver.answers.append(answer)
    url = options.pop("url", receiver.url(f"/services/{_CANARY}"))
    with pytest.raises(NotSent) as failed:
        post(Secret(url), b"{}", {"X-Key": Secret(_CANARY)}, **({"allow_private": True} | options))
    failure = failed.value
    # Nothing of it leads to the address: neither words nor causes nor local values.
    assert failure.__cause__ is None
    assert failure.__context__ is None
    told = traceback.TracebackException.from_exception(failure, capture_locals=True)
    ours = [frame for frame in told.stack if "pipeline/alerts" in frame.filename]
    assert ours
    assert all(_CANARY not in str(frame.locals) for frame in ours)
    return failure


def test_a_message_arrives_with_its_headers(receiver: Receiver) -> None:
    headers = {"X-Key": Secret("k1"), "Content-Type": "application/json"}
    reply = post(Secret(receiver.url("/a?b=c")), b'{"a": 1}', headers, allow_private=True)
    assert (reply.status_code, reply.body) == (200, b"ok")
    (request,) = receiver.requests
    assert (request.path, request.body, request.headers["X-Key"]) == ("/a?b=c", b'{"a": 1}', "k1")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, Reason.REJECTED),
        (401, Reason.REFUSED),
        (403, Reason.REFUSED),
        (404, Reason.GONE),
        (410, Reason.GONE),
        (413, Reason.REJECTED),
        (429, Reason.RATE_LIMITED),
        (500, Reason.SERVER_ERROR),
        (503, Reason.SERVER_ERROR),
    ],
)
def test_answers_are_told_apart(receiver: Receiver, code: int, reason: Reason) -> None:
    failure = _failure(receiver, status(code, b"canary-in-the-answer"))
    assert (failure.reason, failure.status_code) == (reason, code)
    assert "canary" not in str(failure)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_nobody_is_followed_elsewhere(receiver: Receiver, code: int) -> None:
    with receiving(Path(ssl.get_default_verify_paths().cafile or "")) as other:
        failure = _failure(receiver, status(code, Location=other.url()))
        assert (failure.reason, failure.reason.may_pass) == (Reason.REDIRECTED, False)
        assert other.requests == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(receivers.reset, Reason.CONNECTION), (receivers.garbage, Reason.UNREADABLE)],
)
def test_what_is_no_answer(receiver: Receiver, answer: Answer, reason: Reason) -> None:
    failure = _failure(receiver, answer)
    assert (failure.reason, failure.reason.may_pass) == (reason, True)


@pytest.mark.parametrize("answer", [receivers.silence, receivers.drip])
def test_nobody_is_waited_for_beyond_the_deadline(
    receiver: Receiver, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "DEADLINE_SECONDS", 1.3)
    begun_at = time.monotonic()
    assert _failure(receiver, answer).reason is Reason.TIMEOUT
    assert time.monotonic() - begun_at < 2.5


def test_what_was_taken_is_not_sent_again_because_the_answer_is_slow(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https, "_BODY_SECONDS", 0.3)
    receiver.answers.append(receivers.slow_body)
    begun_at = time.monotonic()
    reply = post(Secret(receiver.url()), b"{}", {}, allow_private=True)
    assert time.monotonic() - begun_at < 1.5
    assert reply.status_code == 200
    assert 0 < len(reply.body) < 60


def test_an_answer_without_end_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.answers.append(receivers.flood)
    reply = post(Secret(receiver.url()), b"{}", {}, allow_private=True)
    assert len(reply.body) == https._MOST_BYTES


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7), ("0", 0), ("-3", 0), ("1e9", 86_400), ("soon", None), ("nan", None), ("", None)],
)
def test_how_long_to_wait_may_be_a_number(
    receiver: Receiver, asked: str, seconds: float | None
) -> None:
    assert _failure(receiver, status(429, Retry_After=asked)).retry_after_seconds == seconds


def test_how_long_to_wait_may_be_a_date(receiver: Receiver) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    waited = _failure(receiver, status(503, Retry_After=at)).retry_after_seconds
    assert waited is not None
    assert 80 < waited <= 90


def test_a_certificate_that_nobody_trusts_ends_it(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    failure = _failure(receiver)
    assert (failure.reason, failure.reason.may_pass) == (Reason.CERTIFICATE, False)
    assert receiver.requests == []


def test_a_certificate_for_another_name_ends_it(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = socket.getaddrinfo("127.0.0.1", receiver.port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_args, **_named: where)
    failure = _failure(receiver, url=f"https://hooks.example.com:{receiver.port}/{_CANARY}")
    assert failure.reason is Reason.CERTIFICATE


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://localhost/{}", Reason.ADDRESS),
        ("ftp://localhost/{}", Reason.ADDRESS),
        ("https://user:{}@localhost/", Reason.ADDRESS),
        ("{}", Reason.INVALID),
        ("https:///{}", Reason.INVALID),
        ("https://localhost:99999/{}", Reason.INVALID),
        ("https://[::1/{}", Reason.INVALID),
        ("https://localhost/{}\r\nX-Evil: 1", Reason.INVALID),
        ("https://localhost/{} a", Reason.INVALID),
        ("https://nowhere.invalid/{}", Reason.CONNECTION),
        ("https://localhost:1/{}", Reason.CONNECTION),
    ],
)
def test_what_is_no_address_of_https(receiver: Receiver, url: str, reason: Reason) -> None:
    assert _failure(receiver, url=url.format(_CANARY)).reason is reason


def test_a_header_is_one_line(receiver: Receiver) -> None:
    with pytest.raises(NotSent) as failed:
        post(Secret(receiver.url()), b"", {"X-Key": "a\r\nX-Evil: 1"}, allow_private=True)
    assert failed.value.reason is Reason.INVALID
    assert receiver.requests == []


def test_this_machine_and_private_networks_are_refused_unless_they_are_meant(
    receiver: Receiver,
) -> None:
    assert _failure(receiver, allow_private=False).reason is Reason.ADDRESS
    assert receiver.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not _is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_addresses_that_are_public(address: str) -> None:
    assert _is_public(address)


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("1.1.1.1", "10.0.0.1")
    ]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_args, **_named: names)
    assert _failure(receiver, allow_private=False).reason is Reason.ADDRESS


def test_what_was_looked_at_is_what_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads to a public address first and to this machine afterwards reaches nobody here."""
    answers = iter(["192.0.2.1", *["127.0.0.1"] * 9])
    asked: list[str] = []
    connected_to: list[str] = []

    def resolve(host: str, port: int, **_named: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(address: tuple[str, int], **_named: Any) -> socket.socket:
        connected_to.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(addresses.socket, "create_connection", connect)
    monkeypatch.setattr(addresses, "_is_public", lambda address: address == "192.0.2.1")
    assert _failure(receiver, allow_private=False).reason is Reason.CONNECTION
    assert (len(asked), connected_to) == (1, ["192.0.2.1"])


@given(st.text(max_size=60))
def test_any_text_for_an_address_is_refused_or_fails(text: str) -> None:
    with pytest.raises(NotSent):
        post(Secret(f"{text}//localhost:1/{text}"), b"", {}, allow_private=True)
