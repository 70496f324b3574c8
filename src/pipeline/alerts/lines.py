"""A message as lines of plain text: for a terminal, and for the text of a mail."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from pipeline.alerts.message import Message
from pipeline.alerts.plain_text import plain

__all__ = ["MOST_ITEMS", "data_age", "left_out", "lines_of", "subject", "web_address"]

MOST_ITEMS: Final = 100
"""Items that any channel lists; a person reads no more of them in a message."""
_SUBJECT: Final = 150
_SENTENCE: Final = 1_000
_NAME: Final = 200
_LONGEST_URL: Final = 2_000
_IN_URL: Final = "%:/?#[]@!$&'*+,;=-._~"
"""What an address may hold beside letters and digits, without brackets that others' syntax gives a meaning."""
_TIERS: Final = ("P1", "P2", "P3")


def lines_of(message: Message) -> Iterator[str]:
    content = message.content
    yield subject(message)
    for sentence in content.sentences:
        yield plain(sentence, _SENTENCE)
    for item in content.items[:MOST_ITEMS]:
        address = web_address(item.url)
        yield f"  - {plain(item.name, _NAME)}: {plain(item.text, _SENTENCE)}" + (
            f" {address}" if address else ""
        )
    if more := left_out(message, MOST_ITEMS):
        yield f"  {more}"
    for link in content.links:
        if address := web_address(link.url):
            yield f"{plain(link.label, _NAME)}: {address}"
    yield data_age(message)
    if content.silence_hint:
        yield f"To silence it: {plain(content.silence_hint, _SENTENCE)}"


def subject(message: Message) -> str:
    """The headline behind the tier, and what has become of the incident."""
    marks = [message.tier] if message.tier in _TIERS else []
    marks += ["resolved"] if message.kind == "resolved" else []
    marks += ["test"] if message.kind == "test" else []
    head = f"[{', '.join(marks)}] " if marks else ""
    return plain(head + message.content.headline, _SUBJECT)


def left_out(message: Message, listed: int) -> str:
    """How many more items there are than `listed` ones at the most."""
    count = message.content.left_out + max(len(message.content.items) - listed, 0)
    return f"and {count:,} more" if count > 0 else ""


def data_age(message: Message) -> str:
    """How old the data is that the message stands on."""
    hours = (message.decided_at - message.content.data_as_of).total_seconds() / 3600
    age = f", {hours:.0f} hours before this was decided" if hours >= 1.5 else ""
    return f"Data as of {message.content.data_as_of:%Y-%m-%d %H:%M} UTC{age}."


def web_address(url: str | None) -> str:
    """The address where it is one of the web, spelled so that it ends nowhere early; empty for any other."""
    if (
        url is None
        or not url.lower().startswith(("https://", "http://"))
        or len(url) > _LONGEST_URL
    ):
        return ""
    return quote(url, safe=_IN_URL, errors="replace")
