"""Put moto's interpreter on the simulated clock: its threads, waits and timestamps."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from jsonata import timebox  # type: ignore[import-untyped]
from moto.stepfunctions.parser import models
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    inline_iteration_component,
    job,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import (
    branch_worker,
    branches_decl,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval import environment
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.backend import execution, execution_worker

from tests.support.state_machines.simulated_clock import Actor, SimulatedClock

_MODULES_WITH_THREADING = (
    inline_iteration_component,
    job,
    branch_worker,
    branches_decl,
    environment,
    program,
    state_task_service_callback,
)
_MODULES_WITH_DATETIME = (models, state, event_manager, execution, timestamp)


def install(patch: pytest.MonkeyPatch, clock: SimulatedClock) -> None:
    """Replace real threads, events, sleeps and clocks inside moto's interpreter."""
    threads = _threads_of(clock)
    for module in _MODULES_WITH_THREADING:
        patch.setattr(module, "threading", threads)
    patch.setattr(execution_worker, "Thread", threads.Thread)
    patch.setattr(callback, "Event", threads.Event)

    simulated_datetime = _datetime_of(clock)
    for module in _MODULES_WITH_DATETIME:
        patch.setattr(module, "datetime", simulated_datetime)
    patch.setattr(
        timebox.Timebox,
        "current_milli_time",
        staticmethod(lambda: int(clock.now.timestamp() * 1000)),
    )

    sleeping = SimpleNamespace(sleep=clock.sleep)
    patch.setattr(retrier_decl, "time", sleeping)
    patch.setattr(state_task_service_callback, "time", sleeping)
    patch.setattr(jitter_strategy_decl, "random", clock.random)
    patch.setattr(WaitFunction, "_wait_interval", _wait_interval)
    patch.setattr(timestamp.Timestamp, "_get_wait_seconds", _seconds_until_timestamp(clock))
    patch.setattr(execute_state.ExecutionState, "_evaluate_with_timeout", _with_timeout(clock))
    patch.setattr(program.Program, "eval", _program_without_thread(program.Program.eval))
    for noise in ("_log_failure_event_exception", "_log_exception"):
        patch.setattr(EvalComponent, noise, lambda *_args, **_kwargs: None)


def _threads_of(clock: SimulatedClock) -> SimpleNamespace:
    class SimulatedThread:
        """What the interpreter uses of ``threading.Thread``."""

        native_id = 0

        def __init__(
            self,
            target: Callable[..., object],
            args: tuple[Any, ...] = (),
            name: str = "interpreter",
            daemon: bool = True,
        ) -> None:
            del daemon
            self._body = lambda: target(*args)
            self._name = name
            self._actor: Actor | None = None

        def start(self) -> None:
            self._actor = clock.spawn(self._body, self._name)

        def join(self, timeout: float | None = None) -> None:
            assert self._actor is not None
            self._actor.finished.wait(timeout)

        def is_alive(self) -> bool:
            return self._actor is not None and not self._actor.finished.is_set()

    return SimpleNamespace(
        Thread=SimulatedThread,
        Event=clock.signal,
        Lock=threading.Lock,
        RLock=threading.RLock,
    )


def _datetime_of(clock: SimulatedClock) -> SimpleNamespace:
    class SimulatedDatetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return clock.now.astimezone(tz) if tz else clock.now.replace(tzinfo=None)

    return SimpleNamespace(
        datetime=SimulatedDatetime,
        timezone=datetime.timezone,
        timedelta=datetime.timedelta,
        UTC=datetime.UTC,
    )


def _wait_interval(_self: Any, env: Any, wait_seconds: float) -> None:
    if wait_seconds > 0:
        env.program_state_event.wait(wait_seconds)


def _seconds_until_timestamp(clock: SimulatedClock) -> Callable[[Any, Any], float]:
    """Moto cuts fractions off, so it wakes early, and refuses numeric offsets, which AWS takes."""

    def seconds_until(self: Any, env: Any) -> float:
        self.string.eval(env=env)
        text = env.stack.pop()
        try:
            due = datetime.datetime.fromisoformat(text)
        except (TypeError, ValueError):
            due = None
        if due is None or due.tzinfo is None:
            raise FailureEventException(self._create_failure_event(env, text))
        return (due - clock.now).total_seconds()

    return seconds_until


def _with_timeout(clock: SimulatedClock) -> Callable[[Any, Any], None]:
    """Moto waits for a thread per attempt; here the attempt runs in place, under a time limit."""

    def evaluate(self: Any, env: Any) -> None:
        self.timeout.eval(env=env)
        timeout_seconds = env.stack.pop()
        frame = env.open_frame()
        frame.states.reset(input_value=env.states.get_input())
        frame.stack = list(env.stack)
        try:
            clock.within(timeout_seconds, lambda: self._eval_execution(frame))
        finally:
            frame.set_ended()
            env.close_frame(frame)

        output = frame.stack.pop()
        env.stack.append(output)
        if not self._is_language_query_jsonpath():
            env.states.set_result(output)
        if self.assign_decl:
            self.assign_decl.eval(env=env)
        if self.result_selector:
            self.result_selector.eval(env=env)
        if self.result_path:
            self.result_path.eval(env)
        else:
            env.states.reset(input_value=env.stack.pop())

    return evaluate


def _program_without_thread(original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """A machine without a time limit of its own needs no thread of its own."""

    def evaluate(self: Any, env: Any) -> None:
        if self.timeout_seconds is not None:
            original(self, env)
            return
        env.next_state_name = self.start_at.start_at_name
        EvalComponent.eval(self, env)

    return evaluate
