"""State that survives ``kill -9``: one consistent snapshot of everything, every few seconds.

Raw MiniStack writes its state only at a clean stop, service by service, and leaves out
DynamoDB's stream records and sent mails. AWS loses nothing. Here a forked child, which
sees the whole process as it was at one instant, writes one file at its leisure and renames
it into place; the parent goes on serving at once. After a kill everything is as it was at
the last snapshot, in all services alike: no message without its item, no item without its
event.

State that MiniStack does not keep itself joins by ``register_snapshot``. Its ``get_state``
runs in the child: it must not take locks, and may change what it reads, for the child ends
right after.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import logging
import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import ministack.app
from ministack.core import persistence

from local.emulator.fixes import MINISTACK_VERSION
from local.emulator.fixes.dynamodb_lock import LOCK

DEFAULT_INTERVAL_SECONDS = 5.0
# Writing a large state keeps a core busy: never more than a tenth of the time.
_REST_FACTOR = 9
_CHILD_NICENESS = 5
_CHILD_SECONDS = 120
# These start to work as soon as they are restored, so everything else must be there.
_STARTING_SERVICES = ("lambda", "stepfunctions")

logger = logging.getLogger(__name__)


_T = TypeVar("_T")


@dataclass(frozen=True)
class _Part:
    get_state: Callable[[], Any]
    restore: Callable[[Any], None]


_parts: dict[str, _Part] = {}


def register_snapshot(
    name: str, get_state: Callable[[], Any], restore: Callable[[Any], None]
) -> None:
    """Add a part of the state.

    Parameters
    ----------
    name
        Key in the file.
    get_state
        Returns what JSON can hold, or MiniStack's scoped dictionaries. See the module's
        docstring for what it may do.
    restore
        Takes that value back, after MiniStack's own state and before the first request is
        handled; not called when there is no snapshot.
    """
    _parts[name] = _Part(get_state, restore)


class Changes:
    """Tells whether anything happened since the last snapshot."""

    def __init__(self) -> None:
        self._happened = threading.Event()

    def mark(self) -> None:
        """Say that something happened: without it the next snapshot is not written."""
        self._happened.set()

    def take(self) -> bool:
        """Return whether something happened since the last call."""
        happened = self._happened.is_set()
        self._happened.clear()
        return happened


changes = Changes()


class SnapshotFile:
    """The file and its two directions."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self) -> None:
        """Write the state of this process, all or nothing."""
        state = {
            "ministack_version": MINISTACK_VERSION,
            "services": {
                name: get_state()
                for name, get_state in ministack.app._build_persistence_save_dict().items()
            },
            "parts": {name: part.get_state() for name, part in _parts.items()},
        }
        partial = self.path.with_suffix(".partial")
        with partial.open("w") as file:
            # dumps, not dump: only the former encodes in C.
            file.write(json.dumps(state, default=persistence._json_default))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)

    def restore(self) -> bool:
        """Load the last snapshot into this process; False when there is none."""
        if not self.path.exists():
            return False
        with self.path.open() as file:
            state = json.load(file, object_hook=persistence._json_object_hook)
        if state["ministack_version"] != MINISTACK_VERSION:
            raise ValueError(
                f"{self.path} was written by MiniStack {state['ministack_version']}; "
                "remove it, or run that version"
            )
        services: dict[str, Any] = state["services"]
        for name in sorted(services, key=_STARTING_SERVICES.__contains__):
            module = ministack.app._get_module(ministack.app._state_map[name])
            module.load_persisted_state(services[name])
        for name, part in _parts.items():
            if name in state["parts"]:
                part.restore(state["parts"][name])
        return True


def fork_writer(file: SnapshotFile) -> int:
    """Start a child that writes the state of this instant; return its process id.

    Call it on the event loop's thread: then no request is half done.
    """
    with warnings.catch_warnings(), LOCK:
        # Forking with threads is unsafe for a child that goes on to live; ours only writes.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        gc.disable()
        # Should it ever wait for a lock that another thread held, it must not wait for ever.
        signal.alarm(_CHILD_SECONDS)
        os.nice(_CHILD_NICENESS)
        # Sockets and pipes must close with the parent, even if it is killed right now.
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        # Nobody changes anything any more, so what MiniStack copies needs no copy.
        copy.deepcopy = _same  # type: ignore[assignment]
        file.write()
        status = 0
    except Exception:  # noqa: BLE001 - a child must never run on as a second server
        traceback.print_exc()
    finally:
        os._exit(status)


def _same(value: _T, *_: Any) -> _T:
    return value


async def write(file: SnapshotFile) -> float:
    """Write one snapshot in a child; return how many seconds of CPU it took."""
    pid = fork_writer(file)
    _, status, usage = await asyncio.to_thread(os.wait4, pid, 0)
    if status:
        logger.error("snapshot failed: its writer ended with status %s", status)
    return usage.ru_utime + usage.ru_stime


async def keep_writing(file: SnapshotFile, interval_seconds: float) -> None:
    """Write a snapshot every ``interval_seconds`` while things happen, until cancelled."""
    pause_seconds = interval_seconds
    while True:
        await asyncio.sleep(pause_seconds)
        if changes.take():
            cpu_seconds = await asyncio.shield(write(file))
            pause_seconds = max(interval_seconds, cpu_seconds * _REST_FACTOR)
