"""End this process together with the one that started it, even if that one was killed."""

from __future__ import annotations

import os
import signal
import threading

from local.workspace import EXIT_WITH_PARENT_VARIABLE


def hold() -> None:
    """Send this process SIGTERM when its standard input ends, if the parent asked for that."""
    if os.environ.pop(EXIT_WITH_PARENT_VARIABLE, ""):
        threading.Thread(target=_wait_for_end, name="lifeline", daemon=True).start()


def _wait_for_end() -> None:
    # Not by sys.stdin: the interpreter cannot end while a thread holds its lock.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
