"""Take a laptop cloud up and down: the launcher, the product on it, the demo beside it."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

from local import cloud, outputs
from local.supervisor import AlreadyRunningError, ManagedProcess, require_free_port
from local.workspace import SOURCE_ROOT, Workspace

START_SECONDS = 30.0

_POLL_SECONDS = 0.05
_DEMO_ARGUMENTS = (
    "-m", "local", "replay", "--households", "40", "--from", "2017-01-01", "--to", "2017-12-31",
)  # fmt: skip


class LauncherFailedError(Exception):
    """The launcher ended, or did not answer in time."""


@dataclass(frozen=True)
class Started:
    """A cloud that answers."""

    launcher: subprocess.Popen[bytes]
    outputs: outputs.Outputs
    changed: bool


def launcher_of(workspace: Workspace) -> ManagedProcess:
    """The process that holds the emulator, the clock and the public address."""
    return ManagedProcess(
        name="the laptop cloud",
        arguments=("-m", "local.emulator"),
        pid_file=workspace.state_dir / "launcher.pid",
        log_file=workspace.log_file,
        environment=_environment(workspace),
    )


def demo_of(workspace: Workspace) -> ManagedProcess:
    """The replay of a year that shows the program at work."""
    return ManagedProcess(
        name="the demo",
        arguments=_DEMO_ARGUMENTS,
        pid_file=workspace.state_dir / "demo.pid",
        log_file=workspace.demo_log_file,
        environment=_environment(workspace),
    )


def start(workspace: Workspace, *, with_parent: bool) -> Started:
    """Start the launcher and deploy the product; on any failure nothing is left running.

    Raises
    ------
    AlreadyRunningError, PortInUseError, LauncherFailedError, PackagingError, DeployError
        Why it did not start.
    """
    launcher = launcher_of(workspace)
    if (pid := launcher.pid()) is not None:
        raise AlreadyRunningError(launcher.name, pid)
    require_free_port(workspace.port)
    process = launcher.start(with_parent=with_parent)
    try:
        _wait_until_answering(workspace, launcher, process)
        deployment, written = cloud.deploy_product(workspace)
    except BaseException:
        stop(workspace)
        process.wait()
        raise
    return Started(process, written, deployment.changed)


def stop(workspace: Workspace) -> bool:
    """Stop the demo and the launcher; answers whether the launcher ran."""
    demo_of(workspace).stop()
    return launcher_of(workspace).stop()


def _environment(workspace: Workspace) -> dict[str, str]:
    return {
        "LOYALTY_PORT": str(workspace.port),
        "LOYALTY_STATE_DIR": str(workspace.state_dir),
        "LOYALTY_ROOT": str(workspace.root),
        # The package is found from wherever the command was given.
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(SOURCE_ROOT), os.environ.get("PYTHONPATH")))
        ),
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_answering(
    workspace: Workspace, launcher: ManagedProcess, process: subprocess.Popen[bytes]
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(f"{workspace.url}/_local/clock"):
        if process.poll() is not None:
            raise LauncherFailedError(f"the launcher ended:\n{launcher.log_tail()}")
        if time.monotonic() > deadline:
            raise LauncherFailedError(f"the launcher does not answer:\n{launcher.log_tail()}")
        # Nothing tells when a port begins to answer.
        time.sleep(_POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
