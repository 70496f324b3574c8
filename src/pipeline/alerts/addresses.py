"""Connections to addresses that are looked at before they are used: the one that was checked is the one that is
connected to, so that a name cannot lead elsewhere in between."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, RemoteDisconnected
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import Event, Timer
from typing import Final

from pipeline.alerts.channels.channel import NotSent, Reason

__all__ = ["DEADLINE_SECONDS", "connected", "failure_of", "is_loopback"]

DEADLINE_SECONDS: Final = 30.0
"""What one sending may take altogether, however slowly the other side answers."""
_CONNECT_SECONDS: Final = 10.0
_NAT64: Final = IPv6Network("64:ff9b::/96")


@contextmanager
def connected(host: str, port: int, *, allow_private: bool) -> Iterator[socket.socket]:
    """A socket connected to `host`, which is shut down when the deadline passes; NotSent where there is none,
    and where the deadline has passed.

    It may be wrapped, and whoever wraps it closes it. A host of which one address is public and another private is refused: it is decided by nobody's chance.
    """
    begun_at = time.monotonic()
    addresses = _resolved(host, port)
    if not allow_private and not all(map(_is_public, addresses)):
        raise NotSent(Reason.ADDRESS)
    connection = _first_of(addresses, port)
    connection.settimeout(DEADLINE_SECONDS)
    left_seconds = max(DEADLINE_SECONDS - (time.monotonic() - begun_at), 1.0)
    # A timeout of the socket is one of each read, and a server may send a byte a second.
    # Of the connection's own: a socket that TLS is wrapped around is another from then on.
    twin = connection.dup()
    has_passed = Event()
    watch = Timer(left_seconds, _shut_down, [twin, has_passed])
    watch.daemon = True
    watch.start()
    try:
        yield connection
        # What was cut off may look like an answer with little in it.
        if has_passed.is_set():
            raise NotSent(Reason.TIMEOUT)
    except Exception as error:
        if has_passed.is_set():
            raise NotSent(Reason.TIMEOUT) from error
        raise
    finally:
        watch.cancel()
        twin.close()
        connection.close()


def is_loopback(connection: socket.socket) -> bool:
    return ip_address(connection.getpeername()[0].partition("%")[0]).is_loopback


def failure_of(error: Exception) -> NotSent:
    """What kept a conversation from its end."""
    match error:
        case NotSent():  # A new one: it is raised elsewhere, without what was on the way.
            return NotSent(error.reason, status_code=error.status_code)
        case ssl.SSLCertVerificationError():
            return NotSent(Reason.CERTIFICATE)
        case TimeoutError():
            return NotSent(Reason.TIMEOUT)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return NotSent(Reason.CONNECTION)
        case ssl.SSLError():
            return NotSent(Reason.CERTIFICATE)
        case RemoteDisconnected() | OSError():
            return NotSent(Reason.CONNECTION)
        case HTTPException():
            return NotSent(Reason.UNREADABLE)
    return NotSent(Reason.FAULT)


def _is_public(address: str) -> bool:
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        # One of IPv4 may hide in it.
        if ip in _NAT64:
            ip = ip_address(int(ip) & 0xFFFFFFFF)
        else:
            ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise NotSent(Reason.CONNECTION)
    return [str(address[0]).partition("%")[0] for *_, address in found]


def _first_of(addresses: list[str], port: int) -> socket.socket:
    failure = NotSent(Reason.CONNECTION)
    for address in addresses[:2]:
        try:
            return socket.create_connection((address, port), timeout=_CONNECT_SECONDS)
        except TimeoutError:
            failure = NotSent(Reason.TIMEOUT)
        except OSError:
            failure = NotSent(Reason.CONNECTION)
    raise failure


def _shut_down(connection: socket.socket, has_passed: Event) -> None:
    has_passed.set()
    with suppress(OSError):  # Closed already.
        connection.shutdown(socket.SHUT_RDWR)
