"""Task tokens: answers, time-outs and heartbeats on the program clock.

Raw MiniStack ignores heartbeats, measures time-outs by the wall clock, loses all tokens at a
restart, and calls every closed token unknown. AWS ends the wait with ``States.Timeout`` or
``States.HeartbeatTimeout``, and answers ``TaskTimedOut`` for a token whose task is closed already,
``InvalidToken`` for one that it never made. Exactly one of answer and time-out holds.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions as sf

from local.clock import Timer, program_clock
from local.emulator.fixes.stepfunctions_pauses import Callback, ExecutionError, Outcome, Pause

_TOKEN = re.compile(r"task-[0-9a-f]{32}")
_lock = threading.RLock()


@dataclass(slots=True)
class TokenWait(Pause):
    """The wait of one task attempt for the answer to its token."""

    token: str
    deadline: float | None
    heartbeat_seconds: float | None
    beat_at: float
    _callback: Callback | None = None
    _answer: Outcome | None = None
    _timer: Timer | None = None

    @property
    def is_answered(self) -> bool:
        """Tell whether an answer has come already, even before anybody waits for it."""
        return self._answer is not None

    def arm(self, callback: Callback) -> None:
        with _lock:
            self._callback = callback
            if self._answer is None:
                self._set_timer()
                return
        callback(self._answer)

    def cancel(self) -> None:
        with _lock:
            _open_waits.pop(self.token, None)
            self._callback = None
            if self._timer is not None:
                self._timer.cancel()

    def answer(self, outcome: Outcome) -> bool:
        """Close the token with its outcome; False if it was closed before."""
        with _lock:
            if _open_waits.pop(self.token, None) is None:
                return False
            self._answer = outcome
            callback = self._callback
            if self._timer is not None:
                self._timer.cancel()
        if callback is not None:
            callback(outcome)
        return True

    def beat(self) -> None:
        """Note a heartbeat of the worker."""
        with _lock:
            self.beat_at = program_clock().now()
            if self._timer is not None:
                self._timer.cancel()
                self._set_timer()

    def _set_timer(self) -> None:
        silent_at = (
            None if self.heartbeat_seconds is None else self.beat_at + self.heartbeat_seconds
        )
        if self.deadline is not None and (silent_at is None or self.deadline <= silent_at):
            self._timer = program_clock().call_at(self.deadline, self._time_out)
        elif silent_at is not None:
            self._timer = program_clock().call_at(silent_at, self._fall_silent)

    def _time_out(self) -> None:
        self.answer(Outcome(error=ExecutionError("States.Timeout", "")))

    def _fall_silent(self) -> None:
        self.answer(Outcome(error=ExecutionError("States.HeartbeatTimeout", "")))


_open_waits: dict[str, TokenWait] = {}


def apply() -> None:
    sf._send_task_success = _before_original(sf._send_task_success, _succeed)
    sf._send_task_failure = _before_original(sf._send_task_failure, _fail)
    sf._send_task_heartbeat = _before_original(sf._send_task_heartbeat, _beat)


def new_token() -> str:
    """Make a token that has the form of all tokens of this engine."""
    return f"task-{uuid4().hex}"


def open_wait(
    token: str,
    deadline: float | None,
    heartbeat_seconds: float | None,
    beat_at: float | None = None,
) -> TokenWait:
    """Accept answers to a token from now on."""
    beat_at = program_clock().now() if beat_at is None else beat_at
    wait = TokenWait(token, deadline, heartbeat_seconds, beat_at)
    with _lock:
        _open_waits[token] = wait
    return wait


def _before_original(
    original: Callable[[dict[str, Any]], Any],
    handle: Callable[[TokenWait, dict[str, Any]], Any],
) -> Callable[[dict[str, Any]], Any]:
    def handler(data: dict[str, Any]) -> Any:
        token = data.get("taskToken", "")
        if token in sf._task_tokens:
            return original(data)
        if not _TOKEN.fullmatch(token):
            return error_response_json("InvalidToken", "Invalid Token: 'Invalid token'", 400)
        with _lock:
            wait = _open_waits.get(token)
        return handle(wait, data) if wait is not None else _closed()

    return handler


def _closed() -> Any:
    reason = "Task Timed Out: 'Provided task does not exist anymore'"
    return error_response_json("TaskTimedOut", reason, 400)


def _succeed(wait: TokenWait, data: dict[str, Any]) -> Any:
    try:
        output = json.loads(data.get("output", ""))
    except json.JSONDecodeError as error:
        return error_response_json("InvalidOutput", f"Invalid Output: '{error}'", 400)
    return json_response({}) if wait.answer(Outcome(output)) else _closed()


def _fail(wait: TokenWait, data: dict[str, Any]) -> Any:
    error = ExecutionError(data.get("error", ""), data.get("cause", ""))
    return json_response({}) if wait.answer(Outcome(error=error)) else _closed()


def _beat(wait: TokenWait, _data: dict[str, Any]) -> Any:
    wait.beat()
    return json_response({})
