"""Executions of JSONata state machines: start, go on, end, and go on after a crash.

Raw MiniStack gives each execution a thread that first sleeps 150 ms and then blocks in every wait,
ignores a machine's ``TimeoutSeconds``, and fails all running executions at a restart. AWS keeps
them running, times them out, and answers a repeated start of a running name with the same input as
it answered the first. Machines that are not written in JSONata keep MiniStack's own interpreter,
on the wall clock.
"""

from __future__ import annotations

import contextvars
import functools
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import json_response, set_request_account_id, set_request_region
from ministack.services import stepfunctions as sf

from local.clock import Timer, epoch, program_clock
from local.emulator.fixes import stepfunctions_history as history
from local.emulator.fixes import stepfunctions_scope as scope
from local.emulator.fixes import stepfunctions_tokens as tokens
from local.emulator.fixes.in_flight import CountingThreading
from local.emulator.fixes.stepfunctions_pauses import (
    ExecutionError,
    Outcome,
    Pause,
    Steps,
    drive,
    outcome_of,
)
from local.emulator.fixes.stepfunctions_scope import Scope, dump
from local.emulator.fixes.stepfunctions_states import Interpreter, StoppedError
from local.emulator.fixes.stepfunctions_tasks import tell_parents
from local.emulator.snapshots import changes, register_snapshot

# Each concurrent call of a Lambda is a process of its own; a laptop has few cores.
_CONCURRENT_EXECUTIONS = 4

logger = logging.getLogger("executions")
_pool = ThreadPoolExecutor(_CONCURRENT_EXECUTIONS, thread_name_prefix="execution")
_runs: dict[str, Run] = {}

Record = dict[str, Any]


def apply() -> None:
    history.apply()
    scope.apply()
    tokens.apply()
    sf.threading = CountingThreading()
    sf._run_execution = _run_or_fall_back(sf._run_execution)
    sf._start_execution = _idempotent_start(sf._start_execution)
    sf._start_sync_execution = _forgetful_start(sf._start_sync_execution)
    sf._stop_execution = _stopping(sf._stop_execution)
    sf._restore_state = _restore_records
    register_snapshot("executions", dict, lambda _: resume_all())


@dataclass(frozen=True, slots=True)
class _Ended:
    output: Any


