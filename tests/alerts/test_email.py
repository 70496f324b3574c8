"""Mail: encrypted, in threads, and with nothing in its headers but what we put there."""

import re
import traceback
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from pipeline.alerts.channels.channel import NotSent, Reason
from pipeline.alerts.channels.email import Email, mail_of
from pipeline.alerts.message import Content, Kind, Written
from pipeline.secret import Secret
from tests.alerts.mailboxes import Mailbox, mailbox
from tests.alerts.messages import CONTENTS, content, hostile, message

_CANARY = "canary-pa55"
_TO = ("ana@example.com", "ben@example.com")


def _channel(box: Mailbox, **other: Any) -> Email:
    named: dict[str, Any] = {
        "host": "localhost",
        "port": box.port,
        "security": "starttls",
        "sender": "rightrun@example.com",
        "to": _TO,
        "allow_private": True,
    }
    return Email(**(named | other))


def _failure(send: Callable[[], object]) -> NotSent:
    with pytest.raises(NotSent) as failed:
        send()
    failure = failed.value
    assert (failure.__cause__, failure.__context__) == (None, None)
    told = traceback.TracebackException.from_exception(failure, capture_locals=True)
    ours = [frame for frame in told.stack if "pipeline/alerts" in frame.filename]
    assert all(_CANARY not in str(frame.locals) for frame in ours)
    return failure


def test_a_mail_arrives_encrypted_with_text_and_html(trusted: Path) -> None:
    with mailbox(trusted) as box:
        sent = _channel(box).send(message(), None)
    (mail,) = box.mails
    assert (box.recipients, box.were_encrypted) == ([[*_TO]], [True])
    assert mail["Subject"] == "[P1] load_orders failed 3 times in a row"
    assert mail["Message-ID"] == sent.thread
    assert (mail["From"], mail["To"]) == ("rightrun@example.com", ", ".join(_TO))
    assert mail["Auto-Submitted"] == "auto-generated"
    text, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    for part in (text.get_content(), page.get_content()):
        assert "It has not delivered since 1 March." in part
        assert "https://w.example/jobs/1" in part
        assert "and 2 more" in part
        assert "Data as of 2026-03-02 00:00 UTC, 3 hours before this was decided." in part
        assert "rightrun alerts silence w/1 --for 2h" in part


def test_an_incident_is_one_thread_and_a_repetition_the_same_mail(trusted: Path) -> None:
    with mailbox(trusted) as box:
        channel = _channel(box)
        root = channel.send(message(), None).thread
        channel.send(message(), None)
        channel.send(message(sequence=1), root)
    first, again, second = box.mails
    assert first["Message-ID"] == again["Message-ID"] == root
    assert second["Message-ID"] != root
    assert (second["In-Reply-To"], second["References"]) == (root, root)
    assert first["References"] is None


def test_a_report_is_sent_as_it_was_written(trusted: Path) -> None:
    written = Written(text="Title\n=====\nä\n", html="<h1>Title ä</h1>" + "<p>x</p>" * 500)
    with mailbox(trusted) as box:
        report = message(None, kind=Kind.REPORT, tier=None, content=content(written=written))
        _channel(box).send(report, None)
    (mail,) = box.mails
    text, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n") == written.text
    assert page.get_content().strip() == written.html


def test_a_login(trusted: Path) -> None:
    with mailbox(trusted, login=True) as box:
        box.password = _CANARY
        _channel(box, login=("rr", Secret(_CANARY))).send(message(), None)
        assert box.logins == [("rr", _CANARY)]
        box.password = "another"
        failure = _failure(
            lambda: _channel(box, login=("rr", Secret(_CANARY))).send(message(), None)
        )
        assert (failure.reason, failure.status_code) == (Reason.REFUSED, 535)
        assert _CANARY not in str(failure)
    assert len(box.mails) == 1


def test_tls_from_the_beginning(trusted: Path) -> None:
    with mailbox(trusted, security="tls") as box:
        _channel(box, security="tls").send(message(), None)
    assert len(box.mails) == 1


