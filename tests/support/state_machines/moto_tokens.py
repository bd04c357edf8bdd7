"""Task tokens as AWS answers them: by token, once, and too late is ``TaskTimedOut``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto.core.exceptions import AWSError
from moto.core.responses import EmptyResult
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackPoolManager,
    HeartbeatTimedOut,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from tests.support.state_machines.moto_failures import failure_event


class TaskTimedOut(AWSError):
    """The token was answered already, or too late: as the API says it, and for tests to catch."""

    TYPE = "TaskTimedOut"

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


class TaskTokens:
    """All tokens that were given out, in order, and their answers."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Any] = {}

    @property
    def issued(self) -> list[str]:
        return list(self._endpoints)

    @property
    def open(self) -> list[str]:
        """Tokens that still wait for an answer."""
        return [token for token, endpoint in self._endpoints.items() if _is_open(endpoint)]

    def is_open(self, token: str) -> bool:
        return token in self._endpoints and _is_open(self._endpoints[token])

    def succeed(self, token: str, output: str) -> None:
        self._open_endpoint(token).notify(CallbackOutcomeSuccess(token, output))

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        self._open_endpoint(token).notify(CallbackOutcomeFailure(token, error, cause))

    def beat(self, token: str) -> None:
        self._open_endpoint(token).notify_heartbeat()

    def _open_endpoint(self, token: str) -> Any:
        endpoint = self._endpoints.get(token)
        if endpoint is None:
            raise InvalidToken
        if not _is_open(endpoint):
            raise TaskTimedOut
        return endpoint

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let moto give out and answer tokens through this collection."""
        backend = StepFunctionsParserBackend
        patch.setattr(CallbackPoolManager, "add", self._recording(CallbackPoolManager.add))
        patch.setattr(
            backend,
            "send_task_success",
            lambda _backend, task_token, outcome: self.succeed(task_token, outcome),
        )
        patch.setattr(
            backend,
            "send_task_failure",
            lambda _backend, task_token, error=None, cause=None: self.fail(
                task_token, error, cause
            ),
        )
        patch.setattr(
            backend, "send_task_heartbeat", lambda _backend, task_token: self.beat(task_token)
        )
        patch.setattr(StepFunctionResponse, "send_task_failure", _send_task_failure)
        service = state_task_service_callback.StateTaskServiceCallback
        patch.setattr(service, "_from_error", _naming_missed_heartbeats(service._from_error))
        patch.setattr(service, "_wait_for_task_token_heartbeat", _wait_with_heartbeat)

    def _recording(self, add: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(manager: Any, callback_id: str) -> Any:
            endpoint = add(manager, callback_id)
            self._endpoints[callback_id] = endpoint
            return endpoint

        return recorded


def _is_open(endpoint: Any) -> bool:
    heartbeat = endpoint._heartbeat_endpoint
    has_missed_heartbeat = heartbeat and heartbeat._next_heartbeat_event.has_timed_out
    return not (
        endpoint._notify_event.is_set()
        or endpoint._notify_event.has_timed_out
        or has_missed_heartbeat
    )


def _send_task_failure(self: Any) -> EmptyResult:
    """Moto drops the cause."""
    self.stepfunction_backend.send_task_failure(
        self._get_param("taskToken"),
        error=self._get_param("error"),
        cause=self._get_param("cause"),
    )
    return EmptyResult()


def _naming_missed_heartbeats(original: Callable[..., Any]) -> Callable[..., Any]:
    """Moto reports a missed heartbeat as ``States.Timeout``."""

    def from_error(self: Any, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, HeartbeatTimeoutError):
            return original(self, env=env, ex=ex)
        return failure_event(
            env,
            StatesErrorNameType.StatesHeartbeatTimeout,
            HistoryEventType.TaskTimedOut,
            cause="",
            resourceType=self._get_sfn_resource_type(),
            resource=self._get_sfn_resource(),
        )

    return from_error


def _wait_with_heartbeat(
    _self: Any, env: Any, callback_endpoint: Any, heartbeat_endpoint: Any
) -> Any:
    """Moto takes the first heartbeat for all later ones: it never clears the event."""
    beat = heartbeat_endpoint._next_heartbeat_event
    while env.is_running() and callback_endpoint.get_outcome() is None:
        if not beat.wait(heartbeat_endpoint._heartbeat_seconds):
            return HeartbeatTimedOut()
        beat.clear()
    return callback_endpoint.get_outcome()
