"""Start, find and stop the processes of one laptop cloud.

A process is known by a lock on its file, which the system gives back when the process ends, in
whatever way: nobody takes a dead process, or another program with its old number, for a live one.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.workspace import EXIT_WITH_PARENT_VARIABLE, HOST

STOP_SECONDS = 30.0

_POLL_SECONDS = 0.05
_TAIL_LINES = 15


class AlreadyRunningError(Exception):
    """The process is there already."""

    def __init__(self, name: str, pid: int) -> None:
        super().__init__(f"{name} runs already (process {pid})")


class PortInUseError(Exception):
    """Somebody else listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use; choose another one with LOYALTY_PORT")


@dataclass(frozen=True)
class ManagedProcess:
    """One process that runs at most once.

    Parameters
    ----------
    name
        What people call it.
    arguments
        Command line for this Python.
    pid_file
        Holds the process id, and the lock while the process lives.
    log_file
        Gets its output.
    environment
        Variables besides those of this process.
    """

    name: str
    arguments: Sequence[str]
    pid_file: Path
    log_file: Path
    environment: Mapping[str, str]

    def start(self, *, with_parent: bool) -> subprocess.Popen[bytes]:
        """Start it in the background, out of reach of the terminal's Ctrl-C.

        Parameters
        ----------
        with_parent
            Whether it gets a pipe whose end tells it that this process has ended.

        Raises
        ------
        AlreadyRunningError
            It runs.
        """
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self._opened() as lock, self.log_file.open("ab") as log:
            if not _try_lock(lock):
                raise AlreadyRunningError(self.name, self._recorded_pid())
            bound = {EXIT_WITH_PARENT_VARIABLE: "1"} if with_parent else {}
            process = subprocess.Popen(
                [sys.executable, *self.arguments],
                env={**os.environ, **self.environment, **bound},
                stdin=subprocess.PIPE if with_parent else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )
            lock.truncate(0)
            lock.write(f"{process.pid}\n")
        return process

    def pid(self) -> int | None:
        """Its process id, if it runs."""
        if not self.pid_file.exists():
            return None
        with self._opened() as lock:
            return None if _try_lock(lock) else self._recorded_pid()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> bool:
        """Ask it to end, insist after the time-out; answers whether it ran."""
        pid = self.pid()
        if pid is None:
            return False
        deadline = time.monotonic() + timeout_seconds
        _signal(pid, signal.SIGTERM)
        while self.pid() is not None:
            if time.monotonic() > deadline:
                _signal(pid, signal.SIGKILL)
            # It may be the child of another command, and only a parent can wait for its end.
            time.sleep(_POLL_SECONDS)
        return True

    def log_tail(self) -> str:
        """The last lines of its output."""
        lines = self.log_file.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def _opened(self) -> IO[str]:
        return self.pid_file.open("a+", encoding="utf-8")

    def _recorded_pid(self) -> int:
        return int(self.pid_file.read_text(encoding="utf-8").strip() or 0)


def require_free_port(port: int) -> None:
    """Raise ``PortInUseError`` unless the launcher will be able to listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortInUseError(port) from error


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
