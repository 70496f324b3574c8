"""A generic webhook: JSON of our own, signed as the Standard Webhooks say."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from standardwebhooks import Webhook as Signer

from pipeline.alerts.channels.channel import NotSent, Reason, Sent
from pipeline.alerts.https import post
from pipeline.alerts.message import Message
from pipeline.alerts.plain_text import cut
from pipeline.secret import Secret

__all__ = ["Webhook"]

_MOST_ITEMS: Final = 200
_LONGEST_TEXT: Final = 2_000


class Webhook:
    """Receivers know a repetition by the header `webhook-id`, and order by `incident_key` and `sequence`."""

    def __init__(
        self,
        url: Secret,
        secret: Secret | None,
        *,
        allow_private: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._secret = secret
        self._allow_private = allow_private
        self._now = now

    def send(self, message: Message, root: str | None) -> Sent:
        del root
        at = self._now().astimezone(UTC)
        body = json.dumps(_payload(message))
        headers: dict[str, Secret | str] = {
            "Content-Type": "application/json",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(int(at.timestamp())),
        }
        if self._secret is not None:
            signature = _signature(self._secret, message.message_id, at, body)
            if signature is None:
                raise NotSent(Reason.INVALID)
            headers["webhook-signature"] = signature
        reply = post(self._url, body.encode(), headers, allow_private=self._allow_private)
        return Sent(reply.status_code)


def _signature(secret: Secret, message_id: str, at: datetime, body: str) -> str | None:
    """The signature; None for a secret that is no Base64."""
    try:
        return Signer(secret.reveal()).sign(message_id, at, body)
    except Exception:
        return None


def _payload(message: Message) -> dict[str, Any]:
    content = message.content
    listed = content.items[:_MOST_ITEMS]
    return {
        "type": f"rightrun.alert.{message.kind}",
        "timestamp": message.decided_at.astimezone(UTC).isoformat(),
        "data": {
            "message_id": message.message_id,
            "incident_key": message.incident_key,
            "sequence": message.sequence,
            "tier": message.tier,
            "team": message.team,
            "data_as_of": content.data_as_of.astimezone(UTC).isoformat(),
            "headline": cut(content.headline, _LONGEST_TEXT),
            "sentences": [cut(sentence, _LONGEST_TEXT) for sentence in content.sentences],
            "items": [
                {
                    "name": cut(item.name, _LONGEST_TEXT),
                    "text": cut(item.text, _LONGEST_TEXT),
                    "url": item.url,
                }
                for item in listed
            ],
            "items_left_out": content.left_out + len(content.items) - len(listed),
            "links": [{"label": link.label, "url": link.url} for link in content.links],
            "silence_hint": content.silence_hint,
        },
    }
