"""Worker processes as the launcher sees them: where they come from, and the talk with one."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from local.emulator import worker

_READ_BYTES = 1 << 16
# What most handlers import and what takes long; a name that is not installed is passed over.
_PRELOADED = (
    "boto3",
    "jinja2",
    "jwt",
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.idempotency",
    "pydantic.fields",
    "pydantic.functional_serializers",
    "pydantic.type_adapter",
    "pydantic.types",
    "pynamodb.models",
    "pynamodb.transactions",
)


class ProcessEndedError(Exception):
    """The process ended, or was ended, instead of answering."""


class Forker:
    """The process that workers are forked from; started with the first of them.

    Parameters
    ----------
    variables
        Its environment, of which workers inherit nothing.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables
        self._lock = threading.Lock()
        self._requests: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, talk: socket.socket, log: int, variables: dict[str, str]) -> int:
        """Start a worker on these descriptors and return its process id."""
        with self._lock:
            if self._requests is None:
                self._requests = self._start()
            content = json.dumps(variables).encode() + b"\n"
            sent = socket.send_fds(self._requests, [content], [talk.fileno(), log])
            self._requests.sendall(content[sent:])
            answer = self._requests.recv(_READ_BYTES)
            if not answer:
                self._requests = None
                raise ProcessEndedError
            return int(answer)

    def _start(self) -> socket.socket:
        requests, remote = socket.socketpair()
        with remote:
            self._process = subprocess.Popen(
                [sys.executable, "-P", worker.__file__, *_PRELOADED],
                env=self._variables,
                stdin=remote.fileno(),
                stdout=subprocess.DEVNULL,
            )
        return requests


class WorkerProcess:
    """A running worker.

    Parameters
    ----------
    forker
        Where it comes from.
    variables
        All of its environment.
    scratch
        Directory on whose disk its log may lie; nothing of it stays when the worker is gone.
    """

    def __init__(self, forker: Forker, variables: dict[str, str], scratch: Path) -> None:
        self._log = _nameless_file(scratch)
        self._unread = b""
        self._talk, remote = socket.socketpair()
        with remote:
            self._pid = forker.fork(remote, self._log, variables)

    def __del__(self) -> None:
        os.close(self._log)

    def exchange(self, message: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        """Send one message and return the answer to it.

        Raises
        ------
        TimeoutError
            If there is none after ``timeout_seconds``; the process is still busy then.
        ProcessEndedError
            If the process ends first, also because somebody ended it.
        """
        deadline = time.monotonic() + timeout_seconds
        try:
            self._talk.sendall(json.dumps(message).encode() + b"\n")
            while b"\n" not in self._unread:
                self._unread += self._receive(deadline)
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:
            raise ProcessEndedError from error
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def take_log(self) -> str:
        """Return what the process has written since the last call."""
        content = os.pread(self._log, os.fstat(self._log).st_size, 0)
        os.ftruncate(self._log, 0)
        return content.decode(errors="replace").rstrip("\n")

    # MiniStack's pool ends processes by these names, those of subprocess.Popen.

    def poll(self) -> int | None:
        """Return None while the process runs; how it ended, nobody knows."""
        try:
            ended = not self._talk.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return 0
        return 0 if ended else None

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """Wait until the process has ended, then hang up."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self._receive(deadline)
        except TimeoutError:
            raise
        except (OSError, ValueError):
            self._talk.close()
        return 0

    def _signal(self, number: signal.Signals) -> None:
        # Nobody but init waits for the process: once it has ended, its id may be another's.
        if self.poll() is None:
            os.kill(self._pid, number)

    def _receive(self, deadline: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._talk, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
        content = self._talk.recv(_READ_BYTES)
        if not content:
            raise BrokenPipeError
        return content


def _nameless_file(directory: Path) -> int:
    """Open a file that is gone with its last user; appending lets the reader cut it."""
    descriptor, name = tempfile.mkstemp(dir=directory)
    os.close(descriptor)
    appending = os.open(name, os.O_RDWR | os.O_APPEND)
    Path(name).unlink()
    return appending
