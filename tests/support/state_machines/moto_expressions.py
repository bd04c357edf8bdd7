"""The JSONata engine that moto lacks: jsonata-python, with variables bound, not pasted."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from jsonata import Jsonata  # type: ignore[import-untyped]
from jsonata.utils import Utils  # type: ignore[import-untyped]
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata

from tests.support.state_machines.moto_failures import failure_event
from tests.support.state_machines.simulated_clock import SimulatedClock


def install(patch: pytest.MonkeyPatch, clock: SimulatedClock) -> None:
    """Evaluate expressions with jsonata-python; mistakes are ``States.QueryEvaluationError``."""
    functions = _functions(clock)

    def evaluate(self: Any, env: Any) -> None:
        states = {
            key: _as_json(value)
            for key, value in env.states._states_data.items()
            if key in self.expression
        }
        store = env.variable_store
        variables = {**store._outer_scope, **store._inner_scope}
        try:
            result = _evaluate(self.expression, {"states": states, **variables}, functions)
        except Exception as error:
            cause = f"The JSONata expression '{self.expression}' failed: {_reason(error)}"
            raise _query_evaluation_error(env, cause) from error
        if result is None:
            cause = f"The JSONata expression '{self.expression}' returned nothing (undefined)."
            raise _query_evaluation_error(env, cause)
        env.stack.append(_as_json(Utils.convert_nulls(result)))

    patch.setattr(StringJSONata, "_eval_body", evaluate)


def _evaluate(
    expression: str, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> Any:
    """None when the expression is undefined; JSONata's null is ``Utils.NULL_VALUE``."""
    compiled = _compile(expression)
    bindings = {
        name: Utils.NULL_VALUE if value is None else value for name, value in variables.items()
    }
    for name, function in functions.items():
        bindings[name] = Jsonata.JLambda(function)
    # The engine finds the present expression, for $now and $eval, through this thread-local.
    Jsonata.CURRENT.jsonata = compiled
    return compiled.evaluate(None, bindings)


@cache
def _compile(expression: str) -> Jsonata:
    """Parse once; to share it is safe, as no actor parks inside an expression."""
    compiled = Jsonata(expression)
    compiled.set_output_convert_nulls(False)
    return compiled


def _functions(clock: SimulatedClock) -> dict[str, Callable[..., Any]]:
    """What Step Functions adds to JSONata."""

    def hash_of(data: Any, algorithm: str = "SHA-1") -> str:
        text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        return hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()

    def partition(array: list[Any], size: int) -> list[list[Any]]:
        return [list(array[start : start + size]) for start in range(0, len(array), size)]

    def numbers(first: int, last: int, step: int) -> list[int]:
        return list(range(first, last + (1 if step > 0 else -1), step))

    return {
        "uuid": lambda: str(uuid.UUID(int=clock.random.getrandbits(128), version=4)),
        "random": lambda seed=None: clock.random.random(),
        "hash": hash_of,
        "partition": partition,
        "range": numbers,
        "parse": json.loads,
    }


def _as_json(value: Any) -> Any:
    """A plain copy as JSON has it: no engine types, whole numbers integers, AWS's dates."""
    if isinstance(value, Mapping):
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if isinstance(value, list | tuple | range) or hasattr(value, "__iter__"):
        return [_as_json(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _query_evaluation_error(env: Any, cause: str) -> FailureEventException:
    error = StatesErrorNameType.StatesQueryEvaluationError
    return FailureEventException(
        failure_event(env, error, HistoryEventType.EvaluationFailed, cause)
    )
