"""What an execution can wait for: a moment, a token's answer, another execution, other threads.

Raw MiniStack blocks one thread per waiting execution on the wall clock. Here a waiting execution is
a suspended generator that has yielded one of these pauses; arming the pause registers it with the
program clock, and its outcome continues the execution. AWS waits for a year without a thread, too.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from ministack.services.stepfunctions import _ExecutionError as ExecutionError

from local.clock import Timer, program_clock

__all__ = [
    "Callback",
    "ExecutionError",
    "Outcome",
    "Pause",
    "Sleep",
    "Steps",
    "Work",
    "drive",
    "outcome_of",
    "run_concurrently",
]


logger = logging.getLogger("executions")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pause ended: with a value, or with an error of the state machine."""

    value: Any = None
    error: ExecutionError | None = None

    def unwrap(self) -> Any:
        """Return the value or raise the error."""
        if self.error is not None:
            raise self.error
        return self.value


Callback = Callable[[Outcome], None]


class Pause(ABC):
    """A reason not to go on now."""

    @abstractmethod
    def arm(self, callback: Callback) -> None:
        """Call back exactly once, when the pause has ended; possibly at once."""

    def cancel(self) -> None:  # noqa: B027 - most pauses hold nothing that must be given back
        """Give up waiting, because the execution was stopped or has timed out."""


Steps = Generator[Pause, Outcome, Any]


@dataclass(slots=True)
class Sleep(Pause):
    """Until a moment of the program's time."""

    until: float
    _timer: Timer | None = field(default=None, init=False)

    def arm(self, callback: Callback) -> None:
        self._timer = program_clock().call_at(self.until, lambda: callback(Outcome()))

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


@dataclass(slots=True)
class Work(Pause):
    """Until work on a thread of its own is done, such as the branches of a Parallel."""

    run: Callable[[], Any]

    def arm(self, callback: Callback) -> None:
        clock = program_clock()
        clock.enter("branches")

        def work() -> None:
            with clock.adopt("branches"):
                callback(outcome_of(self.run))

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), daemon=True).start()


def outcome_of(run: Callable[[], Any]) -> Outcome:
    """Run something, and turn what it raises into an error of the state machine.

    What is no such error is a bug of the emulator or a definition that AWS would refuse.
    """
    try:
        return Outcome(run())
    except ExecutionError as error:
        return Outcome(error=error)
    except Exception as error:
        logger.exception("an execution broke off")
        cause = f"{type(error).__name__}: {error}"
        return Outcome(error=ExecutionError("States.Runtime", cause))


def drive(steps: Steps) -> Any:
    """Run an execution to its end on this thread, which blocks in its pauses.

    Raises
    ------
    ExecutionError
        If the execution fails.
    """
    outcome: Outcome | None = None
    while True:
        try:
            # A generator's first value must be None.
            pause = steps.send(outcome)  # type: ignore[arg-type]
        except StopIteration as end:
            return end.value
        outcome = _wait_for(pause)


def _wait_for(pause: Pause) -> Outcome:
    outcomes: list[Outcome] = []
    has_ended = threading.Event()

    def callback(outcome: Outcome) -> None:
        outcomes.append(outcome)
        has_ended.set()

    pause.arm(callback)
    if not has_ended.is_set():
        program_clock().wait(event=has_ended)
    return outcomes[0]


def run_concurrently(jobs: Iterable[Callable[[], None]], limit: int) -> None:
    """Run jobs, in order, on at most ``limit`` threads, and block until all are done."""
    clock = program_clock()
    waiting = deque(jobs)
    workers = min(limit, len(waiting))
    running = [None] * workers
    errors: list[ExecutionError] = []
    all_done = threading.Event()
    if not workers:
        return

    def work() -> None:
        with clock.adopt("branch"):
            while waiting:
                try:
                    job = waiting.popleft()
                except IndexError:
                    break
                outcome = outcome_of(job)
                if outcome.error is not None:
                    errors.append(outcome.error)
            running.pop()
            if not running:
                all_done.set()

    for _ in range(workers):
        clock.enter("branch")
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), daemon=True).start()
    clock.wait(event=all_done)
    if errors:
        raise errors[0]
