"""Processes of the laptop cloud: at most one of each, found and ended in whatever state."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.supervisor import (
    AlreadyRunningError,
    ManagedProcess,
    PortInUseError,
    require_free_port,
)
from local.workspace import HOST
from tests.support.ministack import free_port, wait_until

WAITS = "import os, sys; print('ready', os.environ['COLOUR'], flush=True); sys.stdin.read(); "
SLEEPS = "import time; time.sleep(60)"
IS_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "

Make = Callable[[str], ManagedProcess]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ManagedProcess] = []

    def managed(source: str) -> ManagedProcess:
        process = ManagedProcess(
            name="the worker",
            arguments=("-c", source),
            pid_file=tmp_path / "state" / "worker.pid",
            log_file=tmp_path / "state" / "worker.log",
            environment={"COLOUR": "blue"},
        )
        made.append(process)
        return process

    yield managed
    for process in made:
        process.stop(timeout_seconds=0)


def wait_until_ready(process: ManagedProcess) -> None:
    wait_until(lambda: "ready" in process.log_file.read_text())


def test_a_process_runs_until_it_is_stopped(make: Make) -> None:
    process = make(WAITS + SLEEPS)
    started = process.start(with_parent=False)
    wait_until_ready(process)

    assert process.pid() == started.pid
    assert process.log_tail() == "ready blue"
    assert process.stop()
    assert started.wait() == -signal.SIGTERM
    assert process.pid() is None
    assert not process.stop()


def test_it_runs_at_most_once(make: Make) -> None:
    process = make(WAITS + SLEEPS)
    started = process.start(with_parent=False)

    with pytest.raises(
        AlreadyRunningError, match=f"the worker runs already .process {started.pid}"
    ):
        process.start(with_parent=False)


def test_a_killed_process_is_not_taken_for_a_live_one(make: Make) -> None:
    process = make(WAITS + SLEEPS)
    first = process.start(with_parent=False)
    wait_until_ready(process)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    assert process.pid() is None
    second = process.start(with_parent=False)
    assert process.pid() == second.pid


def test_one_that_does_not_want_to_end_is_killed(make: Make) -> None:
    process = make(IS_STUBBORN + WAITS + SLEEPS)
    started = process.start(with_parent=False)
    wait_until_ready(process)

    process.stop(timeout_seconds=0.1)

    assert started.wait() == -signal.SIGKILL


def test_it_can_see_the_end_of_its_parent(make: Make) -> None:
    process = make(WAITS)
    started = process.start(with_parent=True)
    wait_until_ready(process)
    assert started.poll() is None

    assert started.stdin is not None
    started.stdin.close()

    assert started.wait() == 0


def test_a_port_in_use_is_refused_and_a_free_one_is_not() -> None:
    port = free_port()
    require_free_port(port)
    with socket.create_server((HOST, port)), pytest.raises(PortInUseError, match=str(port)):
        require_free_port(port)
