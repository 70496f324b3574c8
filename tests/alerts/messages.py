"""Messages to send, harmless and hostile."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from pipeline.alerts.message import Content, Item, Kind, Link, Message, Written, message_id

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
HOSTILE = (
    "<!channel> <!here> <@U012ABCDEF> <#C012ABCDEF> @channel @here",
    "<https://evil.example/|click here> https://evil.example [click](https://evil.example)",
    "*bold* _italic_ ~gone~ `code` ```block``` :rotating_light: > quote",
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'></a></td>&amp;",
    "Subject\r\nBcc: everybody@evil.example\r\n\r\nbody",
    "\u202egnp.exe \u2066hidden\u2069 \u200f\u061c",
    "\x1b[31mred\x1b]0;title\x07\x00\x08 \ud800 \u2028line",
    "a" * 5_000,
    "| pipe ]]> {{ 7*7 }} {% raw %} ${env:HOME} %s %n",
)


def message(
    key: str | None = "w/1", sequence: int = 0, channel: str = "c", **other: Any
) -> Message:
    named = {
        "message_id": message_id(key or "report/x", sequence, channel),
        "incident_key": key,
        "sequence": sequence,
        "channel": channel,
        "kind": Kind.OPENED if sequence == 0 else Kind.UPDATED,
        "tier": "P1",
        "decided_at": NOW,
        "as_of": NOW - timedelta(hours=1),
        "content": content(),
    }
    return Message(**(named | other))


def content(**other: Any) -> Content:
    named: dict[str, Any] = {
        "headline": "load_orders failed 3 times in a row",
        "sentences": ("It has not delivered since 1 March.",),
        "items": (Item("load_orders", "failed at 02:10 UTC", "https://w.example/jobs/1"),),
        "left_out": 2,
        "links": (Link("Dashboard", "https://w.example/dashboards/1?a=1&b=(2)"),),
        "data_as_of": NOW - timedelta(hours=3),
        "silence_hint": "rightrun alerts silence w/1 --for 2h",
    }
    return Content(**(named | other))


def hostile(channel: str = "c") -> Message:
    return message(
        channel=channel,
        content=content(
            headline=HOSTILE[0] + HOSTILE[4],
            sentences=HOSTILE,
            items=tuple(
                Item(
                    text, text, f"https://w.example/{text}" if number % 2 else "javascript:alert(1)"
                )
                for number, text in enumerate(HOSTILE)
            ),
            links=tuple(Link(text, f"https://w.example/?q={text[:50]}") for text in HOSTILE),
            silence_hint=HOSTILE[3],
        ),
    )


_TEXT = st.text(max_size=80) | st.sampled_from(HOSTILE) | st.text("<>&*_~`:|@!\n", max_size=400)
_URL = st.none() | _TEXT | _TEXT.map("https://w.example/{}".format)
CONTENTS = st.builds(
    Content,
    headline=_TEXT,
    sentences=st.lists(_TEXT, max_size=12).map(tuple),
    items=st.lists(st.builds(Item, name=_TEXT, text=_TEXT, url=_URL), max_size=120).map(tuple),
    left_out=st.integers(0, 10**7),
    links=st.lists(st.builds(Link, label=_TEXT, url=_URL.map(str)), max_size=8).map(tuple),
    data_as_of=st.just(NOW),
    silence_hint=_TEXT,
    written=st.none()
    | st.builds(Written, text=st.text("ab\n", max_size=9), html=st.just("<p>a</p>")),
)
