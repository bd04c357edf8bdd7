"""Simulated time for threads: exactly one runs at a time, and time passes only when all are parked.

Each thread of the interpreter is an *actor*. It runs until it parks (a wait, a sleep, its end);
then the driver, the thread that called ``run_until``, picks what happens next. So thirty simulated
days take no real time, and the same seed gives the same order of events on any machine.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DEFAULT_START = datetime(2017, 1, 1, tzinfo=UTC)


class NothingLeftToHappen(AssertionError):
    """What the test waits for can never come: every actor is parked without a timer."""


class TimeIsUp(TimeoutError):
    """The time limit of the block that the actor is in has passed."""


class ClockClosed(BaseException):
    """Unwinds the actors that are still parked when a test ends."""


@dataclass(eq=False)
class Actor:
    """A thread that runs only while it holds the baton."""

    name: str
    body: Callable[[], object]
    finished: Signal
    baton: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None
    deadlines: list[datetime] = field(default_factory=list)


@dataclass(eq=False)
class _Wait:
    """One parked actor; resolved once, by a signal or by its timer."""

    actor: Actor
    signal: Signal | None
    resolved: bool = False
    signalled: bool = False


class Signal:
    """The simulated stand-in for ``threading.Event``."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._is_set = False
        self._waits: list[_Wait] = []
        self.has_timed_out = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        waits, self._waits = self._waits, []
        for wait in waits:
            self._clock.resolve(wait, signalled=True)

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        return True if self._is_set else self._clock.park(timeout, self)

    def add(self, wait: _Wait) -> None:
        self._waits.append(wait)


