"""What JSONata expressions of a state can see, and the fields made of them.

Raw MiniStack assigns variables one by one, so an expression sees its sister's new value; it lets a
branch write its parent's variables, ignores ``Output`` of Succeed, takes time-outs only as
literals, and ``$now()`` and ``$millis()`` from the wall clock. AWS evaluates all of ``Assign`` and
``Output`` against the values from before the state, gives each branch and iteration its own scope,
and allows expressions in all these fields.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import jsonata
from jsonata.functions import Functions
from ministack.services import stepfunctions as sf

from local.clock import program_clock
from local.emulator.fixes.stepfunctions_pauses import ExecutionError

MAX_PAYLOAD_BYTES = 262_144

State = dict[str, Any]


@dataclass(slots=True)
class Scope:
    """The context object and the variables of an execution, a branch or an iteration."""

    context: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)

    def inner(self, **context: Any) -> Scope:
        """Return the scope of a branch: it reads what is here, and writes only its own."""
        return Scope({**self.context, **context}, dict(self.variables))

    def enter(self, state_name: str) -> None:
        """Set ``$states.context.State`` to a state just entered."""
        entered = {"Name": state_name, "EnteredTime": program_clock().now_iso(), "RetryCount": 0}
        self.context = {**self.context, "State": entered}

    def evaluate(
        self, template: Any, data: Any, result: Any = None, error_output: Any = None
    ) -> Any:
        """Evaluate every ``{% … %}`` within a template."""
        context = {**self.context, "variables": self.variables}
        return sf._apply_jsonata_template(template, data, context, result, error_output)

    def field(self, state: State, name: str, data: Any, kind: str, default: Any = None) -> Any:
        """Evaluate a field of a state that must come out as the JSON type ``kind``."""
        if name not in state:
            return default
        context = {**self.context, "variables": self.variables}
        return sf._jsonata_state_field(state, name, kind, data, context)

    def leave(
        self, part: State, data: Any, result: Any, default: Any, error_output: Any = None
    ) -> Any:
        """Evaluate ``Output`` and ``Assign`` of a state, a choice or a catcher."""
        output = default
        if "Output" in part:
            output = self.evaluate(part["Output"], data, result, error_output)
        if "Assign" in part:
            assigned = self.evaluate(part["Assign"], data, result, error_output)
            self.variables = {**self.variables, **assigned}
        return output


class _PatientJsonata:
    """The expression engine with more time: a laptop may be ten times as busy as AWS."""

    @staticmethod
    def jsonata(expression: str, timeout: int = 1000) -> Any:
        return jsonata.Jsonata.jsonata(expression, timeout=10 * timeout)


def apply() -> None:
    sf.jsonata = SimpleNamespace(Jsonata=_PatientJsonata, utils=jsonata.utils)
    register = sf._register_sfn_jsonata_functions

    def register_with_clock(expression: Any) -> None:
        register(expression)
        expression.register_lambda("now", _now)
        expression.register_lambda("millis", _millis)

    sf._register_sfn_jsonata_functions = register_with_clock


def _millis() -> int:
    return round(program_clock().now() * 1000)


def _now(picture: str | None = None, zone: str | None = None) -> str:
    if picture is None:
        return program_clock().now_iso()
    return str(Functions.datetime_from_millis(_millis(), picture, zone))


def dump(payload: Any) -> str:
    """Write a state's payload as JSON, refusing what AWS would refuse for its size.

    Raises
    ------
    ExecutionError
        ``States.DataLimitExceeded`` above 256 KiB.
    """
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_PAYLOAD_BYTES:
        raise ExecutionError(
            "States.DataLimitExceeded",
            "The state's payload exceeds the maximum number of bytes service limit.",
        )
    return text
