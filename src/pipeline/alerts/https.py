"""One request that brings a message: by https, to an address that was looked at, to nowhere else, in bounded time.

The standard library's own client: all that others add, redirects, proxies, pools and tries, is what must not
happen here.
"""

import math
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Final
from urllib.parse import urlsplit

from pipeline.alerts.addresses import connected, failure_of
from pipeline.alerts.channels.channel import NotSent, Reason
from pipeline.secret import Secret

__all__ = ["Reply", "post"]

_PORT: Final = 443
_MOST_BYTES: Final = 64 * 1024
_BODY_SECONDS: Final = 5.0
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_LONGEST_WAIT_SECONDS: Final = 24 * 3600.0
_REASON_OF: Final = {
    401: Reason.REFUSED,
    403: Reason.REFUSED,
    404: Reason.GONE,
    408: Reason.TIMEOUT,
    410: Reason.GONE,
    425: Reason.SERVER_ERROR,
    429: Reason.RATE_LIMITED,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side has answered to a request that it took."""

    status_code: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    port: int
    path: str


def post(
    url: Secret, body: bytes, headers: Mapping[str, Secret | str], *, allow_private: bool
) -> Reply:
    """POST `body`; NotSent for any answer but 2xx, and where there is none."""
    outcome = _outcome(url, body, headers, allow_private=allow_private)
    # Raised from here, where neither an error behind it nor a local value holds a secret.
    if isinstance(outcome, NotSent):
        raise outcome
    return outcome


def _outcome(
    url: Secret, body: bytes, headers: Mapping[str, Secret | str], *, allow_private: bool
) -> Reply | NotSent:
    target = _target(url)
    if isinstance(target, Reason):
        return NotSent(target)
    spelled = _spelled(headers)
    if spelled is None:
        return NotSent(Reason.INVALID)
    try:
        with connected(target.host, target.port, allow_private=allow_private) as connection:
            context = ssl.create_default_context()
            with closing(context.wrap_socket(connection, server_hostname=target.host)) as encrypted:
                client = HTTPConnection(target.host, target.port)
                client.sock = encrypted
                client.request("POST", target.path, body, spelled)
                answer = client.getresponse()
                status, wait = answer.status, answer.getheader("Retry-After")
                content = _read(answer, encrypted)
    except Exception as error:
        return failure_of(error)
    if 200 <= status < 300:
        return Reply(status, content)
    return NotSent(_reason(status), status_code=status, retry_after_seconds=_seconds(wait))


def _target(url: Secret) -> _Target | Reason:
    """The parts of the address, or what is wrong with it."""
    text = url.reveal()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        return Reason.INVALID
    if not host or not _PRINTABLE.fullmatch(text):
        return Reason.INVALID
    if parts.scheme != "https" or parts.username is not None:
        return Reason.ADDRESS
    return _Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _spelled(headers: Mapping[str, Secret | str]) -> dict[str, str] | None:
    """The headers as they are sent; None where one cannot be."""
    plain = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in headers.items()
    }
    if not all(_PRINTABLE.fullmatch(value.replace(" ", "_")) for value in plain.values()):
        return None
    return {"User-Agent": "rightrun", "Connection": "close"} | plain


def _read(answer: HTTPResponse, connection: socket.socket) -> bytes:
    """What the answer holds, as far as it comes within some seconds: whether a message was taken stands before it."""
    content, ends_at = b"", time.monotonic() + _BODY_SECONDS
    with suppress(OSError, HTTPException):
        while len(content) < _MOST_BYTES and (left := ends_at - time.monotonic()) > 0:
            connection.settimeout(left)
            if not (part := answer.read1(_MOST_BYTES - len(content))):
                break
            content += part
    return content


def _reason(status: int) -> Reason:
    if status in _REASON_OF:
        return _REASON_OF[status]
    if status >= 500:
        return Reason.SERVER_ERROR
    return Reason.REDIRECTED if 300 <= status < 400 else Reason.REJECTED


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds, whether it is a number or a date; None where it is neither."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS) if math.isfinite(seconds) else None
