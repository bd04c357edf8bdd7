"""The program clock of the laptop cloud: one time for Lambdas, waits, queues and schedules.

The launcher owns the clock and writes it to a small file that every Lambda reads. In ``wall`` mode
the clock runs with the wall clock, or a factor of it. In ``stepped`` mode it stands still until
somebody advances it, and then jumps from timer to timer, each time only when nothing is in flight;
so a year takes as long as its work, and two equal runs give equal results.

Quiet is proved, never assumed; ``local.activity`` says how.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from local.activity import QUIET_TIMEOUT_SECONDS, Activity, NotQuietError

__all__ = [
    "ClockModeError",
    "NotQuietError",
    "ProgramClock",
    "Source",
    "Timer",
    "epoch",
    "iso",
    "program_clock",
]

Mode = Literal["wall", "stepped"]

CLOCK_FILE_VARIABLE = "LOYALTY_CLOCK_FILE"
logger = logging.getLogger(__name__)

# In wall mode a source (a delayed message, a new schedule) is noticed within this many seconds.
_DRIVER_SECONDS = 0.25


class ClockModeError(ValueError):
    """The clock cannot do this in its present mode, or would have to run backwards."""


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


@dataclass(frozen=True, slots=True)
class _Setting:
    """The content of the clock file, in seconds; at rate 0 the clock stands still."""

    program_epoch: float
    wall_epoch: float
    rate: float

    def now(self) -> float:
        if self.rate == 0:
            return self.program_epoch
        return self.program_epoch + self.rate * (time.time() - self.wall_epoch)


class ProgramClock(Activity):
    """The program's time, its timers, and the proof that nothing is in flight. Thread-safe.

    Parameters
    ----------
    path
        The clock file. If it exists the clock goes on from it, so the time survives a crash.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._advancing = threading.Lock()
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = itertools.count()
        self._sources: dict[str, Source] = {}
        self._jump_listeners: list[Callable[[float], None]] = []
        self._driver: threading.Thread | None = None
        self._has_news = threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._setting = _Setting(**json.loads(path.read_text()))
        else:
            self._set(_Setting(time.time(), time.time(), 1.0))

    # -- time ---------------------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        """``stepped`` when the clock stands still between steps, else ``wall``."""
        return "stepped" if self._setting.rate == 0 else "wall"

    def now(self) -> float:
        """Return the program's time in epoch seconds."""
        # No lock: a snapshot asks from a forked process, in which it might be held for ever.
        return self._setting.now()

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
        moment = self.now() if now is None else now
        self._set(_Setting(moment, time.time(), 0.0 if mode == "stepped" else rate))
        self._has_news.set()
        if now is not None:
            for listener in self._jump_listeners:
                listener(now)

    def advance_to(self, moment: float, timeout: float = QUIET_TIMEOUT_SECONDS) -> None:
        """Step to a moment; what is due on the way happens in order, each when all is quiet.

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
            while (entry := self._next_entry()) is not None and entry[0] <= moment:
                self._step_to(max(entry[0], self.now()))
                self._fire(entry[1])
                self.wait_until_quiet(timeout)
            self._step_to(moment)

    def _step_to(self, moment: float) -> None:
        if moment != self._setting.program_epoch:
            self._set(_Setting(moment, time.time(), 0.0))

    def _set(self, setting: _Setting) -> None:
        # A reader sees the old file or the new one, never half of it.
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        fresh.write_text(json.dumps(asdict(setting)))
        fresh.replace(self._path)
        # Last: whoever sees the new time here may start a Lambda at once, which reads the file.
        self._setting = setting

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

    def _fire(self, action: Callable[[], None]) -> None:
        with self.busy("timer"):
            try:
                action()
            except Exception:
                # One broken schedule must not stop the time for everybody else.
                logger.exception("what was due at %s failed", self.now_iso())

    def start(self) -> None:
        """Start the thread that fires what is due while the clock runs in wall mode."""
        if self._driver is None:
            self._driver = threading.Thread(target=self._drive, name="program-clock", daemon=True)
            self._driver.start()

    def _drive(self) -> None:
        while True:
            self._has_news.clear()
            rate = self._setting.rate
            entry = self._next_entry() if rate else None
            pause = _DRIVER_SECONDS if entry is None else (entry[0] - self.now()) / rate
            if entry is None or pause > 0:
                self._has_news.wait(min(pause, _DRIVER_SECONDS))
            else:
                self._fire(entry[1])

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
        wake = event or threading.Event()
        has_expired = threading.Event()

        def expire() -> None:
            has_expired.set()
            wake.set()

        timer = None if until is None else self.call_at(until, expire)
        self.block(wake)
        if timer is not None:
            timer.cancel()
        return not has_expired.is_set()

    # -- state --------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Return the time for a snapshot of the whole cloud."""
        return {"mode": self.mode, "now": self.now()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a snapshot's time when the clock is stepped, as everything else does.

        A clock that runs has gone on meanwhile, and what came due since then comes late.
        """
        if self.mode == state["mode"] == "stepped":
            self._step_to(float(state["now"]))

    def state(self) -> dict[str, object]:
        """Return the clock as ``/_local/clock`` shows it: mode, time, and what is going on."""
        due = self.next_due()
        return {
            "mode": self.mode,
            "now": self.now_iso(),
            "rate": self._setting.rate,
            "next_due": None if due is None else iso(due),
            "timers": len(self._timers),
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
