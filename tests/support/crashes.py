"""Crashes between any two calls of a function, before or after the call took effect."""

from __future__ import annotations

from typing import Any


class Crash(BaseException):
    """The function died: out of time or memory, or its answer got lost."""


class Fuse:
    """Burns down by two with every call: one before the call takes effect, one after it."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            raise Crash
        self.left -= 1


class Crashing:
    """A port whose calls burn the fuse."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        def burning(*arguments: Any, **named: Any) -> Any:
            self._fuse.burn()
            result = call(*arguments, **named)
            self._fuse.burn()
            return result

        return burning
