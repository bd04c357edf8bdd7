"""Processes as the operating system sees them, for tests that kill some."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path


def kill_grandchildren(process_id: int) -> int:
    """Kill every process that a process's children started, as it is; return how many."""
    found = _children(_children([process_id]))
    for grandchild in found:
        with suppress(ProcessLookupError):
            os.kill(grandchild, signal.SIGKILL)
    return len(found)


def _children(parents: Collection[int]) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of the program stands in brackets and may hold anything.
            parent = status.read_text().rpartition(")")[2].split()[1]
            if int(parent) in parents:
                found.append(int(status.parent.name))
    return found
