"""Serve the application on 127.0.0.1 and one port."""

from __future__ import annotations

import asyncio
import resource
import socket

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from local.asgi import App
from local.workspace import HOST

_BACKLOG = 1024
_KEEP_ALIVE_SECONDS = 75.0
_GRACE_SECONDS = 1.0


def listen(port: int) -> socket.socket:
    """Open the port. From now on clients wait for the application instead of being refused."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(_BACKLOG)
    return listener


def serve(app: App, listener: socket.socket) -> None:
    """Run until SIGINT or SIGTERM, then stop cleanly."""
    _raise_file_limit()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = _GRACE_SECONDS
    config.loglevel = "WARNING"
    asyncio.run(hypercorn_serve(app, config))  # type: ignore[arg-type]


def _raise_file_limit() -> None:
    """Every connection and every worker takes descriptors: take all that we may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
