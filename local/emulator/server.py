"""Serve the application on 127.0.0.1 and one port."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import sys

import uvicorn

from local.asgi import App
from local.workspace import HOST

_BACKLOG = 1024
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 1


def listen(port: int) -> socket.socket:
    """Open the port. From now on clients wait for the application instead of being refused."""
    # With the protocol named, event loops know that they may send small answers at once.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(_BACKLOG)
    return listener


def serve(app: App, listener: socket.socket) -> None:
    """Run until SIGINT or SIGTERM, then stop cleanly."""
    _raise_file_limit()
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http="httptools",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the emulator sends one, as AWS does
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # The server raises the signal that stopped it once more, when all is saved.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _raise_file_limit() -> None:
    """Every connection and every worker takes descriptors: take all that we may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
