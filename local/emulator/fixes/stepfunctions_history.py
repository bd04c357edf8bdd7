"""The history of an execution, as operators read it.

Raw MiniStack stamps events with the wall clock, links none of them to the one before, and writes
nothing for a time-out, a submitted token or the iterations of a Map. AWS does all of that.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import stepfunctions as sf

from local.clock import program_clock

Record = dict[str, Any]


def apply() -> None:
    sf.now_iso = program_clock().now_iso
    sf._add_event = add_event


def add_event(execution: Record, kind: str, details: Record | None = None) -> Record:
    """Append an event; executions that AWS keeps no history of have no list to append to."""
    events = execution.get("events")
    event = {
        "id": len(events or ()) + 1,
        "previousEventId": len(events or ()),
        "type": kind,
        "timestamp": program_clock().now_iso(),
        **(details or {}),
    }
    if events is not None:
        events.append(event)
    return event


def entered(execution: Record, kind: str, name: str, data: str) -> None:
    """Note that a state was entered with its input."""
    details = {"name": name, "input": data, "inputDetails": {"truncated": False}}
    add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": details})


def exited(execution: Record, kind: str, name: str, data: str) -> None:
    """Note that a state was left with its output."""
    details = {"name": name, "output": data, "outputDetails": {"truncated": False}}
    add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": details})


def task_event(execution: Record, kind: str, resource: str, **details: Any) -> None:
    """Note a step of a task: scheduled, submitted, succeeded, failed or timed out."""
    kind_key = f"{kind[0].lower()}{kind[1:]}EventDetails"
    where = {"resourceType": _resource_type(resource), "resource": resource.rpartition(":")[2]}
    add_event(execution, kind, {kind_key: {**where, **details}})


def task_failed(execution: Record, resource: str, error: str, cause: str) -> None:
    """Note that a task failed or timed out."""
    kind = (
        "TaskTimedOut" if error in ("States.Timeout", "States.HeartbeatTimeout") else "TaskFailed"
    )
    task_event(execution, kind, resource, error=error, cause=cause)


def as_text(payload: Any) -> str:
    """Write a payload for the history, without a limit."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _resource_type(resource: str) -> str:
    parts = resource.split(":")
    if ":function:" in resource:
        return "lambda"
    return ":".join(parts[5:-1])
