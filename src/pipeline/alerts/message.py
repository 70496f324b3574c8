"""A message as it was decided: to which channel, why, and what it says before any channel has spelled it.

Every string is of unknown origin: names and errors of the sources are in it. Each channel escapes in its own
syntax.
"""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

__all__ = ["Content", "Item", "Kind", "Link", "Message", "Written", "message_id"]

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,119}")


class Kind(StrEnum):
    """Why a message is sent."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    DIGEST = "digest"
    REPORT = "report"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Item:
    """One of several that a message is about, such as a job of a digest."""

    name: str
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Where to read on."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Written:
    """A report as it was written for mail: plain text, and a page of HTML that is safe to show as it is."""

    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message says. `left_out` counts the items beyond those listed, `silence_hint` is the command that
    would have kept it from being sent."""

    headline: str
    sentences: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    left_out: int = 0
    links: tuple[Link, ...] = ()
    data_as_of: datetime
    silence_hint: str = ""
    written: Written | None = None

    def to_json(self) -> str:
        # In ASCII: half of a surrogate pair, which a name may end in, is nothing that a table takes.
        return json.dumps(asdict(self) | {"data_as_of": self.data_as_of.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> "Content":
        """ValueError, KeyError or TypeError for what `to_json` has not written."""
        fields: dict[str, Any] = json.loads(text)
        written = fields["written"]
        return cls(
            headline=fields["headline"],
            sentences=tuple(fields["sentences"]),
            items=tuple(Item(**item) for item in fields["items"]),
            left_out=fields["left_out"],
            links=tuple(Link(**link) for link in fields["links"]),
            data_as_of=datetime.fromisoformat(fields["data_as_of"]),
            silence_hint=fields["silence_hint"],
            written=None if written is None else Written(**written),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A row of `ops.outbox`. Times have a zone."""

    message_id: str
    incident_key: str | None = None
    sequence: int = 0
    channel: str
    kind: Kind
    tier: str | None = None
    team: str | None = None
    decided_at: datetime
    as_of: datetime
    expires_at: datetime | None = None
    content: Content


def message_id(key: str, sequence: int, channel: str) -> str:
    """What the message of an incident, or a report, is known by wherever it arrives: the same each time.

    It goes into headers, so what is long or holds other signs than a key does is hashed.
    """
    spelled = f"{key}/{sequence}/{channel}"
    if _PLAIN_ID.fullmatch(spelled):
        return spelled
    return sha256(spelled.encode(errors="surrogatepass")).hexdigest()
