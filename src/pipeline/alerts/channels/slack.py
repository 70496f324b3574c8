"""Slack, by an incoming webhook or by a bot's token, which writes what follows into the thread of the first.

Blocks are those of slack-sdk, which checks them. Its clients are not used: they follow redirects, connect to
whatever a name resolves to, and keep the address in their errors.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from pipeline.alerts.channels.channel import NotSent, Reason, Sent
from pipeline.alerts.https import Reply, post
from pipeline.alerts.lines import data_age, left_out, subject, web_address
from pipeline.alerts.message import Content, Item, Message
from pipeline.alerts.plain_text import plain
from pipeline.secret import Secret

__all__ = ["SlackBot", "SlackWebhook", "blocks_of"]

_POST_MESSAGE: Final = "https://slack.com/api/chat.postMessage"
_MOST_BLOCKS: Final = 50
_MOST_CHARACTERS: Final = 10_000
"""Of all blocks together: there is a limit near 13,200 that no page tells (slackapi/bolt-js#2509)."""
_SECTION: Final = 2_900
_HEADER: Final = 150
_SENTENCE: Final = 600
_NAME: Final = 120
_ITEM: Final = 300
_URL: Final = 600
_MOST_SENTENCES: Final = 6
_MOST_LINKS: Final = 5
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Signs that mean something in Slack's own markup, and look-alikes that mean nothing. Inside a word an underscore
# is none, and stays.
_MARKS: Final = {"*": "∗", "_": "＿", "~": "∼", "`": "ˋ", ":": "∶", "|": "¦"}
_MARKUP: Final = re.compile(r"[*~`|]|(?<!\w)_+|_+(?!\w)|:(?=[^\s:]+:)")
_REASON_OF: Final = {
    **dict.fromkeys(("ratelimited", "rate_limited", "message_limit_exceeded"), Reason.RATE_LIMITED),
    **dict.fromkeys(
        (
            "internal_error",
            "fatal_error",
            "service_unavailable",
            "request_timeout",
            "team_added_to_org",
        ),
        Reason.SERVER_ERROR,
    ),
    **dict.fromkeys(
        (
            *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
            *("missing_scope", "no_permission", "org_login_required", "access_denied"),
        ),
        Reason.REFUSED,
    ),
    **dict.fromkeys(("channel_not_found", "is_archived", "not_in_channel"), Reason.GONE),
}


class SlackWebhook:
    """An incoming webhook: it is bound to a channel, and cannot answer in a thread."""

    def __init__(self, url: Secret, *, allow_private: bool = False) -> None:
        self._url = url
        self._allow_private = allow_private

    def send(self, message: Message, root: str | None) -> Sent:
        del root
        reply = _posted(self._url, _document(message), {}, allow_private=self._allow_private)
        if reply.body.strip() != b"ok":
            raise NotSent(Reason.UNREADABLE, status_code=reply.status_code)
        return Sent(reply.status_code)


class SlackBot:
    """A bot, whose messages about one incident stand in one thread."""

    def __init__(
        self,
        token: Secret,
        channel: str,
        *,
        allow_private: bool = False,
    ) -> None:
        self._authorization = Secret(f"Bearer {token.reveal()}")
        self._channel = channel
        self._allow_private = allow_private

    def send(self, message: Message, root: str | None) -> Sent:
        document = _document(message) | {"channel": self._channel}
        if root is not None:
            document["thread_ts"] = root
        headers: dict[str, Secret | str] = {"Authorization": self._authorization}
        reply = _posted(Secret(_POST_MESSAGE), document, headers, allow_private=self._allow_private)
        return _taken(reply)


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """The message in Block Kit, within its limits whatever the message holds."""
    blocks: list[Block] = [HeaderBlock(text=PlainTextObject(text=_header(message), emoji=False))]
    blocks += [
        SectionBlock(text=PlainTextObject(text=_escaped(sentence, _SENTENCE), emoji=False))
        for sentence in message.content.sentences[:_MOST_SENTENCES]
        if plain(sentence, 1)
    ]
    foot = [*_links(message.content), *_foot(message)]
    used = sum(_length(block) for block in (*blocks, *foot))
    listed = 0
    for lines in _sections(message.content.items, _MOST_CHARACTERS - used - 100):
        blocks.append(_section("\n".join(lines)))
        listed += len(lines)
        if len(blocks) + len(foot) >= _MOST_BLOCKS - 1:
            break
    if more := left_out(message, listed):
        blocks.append(_section(more))
    return [block.to_dict() for block in (*blocks, *foot)]


def _document(message: Message) -> dict[str, Any]:
    return {
        "text": _header(message),
        "blocks": blocks_of(message),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _posted(
    url: Secret, document: dict[str, Any], headers: dict[str, Secret | str], *, allow_private: bool
) -> Reply:
    body = json.dumps(document).encode()
    json_headers: dict[str, Secret | str] = {"Content-Type": "application/json; charset=utf-8"}
    return post(url, body, json_headers | headers, allow_private=allow_private)


def _taken(reply: Reply) -> Sent:
    """What `chat.postMessage` has answered: it says 200 to what it does not take as well."""
    try:
        answer = json.loads(reply.body)
        is_taken, thread, problem = answer["ok"], answer.get("ts"), answer.get("error")
    except (ValueError, KeyError, TypeError, AttributeError):
        answer = None
    if answer is None or is_taken not in (True, False):
        raise NotSent(Reason.UNREADABLE, status_code=reply.status_code)
    if not is_taken:
        reason = _REASON_OF.get(str(problem), Reason.REJECTED)
        raise NotSent(reason, status_code=reply.status_code)
    is_named = isinstance(thread, str) and re.fullmatch(r"\d{1,20}\.\d{1,20}", thread)
    return Sent(reply.status_code, thread if is_named else None)


def _header(message: Message) -> str:
    return _escaped(subject(message), _HEADER) or "RightRun"


def _sections(items: tuple[Item, ...], most: int) -> Iterator[list[str]]:
    """The items' lines, as many together as one section takes, until `most` characters are used."""
    lines: list[str] = []
    length = 0
    for item in items:
        line = _line(item)
        most -= len(line) + 1
        if most < 0:
            break
        if lines and length + len(line) + 1 > _SECTION:
            yield lines
            lines, length = [], 0
        lines.append(line)
        length += len(line) + 1
    if lines:
        yield lines


def _line(item: Item) -> str:
    name, text = _unmarked(item.name, _NAME) or "(no name)", _unmarked(item.text, _ITEM)
    address = _address(item.url)
    return f"• {f'<{address}|{name}>' if address else name}" + (f" – {text}" if text else "")


def _links(content: Content) -> Iterator[Block]:
    links = [
        (_address(link.url), _unmarked(link.label, _NAME)) for link in content.links[:_MOST_LINKS]
    ]
    spelled = [f"<{address}|{label or 'link'}>" for address, label in links if address]
    if spelled:
        yield _section("  ·  ".join(spelled))


def _foot(message: Message) -> Iterator[Block]:
    parts = [data_age(message)]
    if message.content.silence_hint:
        parts.append(f"To silence it: {message.content.silence_hint}")
    yield ContextBlock(
        elements=[PlainTextObject(text=_escaped(part, _SENTENCE), emoji=False) for part in parts]
    )


def _section(markup: str) -> SectionBlock:
    # Verbatim: nothing in it becomes a link or a mention by itself.
    return SectionBlock(text=MarkdownTextObject(text=markup, verbatim=True))


def _address(url: str | None) -> str:
    address = _entities(web_address(url))
    return address if len(address) <= _URL else ""


def _unmarked(text: str, most: int) -> str:
    """Text of others among Slack's markup, where it means nothing but itself."""
    return _MARKUP.sub(
        lambda found: "".join(_MARKS[sign] for sign in found[0]), _escaped(text, most)
    )


def _escaped(text: str, most: int) -> str:
    """Plain text with what Slack takes for control characters spelled out, of at most `most` characters so
    spelled."""
    spelled = ""
    for sign in plain(text, most):
        piece = _entities(sign)
        if len(spelled) + len(piece) > most - 1:
            return spelled + "…"
        spelled += piece
    return spelled


def _entities(text: str) -> str:
    return re.sub("[&<>]", lambda sign: _ENTITIES[sign[0]], text)


def _length(block: Block) -> int:
    return len(json.dumps(block.to_dict(), ensure_ascii=False))