def test_plain_text_goes_to_this_machine_only(
    trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mailbox(trusted, security="none") as box:
        _channel(box, security="none").send(message(), None)
        assert box.were_encrypted == [False]
        monkeypatch.setattr("pipeline.alerts.channels.email.is_loopback", lambda _connection: False)
        failure = _failure(lambda: _channel(box, security="none").send(message(), None))
        assert failure.reason is Reason.CERTIFICATE
        # A server that offers no encryption is not spoken to, with a password least of all.
        failure = _failure(
            lambda: _channel(box, login=("rr", Secret(_CANARY))).send(message(), None)
        )
        assert (failure.reason, box.logins) == (Reason.CERTIFICATE, [])
    assert len(box.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_trusts_ends_it(certificate: Path, security: Any) -> None:
    with mailbox(certificate, security=security) as box:
        channel = _channel(box, security=security, login=("rr", Secret(_CANARY)))
        assert _failure(lambda: channel.send(message(), None)).reason is Reason.CERTIFICATE
    assert (box.mails, box.logins) == ([], [])


def test_private_addresses_are_refused_unless_they_are_meant(trusted: Path) -> None:
    with mailbox(trusted) as box:
        channel = _channel(box, allow_private=False)
        assert _failure(lambda: channel.send(message(), None)).reason is Reason.ADDRESS
    assert _failure(lambda: _channel(box).send(message(), None)).reason is Reason.CONNECTION


@pytest.mark.parametrize(
    ("reply", "reason", "may_pass"),
    [
        ("421 closing", Reason.RATE_LIMITED, True),
        ("451 later", Reason.SERVER_ERROR, True),
        ("452 full", Reason.RATE_LIMITED, True),
        ("550 no", Reason.GONE, False),
        ("552 too big", Reason.REJECTED, False),
        ("554 spam", Reason.REJECTED, False),
    ],
)
def test_replies_are_told_apart(trusted: Path, reply: str, reason: Reason, may_pass: bool) -> None:
    with mailbox(trusted) as box:
        box.replies.append(f"{reply} {_CANARY}")
        failure = _failure(lambda: _channel(box).send(message(), None))
    assert (failure.reason, failure.status_code) == (reason, int(reply[:3]))
    assert failure.reason.may_pass is may_pass
    assert _CANARY not in str(failure)


def test_one_who_is_refused_keeps_nobody_else_from_it(trusted: Path) -> None:
    with mailbox(trusted) as box:
        box.refused = {_TO[0]}
        _channel(box).send(message(), None)
        assert box.recipients == [[_TO[1]]]
        box.refused = {*_TO}
        failure = _failure(lambda: _channel(box).send(message(), None))
        assert (failure.reason, failure.status_code) == (Reason.GONE, 550)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _looked_at(some: Content, **other: Any) -> None:
    mail = mail_of(message(content=some, **other), "rightrun@example.com", _TO, "<a@example.com>")
    data = bytes(mail)
    head, _, _ = data.partition(b"\r\n\r\n")
    names = re.findall(rb"^([A-Za-z-]+):", head, re.MULTILINE)
    assert {*names} == {
        *(b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted"),
        *(b"In-Reply-To", b"References", b"MIME-Version", b"Content-Type"),
    }
    assert len(names) == len({*names})
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    back = message_from_bytes(data, policy=default)
    assert back["To"] == ", ".join(_TO)
    assert back["Bcc"] is None
    assert not re.search("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", back["Subject"])
    page = back.get_body(("html",))
    assert page is not None
    tags = _Tags()
    tags.feed(page.get_content())
    tags.close()
    assert tags.open == []
    assert tags.seen <= {
        *("html", "head", "meta", "title", "body", "div", "h1", "p", "bdi", "table", "tr", "td"),
        *("a", "br", "code"),
    }
    assert tags.attributes <= {"lang", "charset", "name", "content", "style", "role", "href"}
    assert all(address.startswith(("https://", "http://")) for address in tags.addresses)


@given(
    CONTENTS.map(lambda some: Content.from_json(some.to_json())).filter(
        lambda some: not some.written
    )
)
def test_no_message_adds_a_header_or_a_tag(some: Content) -> None:
    _looked_at(some)


def test_no_hostile_name_adds_a_header_or_a_tag() -> None:
    _looked_at(hostile().content)
    _looked_at(hostile().content, tier="P1\r\nBcc: evil@example.com")
