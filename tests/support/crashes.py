"""Crashes of a function before or after any of its AWS calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

World = TypeVar("World")


class Crash(BaseException):
    """The function died: out of time or memory, or its answer got lost."""


class Fuse(threading.local):
    """Burns down by two with every call of its thread: before the call takes effect, and after."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.burnt = 0

    def burn(self) -> None:
        self.burnt += 1
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            raise Crash
        self.left -= 1


class Fragile:
    """A port each of whose calls burns the fuse."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._fuse.burn()
            answer = found(*args, **named)
            self._fuse.burn()
            return answer

        return call


@dataclass(frozen=True)
class UseCase(Generic[World]):
    """A writing use case that must survive a crash anywhere.

    `prepare` makes a world in which it can happen, `act` is what a caller repeats until it was
    answered, `ports` are the world's attributes that stand for AWS, `state` is all that they hold.
    """

    name: str
    prepare: Callable[[], World]
    act: Callable[[World], object]
    state: Callable[[World], object]
    ports: tuple[str, ...] = ("store",)

    def undisturbed(self) -> tuple[object, int]:
        """Return the state that it leads to, and how many places it can crash at."""
        world = self.prepare()
        fuse = self._make_fragile(world)
        self.act(world)
        return self._state(world), fuse.burnt

    def crashed(self, places: int) -> Iterator[tuple[int, object]]:
        """Crash at each place in turn and try again; return the place and the state."""
        for place in range(places):
            world = self.prepare()
            fuse = self._make_fragile(world)
            fuse.left = place
            try:
                self.act(world)
            except Crash:
                self.act(world)
            yield place, self._state(world)

    def _make_fragile(self, world: World) -> Fuse:
        fuse = Fuse()
        for port in self.ports:
            setattr(world, port, Fragile(getattr(world, port), fuse))
        return fuse

    def _state(self, world: World) -> object:
        for port in self.ports:
            setattr(world, port, getattr(world, port)._port)
        return self.state(world)
