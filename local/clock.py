"""The program clock of the laptop cloud: one time for Lambdas, waits, time-outs, queues and schedules.

The launcher owns the clock and writes it to a small file that every Lambda reads. In ``wall`` mode
the clock runs with the wall clock, or a factor of it. In ``stepped`` mode it stands still until
somebody advances it, and then jumps from timer to timer, each time only when nothing is in flight;
so a year takes as long as its work, and two equal runs give equal results.

Quiet is proved, never assumed: all work is counted while it runs, or seen by a probe while it waits
in a queue or a stream, and any work that ran between two looks shows as a new generation.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Mode = Literal["wall", "stepped"]

CLOCK_FILE_VARIABLE = "LOYALTY_CLOCK_FILE"
QUIET_TIMEOUT_SECONDS = 600.0
# Queues and streams have no event for "work arrived here"; this is how often they are looked at.
_PROBE_SECONDS = 0.001
# In wall mode a source (a delayed message, a new schedule) is noticed within this many seconds.
_DRIVER_SECONDS = 0.25


class ClockModeError(ValueError):
    """The clock cannot do this in its present mode, or would have to run backwards."""


class NotQuietError(TimeoutError):
    """Work was still in flight when the time allowed for it had passed."""


@dataclass(slots=True)
class Timer:
    """Something that happens once, at a moment of the program's time (epoch seconds)."""

    due: float
    action: Callable[[], None]
    is_cancelled: bool = False

    def cancel(self) -> None:
        """Make sure that the timer does not fire any more."""
        self.is_cancelled = True


@dataclass(frozen=True, slots=True)
class Source:
    """A keeper of its own due times, such as the schedules or the delayed messages of a queue."""

    next_due: Callable[[], float | None]
    fire: Callable[[float], None]


@dataclass(slots=True, eq=False)
class _Waiter:
    """A thread blocked on the clock. It counts as busy again from the moment its event is set."""

    event: threading.Event
    timer: Timer | None = None


@dataclass(slots=True)
class _Held(threading.local):
    kinds: list[str] = field(default_factory=list)


