"""One attempt of a Task: invoke, wait for the token or the child, time out on the program clock.

Raw MiniStack hangs when the Lambda of a ``waitForTaskToken`` state raises, measures time-outs by
the wall clock, blocks a thread for ``.sync``, and runs ``aws-sdk:sfn:startSyncExecution`` through
its own event loop. On AWS the raised error fails the task, so that Catch and Retry see it. A call
that answers at once is not interrupted here: when it took longer than ``TimeoutSeconds`` of the
program's time, it fails with ``States.Timeout`` on its return.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ministack.services import stepfunctions as sf

from local.clock import program_clock
from local.emulator.fixes import stepfunctions_history as history
from local.emulator.fixes.stepfunctions_pauses import (
    Callback,
    ExecutionError,
    Outcome,
    Pause,
    Steps,
)
from local.emulator.fixes.stepfunctions_scope import Scope, State, dump
from local.emulator.fixes.stepfunctions_tokens import new_token, open_wait

_TOKEN_SUFFIX = ".waitForTaskToken"
_START_EXECUTION = "arn:aws:states:::states:startExecution"
_START_SYNC_EXECUTION = "arn:aws:states:::aws-sdk:sfn:startSyncExecution"

Record = dict[str, Any]
# Keeps facts of the attempt in the execution's checkpoint.
Note = Callable[..., None]

_on_end: dict[str, list[Callback]] = {}


@dataclass(slots=True)
class ChildWait(Pause):
    """Until an execution that this one has started ends."""

    execution_arn: str
    _callbacks: list[Callback] = field(default_factory=list, init=False)

    def arm(self, callback: Callback) -> None:
        if sf._executions[self.execution_arn]["status"] == "RUNNING":
            self._callbacks = _on_end.setdefault(self.execution_arn, [])
            self._callbacks.append(callback)
        else:
            callback(Outcome())

    def cancel(self) -> None:
        # One child has one parent.
        self._callbacks.clear()


def tell_parents(execution_arn: str) -> None:
    """Wake the executions that wait for this one's end."""
    for callback in _on_end.pop(execution_arn, ()):
        callback(Outcome())


def attempt(
    execution: Record, state: State, data: Any, scope: Scope, note: Note, resumed: Record | None
) -> Steps:
    """Make one attempt of a task; ``resumed`` holds what a former process had noted of it."""
    resource = state["Resource"]
    started_at = program_clock().now()
    timeout = seconds_field(scope, state, "TimeoutSeconds", data)
    facts = resumed or {
        "token": new_token() if resource.endswith(_TOKEN_SUFFIX) else None,
        "deadline": None if timeout is None else started_at + timeout,
        "heartbeat_seconds": seconds_field(scope, state, "HeartbeatSeconds", data),
        "scheduled_at": started_at,
    }
    note(task=facts)
    scope.context = {**scope.context, "Task": {"Token": facts["token"]}}
    arguments = scope.evaluate(state["Arguments"], data) if "Arguments" in state else data
    try:
        if facts["token"]:
            result = yield from _with_token(execution, resource, arguments, note, facts)
        elif resource.startswith(f"{_START_EXECUTION}.sync"):
            result = yield from _with_child(execution, resource, arguments, note, facts)
        else:
            _scheduled(execution, resource, arguments, facts)
            result = invoke(resource, arguments)
            if facts["deadline"] is not None and program_clock().now() > facts["deadline"]:
                raise ExecutionError("States.Timeout", "")
    except ExecutionError as error:
        history.task_failed(execution, resource, error.error, error.cause)
        raise
    history.task_event(execution, "TaskSucceeded", resource, output=dump(result))
    return result


def seconds_field(scope: Scope, state: State, name: str, data: Any) -> float | None:
    """Evaluate a field that must be a positive whole number of seconds, or absent."""
    value = scope.field(state, name, data, "number")
    if value is not None and (value <= 0 or value != int(value)):
        cause = f"The field '{name}' must be a positive integer but was: {value}"
        raise ExecutionError("States.QueryEvaluationError", cause)
    return None if value is None else float(value)


