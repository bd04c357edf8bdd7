"""Failures of a state, as moto's interpreter passes them on to Retry and Catch."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)

_DETAILS_OF = {
    HistoryEventType.EvaluationFailed: "evaluationFailedEventDetails",
    HistoryEventType.ExecutionFailed: "executionFailedEventDetails",
    HistoryEventType.TaskTimedOut: "taskTimedOutEventDetails",
}


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
