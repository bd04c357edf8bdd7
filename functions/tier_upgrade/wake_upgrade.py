"""Tells the waiting execution that a task was decided, or is needed no more."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.tier_events import TaskDecided, TaskWithdrawn
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.task_waits import wake_task


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if not isinstance(fact, TaskDecided | TaskWithdrawn):
        raise UnknownEvent(type(fact).__name__)
    woken = wake_task(fact.data.task_id, **tasking.wake_ports())
    logger.info("task", task_id=fact.data.task_id, kind=fact.data.kind, woken=woken)
