"""Reads where a task stands."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.tier_upgrades import TaskStep
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented
from loyalty.services.task_waits import read_status


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    step = TaskStep.model_validate(event)
    return read_status(step.task_id, **tasking.status_ports()).model_dump(mode="json")
