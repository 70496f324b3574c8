"""One server on this machine's own address."""

import errno
import os
import socket

import uvicorn
from starlette.types import ASGIApp

from pipeline.dashboards.home.guard import LOOPBACK, Guard
from pipeline.errors import UserError

__all__ = ["listening", "server_of"]


def listening(port: int) -> socket.socket:
    """A socket on `port` of this machine alone, any free one for 0; UserError where it is not to be had."""
    listener = socket.socket()
    # What a server that has just ended leaves behind is no reason to refuse; another that runs is.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} is in use, perhaps by another rightrun dashboard: name another --port"
            ) from error
        reason = os.strerror(error.errno or 0)
        raise UserError(f"port {port} cannot be had ({reason}): name another --port") from error
    return listener


def server_of(app: ASGIApp, listener: socket.socket) -> uvicorn.Server:
    """What answers on `listener`, guarded; `run([listener])` runs it."""
    config = uvicorn.Config(
        Guard(app, listener.getsockname()[1]),
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