class ProgramClock:
    """The program's time, its timers, and the proof that nothing is in flight. Thread-safe.

    Parameters
    ----------
    path
        The clock file. If it exists the clock goes on from it, so the time survives a crash.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._advancing = threading.Lock()
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = itertools.count()
        self._sources: dict[str, Source] = {}
        self._probes: dict[str, Callable[[], int]] = {}
        self._jump_listeners: list[Callable[[float], None]] = []
        self._in_flight: Counter[str] = Counter()
        self._generation = 0
        self._waiters: set[_Waiter] = set()
        self._held = _Held()
        self._driver: threading.Thread | None = None
        self._has_news = threading.Event()
        self._program_epoch = self._wall_epoch = time.time()
        self._rate = 1.0
        if path.exists():
            saved = json.loads(path.read_text())
            self._program_epoch = float(saved["program_epoch"])
            self._wall_epoch = float(saved["wall_epoch"])
            self._rate = float(saved["rate"])
        self._write()

    # -- time ---------------------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        """``stepped`` when the clock stands still between steps, else ``wall``."""
        return "stepped" if self._rate == 0 else "wall"

    def now(self) -> float:
        """Return the program's time in epoch seconds."""
        with self._lock:
            if self._rate == 0:
                return self._program_epoch
            return self._program_epoch + self._rate * (time.time() - self._wall_epoch)

    def now_iso(self) -> str:
        """Return the program's time as UTC ISO 8601 with milliseconds."""
        return iso(self.now())

    def set_mode(self, mode: Mode, *, now: float | None = None, rate: float = 1.0) -> None:
        """Change how the clock runs, and optionally set it to a moment, forwards or backwards.

        Timers keep their moments. Schedules start anew from the moment set: they do not make up
        for occurrences that were jumped over.
        """
        if mode == "wall" and rate <= 0:
            raise ClockModeError("the rate of a running clock must be above 0")
        with self._lock:
            self._program_epoch = self.now() if now is None else now
            self._wall_epoch = time.time()
            self._rate = 0.0 if mode == "stepped" else rate
            self._write()
        self._has_news.set()
        if now is not None:
            for listener in self._jump_listeners:
                listener(now)

    def advance_to(self, moment: float, timeout: float = QUIET_TIMEOUT_SECONDS) -> None:
        """Step to a moment, letting everything due on the way happen in order, each when all is quiet.

        Raises
        ------
        ClockModeError
            If the clock is not stepped, or the moment has passed.
        NotQuietError
            If some work does not end within ``timeout`` wall seconds.
        """
        with self._advancing:
            if self.mode != "stepped":
                raise ClockModeError("only a stepped clock can be advanced")
            if moment < self.now():
                raise ClockModeError(f"{iso(moment)} is before the clock's {self.now_iso()}")
            self.wait_until_quiet(timeout)
            while (due := self.next_due()) is not None and due <= moment:
                self._step_to(max(due, self.now()))
                self._fire_next()
                self.wait_until_quiet(timeout)
            self._step_to(moment)

    def _step_to(self, moment: float) -> None:
        with self._lock:
            if moment != self._program_epoch:
                self._program_epoch = moment
                self._wall_epoch = time.time()
                self._write()

    def _write(self) -> None:
        content = {
            "program_epoch": self._program_epoch,
            "wall_epoch": self._wall_epoch,
            "rate": self._rate,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # A reader sees the old file or the new one, never half of it.
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        fresh.write_text(json.dumps(content))
        fresh.replace(self._path)

    # -- timers and sources -------------------------------------------------------------------

    def call_at(self, due: float, action: Callable[[], None]) -> Timer:
        """Call ``action`` once when the program's time has come to ``due``; it must not block."""
        timer = Timer(due, action)
        with self._lock:
            heapq.heappush(self._timers, (due, next(self._sequence), timer))
        self._has_news.set()
        return timer

    def add_source(self, name: str, source: Source) -> None:
        """Ask ``source`` for its next due time too; its ``fire`` gets that time, once per call."""
        self._sources[name] = source
        self._has_news.set()

    def on_jump(self, listener: Callable[[float], None]) -> None:
        """Tell ``listener`` when the clock is set to a moment instead of stepping there."""
        self._jump_listeners.append(listener)

    def next_due(self) -> float | None:
        """Return when the next timer or source is due, or None."""
        entry = self._next_entry()
        return None if entry is None else entry[0]

    def _next_entry(self) -> tuple[float, Callable[[], None]] | None:
        with self._lock:
            while self._timers and self._timers[0][2].is_cancelled:
                heapq.heappop(self._timers)
            first = self._timers[0][2] if self._timers else None
        # At equal times a timer goes before a source, and sources go in the order of their adding.
        best: tuple[float, Callable[[], None]] | None = None
        if first is not None:
            best = (first.due, self._pop_timer)
        for source in self._sources.values():
            due = source.next_due()
            if due is not None and (best is None or due < best[0]):
                best = (due, functools.partial(source.fire, due))
        return best

    def _pop_timer(self) -> None:
        with self._lock:
            timer = heapq.heappop(self._timers)[2] if self._timers else None
        if timer is not None and not timer.is_cancelled:
            timer.action()

    def _fire_next(self) -> None:
        entry = self._next_entry()
        if entry is not None and entry[0] <= self.now():
            with self.busy("timer"):
                entry[1]()

    def start(self) -> None:
        """Start the thread that fires what is due while the clock runs in wall mode."""
        if self._driver is None:
            self._driver = threading.Thread(target=self._drive, name="program-clock", daemon=True)
            self._driver.start()

    def _drive(self) -> None:
        while True:
            self._has_news.clear()
            rate = self._rate
            due = self.next_due() if rate else None
            pause = _DRIVER_SECONDS if due is None else (due - self.now()) / rate
            if pause > 0:
                self._has_news.wait(min(pause, _DRIVER_SECONDS))
            else:
                self._fire_next()

    def wait(
        self,
        seconds: float | None = None,
        *,
        until: float | None = None,
        event: threading.Event | None = None,
    ) -> bool:
        """Block this thread on the program's time; it does not count as busy meanwhile.

        Parameters
        ----------
        seconds, until
            A span from now, or a moment. With neither, only the event ends the wait.
        event
            Ends the wait early.

        Returns
        -------
        bool
            True if the event was set, False if the time came.
        """
        if seconds is not None:
            until = self.now() + max(0.0, seconds)
        waiter = _Waiter(event or threading.Event())
        has_expired = threading.Event()

        def expire() -> None:
            has_expired.set()
            waiter.event.set()

        if until is not None:
            waiter.timer = self.call_at(until, expire)
        held = list(self._held.kinds)
        with self._changed:
            self._waiters.add(waiter)
            self._in_flight.subtract(held)
            self._changed.notify_all()
        waiter.event.wait()
        with self._changed:
            self._waiters.discard(waiter)
            self._in_flight.update(held)
            self._generation += 1
        if waiter.timer is not None:
            waiter.timer.cancel()
        return not has_expired.is_set()

    # -- in flight ----------------------------------------------------------------------------

    def enter(self, kind: str) -> None:
        """Count one piece of work as in flight until ``leave``, on whichever thread that happens."""
        with self._lock:
            self._in_flight[kind] += 1

    def leave(self, kind: str, *, did_work: bool = True) -> None:
        """End one piece of work; an idle look into a queue says that it did none."""
        with self._changed:
            self._in_flight[kind] -= 1
            if did_work:
                self._generation += 1
            self._changed.notify_all()

    @contextmanager
    def busy(self, kind: str) -> Iterator[None]:
        """Count this thread as in flight, except while it blocks in ``wait``."""
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

    def add_probe(self, name: str, pending: Callable[[], int]) -> None:
        """Register a count of work that waits somewhere without being in flight yet."""
        self._probes[name] = pending

    def pending(self) -> dict[str, int]:
        """Return what is in flight or waits to be, by kind; empty when all is quiet."""
        with self._lock:
            counts = {kind: count for kind, count in self._in_flight.items() if count}
            woken = sum(waiter.event.is_set() for waiter in self._waiters)
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
                self._changed.wait(0.05 if is_running else _PROBE_SECONDS)

    def state(self) -> dict[str, object]:
        """Return the clock as ``/_local/clock`` shows it: mode, time, and what is going on."""
        due = self.next_due()
        return {
            "mode": self.mode,
            "now": self.now_iso(),
            "rate": self._rate,
            "next_due": None if due is None else iso(due),
            "timers": sum(not timer.is_cancelled for _, _, timer in list(self._timers)),
            "pending": self.pending(),
        }


def iso(moment: float) -> str:
    """Write epoch seconds as UTC ISO 8601 with milliseconds and ``Z``."""
    stamp = datetime.fromtimestamp(round(moment, 3), UTC)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"


def epoch(stamp: str) -> float:
    """Read an ISO 8601 time with zone into epoch seconds.

    Raises
    ------
    ValueError
        If the text is not a time, or has no zone.
    """
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError(f"{stamp} has no time zone")
    return moment.timestamp()


@functools.cache
def program_clock() -> ProgramClock:
    """Return this process's clock, on the file named by ``LOYALTY_CLOCK_FILE``."""
    return ProgramClock(Path(os.environ[CLOCK_FILE_VARIABLE]))
