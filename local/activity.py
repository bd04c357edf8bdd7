"""What is in flight in the laptop cloud, counted so that quiet can be proved.

Work is counted while it runs, or seen by a probe while it waits in a queue or a stream. Any work
that ran between two looks shows as a new generation, so nothing slips from one place to another
unseen.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

QUIET_TIMEOUT_SECONDS = 600.0
# Queues and streams have no event for "work arrived here"; this is how often they are looked at.
_PROBE_SECONDS = 0.001
# The end of work is announced; this is only how soon a time-out is noticed.
_RUNNING_SECONDS = 0.05


class NotQuietError(TimeoutError):
    """Work was still in flight when the time allowed for it had passed."""


# Without slots: those of a threading.local are shared by all threads.
@dataclass
class _Held(threading.local):
    kinds: list[str] = field(default_factory=list)


class Activity:
    """Counts work in flight, on whichever thread it begins and ends. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._probes: dict[str, Callable[[], int]] = {}
        self._in_flight: Counter[str] = Counter()
        self._generation = 0
        self._blocked: list[threading.Event] = []
        self._held = _Held()

    def enter(self, kind: str) -> None:
        """Count one piece of work as in flight until ``leave``."""
        with self._lock:
            self._in_flight[kind] += 1

    def leave(self, kind: str, *, did_work: bool = True) -> None:
        """End one piece of work; an idle look into a queue says that it did none."""
        with self._changed:
            self._in_flight[kind] -= 1
            if did_work:
                self._generation += 1
            self._tell_waiting()

    @contextmanager
    def busy(self, kind: str) -> Iterator[None]:
        """Count this thread as in flight, except while it is blocked."""
        self.enter(kind)
        with self.adopt(kind):
            yield

    @contextmanager
    def adopt(self, kind: str) -> Iterator[None]:
        """Take over, and at the end leave, work that another thread has entered."""
        self._held.kinds.append(kind)
        try:
            yield
        finally:
            self._held.kinds.pop()
            self.leave(kind)

    def block(self, event: threading.Event) -> None:
        """Wait for an event; this thread counts as busy again from the moment the event is set."""
        held = list(self._held.kinds)
        with self._changed:
            self._blocked.append(event)
            self._in_flight.subtract(held)
            self._tell_waiting()
        event.wait()
        with self._lock:
            self._blocked.remove(event)
            self._in_flight.update(held)
            self._generation += 1

    def _tell_waiting(self) -> None:
        # Whoever waits for quiet would look in vain while anything is left, thousands of times.
        if not any(self._in_flight.values()):
            self._changed.notify_all()

    def add_probe(self, name: str, pending: Callable[[], int]) -> None:
        """Register a count of work that waits somewhere without being in flight yet."""
        self._probes[name] = pending

    def pending(self) -> dict[str, int]:
        """Return what is in flight or waits to be, by kind; empty when all is quiet."""
        with self._lock:
            counts = {kind: count for kind, count in self._in_flight.items() if count}
            woken = sum(event.is_set() for event in self._blocked)
        counts |= {name: count for name, probe in self._probes.items() if (count := probe())}
        return counts | ({"woken": woken} if woken else {})

    def is_quiet(self) -> bool:
        """Tell whether nothing is in flight, and nothing was between this call's two looks."""
        with self._lock:
            generation = self._generation
        if self.pending():
            return False
        with self._lock:
            return self._generation == generation and not any(self._in_flight.values())

    def wait_until_quiet(self, timeout: float = QUIET_TIMEOUT_SECONDS) -> None:
        """Block until nothing is in flight.

        Raises
        ------
        NotQuietError
            If that has not come to pass within ``timeout`` wall seconds.
        """
        deadline = time.monotonic() + timeout
        while not self.is_quiet():
            if time.monotonic() > deadline:
                raise NotQuietError(f"still in flight after {timeout} s: {self.pending()}")
            with self._changed:
                is_running = any(self._in_flight.values())
                self._changed.wait(_RUNNING_SECONDS if is_running else _PROBE_SECONDS)
