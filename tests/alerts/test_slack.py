"""Slack: within its limits whatever a message holds, nothing in it means anything, and threads."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from slack_sdk.models.blocks import Block

from pipeline.alerts.channels import slack
from pipeline.alerts.channels.channel import NotSent, Reason
from pipeline.alerts.channels.slack import SlackBot, SlackWebhook, blocks_of
from pipeline.alerts.message import Content
from pipeline.secret import Secret
from tests.alerts.messages import CONTENTS, HOSTILE, content, hostile, message
from tests.alerts.receivers import Receiver, status

_TS = "1767225600.000100"


def texts(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The text objects of a message."""
    found = []
    for block in blocks:
        found += [block["text"]] if "text" in block else block["elements"]
    return found


@settings(max_examples=60)
@given(CONTENTS)
@example(hostile().content)
@example(content(items=hostile().content.items * 40))
def test_any_message_is_within_the_limits_of_block_kit(some: Content) -> None:
    blocks = blocks_of(message(content=some))
    assert 0 < len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False)) <= 13_000
    assert sum(len(text["text"]) for text in texts(blocks)) <= 10_000
    for block in blocks:
        match block["type"]:
            case "header":
                assert len(block["text"]["text"]) <= 150
            case "section":
                assert 0 < len(block["text"]["text"]) <= 3_000
            case "context":
                assert len(block["elements"]) <= 10
        # slack-sdk's own model of each block takes it, and says it the same.
        parsed = Block.parse(block)
        assert parsed is not None
        assert parsed.to_dict() == block


@given(CONTENTS)
@example(hostile().content)
def test_what_slack_takes_for_its_own_is_not_in_what_others_have_named(some: Content) -> None:
    for text in texts(blocks_of(message(content=some))):
        words = text["text"]
        if text["type"] == "plain_text":
            assert text["emoji"] is False
            assert not re.search("[<>]|&(?!amp;|lt;|gt;)", words)
            continue
        assert text["verbatim"] is True
        # All that stands in angles is a link of ours to an address of the web; what is left has no markup.
        rest = re.sub(r"<https?://[^<>|\s]*\|([^<>|]*)>", r"\1", words)
        assert not re.search(r"[<>*~`|]|&(?!amp;|lt;|gt;)|:[^\s:]+:", rest)
        assert not re.search(r"(?<!\w)_|_(?!\w)", rest)
        assert all(
            line.startswith(("•", "and ")) or "·" in words or "<" in words
            for line in words.split("\n")
        )


def test_an_underscore_within_a_name_stays() -> None:
    (line,) = [text["text"] for text in texts(blocks_of(message())) if "•" in text["text"]]
    assert line == "• <https://w.example/jobs/1|load_orders> – failed at 02:10 UTC"


def test_a_long_list_is_cut_and_says_how_much_is_left_out() -> None:
    items = content().items * 500
    blocks = blocks_of(message(content=content(items=items, left_out=7)))
    listed = sum(text["text"].count("•") for text in texts(blocks))
    assert 20 < listed < 500
    assert any(text["text"] == f"and {500 - listed + 7} more" for text in texts(blocks))
    assert any("|Dashboard>" in text["text"] for text in texts(blocks))


@pytest.fixture
def bot(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> SlackBot:
    monkeypatch.setattr(slack, "_POST_MESSAGE", receiver.url("/api/chat.postMessage"))
    return SlackBot(Secret("xoxb-1"), "C0123456789", allow_private=True)


def test_a_webhook_takes_a_message(receiver: Receiver) -> None:
    channel = SlackWebhook(Secret(receiver.url("/services/T0/B0/x")), allow_private=True)
    assert channel.send(message(), None).thread is None
    (request,) = receiver.requests
    document = json.loads(request.body)
    assert request.path == "/services/T0/B0/x"
    assert document["text"] == "[P1] load_orders failed 3 times in a row"
    assert (document["parse"], document["link_names"]) == ("none", False)
    assert document["blocks"] == blocks_of(message())


@pytest.mark.parametrize("body", [b"", b"no", b"<html>sign in</html>"])
def test_an_answer_that_is_not_slacks_own_is_none(receiver: Receiver, body: bytes) -> None:
    receiver.answers.append(status(200, body))
    with pytest.raises(NotSent) as failed:
        SlackWebhook(Secret(receiver.url()), allow_private=True).send(message(), None)
    assert failed.value.reason is Reason.UNREADABLE


def test_a_bot_writes_what_follows_into_the_thread_of_the_first(
    receiver: Receiver, bot: SlackBot
) -> None:
    receiver.answers += [status(200, json.dumps({"ok": True, "ts": _TS}).encode())] * 2
    root = bot.send(message(), None).thread
    assert root == _TS
    bot.send(message(sequence=1), root)
    first, second = (json.loads(request.body) for request in receiver.requests)
    assert (first["channel"], "thread_ts" in first) == ("C0123456789", False)
    assert second["thread_ts"] == _TS
    assert receiver.requests[0].headers["Authorization"] == "Bearer xoxb-1"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"ok": False, "error": "ratelimited"}, Reason.RATE_LIMITED),
        ({"ok": False, "error": "internal_error"}, Reason.SERVER_ERROR),
        ({"ok": False, "error": "invalid_auth"}, Reason.REFUSED),
        ({"ok": False, "error": "channel_not_found"}, Reason.GONE),
        ({"ok": False, "error": "msg_blocks_too_long"}, Reason.REJECTED),
        ({"ok": False, "error": {"a": 1}}, Reason.REJECTED),
        ({"ok": "yes"}, Reason.UNREADABLE),
        ({}, Reason.UNREADABLE),
        ([], Reason.UNREADABLE),
        ("ok", Reason.UNREADABLE),
        (None, Reason.UNREADABLE),
    ],
)
def test_what_slack_says_no_to(
    receiver: Receiver, bot: SlackBot, answer: Any, reason: Reason
) -> None:
    receiver.answers.append(status(200, json.dumps(answer).encode()))
    with pytest.raises(NotSent) as failed:
        bot.send(message(), None)
    assert failed.value.reason is reason


def test_a_thread_is_only_what_slack_calls_one(receiver: Receiver, bot: SlackBot) -> None:
    receiver.answers.append(status(200, json.dumps({"ok": True, "ts": HOSTILE[0]}).encode()))
    assert bot.send(message(), None).thread is None
