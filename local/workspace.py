"""Where one laptop cloud lives: its port, its addresses and its files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ACCOUNT_ID = "000000000000"
DEFAULT_PORT = 4566
# Set to 1 for a process that is to stop when its standard input is closed.
EXIT_WITH_PARENT_VARIABLE = "LOYALTY_EXIT_WITH_PARENT"
HOST = "127.0.0.1"
REGION = "eu-central-1"
SOURCE_ROOT = Path(__file__).resolve().parent.parent
STACK_NAME = "loyalty"


@dataclass(frozen=True)
class Workspace:
    """One cloud: a source tree, a directory for its state and a port.

    Parameters
    ----------
    root
        Directory of ``template.yaml``.
    state_dir
        Everything that must survive a restart; ``.local`` under ``root`` by default.
    port
        The only TCP port that the cloud listens on, on 127.0.0.1.
    """

    root: Path
    state_dir: Path
    port: int

    @classmethod
    def from_environment(cls) -> Workspace:
        """Read ``LOYALTY_PORT``, ``LOYALTY_STATE_DIR`` and ``LOYALTY_ROOT``, all optional."""
        root = Path(os.environ.get("LOYALTY_ROOT") or SOURCE_ROOT).resolve()
        state_dir = Path(os.environ.get("LOYALTY_STATE_DIR") or root / ".local").resolve()
        return cls(root, state_dir, _port(os.environ.get("LOYALTY_PORT") or str(DEFAULT_PORT)))

    @property
    def url(self) -> str:
        """Base address of the cloud and, because the proxy hides the stage, of the product."""
        return f"http://{HOST}:{self.port}"

    @property
    def template_file(self) -> Path:
        return self.root / "template.yaml"

    @property
    def outputs_file(self) -> Path:
        """Addresses and CloudFormation outputs, written after each deploy."""
        return self.state_dir / "outputs.json"

    @property
    def clock_file(self) -> Path:
        """The program clock that every Lambda reads."""
        return self.state_dir / "clock.json"

    @property
    def issuer_key_file(self) -> Path:
        """Private key of the local identity provider."""
        return self.state_dir / "issuer_key.pem"

    @property
    def process_file(self) -> Path:
        """Who runs this cloud now: process ids and start time."""
        return self.state_dir / "process.json"

    @property
    def log_file(self) -> Path:
        """Output of the launcher: emulator and Lambdas."""
        return self.state_dir / "launcher.log"

    @property
    def replay_answers_file(self) -> Path:
        """What the links in mails said when a replay's customers followed them."""
        return self.state_dir / "replay-answers.jsonl"

    @property
    def replay_file(self) -> Path:
        """Which sample was replayed; locked while a replay runs."""
        return self.state_dir / "replay.json"

    @property
    def demo_log_file(self) -> Path:
        """Output of the demo replay that ``up --demo`` starts."""
        return self.state_dir / "demo.log"


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise SystemExit(f"LOYALTY_PORT must be a port number, not {text!r}")
    return int(text)
