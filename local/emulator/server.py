"""Serve the application on 127.0.0.1 and one port."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from local.asgi import App
from local.workspace import HOST

_BACKLOG = 1024
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 1
# State machines compute in threads beside the event loop: with Python's 5 ms a request would wait
# that long for its turn, which is more than it takes.
_SWITCH_SECONDS = 0.0005


def listen(port: int) -> socket.socket:
    """Open the port. From now on clients wait for the application instead of being refused."""
    # With the protocol named, event loops know that they may send small answers at once.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(_BACKLOG)
    return listener


class _Corked:
    """A transport that sends what is written in one step of the event loop at once.

    The emulator hands over head and body of an answer one after the other: two calls of the
    system, and two awakenings of a client that needs both.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Corked(transport))  # type: ignore[arg-type]


def serve(app: App, listener: socket.socket) -> None:
    """Run until SIGINT or SIGTERM, then stop cleanly."""
    _raise_file_limit()
    sys.setswitchinterval(_SWITCH_SECONDS)
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=_Protocol,
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