class SimulatedClock:
    """Runs actors one at a time, and jumps from timer to timer when all of them are parked.

    Parameters
    ----------
    start
        The first moment (UTC).
    seed
        With a seed, whatever is due at the same moment happens in a random but repeatable order;
        run a race under many seeds to see all its outcomes. Without, in order of registration.
    """

    def __init__(self, start: datetime = DEFAULT_START, seed: int | None = None) -> None:
        self.now = start
        self.random = random.Random(seed)
        self._is_shuffled = seed is not None
        self._ready: list[Actor] = []
        self._timers: list[tuple[datetime, float, int, Callable[[], object], _Wait | None]] = []
        self._sequence = itertools.count()
        self._driver = threading.Semaphore(0)
        self._local = threading.local()
        self._alive: set[Actor] = set()
        self._failure: BaseException | None = None
        self._is_closed = False

    # ── for tests ──
    def at(self, when: datetime | timedelta, action: Callable[[], object]) -> None:
        """Do ``action`` at a moment, or after a span from now; its failure fails the test."""
        due = self.now + when if isinstance(when, timedelta) else when
        self._add_timer(due, lambda: self._begin(action, name=f"at {due.isoformat()}"), wait=None)

    def reseed(self, seed: int) -> None:
        """Draw another order from here on: for many races in one harness."""
        self.random.seed(seed)
        self._is_shuffled = True

    def begin_again(self, at: datetime, seed: int) -> None:
        """Stand at a moment with nothing due, as if new: for many runs in one harness."""
        self.now = at
        self._timers.clear()
        self._ready.clear()
        self.reseed(seed)

    def advance(self, span: timedelta) -> None:
        """Let everything happen that is due within ``span``, then stand at its end."""
        end = self.now + span
        self._drive(lambda: False, until=end)
        self.now = end

    def run_until(self, is_done: Callable[[], bool]) -> None:
        """Let things happen until ``is_done``; fail when nothing can happen any more."""
        if not self._drive(is_done, until=None):
            parked = sorted(actor.name for actor in self._alive)
            raise NothingLeftToHappen(f"at {self.now.isoformat()} these wait for ever: {parked}")

    def settle(self) -> None:
        """Let everything happen that is due now, without moving time."""
        self._drive(lambda: False, until=self.now)

    def fail(self, failure: BaseException) -> None:
        """Make the driver raise ``failure``: a test's mistake that the machine would catch."""
        self._failure = self._failure or failure

    def close(self) -> None:
        """Unwind every actor that is still parked."""
        self._is_closed = True
        for actor in list(self._alive):
            if actor.thread is not None:
                self._hand_over_to(actor)
        self._alive.clear()

    # ── for actors ──
    def signal(self) -> Signal:
        return Signal(self)

    def spawn(self, body: Callable[[], object], name: str) -> Actor:
        """A new actor, ready to run when the present one parks."""
        return self._begin(body, name)

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass for the present actor."""
        self.park(seconds)

    def pause(self) -> None:
        """Let others that are due run first, if the seed says so; for actors only."""
        actor = self._present()
        if actor is not None:
            self._ready.append(actor)
            self._give_up_baton(actor)

    def park(self, timeout: float | None, signal: Signal | None = None) -> bool:
        """Wait for ``signal`` for at most ``timeout`` seconds; True when it came in time.

        Raises
        ------
        TimeIsUp
            The actor's own time limit (see ``time_limit``) passed first.
        """
        actor = self._present()
        if actor is None:
            raise RuntimeError("only an actor can wait; a test drives the clock with run_until")
        due = None if timeout is None else self.now + timedelta(seconds=max(0.0, timeout))
        limit = min(actor.deadlines, default=None)
        is_limited = limit is not None and (due is None or limit < due)
        wait = _Wait(actor, signal)
        if signal is not None:
            signal.add(wait)
        first = limit if is_limited else due
        if first is not None:
            self._add_timer(first, lambda: self.resolve(wait, signalled=False), wait)
        self._give_up_baton(actor)
        if is_limited and not wait.signalled:
            raise TimeIsUp
        return wait.signalled

    def within(self, seconds: float, body: Callable[[], None]) -> None:
        """Do ``body`` in the present actor; raises TimeIsUp out of it after ``seconds``."""
        actor = self._present()
        if actor is None:
            raise RuntimeError("only an actor has time limits")
        actor.deadlines.append(self.now + timedelta(seconds=seconds))
        try:
            body()
        finally:
            actor.deadlines.pop()

    def resolve(self, wait: _Wait, *, signalled: bool) -> None:
        """End a wait, once: what comes first, the signal or the timer, decides."""
        if wait.resolved:
            return
        wait.resolved, wait.signalled = True, signalled
        if wait.signal is not None and not signalled:
            wait.signal.has_timed_out = True
        self._ready.append(wait.actor)

    def is_inside_actor(self) -> bool:
        return self._present() is not None

    # ── machinery ──
    def _present(self) -> Actor | None:
        return getattr(self._local, "actor", None)

    def _begin(self, body: Callable[[], object], name: str) -> Actor:
        actor = Actor(name, body, Signal(self))
        self._alive.add(actor)
        self._ready.append(actor)
        return actor

    def _add_timer(self, due: datetime, action: Callable[[], object], wait: _Wait | None) -> None:
        order = self.random.random() if self._is_shuffled else 0.0
        heapq.heappush(self._timers, (due, order, next(self._sequence), action, wait))

    def _forget_stale_timers(self) -> None:
        """A timer whose wait was signalled must not move the clock."""
        while self._timers and (wait := self._timers[0][-1]) is not None and wait.resolved:
            heapq.heappop(self._timers)

    def _drive(self, is_done: Callable[[], bool], until: datetime | None) -> bool:
        while not is_done():
            if not self._step(until):
                return False
        return True

    def _step(self, until: datetime | None) -> bool:
        """Let one thing happen: a ready actor's next stretch, or the next timer."""
        self._forget_stale_timers()
        timer_is_due = bool(self._timers) and self._timers[0][0] <= self.now
        choices = len(self._ready) + timer_is_due
        pick = self.random.randrange(choices) if choices and self._is_shuffled else 0
        if pick < len(self._ready):
            self._hand_over_to(self._ready.pop(pick))
            return True
        if not self._timers or (until is not None and self._timers[0][0] > until):
            return False
        due, _, _, action, _ = heapq.heappop(self._timers)
        self.now = max(self.now, due)
        action()
        return True

    def _hand_over_to(self, actor: Actor) -> None:
        if actor.thread is None:
            actor.thread = threading.Thread(
                target=self._live, args=(actor,), name=actor.name, daemon=True
            )
            actor.thread.start()
        actor.baton.release()
        self._driver.acquire()
        if self._failure is not None and not self._is_closed:
            failure, self._failure = self._failure, None
            raise failure

    def _give_up_baton(self, actor: Actor) -> None:
        if not self._is_closed:
            self._driver.release()
            actor.baton.acquire()
        if self._is_closed:
            raise ClockClosed

    def _live(self, actor: Actor) -> None:
        actor.baton.acquire()
        self._local.actor = actor
        try:
            if not self._is_closed:
                actor.body()
        except ClockClosed:
            pass
        except BaseException as failure:  # noqa: BLE001 - handed to the test's own thread
            self.fail(failure)
        finally:
            actor.finished.set()
            self._alive.discard(actor)
            self._driver.release()
