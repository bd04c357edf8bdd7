"""A laptop cloud of one's own: an emulator process in a directory that the test gives."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from local import deploy
from local.workspace import HOST

ROOT = Path(__file__).resolve().parent.parent.parent
ROLE_ARN = "arn:aws:iam::000000000000:role/test"

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02

T = TypeVar("T")


class Cloud(deploy.Cloud):
    """An emulator process, and clients of it.

    Parameters
    ----------
    state_dir
        Its state; a second process with the same directory goes on where the first was.
    environment
        Variables for the process on top of this one's.
    """

    def __init__(self, state_dir: Path, environment: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.state_dir = state_dir
        self.log_file = state_dir / "emulator.log"
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(self.url)

    def __enter__(self) -> Cloud:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        variables = {
            **os.environ,
            "LOYALTY_PORT": str(self.port),
            "LOYALTY_STATE_DIR": str(self.state_dir),
            **self._environment,
        }
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.emulator"],
                cwd=ROOT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, _START_SECONDS)

    def stop(self) -> None:
        """Stop cleanly, which saves the state."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as ``kill -9`` does: nothing gets a chance to save anything."""
        self._end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        """The running process."""
        if self._process is None:
            raise RuntimeError("the emulator is not running")
        return self._process.pid

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the emulator ended at its start:\n{self.log_file.read_text()}")
        return self._request("GET", "/_ministack/health") is not None

    def post(self, path: str, content: Any) -> Any:
        """POST JSON to a page of the cloud's own, such as ``/_local/faults``."""
        return self._request("POST", path, json.dumps(content).encode())

    def delete(self, path: str) -> Any:
        return self._request("DELETE", path)

    def get(self, path: str) -> Any:
        return self._request("GET", path)

    def _request(self, method: str, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            return None

    def create_function(self, name: str, source: str, **settings: Any) -> str:
        """Create a Lambda whose code is one Python module with ``handler``; return its ARN."""
        function = self.client("lambda").create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.13",
                "Role": ROLE_ARN,
                "Handler": "app.handler",
                "Code": {"ZipFile": zipped({"app.py": source})},
                "Timeout": 10,
                **settings,
            }
        )
        return str(function["FunctionArn"])

    def invoke(self, name: str, event: Any = None) -> Any:
        """Invoke a Lambda and return its answer, or the body of its error."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def zipped(files: dict[str, str]) -> bytes:
    """Return a zip of text files."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def wait_until(
    look: Callable[[], T], seconds: float = 10.0, poll_seconds: float = _POLL_SECONDS
) -> T:
    """Look again and again until the result is true, and return it.

    For what tells nobody that it has happened, such as a count of items.
    """
    deadline = time.monotonic() + seconds
    while not (result := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(poll_seconds)
    return result
