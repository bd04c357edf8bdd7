"""The interpreter of JSONata state machines: states, transitions, Retry, Catch, checkpoints.

Raw MiniStack's interpreter blocks a thread in every wait, sleeps by the wall clock, ignores
``Output`` of Succeed and loses its place when the process ends. This one is a generator that yields
a pause where an execution waits. At each state it notes in the execution's record where it is, so
that a new process goes on from there: the state is entered again, but a token that was handed out,
its remaining time, and the end of a Wait or of a retry's back-off are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.clock import epoch, program_clock
from local.emulator.fixes import stepfunctions_history as history
from local.emulator.fixes import stepfunctions_tasks as tasks
from local.emulator.fixes.stepfunctions_errors import (
    find_catcher,
    find_retrier,
    retry_delay_seconds,
)
from local.emulator.fixes.stepfunctions_pauses import ExecutionError, Sleep, Steps
from local.emulator.fixes.stepfunctions_scope import Scope, State, dump

Record = dict[str, Any]
Attempt = Callable[[Record | None], Steps]


class StoppedError(ExecutionError):  # type: ignore[misc]
    """The execution was stopped or has timed out while it ran; no Retry or Catch meets this."""

    def __init__(self) -> None:
        super().__init__("States.Runtime", "the execution was stopped")


@dataclass(slots=True)
class Interpreter:
    """Runs the states of an execution, a branch or an iteration.

    Only the top level of an execution keeps checkpoints; a Map or Parallel starts again as a whole.
    """

    execution: Record
    states: dict[str, State]
    scope: Scope
    is_top_level: bool = False

    def run(self, name: str, data: Any, resumed: Record | None = None) -> Steps:
        """Run from a state with its input to the end, and return the output."""
        next_name: str | None = name
        while next_name is not None:
            if self.execution["status"] != "RUNNING":
                raise StoppedError
            name = next_name
            state = self.states.get(name)
            if state is None:
                raise ExecutionError("States.Runtime", f"there is no state {name!r}")
            self.scope.enter(name)
            if resumed is None:
                self._checkpoint({"state": name, "input": data, "variables": self.scope.variables})
                history.entered(self.execution, state["Type"], name, dump(data))
            data, next_name = yield from self._state(state, data, resumed)
            history.exited(self.execution, state["Type"], name, dump(data))
            resumed = None
        return data

    def _state(self, state: State, data: Any, resumed: Record | None) -> Steps:
        match state["Type"]:
            case "Pass" | "Succeed":
                output = self.scope.leave(state, data, None, default=data)
                return output, state.get("Next")
            case "Choice":
                return self._choice(state, data)
            case "Fail":
                error = self.scope.field(state, "Error", data, "string", default="States.Fail")
                cause = self.scope.field(state, "Cause", data, "string", default="")
                raise ExecutionError(error, cause)
            case "Wait":
                return (yield from self._wait(state, data, resumed))
            case "Task":
                return (yield from self._task(state, data, resumed))
            case "Map" | "Parallel" as kind:
                return (yield from self._branches(kind, state, data, resumed))
            case unknown:
                raise ExecutionError("States.Runtime", f"there is no type of state {unknown!r}")

    def _choice(self, state: State, data: Any) -> tuple[Any, str]:
        for rule in state["Choices"]:
            if self.scope.field(rule, "Condition", data, "boolean"):
                return self.scope.leave(rule, data, None, default=data), rule["Next"]
        if "Default" not in state:
            raise ExecutionError("States.NoChoiceMatched", "no rule matched, and no Default")
        return self.scope.leave(state, data, None, default=data), state["Default"]

    def _wait(self, state: State, data: Any, resumed: Record | None) -> Steps:
        until = (resumed or {}).get("sleep_until")
        if until is None:
            until = self._wait_until(state, data)
            self._note(sleep_until=until)
        if until > program_clock().now():
            yield Sleep(until)
        return self.scope.leave(state, data, None, default=data), state.get("Next")

    def _wait_until(self, state: State, data: Any) -> float:
        if "Timestamp" in state:
            stamp = self.scope.field(state, "Timestamp", data, "string")
            try:
                return epoch(stamp)
            except ValueError as error:
                raise ExecutionError("States.QueryEvaluationError", str(error)) from error
        seconds = self.scope.field(state, "Seconds", data, "number")
        if seconds is None or seconds < 0 or seconds != int(seconds):
            cause = f"Seconds must be a whole number, not negative, but was: {seconds}"
            raise ExecutionError("States.QueryEvaluationError", cause)
        return program_clock().now() + float(seconds)

    def _task(self, state: State, data: Any, resumed: Record | None) -> Steps:
        def attempt(facts: Record | None) -> Steps:
            return tasks.attempt(self.execution, state, data, self.scope, self._note, facts)

        return (yield from self._guarded(state, data, attempt, resumed))

    def _branches(self, kind: str, state: State, data: Any, resumed: Record | None) -> Steps:
        # Imported here because branches are run by this very interpreter.
        from local.emulator.fixes import stepfunctions_branches as branches

        run = branches.map_items if kind == "Map" else branches.parallel

        def attempt(_facts: Record | None) -> Steps:
            return run(self.execution, state, data, self.scope)

        return (yield from self._guarded(state, data, attempt, resumed))

    def _guarded(self, state: State, data: Any, attempt: Attempt, resumed: Record | None) -> Steps:
        """Make attempts as Retry allows; hand what is left of an error to Catch."""
        resumed = resumed or {}
        retries: dict[str, int] = resumed.get("retries", {})
        facts: Record | None = resumed.get("task")
        if "sleep_until" in resumed:
            yield Sleep(resumed["sleep_until"])
        while True:
            counted = {**self.scope.context["State"], "RetryCount": sum(retries.values())}
            self.scope.context = {**self.scope.context, "State": counted}
            try:
                result = yield from attempt(facts)
                output = self.scope.leave(state, data, result, default=result)
                dump(output)
                return output, state.get("Next")
            except ExecutionError as error:
                delay, retries = self._retry(state, error, retries)
                if delay is None:
                    return self._catch(state, data, error)
            facts = None
            until = program_clock().now() + delay
            self._note(retries=retries, task=None, sleep_until=until)
            yield Sleep(until)
            self._note(retries=retries, sleep_until=None)

    def _retry(
        self, state: State, error: ExecutionError, retries: dict[str, int]
    ) -> tuple[float | None, dict[str, int]]:
        rules = state.get("Retry", [])
        index = find_retrier(rules, error)
        if index is None:
            return None, retries
        before = retries.get(str(index), 0)
        return retry_delay_seconds(rules[index], before), {**retries, str(index): before + 1}

    def _catch(self, state: State, data: Any, error: ExecutionError) -> tuple[Any, str]:
        catcher = find_catcher(state.get("Catch", []), error)
        if catcher is None:
            raise error
        report = {"Error": error.error, "Cause": error.cause}
        output = self.scope.leave(catcher, data, None, default=report, error_output=report)
        return output, catcher["Next"]

    def _checkpoint(self, place: Record) -> None:
        # Snapshots read this at any moment, so it is replaced and never changed.
        if self.is_top_level:
            self.execution["_checkpoint"] = place

    def _note(self, **facts: Any) -> None:
        if self.is_top_level:
            place = {**self.execution["_checkpoint"], **facts}
            for name in [name for name, fact in facts.items() if fact is None]:
                del place[name]
            self._checkpoint(place)
