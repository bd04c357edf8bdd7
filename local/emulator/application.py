"""MiniStack's ASGI application with our layers round it, and its life from start to stop."""

from __future__ import annotations

import asyncio
import os

import ministack.app
from ministack.core import lambda_runtime

from local import public_url
from local.asgi import App, Event, Receive, Scope, Send
from local.clock import program_clock
from local.emulator import environment, fault_middleware, snapshots
from local.emulator.fixes import async_invocations, schedules
from local.workspace import Workspace

_READING = ("GET", "HEAD", "OPTIONS")


class _Lifespan:
    """Restores the state at the start, snapshots while it runs, saves at the stop."""

    def __init__(self, workspace: Workspace, app: App) -> None:
        self._app = app
        self._file = snapshots.SnapshotFile(environment.emulator_dir(workspace) / "state.json")
        self._interval_seconds = float(
            os.environ.get("LOYALTY_SNAPSHOT_SECONDS") or snapshots.DEFAULT_INTERVAL_SECONDS
        )
        self._snapshots: asyncio.Task[None] | None = None

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def observed_receive() -> Event:
            event = await receive()
            if event["type"] == "lifespan.shutdown":
                await self._stop()
            return event

        async def observed_send(event: Event) -> None:
            if event["type"] == "lifespan.startup.complete":
                self._start()
            await send(event)

        await self._app(scope, observed_receive, observed_send)

    def _start(self) -> None:
        self._file.restore()
        self._snapshots = asyncio.create_task(
            snapshots.keep_writing(self._file, self._interval_seconds)
        )

    async def _stop(self) -> None:
        if self._snapshots is not None:
            self._snapshots.cancel()
        await snapshots.write(self._file)
        lambda_runtime.reset()


def build(workspace: Workspace) -> App:
    """Return the application that the launcher serves."""
    faulty = fault_middleware.wrap(ministack.app.app)
    app = public_url.wrap(faulty, workspace, program_clock())
    for part in (async_invocations, schedules):
        snapshots.register_snapshot(part.__name__, part.get_state, part.restore)
    lifespan = _Lifespan(workspace, app)

    async def launcher(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan.run(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] not in _READING:
            snapshots.changes.mark()
        await app(scope, receive, send)

    return launcher