class Run:
    """A running execution: its steps, the pause it is in, and its end."""

    def __init__(self, execution: Record, definition: Record) -> None:
        self.execution = execution
        self._context = contextvars.copy_context()
        self._pause: Pause | None = None
        self._steps = _steps(execution, definition)
        self._timeout: Timer | None = None
        seconds = definition.get("TimeoutSeconds")
        if seconds is not None:
            due = epoch(execution["startDate"]) + seconds
            self._timeout = program_clock().call_at(due, self._time_out)
        _runs[execution["executionArn"]] = self

    def go_on(self, outcome: Outcome | None = None) -> None:
        """Continue on a thread of the pool; it counts as in flight from now on."""
        program_clock().enter("execution")
        changes.mark()
        _pool.submit(self._context.copy().run, self._advance, outcome)

    def _advance(self, outcome: Outcome | None) -> None:
        with program_clock().adopt("execution"):
            if self.execution["status"] != "RUNNING":
                return
            stepped = outcome_of(functools.partial(self._next, outcome))
            if isinstance(stepped.error, StoppedError):
                return
            if stepped.error is not None:
                self._end("FAILED", error=stepped.error)
            elif isinstance(stepped.value, Pause):
                self._pause = stepped.value
                self._pause.arm(self.go_on)
            else:
                self._end("SUCCEEDED", output=stepped.value.output)

    def _next(self, outcome: Outcome | None) -> Pause | _Ended:
        try:
            # A generator's first value must be None.
            return self._steps.send(outcome)  # type: ignore[arg-type]
        except StopIteration as end:
            return _Ended(end.value)

    def stop(self) -> None:
        """Give up whatever the execution waits for, after its status has changed."""
        if self._pause is not None:
            self._pause.cancel()
        self._forget()

    def _time_out(self) -> None:
        if self.execution["status"] == "RUNNING":
            _end(self.execution, "TIMED_OUT", error=ExecutionError("States.Timeout", ""))
            self.stop()

    def _end(self, status: str, output: Any = None, error: ExecutionError | None = None) -> None:
        _end(self.execution, status, output, error)
        self._forget()

    def _forget(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
        _runs.pop(self.execution["executionArn"], None)
        tell_parents(self.execution["executionArn"])


def resume_all() -> None:
    """Continue every execution that a former process left running, each where it was."""
    for (account, region, _), execution in list(sf._executions._data.items()):
        if execution["status"] != "RUNNING":
            continue
        set_request_account_id(account)
        set_request_region(region)
        definition = _definition(execution)
        if definition is not None:
            logger.info("%s goes on", execution["executionArn"])
            Run(execution, definition).go_on()
        else:
            # A child of a map run, which starts again as a whole, or a JSONPath execution.
            lost = ExecutionError("States.Runtime", "the emulator was restarted")
            _end(execution, "FAILED", error=lost)


def _restore_records(state: Record) -> None:
    for name in (
        "state_machines",
        "executions",
        "map_runs",
        "tags",
        "activities",
        "state_machine_versions",
        "state_machine_aliases",
    ):
        getattr(sf, f"_{name}").update(state.get(name, {}))


@functools.lru_cache(maxsize=64)
def _parsed(definition: str) -> Record:
    parsed: Record = json.loads(definition)
    return parsed


def _definition(execution: Record) -> Record | None:
    """Return the execution's JSONata definition, or None when MiniStack should run it itself."""
    machine = sf._state_machines.get(execution["stateMachineArn"])
    if machine is None:
        return None
    try:
        definition = _parsed(machine["definition"])
    except json.JSONDecodeError:
        return None
    return definition if definition.get("QueryLanguage") == "JSONata" else None


def _steps(execution: Record, definition: Record) -> Steps:
    machine = sf._state_machines[execution["stateMachineArn"]]
    data = json.loads(execution["input"])
    context = {
        "Execution": {
            "Id": execution["executionArn"],
            "Name": execution["name"],
            "StartTime": execution["startDate"],
            "Input": data,
            "RoleArn": machine["roleArn"],
        },
        "StateMachine": {"Id": machine["stateMachineArn"], "Name": machine["name"]},
    }
    place = execution.get("_checkpoint")
    visible = Scope(context, place["variables"] if place else {})
    interpreter = Interpreter(execution, definition["States"], visible, is_top_level=True)
    if place:
        return interpreter.run(place["state"], place["input"], resumed=place)
    return interpreter.run(definition["StartAt"], data)


def _run_or_fall_back(original: Callable[[str], None]) -> Callable[[str], None]:
    def run(execution_arn: str) -> None:
        execution = sf._executions[execution_arn]
        definition = _definition(execution)
        if definition is None:
            original(execution_arn)
        elif execution.get("sync"):
            _run_here(execution, definition)
        else:
            Run(execution, definition).go_on()

    return run


def _run_here(execution: Record, definition: Record) -> None:
    with program_clock().busy("execution"):
        outcome = outcome_of(lambda: drive(_steps(execution, definition)))
        status = "SUCCEEDED" if outcome.error is None else "FAILED"
        _end(execution, status, outcome.value, outcome.error)


def _end(
    execution: Record, status: str, output: Any = None, error: ExecutionError | None = None
) -> None:
    if execution["status"] != "RUNNING":
        # Stopped or timed out while its last state ran.
        return
    if error is None:
        execution["output"] = dump(output)
        details = {"output": execution["output"]}
    else:
        details = {"error": error.error, "cause": error.cause}
        execution.update(details)
    execution.update(status=status, stopDate=sf.now_iso())
    execution.pop("_checkpoint", None)
    kind = {
        "SUCCEEDED": "ExecutionSucceeded",
        "FAILED": "ExecutionFailed",
        "TIMED_OUT": "ExecutionTimedOut",
    }[status]
    history.add_event(execution, kind, {f"{kind[0].lower()}{kind[1:]}EventDetails": details})
    sf._emit_execution_status_event(execution)


def _idempotent_start(original: Callable[[Record], Any]) -> Callable[[Record], Any]:
    def start(data: Record) -> Any:
        machine = sf._state_machines.get(data.get("stateMachineArn"))
        if machine is not None and data.get("name"):
            machine_arn = machine["stateMachineArn"]
            execution_arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{data['name']}"
            running = sf._executions.get(execution_arn, {})
            is_same = running.get("input") == data.get("input", "{}")
            if running.get("status") == "RUNNING" and is_same:
                return json_response(
                    {"executionArn": execution_arn, "startDate": running["startDate"]}
                )
        return original(data)

    return start


def _forgetful_start(original: Callable[[Record], Any]) -> Callable[[Record], Any]:
    """Drop the record of a synchronous execution: AWS cannot describe Express executions either."""

    def start(data: Record) -> Any:
        answer = original(data)
        execution_arn = json.loads(answer[2]).get("executionArn")
        sf._executions.pop(execution_arn, None)
        return answer

    return start


def _stopping(original: Callable[[Record], Any]) -> Callable[[Record], Any]:
    def stop(data: Record) -> Any:
        answer = original(data)
        run = _runs.get(data.get("executionArn", ""))
        if run is not None and run.execution["status"] == "ABORTED":
            run.execution.pop("_checkpoint", None)
            run.stop()
        return answer

    return stop
