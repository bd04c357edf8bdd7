"""One worker process and the talk with it: JSON lines out and in, and its log."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from io import RawIOBase
from pathlib import Path
from typing import Any, cast

from local.emulator import worker

_READ_BYTES = 1 << 16


class ProcessEndedError(Exception):
    """The process ended, or was ended, instead of answering."""


class WorkerProcess:
    """A running ``worker.py``.

    Parameters
    ----------
    code_path
        Working directory, the function's unpacked code.
    environment
        All of its variables; nothing is inherited.
    scratch
        Directory on whose disk the log may lie; nothing of it stays when the process is gone.
    """

    def __init__(self, code_path: Path, environment: dict[str, str], scratch: Path) -> None:
        self._log = _nameless_file(scratch)
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-P", worker.__file__],
            cwd=code_path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
        )
        self._questions = cast(RawIOBase, self._process.stdin)
        self._answers = cast(RawIOBase, self._process.stdout)
        # MiniStack's pool ends processes by these names.
        self.poll = self._process.poll
        self.terminate = self._process.terminate
        self.kill = self._process.kill

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process has ended; return its status and free what it held."""
        status = self._process.wait(timeout)
        self._questions.close()
        self._answers.close()
        return status

    def exchange(self, message: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        """Send one message and return the answer to it.

        Raises
        ------
        TimeoutError
            If there is none after ``timeout_seconds``; the process is still busy then.
        ProcessEndedError
            If the process ends first, also because somebody ended it.
        """
        try:
            self._send(json.dumps(message).encode() + b"\n")
            line = self._read_line(time.monotonic() + timeout_seconds)
        except (OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise ProcessEndedError from error
        answer: dict[str, Any] = json.loads(line)
        return answer

    def take_log(self) -> str:
        """Return what the process has written since the last call."""
        content = os.pread(self._log, os.fstat(self._log).st_size, 0)
        os.ftruncate(self._log, 0)
        return content.decode(errors="replace").rstrip("\n")

    def __del__(self) -> None:
        os.close(self._log)

    def _send(self, content: bytes) -> None:
        while content:
            content = content[self._questions.write(content) :]

    def _read_line(self, deadline: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                chunk = self._answers.read(_READ_BYTES)
                if not chunk:
                    raise BrokenPipeError
                self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line


def _nameless_file(directory: Path) -> int:
    """Open a file that is gone with its last user; appending lets the reader cut it."""
    descriptor, name = tempfile.mkstemp(dir=directory)
    os.close(descriptor)
    appending = os.open(name, os.O_RDWR | os.O_APPEND)
    Path(name).unlink()
    return appending
