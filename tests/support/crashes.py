"""Crashes of a function before or after any of its AWS calls."""

from __future__ import annotations

import threading


class Crash(BaseException):
    """The function died: out of time or memory, or its answer got lost."""


class Fuse(threading.local):
    """Burns down by two with every call of its thread: before the call takes effect, and after."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            raise Crash
        self.left -= 1