def _scheduled(execution: Record, resource: str, arguments: Any, facts: Record) -> None:
    details: Record = {"parameters": history.as_text(arguments)}
    if facts["deadline"] is not None:
        details["timeoutInSeconds"] = int(facts["deadline"] - facts["scheduled_at"])
    if facts["heartbeat_seconds"] is not None:
        details["heartbeatInSeconds"] = int(facts["heartbeat_seconds"])
    history.task_event(execution, "TaskScheduled", resource, **details)
    history.task_event(execution, "TaskStarted", resource)


def _with_token(
    execution: Record, resource: str, arguments: Any, note: Note, facts: Record
) -> Steps:
    wait = open_wait(facts["token"], facts["deadline"], facts["heartbeat_seconds"])
    if not facts.get("is_submitted"):
        _scheduled(execution, resource, arguments, facts)
        try:
            response = invoke(resource.removesuffix(_TOKEN_SUFFIX), arguments)
        except ExecutionError:
            # Whoever was given the token may have answered it before the invocation failed.
            if not wait.is_answered:
                wait.cancel()
                raise
        else:
            output = history.as_text(response)
            history.task_event(execution, "TaskSubmitted", resource, output=output)
        note(task={**facts, "is_submitted": True})
    outcome = yield wait
    return outcome.unwrap()


def _with_child(
    execution: Record, resource: str, arguments: Any, note: Note, facts: Record
) -> Steps:
    if "child" not in facts:
        _scheduled(execution, resource, arguments, facts)
        started = invoke(_START_EXECUTION, arguments)
        facts = {**facts, "child": started["ExecutionArn"]}
        note(task=facts)
        output = history.as_text(started)
        history.task_event(execution, "TaskSubmitted", resource, output=output)
    yield ChildWait(facts["child"])
    child = sf._executions[facts["child"]]
    view = {
        name[0].upper() + name[1:]: child[name]
        for name in ("executionArn", "stateMachineArn", "name", "startDate", "stopDate", "status")
    }
    view |= {"Input": child["input"], "Output": child["output"]}
    if child["status"] != "SUCCEEDED":
        cause = {**view, "Error": child.get("error"), "Cause": child.get("cause")}
        raise ExecutionError("States.TaskFailed", history.as_text(cause))
    if resource.endswith(":2"):
        view |= {"Input": json.loads(view["Input"]), "Output": json.loads(view["Output"])}
    return view


def invoke(resource: str, arguments: Any) -> Any:
    """Call the service that a resource names, and return its answer.

    Raises
    ------
    ExecutionError
        What the state machine sees of a failure.
    """
    if resource == _START_SYNC_EXECUTION:
        return _start_sync_execution(arguments)
    try:
        return sf._invoke_resource(resource, arguments)
    except ExecutionError as error:
        raise ExecutionError(_error_name(resource, error.error), error.cause) from error


def _error_name(resource: str, error: str) -> str:
    """Name errors of Step Functions' own API as its Java SDK does; MiniStack gives bare codes."""
    if resource.startswith(_START_EXECUTION):
        prefix = "StepFunctions"
    elif ":aws-sdk:sfn:" in resource:
        prefix = "Sfn"
    else:
        return error
    name = error.removeprefix(f"{prefix}.")
    if name.startswith("States."):
        return name
    return f"{prefix}.{name}" if name.endswith("Exception") else f"{prefix}.{name}Exception"


def _start_sync_execution(arguments: Record) -> Record:
    request = {name[0].lower() + name[1:]: value for name, value in arguments.items()}
    if not isinstance(request.get("input", ""), str):
        request["input"] = history.as_text(request["input"])
    status, _, body = sf._start_sync_execution(request)
    answer = json.loads(body)
    if status >= 400:
        code = answer.get("__type", "SfnException")
        raise ExecutionError(_error_name(_START_SYNC_EXECUTION, code), answer.get("message", ""))
    if answer["status"] != "SUCCEEDED":
        answer.pop("output", None)
    return {name[0].upper() + name[1:]: value for name, value in answer.items()}
