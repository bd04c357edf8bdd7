"""Failures of a state, as moto hands them to Retry and Catch, under the names that AWS uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import (  # noqa: E501
    ItemReader,
)

# Not even States.ALL meets these.
_TERMINAL = {"States.DataLimitExceeded", "States.Runtime"}

_DETAILS_OF = {
    HistoryEventType.EvaluationFailed: "evaluationFailedEventDetails",
    HistoryEventType.ExecutionFailed: "executionFailedEventDetails",
    HistoryEventType.TaskTimedOut: "taskTimedOutEventDetails",
}


def install(patch: pytest.MonkeyPatch) -> None:
    """Let errors have the names, and meet the Retry and Catch, that they do on AWS."""
    patch.setattr(ErrorEqualsDecl, "_eval_body", _matches)
    patch.setattr(ItemReader, "_eval_body", _naming_reader_failures(ItemReader._eval_body))
    patch.setattr(StateChoice, "_eval_state", _naming_unmatched(StateChoice._eval_state))


def failure_event(
    env: Any,
    error: StatesErrorNameType,
    event_type: HistoryEventType,
    cause: str,
    **details: str,
) -> FailureEvent:
    """A failure with one of the ``States.`` error names."""
    error_name = StatesErrorName(typ=error)
    all_details = {"error": error_name.error_name, "cause": cause, **details}
    event_details: Any = {_DETAILS_OF[event_type]: all_details}
    return FailureEvent(
        env=env, error_name=error_name, event_type=event_type, event_details=event_details
    )


def _matches(self: Any, env: Any) -> None:
    """Moto lets ``States.ALL`` catch what AWS calls terminal: its own mistakes would go unseen.

    ``States.TaskFailed`` stands for every error but time-outs and the terminal ones.
    """
    error = env.stack.pop().error_name
    named = {name.error_name for name in self.error_names}
    is_terminal = error in _TERMINAL
    is_timeout = error in {"States.Timeout", "States.HeartbeatTimeout"}
    env.stack.append(
        error in named
        or ("States.ALL" in named and not is_terminal)
        or ("States.Timeout" in named and is_timeout)
        or ("States.TaskFailed" in named and not (is_timeout or is_terminal))
    )


def _naming_reader_failures(original: Callable[..., None]) -> Callable[..., None]:
    def read(self: Any, env: Any) -> None:
        try:
            original(self, env)
        except FailureEventException:
            raise
        except Exception as error:
            raise _execution_failure(
                env, StatesErrorNameType.StatesItemReaderFailed, str(error)
            ) from error

    return read


def _naming_unmatched(original: Callable[..., None]) -> Callable[..., None]:
    def choose(self: Any, env: Any) -> None:
        try:
            original(self, env)
        except RuntimeError as error:
            raise _execution_failure(
                env, StatesErrorNameType.StatesNoChoiceMatched, f"no choice in {self.name}"
            ) from error

    return choose


def _execution_failure(env: Any, error: StatesErrorNameType, cause: str) -> FailureEventException:
    return FailureEventException(failure_event(env, error, HistoryEventType.ExecutionFailed, cause))
